"""Commands beside a service whose machine has a wrong clock: all of them go by Ozon's time, as the service does."""

import platform
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from labelwatch.sandbox.scenarios.stage import OZON, arrival, both_shops
from labelwatch.service.clock import skew_in
from labelwatch.store import open_store
from tests.support.place import Place, now, place_for

LATE = "70000001-0001-1"
SOON = timedelta(minutes=5)
"""A slow machine takes some time between two commands."""


@pytest.fixture(scope="module", params=[-3, 3], ids=["behind", "ahead"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop of which one posting is late, polled on a machine that is three hours off."""
    world = both_shops(start := now() - timedelta(hours=request.param))
    world.plan(arrival(start, LATE, method=OZON, minutes=-600, cutoff=timedelta(hours=2)))
    with place_for(world, tmp_path_factory.mktemp("wrong"), in_process=True) as wrong:
        assert wrong.run("poll").code == 1
        yield wrong


def is_now(place: Place, text: str, *, after: timedelta = timedelta(0)) -> bool:
    """Whether a time is that of Ozon's clock, or so much after it."""
    return abs(datetime.fromisoformat(text) - after - place.clock.now()) < SOON


def test_what_is_listed_and_shown_is_due_when_ozon_says(place: Place) -> None:
    listed = place.run("late", "--json").json
    assert is_now(place, listed["as_of"])
    assert [shop["state"] for shop in listed["shops"]] == ["fresh", "fresh"] or is_now(
        place, listed["shops"][0]["read_at"]
    )
    assert "due in 1 hr 5" in place.run("late").out
    assert "1 hr 5" in place.run("show", LATE).out


def test_what_is_taken_and_put_off_is_noted_at_ozons_time(place: Place) -> None:
    place.run("snooze", LATE, "2h", "--by", "anna")
    (alert,) = place.run("late", "--json").json["alerts"]
    assert is_now(place, alert["snoozed_until"], after=timedelta(hours=2))
    assert place.run("ack", LATE, "--by", "anna").code == 0
    assert "anna" in place.run("export", "--since", "1h").out


def test_the_doctor_sees_a_shop_that_was_read_just_now(place: Place) -> None:
    examined = place.run("doctor", "--offline", "--json").json
    assert is_now(place, examined["as_of"])
    assert not {one["what"] for one in examined["findings"]} & {"shop_future"}


def test_what_is_old_is_old_by_ozons_time(place: Place) -> None:
    with closing(open_store(f"sqlite:///{place.folder}/labelwatch.db")) as store:
        known = skew_in(store)()
        assert known is not None
        years = timedelta(days=400)
        store.clocks.note(platform.node(), replace(known, ahead=known.ahead - years, at=known.at + years))
        assert place.run("db", "prune", "--json").json["polls"] > 0
        store.clocks.note(platform.node(), known)
