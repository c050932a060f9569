"""500 postings late at once: a few messages in every channel, in which all of them are accounted for."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops
from tests.chaos.ears import Ear, configure, of_every_kind, robot
from tests.chaos.told_time import days
from tests.support.fake_telegram import FakeTelegram
from tests.support.place import Place, place_for
from tests.support.smtp_server import PostOffice

pytestmark = pytest.mark.lengthy

NUMBERS = tuple(f"7400{place:04d}-0001-1" for place in range(500))
MESSAGES = 3
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def flood(start: datetime, within: float) -> World:
    """Postings that are late as soon as they come, in so many seconds; every fifth for a reason of its own."""
    world = both_shops(start)
    for place, number in enumerate(NUMBERS):
        boxes = {} if place % 5 else {"is_multibox": True}
        comes = place * within / len(NUMBERS) / 60
        world.plan(arrival(start, number, method=AURORA, minutes=comes, cutoff=timedelta(minutes=90), change=boxes))
    return world


def counted(text: str) -> int:
    """How many postings a message says it is about, in its title."""
    title = text.partition("\n")[0]
    return sum(map(int, re.findall(r"(\d+) postings?", title) + re.findall(r"and (\d+) more", title))) or 1


def accounted_for(text: str) -> bool:
    """Whether its title, its headings, and what it lists and leaves out come to the same."""
    groups = re.findall(r"^.* · (\d+) (?:postings?|alerts?)$", text, re.MULTILINE)
    listed = re.findall(r"^•", text, re.MULTILINE)
    hidden = re.findall(r"^And (\d+) more not shown here", text, re.MULTILINE)
    return counted(text) == sum(map(int, groups)) == len(listed) + sum(map(int, hidden))


def told(ear: Ear) -> int:
    return sum(counted(one.text) for one in ear.heard())


def check(place: Place, listener: Iterable[Ear]) -> None:
    assert sorted(place.told("first")) == sorted(NUMBERS)
    for ear in listener:
        assert told(ear) == len(NUMBERS), ear.name
        assert len(ear.heard()) == MESSAGES, ear.name
        assert accounted_for(max((one.text for one in ear.heard()), key=counted)), ear.name


@pytest.mark.fault("D15")
def test_of_500_postings_that_get_late_in_a_minute_each_channel_hears_in_three_messages(tmp_path: Path) -> None:
    with (
        place_for(flood(NOON, 60), tmp_path) as place,
        FakeTelegram() as telegram,
        PostOffice() as office,
        of_every_kind(telegram, office) as some,
    ):
        configure(place, some.values(), alerts="")
        listener = [robot("packers", "json", place.hook), *some.values()]
        with days(place, listener) as day:
            day.until(NOON + timedelta(minutes=2), step=timedelta(seconds=2))
        check(place, listener)
