"""`db`: forward, copied, looked over, cleaned up."""

import sqlite3
from pathlib import Path

from tests.cli.conftest import LATE
from tests.support.place import Place, assert_says_what_to_do


def test_upgrade_makes_the_tables_and_then_has_nothing_to_do(place: Place) -> None:
    first, second = place.run("db", "upgrade"), place.run("db", "upgrade")
    assert (first.code, second.code) == (0, 0)
    assert "is new and at revision" in first.out
    assert "there was nothing to do" in second.out


def test_a_backup_is_a_database_to_work_with_and_overwrites_nothing(place: Place) -> None:
    place.run("poll")
    assert place.run("db", "backup", "copy.db").code == 0
    again = place.run("db", "backup", "copy.db")
    assert again.code == 1
    assert "overwrites nothing" in again.err
    place.config.write_text(place.config.read_text().replace("labelwatch.db", "copy.db"))
    assert [alert["posting_number"] for alert in place.run("late", "--json").json["alerts"]] == [LATE]


def test_of_the_backups_beside_it_the_newest_are_kept_and_nothing_else_is_removed(place: Place) -> None:
    folder, outside = place.config.parent / "copies", place.config.parent / "outside"
    assert place.run("db", "backup", "--keep", "2", "copies/first.db").code == 0  # no database yet: nothing to copy
    assert not folder.exists()
    outside.write_text("mine")
    place.run("poll")
    for day in (1, 2, 3):
        assert place.run("db", "backup", "--keep", "2", f"copies/before-{day}.db").code == 0
        (folder / "other-0.db").touch()
        (folder / "before-0.db").unlink(missing_ok=True)
        (folder / "before-0.db").symlink_to(outside)
    assert {one.name for one in folder.iterdir()} == {"before-0.db", "before-2.db", "before-3.db", "other-0.db"}
    assert outside.read_text() == "mine"


def test_a_copy_that_was_just_made_is_kept_and_so_is_what_only_begins_like_it(place: Place) -> None:
    place.run("poll")
    folder = place.config.parent
    others = {"my-9.db", "my-archive.db", "my-2026.db", "my.db", "labelwatch.db"}
    for name in others - {"labelwatch.db"}:
        (folder / name).write_text("not a copy")
    assert place.run("db", "backup", "--keep", "1", "my-1.db").code == 0
    assert place.run("db", "backup", "--keep", "1", "own.db").code == 0
    assert {one.name for one in folder.glob("*.db")} == others - {"my-9.db"} | {"my-1.db", "own.db"}


def test_a_backup_that_is_put_back_is_the_database_again_and_the_other_one_is_kept(place: Place) -> None:
    place.run("poll")
    place.run("db", "backup", "copy.db")
    place.run("ack", LATE, "--by", "anna")
    done = place.run("db", "restore", "copy.db")
    assert done.code == 0, done.err
    assert [alert["handled_by"] for alert in place.run("late", "--json").json["alerts"]] == [None]
    (aside,) = place.config.parent.glob("labelwatch.db.*.replaced")
    place.config.write_text(place.config.read_text().replace("labelwatch.db", aside.name))
    assert [alert["handled_by"] for alert in place.run("late", "--json").json["alerts"]] == ["anna"]


def test_what_is_no_backup_is_not_put_in_place_of_the_database(seen: Place, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"this is a shopping list, " * 400)
    sqlite3.connect(tmp_path / "empty.db").close()
    for file in ("list", "empty.db", "nothing"):
        done = seen.run("db", "restore", file)
        assert done.code == 1
        assert_says_what_to_do(done.err)
    assert seen.run("db", "check", "--json").json["statistics"]["postings"] > 30


def test_check_counts_and_finds_no_damage(seen: Place) -> None:
    done = seen.run("db", "check", "--json")
    assert done.code == 0
    assert (done.json["ok"], done.json["problems"]) == (True, [])
    assert done.json["statistics"]["postings"] == done.json["statistics"]["open_postings"] > 30


def test_prune_says_what_it_removed(seen: Place) -> None:
    done = seen.run("db", "prune", "--json")
    assert done.code == 0, done.err
    assert done.json == {
        "postings": 0,
        "alerts": 0,
        "polls": 0,
        "attempts": 0,
        "quarantined": 0,
        "answers": 0,
        "settings": 0,
        "charges": 0,
    }


def test_what_is_no_database_is_said_to_be_none(place: Place, tmp_path: Path) -> None:
    (tmp_path / "labelwatch.db").write_bytes(b"this is a shopping list, " * 400)
    for command in (("late",), ("db", "check")):
        done = place.run(*command)
        assert done.code == 69
        assert "is damaged or is not a database" in done.err
        assert_says_what_to_do(done.err)


def test_a_database_that_cannot_be_reached_is_69(place: Place) -> None:
    text = place.config.read_text()
    place.config.write_text(text.replace("sqlite:///labelwatch.db", "postgresql://nobody:pw-canary@127.0.0.1:9/x"))
    done = place.run("late")
    assert done.code == 69
    assert "pw-canary" not in done.err
    assert_says_what_to_do(done.err)
