"""Resolves a secret reference: env:NAME, file:PATH, credential:NAME, or the text itself.

Every function raises Unfit, whose sentence says what is allowed and never repeats a secret.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labelwatch.config.sentences import Sentence, Unfit, why

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
    doubts: list[Sentence] = field(default_factory=list)
    """Warnings that were found while resolving."""

    def resolve(self, value: object) -> str:
        """The secret that `value` stands for."""
        return resolve(value, environ=self.environ, directory=self.directory, doubt=self.doubts.append)


def is_reference(text: str) -> bool:
    """True when the text only says where the secret is."""
    return text.startswith(_PREFIXES)


def resolve(
    value: object,
    *,
    environ: Mapping[str, str],
    directory: Path,
    doubt: Callable[[Sentence], object] = lambda sentence: None,
) -> str:
    """The secret itself, without surrounding white space; `doubt` is called with each warning.

    A relative PATH is taken from `directory`, where the config file is. `credential:` needs the directory that
    systemd names in CREDENTIALS_DIRECTORY.
    """
    if not isinstance(value, str):
        raise Unfit("secret_type")
    kind, _, rest = value.strip().partition(":")
    rest = rest.strip()
    if not is_reference(value.strip()):
        secret = value
    elif not rest:
        raise Unfit("secret_name", kind=kind)
    elif kind == "env":
        secret = _from_environment(rest, environ)
    elif kind == "file":
        secret = _from_file(directory / rest, doubt)
    else:
        secret = _from_credential(rest, environ)
    if not secret.strip():
        raise Unfit("secret_empty")
    return secret.strip()


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        # Not repeated: it may be the secret itself.
        raise Unfit("env_name")
    if not environ.get(name, "").strip():
        raise Unfit("env_unset", name=name)
    return environ[name]


def _from_credential(name: str, environ: Mapping[str, str]) -> str:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if "/" in name or name in (".", ".."):
        raise Unfit("credential_name")
    how = f"LoadCredential={name}:/path/to/the/secret"
    if not directory:
        raise Unfit("credential_unit", how=how)
    path = Path(directory) / name
    try:
        return _text(path.read_bytes(), path)
    except OSError as error:
        raise Unfit("credential_unreadable", why=why(error), how=how) from None


def _from_file(path: Path, doubt: Callable[[Sentence], object]) -> str:
    try:
        # Check the open file, which is the one that is read. Non-blocking: a pipe must not hang the start.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise _forbidden(path, error) from None
    try:
        if world_readable := _checked(handle, path):
            doubt(world_readable)
        return _text(os.read(handle, _LARGEST + 1), path)
    finally:
        os.close(handle)


def _checked(handle: int, path: Path) -> Sentence | None:
    """Refuse a file that others can read or may have put there; only warn if we cannot change that."""
    found = os.fstat(handle)
    mode = _mode(found)
    if not stat.S_ISREG(found.st_mode):
        raise Unfit("file_ordinary", path=path)
    if _is_mounted(handle, found):
        return Sentence("file_world", {"path": path, "mode": mode}) if found.st_mode & stat.S_IROTH else None
    if open_to_others(found):
        raise Unfit("file_open", path=path, mode=mode)
    if os.name == "posix" and found.st_uid not in (0, os.geteuid()):
        raise Unfit("file_foreign", path=path)
    return None


def _is_mounted(handle: int, found: os.stat_result) -> bool:
    """Whether the file was put there for us, as container engines do, so that we cannot change its mode: on a
    read-only mount, or by root for a process that is not root."""
    if os.name != "posix":
        return False
    if os.fstatvfs(handle).f_flag & os.ST_RDONLY:
        return True
    return found.st_uid == 0 != os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _forbidden(path: Path, error: OSError) -> Unfit:
    """The error for a file that cannot be opened; if it exists, with its owner and what would help."""
    try:
        found = path.stat()
    except OSError:
        found = None
    if not isinstance(error, PermissionError) or found is None or os.name != "posix":
        return Unfit("file_unreadable", path=path, why=why(error))
    cure = "cure_group" if found.st_mode & stat.S_IRGRP else "cure_owner"
    return Unfit(
        "file_forbidden",
        path=path,
        owner=found.st_uid,
        group=found.st_gid,
        mode=_mode(found),
        user=os.geteuid(),
        cure=Sentence(cure, {"path": path, "group": found.st_gid, "user": os.geteuid()}),
    )


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"


def open_to_others(found: os.stat_result) -> bool:
    """True when anybody but the owner may read or write. Windows has no such bits."""
    return os.name == "posix" and bool(found.st_mode & 0o077)


def _text(content: bytes, path: Path) -> str:
    if len(content) > _LARGEST:
        raise Unfit("file_big", path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("file_text", path=path) from None
