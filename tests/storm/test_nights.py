"""Nights in which the clocks change: what may wake people, what waits for the morning, and who takes over when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labelwatch.sandbox import At, World
from labelwatch.sandbox.bodies import posting
from labelwatch.sandbox.scenarios.stage import OZON, both_shops, shop_of
from labelwatch.sandbox.scenarios.stage import step as moves
from tests.cli.place import place_for
from tests.notify.fake_telegram import FakeTelegram
from tests.notify.post_office import PostOffice
from tests.storm.ears import chat, configure, mailbox, robot
from tests.storm.told_time import Came, Days, days

BERLIN = ZoneInfo("Europe/Berlin")
EVENINGS = [date(2026, 10, 24), date(2027, 3, 27)]
EVE, LATE, LATER, URGENT = (f"7700000{n}-0001-1" for n in range(1, 5))
STEP = timedelta(minutes=30)
QUIET = 'timezone = "Europe/Berlin"\nquiet_hours = "22:00-08:00"\nhandover = ["08:30", "20:30"]'
ALERTS = 'group_wait = "0s"\nrepeat_every = "1d"'


class Night:
    """An evening and the morning after it, on the clocks of Berlin, as moments in UTC."""

    def __init__(self, evening: date) -> None:
        self.evening, self.morning = evening, evening + timedelta(days=1)
        self.start = self.at(self.evening, 18)
        self.told_on_the_eve, self.begins = self.at(self.evening, 21), self.at(self.evening, 22)
        self.ends = self.at(self.morning, 8)
        self.urgent_due = self.at(self.morning, 6)
        self.over = self.at(self.morning, 21)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), BERLIN).astimezone(ZoneInfo("UTC"))

    @property
    def handovers(self) -> list[datetime]:
        return [self.at(self.evening, 20, 30), self.at(self.morning, 8, 30), self.at(self.morning, 20, 30)]

    @property
    def world(self) -> World:
        """One that falls due at night and is packed in the evening, as people are told in time; two that get late at
        night and have all day; one that comes at night and cannot wait until the morning."""
        world, day = both_shops(self.start), timedelta(days=1)
        world.plan(
            self.comes(EVE, self.start - timedelta(hours=2), due=self.at(self.morning, 5)),
            self.comes(LATE, self.at(self.evening, 23, 30) - day, due=self.at(self.morning, 20)),
            self.comes(LATER, self.at(self.morning, 5, 30) - day, due=self.at(self.morning, 20)),
            self.comes(URGENT, self.at(self.morning, 1), due=self.urgent_due),
            self.is_labelled(EVE, self.told_on_the_eve + STEP),
            self.is_labelled(URGENT, self.urgent_due - STEP),
        )
        return world

    def comes(self, number: str, at: datetime, *, due: datetime) -> At:
        body = posting(number, method=OZON, at=at, cutoff=due)
        return At(minutes=self._minutes(at), shop=shop_of(OZON).client_id, posting=number, change=body)

    def is_labelled(self, number: str, at: datetime) -> At:
        return moves(self._minutes(at), number, method=OZON, status="awaiting_deliver", label=True)

    def _minutes(self, at: datetime) -> float:
        return (at - self.start) / timedelta(minutes=1)


@contextmanager
def lived(night: Night, folder: Path) -> Iterator[Days]:
    """The night and the day after it, as a webhook, a chat with quiet hours and a mailbox without them see it."""
    with place_for(night.world, folder) as place, FakeTelegram() as telegram, PostOffice() as office:
        ears = [chat("crew", telegram), mailbox("owner", office)]
        configure(place, ears, alerts=ALERTS, of={"packers": QUIET, "crew": QUIET})
        ears.append(robot("packers", "json", place.hook))
        with days(place, ears, every="30m") as lived:
            lived.until(night.over, step=STEP)
            yield lived


@pytest.mark.parametrize("evening", EVENINGS, ids=["the longest", "the shortest"])
def test_a_night_is_quiet_but_for_what_cannot_wait_and_nothing_of_it_is_lost(evening: date, tmp_path: Path) -> None:
    night = Night(evening)
    with lived(night, tmp_path) as people:
        for channel in ("packers", "crew"):
            came = people.over(channel)
            assert moments(came, EVE)[0] == night.told_on_the_eve
            assert at_night(came, night) == [night.urgent_due - timedelta(hours=n) for n in (4, 1)]
            assert all(one.said.numbers == {URGENT} for one in came if night.begins <= one.at < night.ends)
            (digest,) = (one for one in came if one.at == night.ends)
            assert digest.said.numbers == {LATE, LATER, URGENT}
            assert "While it was quiet (since yesterday 22:00), this came up:" in digest.said.text
            assert not any("Data as of" in one.said.text for one in came)
            handed = [one for one in came if "hand-over" in one.said.text]
            assert [one.at for one in handed] == night.handovers
            assert handed[1].said.numbers >= {LATE, LATER}
        awake = people.over("owner")
        assert moments(awake, LATE)[0] == night.at(night.evening, 23, 30)
        assert moments(awake, LATER)[0] == night.at(night.morning, 5, 30)


def moments(came: list[Came], number: str) -> list[datetime]:
    return [one.at for one in came if number in one.said.numbers]


def at_night(came: list[Came], night: Night) -> list[datetime]:
    return [one.at for one in came if night.begins <= one.at < night.ends]
