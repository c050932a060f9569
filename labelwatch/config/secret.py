"""Finds what a secret reference points at: env:NAME, file:PATH, credential:NAME, or the text itself.

Every function raises ValueError whose text completes "allowed is ..." and never repeats a secret.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LARGEST = 64 * 1024
_PREFIXES = ("env:", "file:", "credential:")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a secret needs from outside the file; `check_url` says what is wrong with a channel's URL, and `check_way`
    with its base address and its proxy (URL, api_base, proxy)."""

    environ: Mapping[str, str] = field(repr=False)
    directory: Path
    check_url: Callable[[str], str | None]
    check_way: Callable[[str, str, str], str | None] = lambda url, api_base, proxy: None

    def resolve(self, value: object) -> str:
        """The secret that `value` stands for."""
        return resolve(value, environ=self.environ, directory=self.directory)


def is_reference(text: str) -> bool:
    """True when the text only says where the secret is."""
    return text.startswith(_PREFIXES)


def resolve(value: object, *, environ: Mapping[str, str], directory: Path) -> str:
    """The secret itself, without the white space around it.

    A relative PATH is taken from `directory`, where the config file is. `credential:` needs the directory that
    systemd names in CREDENTIALS_DIRECTORY.
    """
    if not isinstance(value, str):
        raise ValueError('text: "env:NAME", "file:PATH" or "credential:NAME"')
    kind, _, rest = value.strip().partition(":")
    rest = rest.strip()
    if not is_reference(value.strip()):
        secret = value
    elif not rest:
        raise ValueError(f'a reference with something after the colon, like "{kind}:NAME"')
    elif kind == "env":
        secret = _from_environment(rest, environ)
    elif kind == "file":
        secret = _from_file(directory / rest)
    else:
        secret = _from_credential(rest, environ)
    if not secret.strip():
        raise ValueError("a secret that is not empty")
    return secret.strip()


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        # Not repeated: it may be the secret itself.
        raise ValueError('the name of an environment variable after "env:", like "env:OZON_KEY"')
    if not environ.get(name, "").strip():
        raise ValueError(f"an environment variable that is set; {name} is not set or is empty")
    return environ[name]


def _from_credential(name: str, environ: Mapping[str, str]) -> str:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if "/" in name or name in (".", ".."):
        raise ValueError("a credential's name without slashes")
    how = f"LoadCredential={name}:/path/to/the/secret"
    if not directory:
        raise ValueError(f"a credential from systemd; CREDENTIALS_DIRECTORY is not set: run it as a unit with {how}")
    path = Path(directory) / name
    try:
        return _text(path.read_bytes(), path)
    except OSError as error:
        raise ValueError(f"a credential that can be read; {error.strerror}: the unit needs {how}") from None


def _from_file(path: Path) -> str:
    try:
        # Checked on the open file: what is judged is what is read. Not blocking: a pipe must not hang the start.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise ValueError(f"a file that can be read; {path}: {error.strerror}") from None
    try:
        _check_owner_and_mode(os.fstat(handle), path)
        return _text(os.read(handle, _LARGEST + 1), path)
    finally:
        os.close(handle)


def _check_owner_and_mode(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"an ordinary file; {path} is none")
    if open_to_others(found):
        mode = stat.S_IMODE(found.st_mode)
        raise ValueError(f"a file that nobody else can read; {path} has mode {mode:04o}: chmod 600 {path}")
    if os.name == "posix" and found.st_uid not in (0, os.geteuid()):
        raise ValueError(f"a file that belongs to root or to the user who runs labelwatch; {path} is another's")


def open_to_others(found: os.stat_result) -> bool:
    """True when anybody but the owner may read or write. Windows keeps no such bits."""
    return os.name == "posix" and bool(found.st_mode & 0o077)


def _text(content: bytes, path: Path) -> str:
    if len(content) > _LARGEST:
        raise ValueError(f"a file of at most 64 kB; {path} is larger")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"a file of UTF-8 text; {path} is none") from None
