"""`run` for real: it ends when told to, alone with its database, and no kill loses an alert."""

import contextlib
import random
import signal
from collections import defaultdict
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from labelwatch.sandbox import Fault, Kind, World
from labelwatch.sandbox.scenarios.stage import OZON, arrival, both_shops
from tests.chaos.births import STOPS_WITHIN, Life, born
from tests.cli.conftest import LATE
from tests.support.place import Place, assert_says_what_to_do, now, place_for, until

pytestmark = pytest.mark.lengthy


def stopped(service: Life, by: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """End a service; its exit code and what it logged."""
    return service.stop(by), service.log


@pytest.mark.fault("P4")
def test_run_tells_what_is_late_and_ends_with_0_when_told_to(place: Place) -> None:
    service = place.start("run")
    until(lambda: LATE in place.told("first"))
    service.terminate()
    _, log = service.communicate(timeout=STOPS_WITHIN)
    assert service.returncode == 0
    assert "watching: star, home" in log
    assert any(line.endswith(" stopping") for line in log.splitlines()[-3:])  # what was being sent is told after it
    assert log.splitlines()[0].startswith("20")  # the time, which a journal would write itself
    assert place.told("first") == [LATE]


def test_that_nobody_is_told_is_said_once(place: Place) -> None:
    place.config.write_text(place.config.read_text("utf-8").partition("[[channel]]")[0], "utf-8")
    service = born(place)
    until(lambda: len(place.sandbox.requests) > 0)
    _, log = stopped(service)
    (said,) = (line for line in log.splitlines() if "told" in line)
    assert said.endswith("configuration: no channel is enabled: nobody is told")


@pytest.mark.fault("P12")
def test_only_one_works_on_a_database_and_the_second_leaves_it_alone(place: Place) -> None:
    service = born(place, JOURNAL_STREAM="8:1")
    until(lambda: LATE in place.told("first"))
    asked = len(place.sandbox.requests)
    for command in ("run", "db"):
        second = place.run(*(["run"] if command == "run" else ["db", "upgrade"]))
        assert second.code == 75
        assert f"pid {service.pid}" in second.err
        assert_says_what_to_do(second.err)
    assert place.run("late").code == 0
    code, log = stopped(service, signal.SIGINT)
    assert code == 0
    assert all(line.startswith(("INFO ", "WARNING ")) for line in log.splitlines())
    assert len(place.sandbox.requests) >= asked


@pytest.mark.fault("P4")
def test_a_service_waiting_for_a_silent_ozon_still_ends_within_seconds(place: Place) -> None:
    place.sandbox.fault(Fault(kind=Kind.DRIP, seconds=600))
    service = born(place)
    until(lambda: len(place.sandbox.requests) >= 2)
    code, _ = stopped(service)
    assert code == 0


def test_no_secret_is_in_the_log_whatever_goes_wrong(place: Place) -> None:
    place.hook.acts = [place.hook.acts[0]]
    service = born(place, "--verbose", KEY_STAR="canary-key-0123456789")
    until(lambda: LATE in place.told("first"))
    place.sandbox.fault(Fault(kind=Kind.HTML, status=502, times=2))
    until(lambda: len(place.sandbox.requests) > 8)
    _, log = stopped(service)
    assert "WARNING" in log or "ERROR" in log or "key" in log
    for secret in ("canary-key-0123456789", "s3cret-token", place.variables({})["KEY_HOME"]):
        assert secret not in log


def told_more(place: Place, before: int) -> bool:
    return len(place.hook.requests) > before


def one_by_one(count: int) -> World:
    """Postings that are late as soon as they come, one every half second."""
    world = both_shops(start := now())
    for place in range(count):
        number = f"7100{place:04d}-0001-1"
        world.plan(arrival(start, number, method=OZON, minutes=(place + 2) / 120, cutoff=timedelta(minutes=90)))
    return world


@pytest.mark.fault("P3")
def test_kill_after_kill_no_alert_is_lost_and_a_repeated_one_can_be_told(tmp_path: Path) -> None:
    wanted, chance = 12, random.Random(7)
    with place_for(one_by_one(wanted), tmp_path) as place:
        for _ in range(4):
            service = born(place)
            before = len(place.hook.requests)
            with contextlib.suppress(AssertionError):  # killed before it could tell anything: that counts as well
                until(partial(told_more, place, before), seconds=2 + chance.random())
            service.die()
        service = born(place)
        until(lambda: len(set(place.told("first"))) == wanted)
        stopped(service)
        keys = defaultdict(set)
        for request in place.hook.requests:
            for alert in request.json["labelwatch"]:
                if alert["reason"] == "first":
                    keys[alert["posting_number"]].add(request.headers["idempotency-key"])
    assert len(keys) == wanted
    assert {number: len(names) for number, names in keys.items() if len(names) > 1} == {}
