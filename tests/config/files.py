"""Writes small configuration files for the tests and reads them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from labelwatch.config import Config, ConfigError, Mistake, load

SHOP = '\n[[shop]]\nname = "main"\nclient_id = "123456"\napi_key = "env:KEY"\n'
CHANNEL = '\n[[channel]]\nname = "packers"\nurl = "env:URL"\n'
ENVIRON = {"KEY": "00000000-0000-4000-8000-000000000000", "SHORT": "a-key", "URL": "json://127.0.0.1/hook"}


def check_url(url: str) -> str | None:
    """Stands for the channels' own check: one scheme is known."""
    return None if url.startswith("json://") else f"nothing known sends to {url}"


def check_way(url: str, api_base: str, proxy: str) -> str | None:
    """Stands for the channels' own check: one base address and one kind of proxy are known."""
    if api_base and api_base != "https://bots.example":
        return f"has api_base, which {url.partition('/')[0]}// cannot use"
    return "has a proxy of a kind that is not known" if proxy.startswith("ftp:") else None


def read(directory: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> Config:
    """The configuration in `text`, with a shop added where it names none."""
    path = directory / "labelwatch.toml"
    path.write_text(text if "shop]" in text else text + SHOP, encoding="utf-8")
    path.chmod(0o600)
    return load(path, environ=environ, check_url=check_url, check_way=check_way)


def mistakes(directory: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> tuple[Mistake, ...]:
    """What is wrong with `text`; fails when nothing is."""
    with pytest.raises(ConfigError) as caught:
        read(directory, text, environ)
    return caught.value.mistakes
