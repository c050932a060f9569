"""Whatever stands in the configuration file: a configuration or mistakes in words, and no secret in any of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelwatch.channels import check_url, check_way
from labelwatch.config import Config, ConfigError, load
from tests.fuzz.mangle import CANARY, altered, damaged
from tests.support.examples import examples

SECRET = f"{CANARY}x{CANARY}"
"""As long as real ones are: what is short and stands where no secret belongs is shown."""
SOUND: dict[str, Any] = {
    "language": "en",
    "timezone": "Asia/Shanghai",
    "store": {"url": "sqlite:///labelwatch.db", "history": "180d"},
    "ozon": {"base_url": "https://api-seller.ozon.ru", "every": "2m", "requests_per_second": 25, "timeout": "30s"},
    "delays": {"order": "24h", "registration": "auto", "label": "15m", "before_cutoff": "4h"},
    "alerts": {"pending_for": "0s", "group_wait": "20s", "repeat_every": "4h", "resolved": True},
    "escalation": [{"left": "30m", "channel": "owner"}],
    "shop": [
        {"name": "main", "client_id": "123456", "api_key": SECRET, "warehouse": [{"id": 11, "label": "20m"}]},
        {"name": "second", "client_id": "123457", "api_key": "env:KEY", "enabled": False},
    ],
    "channel": [
        {"name": "packers", "url": f"tgram://2718281828:{SECRET}/-1001", "quiet_hours": "22:00-08:00"},
        {"name": "owner", "url": "env:URL", "handover": ["09:00"], "shops": ["main"], "severity": "warning"},
    ],
    "web": {"listen": "127.0.0.1:8765", "password": SECRET, "public_url": "https://watch.example.org"},
    "heartbeat": {"url": f"https://hc.example/{SECRET}"},
}
ENVIRON = {"KEY": SECRET, "URL": f"json://watch:{SECRET}@127.0.0.1/hook", "HOME": "/nowhere"}


def toml(document: Mapping[str, Any]) -> str:
    """A document as TOML, every table inline."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in document.items())


def _key(key: str) -> str:
    return _value(str(key))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, int | float):
        return repr(value)
    shown = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{min(ord(c), 0xFFFD):04x}" for c in str(value))
    return f'"{shown}"'.replace("\\ud800", "?")


def loaded(folder: Path, content: bytes) -> tuple[Config | None, str]:
    """The configuration, or what is told of its mistakes."""
    file = folder / "labelwatch.toml"
    file.write_bytes(content)
    try:
        return load(file, environ=ENVIRON, check_url=check_url, check_way=check_way), ""
    except ConfigError as error:
        return None, "\n".join([str(error), repr(error), *map(str, error.mistakes)])


def check_told(config: Config | None, said: str) -> None:
    assert config or said
    said += "" if config is None else f"{config!r}{config.warnings}"
    assert SECRET not in said
    assert "\x1b" not in said


@pytest.mark.fault("K1", "K3")
def test_any_value_in_any_place_is_taken_or_named_as_a_mistake(tmp_path: Path) -> None:
    assert loaded(tmp_path, toml(SOUND).encode())[0] is not None

    @examples(50)
    @example({**SOUND, "language": CANARY, "delays": {"order": CANARY}})
    @given(altered(SOUND))
    def check(document: Any) -> None:
        if isinstance(document, dict):
            misplaced = toml(document).replace(f'"{CANARY}"', f'"{SECRET}"')
            check_told(*loaded(tmp_path, misplaced.encode("utf-8", "replace")))

    check()


@pytest.mark.fault("K1", "K3")
def test_any_text_is_taken_or_named_as_a_mistake(tmp_path: Path) -> None:
    @examples(20)
    @example(b"a = " + b"[" * 20_000)
    @example(b"a = " + b"9" * 6000)
    @example(b"a" + b".a" * 3000 + b" = 1")
    @given(damaged(toml(SOUND).encode()) | st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
    def check(content: bytes) -> None:
        check_told(*loaded(tmp_path, content))

    check()
