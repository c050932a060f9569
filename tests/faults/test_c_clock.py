"""Clocks that are set, that are wrong, and machines that sleep: nothing is late that is not, nothing is missed."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops
from tests.faults.stepped import stepped_clock
from tests.support.place import Place, now, place_for, until

HOUR = 3600
DAY = 24 * HOUR
IN_TIME = "7300-0001-1"
LATE = tuple(f"73{place:02d}-0001-1" for place in (1, 2, 3))


def with_one_in_time() -> World:
    """A posting that has a day to be packed, and would be late if it were tomorrow."""
    world = both_shops(start := now())
    world.plan(arrival(start, IN_TIME, method=AURORA, minutes=-60, cutoff=timedelta(hours=31)))
    return world


def gets_late(place: Place, number: str) -> None:
    """A posting comes that has to leave in an hour and a half."""
    world = place.sandbox.world
    minutes = (place.clock.now() - world.start) / timedelta(minutes=1)
    world.plan(arrival(world.start, number, method=AURORA, minutes=minutes, cutoff=timedelta(minutes=minutes + 90)))


def stopped(process: "subprocess.Popen[str]") -> str:
    """End a service; what it logged."""
    process.terminate()
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0, log
    return log


@pytest.mark.fault("C1", "C2")
def test_a_service_whose_clock_is_set_tells_what_is_late_and_nothing_else(tmp_path: Path) -> None:
    clock = stepped_clock(tmp_path)
    with place_for(with_one_in_time(), tmp_path) as place:
        place.configure(alerts='group_wait = "0s"\ngroup_interval = "1s"')
        service = place.start("run", **clock.environ)
        for number, ahead in zip(LATE, (0, DAY, -HOUR), strict=True):
            clock.set(ahead)
            gets_late(place, number)
            until(lambda number=number: number in place.told("first"))  # type: ignore[misc]
        log = stopped(service)
        assert place.told("first") == list(LATE)
    assert f"this machine's clock is off by +{DAY} s" in log
    assert f"this machine's clock is off by -{HOUR} s" in log


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("minutes", "what"), [(-10.5, "clock_ahead"), (10.5, "clock_behind")])
def test_doctor_finds_a_clock_that_does_not_agree_with_ozons(minutes: float, what: str, tmp_path: Path) -> None:
    with place_for(with_one_in_time(), tmp_path) as place:
        place.clock.advance(timedelta(minutes=minutes))
        poll = place.run("poll", "--json")
        assert f"off by {'+' if minutes < 0 else '-'}630 s" in poll.err.replace("629", "630").replace("631", "630")
        findings = {one["what"]: one for one in place.run("doctor", "--json", PATH="").json["findings"]}
    assert findings[what]["level"] == "wrong"
    assert "timedatectl" in findings[what]["do"]
