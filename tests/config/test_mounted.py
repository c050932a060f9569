"""Secrets as container engines mount them, for a process that is not root: owned by somebody else, on a read-only
volume."""

import codecs
import ctypes
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labelwatch.config.secret import resolve
from labelwatch.config.sentences import Sentence, Unfit, catalog
from tests.config.files import SHOP, read

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="only root can be somebody else"
)

USER, GROUP, STRANGER = 10001, 10002, 10003
Found = tuple[str, list[str]]
"""The secret, or what is wrong with it; and what should be better."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that every user can look into."""
    made = Path(tempfile.mkdtemp(prefix="labelwatch-secrets-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def mounted(folder: Path, *, mode: int, owner: int = 0, group: int = GROUP) -> Path:
    path = folder / "key"
    path.write_text("the-key\n")
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` gives in a process of its own, which may become somebody else."""
    # Who is not root may not be able to read where these lie.
    catalog("en")
    codecs.lookup("utf-8-sig")
    ours, childs = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(childs, "wb") as out:
            try:
                pickle.dump(work(), out)
            except BaseException as error:  # it must not come to the tests of the parent
                pickle.dump((repr(error), []), out)
        os._exit(0)
    os.close(childs)
    with os.fdopen(ours, "rb") as told:
        found = pickle.load(told)
    os.waitpid(child, 0)
    return found


def read_by(user: int, path: Path, *, groups: tuple[int, ...] = (GROUP,), read_only: bool = False) -> Found:
    """What a process of this user makes of the file."""

    def become_and_read() -> Found:
        if read_only:
            _mount_read_only(path.parent)
        os.setgroups(groups)
        os.setgid(user)
        os.setuid(user)
        return _found(path)

    found: Found = in_child(become_and_read)
    return found


def _found(path: Path) -> Found:
    doubts: list[Sentence] = []
    try:
        secret = resolve(f"file:{path}", environ={}, directory=path.parent, doubt=doubts.append)
    except Unfit as error:
        secret = str(error)
    return secret, list(map(str, doubts))


def _mount_read_only(folder: Path) -> None:
    """In a mount namespace of this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    private, bind, read_only = 0x44000, 0x1000, 0x1021
    where = str(folder).encode()
    calls: list[Callable[[], int]] = [
        lambda: libc.unshare(0x20000),
        lambda: libc.mount(b"none", b"/", None, private, None),
        lambda: libc.mount(where, where, None, bind, None),
        lambda: libc.mount(None, where, None, read_only, None),
    ]
    for call in calls:
        if call() != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("mode", [0o440, 0o640, 0o400])
def test_a_file_of_root_that_the_group_may_read_is_used(folder: Path, mode: int, read_only: bool) -> None:
    path = mounted(folder, mode=mode, owner=USER if mode == 0o400 else 0)
    assert read_by(USER, path, read_only=read_only) == ("the-key", [])


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_a_file_of_root_that_everybody_may_read_is_used_with_one_warning(
    folder: Path, mode: int, read_only: bool
) -> None:
    path = mounted(folder, mode=mode)
    secret, doubts = read_by(USER, path, groups=(), read_only=read_only)
    assert secret == "the-key"
    said = (
        f"{path} can be read by every user (mode {mode:04o}): mount it with mode 0440 and a group that labelwatch has"
    )
    assert doubts == [said]


def test_a_file_of_another_user_is_used_only_where_nobody_can_change_it(folder: Path) -> None:
    path = mounted(folder, mode=0o440, owner=STRANGER)
    assert read_by(USER, path, read_only=True) == ("the-key", [])
    assert "nobody else can read" in read_by(USER, path)[0]


def test_a_file_of_root_that_others_may_write_is_refused(folder: Path) -> None:
    assert "has mode 0660" in read_by(USER, mounted(folder, mode=0o660))[0]


def test_a_file_of_ones_own_is_to_be_closed_to_others_as_before(folder: Path) -> None:
    path = mounted(folder, mode=0o440, owner=USER)
    assert read_by(USER, path)[0].endswith(f"chmod 600 {path}")
    assert read_by(0, mounted(folder, mode=0o644))[0].endswith(f"chmod 600 {path}")


def test_a_file_that_cannot_be_read_names_its_owner_its_mode_and_what_helps(folder: Path) -> None:
    path = mounted(folder, mode=0o440)
    said, _ = read_by(USER, path, groups=(), read_only=True)
    assert f"{path} belongs to user 0 and group {GROUP} and has mode 0440" in said
    assert f"--group-add {GROUP}" in said
    path.chmod(0o400)
    assert f"has mode 0400: chown {USER} {path}" in read_by(USER, path)[0]


def test_one_file_for_two_shops_is_warned_about_once(folder: Path, tmp_path: Path) -> None:
    one = SHOP.replace("env:KEY", f"file:{mounted(folder, mode=0o444)}")
    two = one.replace('"main"', '"second"').replace("123456", "123457")

    def warned() -> list[str]:
        _mount_read_only(folder)
        return [str(doubt) for doubt in read(tmp_path, one + two).warnings]

    assert sum("can be read by every user" in said for said in in_child(warned)) == 1
