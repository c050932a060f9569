"""The machine around labelwatch: its configuration, clock, database, disk and service."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from labelwatch.config import Sentence
from labelwatch.doctor import Level
from labelwatch.doctor.database import LITTLE_ROOM, LOG_BIG, database
from labelwatch.doctor.machine import clock, configuration, labels, methods, way
from labelwatch.doctor.service import service
from labelwatch.doctor.systemd import read
from labelwatch.sources.ozon.connectivity import Connectivity, Failure
from labelwatch.store import Fault, StoreError, single_instance
from labelwatch.store.health import Health, health
from tests.doctor.patients import context, found, settings, told

RUNS = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "0"}


def test_a_doubt_about_the_configuration_is_a_warning_each(folder: Path) -> None:
    config = replace(settings(folder), warnings=(Sentence("none_told"), Sentence("none_watched")))
    with context(config) as one:
        findings = list(configuration(one))
    assert [(finding.what, finding.level) for finding in findings] == [
        ("config_right", Level.OK),
        ("config_doubt", Level.WARNING),
        ("config_doubt", Level.WARNING),
    ]


def test_a_method_that_ozon_switches_off_is_a_warning_with_its_day(folder: Path) -> None:
    with context(settings(folder)) as one:
        assert found(methods, one) == {}
        warning = told(methods, replace(one, retiring={"/v1/roles": date(2027, 2, 1)}), "method_retires")
    assert (warning.level, warning.values) == (Level.WARNING, {"path": "/v1/roles", "on": "2027-02-01"})


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("skew", "what", "level"),
    [
        (0, "clock_right", Level.OK),
        (30, "clock_right", Level.OK),
        (31, "clock_ahead", Level.WARNING),
        (-31, "clock_behind", Level.WARNING),
        (601, "clock_ahead", Level.WRONG),
        (-601, "clock_behind", Level.WRONG),
    ],
)
def test_a_clock_may_be_off_by_half_a_minute(folder: Path, skew: float, what: str, level: Level) -> None:
    with context(settings(folder)) as one:
        off = replace(one, check_connectivity=Connectivity("", skew=timedelta(seconds=skew)))
        assert found(clock, off) == {what: level}


def test_without_a_word_of_ozon_nothing_is_said_of_the_clock(folder: Path) -> None:
    with context(settings(folder)) as one:
        assert found(clock, one) == {}
        assert found(clock, replace(one, check_connectivity=Connectivity(""))) == {}


@pytest.mark.parametrize("barrier", Failure)
def test_each_barrier_on_the_way_is_a_finding_of_its_own(folder: Path, barrier: Failure) -> None:
    with context(settings(folder)) as one:
        assert found(way, replace(one, check_connectivity=Connectivity("", barrier, "it did not work"))) == {
            f"way_{barrier}": Level.WRONG
        }


def test_an_open_way_says_which_proxy_it_takes(folder: Path) -> None:
    with context(settings(folder)) as one:
        assert found(way, replace(one, check_connectivity=Connectivity(""))) == {"way_open": Level.OK}
        through = told(way, replace(one, check_connectivity=Connectivity("10.0.0.1:3128")), "way_proxied")
    assert through.values["proxy"] == "10.0.0.1:3128"


def test_a_sound_private_database_is_fine(folder: Path) -> None:
    with context(settings(folder), user=os.geteuid()) as one:
        levels = found(database, one)
    assert levels.pop("disk_fine", levels.pop("disk_full", None)) is not None
    assert levels == {"database_sound": Level.OK}


def test_a_database_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    config = settings(tmp_path)
    with context(config) as one:
        assert found(database, one) == {"database_none": Level.WARNING}
    with context(config, unit=RUNS) as one:
        assert found(database, one) == {"database_elsewhere": Level.WARNING}
    assert [file.name for file in tmp_path.iterdir()] == ["labelwatch.toml"]


HEALTH = Health("labels.db", revision="0002", wanted="0002")


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (HEALTH, {"database_sound": Level.OK}),
        (replace(HEALTH, revision="0001"), {"database_older": Level.WARNING}),
        (replace(HEALTH, revision=""), {"database_empty": Level.WARNING}),
        (replace(HEALTH, revision="0003"), {"database_newer": Level.WRONG}),
        (replace(HEALTH, problems=("row 7 is missing",)), {"database_damaged": Level.WRONG}),
        (replace(HEALTH, is_locked=True), {"database_sound": Level.OK, "database_locked": Level.WRONG}),
        (StoreError(Fault.UNREACHABLE, "no server"), {"database_unreachable": Level.WRONG}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_inside_a_database_is_told_apart(
    folder: Path, health: Health | StoreError, expected: dict[str, Level]
) -> None:
    with context(settings(folder)) as one:
        assert found(database, replace(one, health=health)) == expected


@pytest.mark.fault("P6")
def test_a_database_that_is_kept_locked_is_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "labelwatch.db", isolation_level=None)) as other:
        url = f"sqlite:///{folder}/labelwatch.db?timeout=0.05"
        assert not health(url).is_locked
        other.execute("BEGIN IMMEDIATE")
        assert health(url).is_locked


@pytest.mark.fault("P9")
def test_a_damaged_database_that_was_put_aside_is_not_taken_for_none(folder: Path) -> None:
    (folder / "labelwatch.db").rename(folder / "labelwatch.db.corrupt-20260101T000000Z")
    with context(settings(folder)) as one:
        assert found(database, one) == {"database_damaged": Level.WRONG}
    assert not (folder / "labelwatch.db").exists()


def test_files_that_others_read_or_own_and_that_grow_are_warned_of(folder: Path) -> None:
    with context(settings(folder), user=4711) as one:
        assert isinstance(one.health, Health)
        assert one.health.files is not None
        files = replace(one.health.files, mode=0o644, free=LITTLE_ROOM - 1, log_size=LOG_BIG + 1)
        levels = found(database, replace(one, health=replace(one.health, files=files)))
    assert levels == {
        "database_sound": Level.OK,
        "disk_full": Level.WARNING,
        "log_big": Level.WARNING,
        "database_open": Level.WARNING,
        "database_foreign": Level.WARNING,
    }


@pytest.mark.parametrize(
    ("unit", "is_held", "what", "level"),
    [
        ({}, True, "service_by_hand", Level.OK),
        ({}, False, "service_none", Level.WARNING),
        (RUNS, True, "service_runs", Level.OK),
        (RUNS, False, "service_elsewhere", Level.WARNING),
        ({**RUNS, "UnitFileState": "disabled"}, True, "service_not_enabled", Level.WARNING),
        ({**RUNS, "ActiveState": "inactive"}, False, "service_stopped", Level.WRONG),
        ({**RUNS, "ActiveState": "failed"}, False, "service_stopped", Level.WRONG),
        ({**RUNS, "ActiveState": "activating"}, False, "service_failing", Level.WRONG),
    ],
)
def test_whether_anybody_watches(folder: Path, unit: dict[str, str], is_held: bool, what: str, level: Level) -> None:
    config = settings(folder)
    url = config.store.url.get_secret_value()
    if is_held:
        with single_instance(url), context(config, unit=unit) as one:
            assert found(service, one) == {what: level}
            assert told(service, one, what).values["pid"] == str(os.getpid())
    else:
        with context(config, unit=unit) as one:
            assert found(service, one) == {what: level}


def test_what_systemd_prints_is_read() -> None:
    assert read("LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=0\n") == RUNS
    assert read("LoadState=not-found\nActiveState=inactive\n") == {}
    assert read("") == {}


def test_a_channel_that_wants_labels_is_told_whether_they_can_be_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(folder)
    wants = replace(config, channels=tuple(replace(one, attach_label=True) for one in config.channels))
    with context(config) as one:
        assert found(labels, one) == {}
    with context(wants) as one:
        assert found(labels, one) == {"labels_confined": Level.OK}
        (tmp_path / "pyseccomp.py").write_text("raise RuntimeError('Unable to find libseccomp')")
        monkeypatch.syspath_prepend(tmp_path)
        assert found(labels, one) == {"labels_unread": Level.WRONG}
