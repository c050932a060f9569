"""Writes labelwatch.toml and the secrets beside it: all of it or nothing, readable by its owner alone.

    secrets, each in a file of its own | the configuration under another name | read it back | rename it

Secrets are beside the file, not in it, so that it can be shown to others. An existing secret is never changed, so
that the previous configuration stays valid.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from labelwatch.config import given_directory, load


@dataclass(frozen=True, slots=True)
class NewShop:
    name: str
    client_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`api_base`, `proxy` and `quiet_hours` may be empty."""

    name: str
    url: str = field(repr=False)
    api_base: str = ""
    proxy: str = field(default="", repr=False)
    quiet_hours: str = ""
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The content of the configuration; `base_url` empty = the real Ozon, `listen` empty = no board."""

    language: str
    timezone: str
    shops: tuple[NewShop, ...]
    channels: tuple[NewChannel, ...] = ()
    base_url: str = ""
    listen: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """`kept` is a copy of the previous configuration."""

    config: Path
    secrets: Path
    kept: Path | None


Check = Callable[[str], str | None]
CheckWay = Callable[[str, str, str], str | None]


@dataclass(slots=True)
class _Vault:
    """The folder of secrets; remembers what it added, to undo it."""

    folder: Path
    added: list[Path] = field(default_factory=list)
    is_new: bool = False

    def put(self, name: str, secret: str) -> str:
        """Store a secret and return its reference for the configuration."""
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, parents=True)
            self.is_new = True
        for path in self._places(name):
            if path.exists():
                if _holds(path, secret):
                    break
                continue
            self.added.append(path)
            _create(path, secret + "\n")
            break
        return f"file:{self.folder.name}/{path.name}"

    def take_back(self) -> None:
        for path in self.added:
            path.unlink(missing_ok=True)
        if self.is_new:
            with suppress(OSError):
                self.folder.rmdir()

    def _places(self, name: str) -> Iterator[Path]:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "secret"
        yield self.folder / plain
        number = 2
        while True:
            yield self.folder / f"{plain}-{number}"
            number += 1


def write(
    draft: Draft,
    path: Path,
    *,
    comments: Mapping[str, str],
    environ: Mapping[str, str],
    check_url: Check,
    check_way: CheckWay,
) -> Written:
    """Write the configuration, or leave everything as it was.

    Raises OSError if it cannot be written, and ConfigError for an invalid draft.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault, fresh = _Vault(path.with_name(f"{path.stem}.secrets")), path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        trial = (given_directory(environ) or Path()) / f"{path.stem}-trial.db"
        _create(fresh, document(draft, vault.put, comments, folder=vault.folder.name, trial=trial))
        load(fresh, environ=environ, check_url=check_url, check_way=check_way)
        kept = _copy(path)
        fresh.replace(path)
    except BaseException:  # Ctrl-C too: nothing half-written may stay
        fresh.unlink(missing_ok=True)
        vault.take_back()
        raise
    return Written(path, vault.folder, kept)


def document(
    draft: Draft, put: Callable[[str, str], str], comments: Mapping[str, str], *, folder: str, trial: Path
) -> str:
    """The text of the configuration; `put` keeps a secret under a name and returns the reference to it. `comments`
    are those in the file, {folder} where the secrets are. A trial has its own database, `trial`."""
    parts = [
        _comment(comments["head"].format(folder=folder)),
        _table("", language=draft.language, timezone=draft.timezone),
    ]
    if draft.base_url:
        parts += [
            _comment(comments["trial"]) + "\n" + _table("[store]", url=f"sqlite:///{trial}"),
            _table("[ozon]", base_url=draft.base_url),
        ]
    parts.append(_comment(comments["shop"]))
    parts += [
        _table(
            "[[shop]]", name=shop.name, client_id=shop.client_id, api_key=put(f"ozon-{shop.client_id}", shop.api_key)
        )
        for shop in draft.shops
    ]
    parts.append(_comment(comments["channel"]))
    parts += [_channel(channel, put) for channel in draft.channels]
    if draft.listen:
        parts.append(_comment(comments["board"]) + "\n" + _table("[web]", listen=draft.listen))
    return "\n\n".join([*parts, _comment(comments["more"])]) + "\n"


def _channel(channel: NewChannel, put: Callable[[str, str], str]) -> str:
    proxy = channel.proxy
    if "@" in proxy:  # with a password in it
        proxy = put(f"proxy-{channel.name}", proxy)
    url = put(f"channel-{channel.name}", channel.url)
    more = {"api_base": channel.api_base, "proxy": proxy, "quiet_hours": channel.quiet_hours}
    return _table("[[channel]]", name=channel.name, url=url, **more, allow_private=channel.allow_private)


def _table(header: str, **values: str | bool) -> str:
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value)
    return "\n".join(filter(None, (header, *lines)))


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.strip().split("\n"))


def _create(path: Path, text: str) -> None:
    """Write a new file, synced to disk on return."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _holds(path: Path, secret: str) -> bool:
    try:
        return path.read_text("utf-8").strip() == secret
    except (OSError, UnicodeDecodeError):
        return False


def _copy(path: Path) -> Path | None:
    """Copy the present file to a new name."""
    if not path.exists():
        return None
    number, kept = 1, path.with_name(f"{path.name}.old")
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.old{number}")
    shutil.copy2(path, kept)
    return kept
