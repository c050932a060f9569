"""How a database is seen from outside, without anything being made or changed there."""

from pathlib import Path

import pytest

from labelwatch.store import Fault, StoreError, single_instance
from labelwatch.store.health import health
from labelwatch.store.schema import REVISION


def test_a_sound_database_is_called_so_on_both_kinds(database: str) -> None:
    found = health(database)
    assert (found.is_there, found.revision, found.wanted) == (True, REVISION, REVISION)
    assert (found.problems, found.holder) == ((), None)


def test_one_without_tables_has_no_revision(empty_database: str) -> None:
    assert health(empty_database).revision == ""


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert not health(f"sqlite:///{tmp_path}/nothing.db").is_there
    assert list(tmp_path.iterdir()) == []


def test_who_works_on_it_is_named(database: str) -> None:
    with single_instance(database):
        assert health(database).holder is not None


def test_a_file_is_measured(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.chmod(0o644)
    found = health(sqlite_url).files
    assert found is not None
    assert (found.size, found.mode, found.owner) == (file.stat().st_size, 0o644, file.stat().st_uid)
    assert found.free > 0


def test_a_damaged_file_is_a_finding_and_no_error(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    assert health(sqlite_url).problems
    file.write_bytes(b"no database at all " * 500)
    assert "damaged" in health(sqlite_url).problems[0]


def test_a_server_out_of_reach_is_an_error() -> None:
    with pytest.raises(StoreError) as caught:
        health("postgresql://127.0.0.1:1/labelwatch?connect_timeout=1")
    assert caught.value.fault is Fault.UNREACHABLE
