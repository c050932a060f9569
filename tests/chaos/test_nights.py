"""Nights in which the clocks change: what may wake people, what waits for the morning, and who takes over when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from labelwatch.sandbox import At, World
from labelwatch.sandbox.bodies import posting
from labelwatch.sandbox.scenarios.stage import OZON, both_shops, shop_of
from labelwatch.sandbox.scenarios.stage import step as moves
from tests.chaos.ears import chat, configure, mailbox, robot
from tests.chaos.told_time import Came, Days, days
from tests.support.fake_telegram import FakeTelegram
from tests.support.place import place_for
from tests.support.smtp_server import PostOffice

pytestmark = pytest.mark.lengthy

BERLIN = ZoneInfo("Europe/Berlin")
EVENINGS = [date(2026, 10, 24), date(2027, 3, 27)]
EARLY_WARNING, LATE, LATER, URGENT = (f"7700000{n}-0001-1" for n in range(1, 5))
HOUR = timedelta(hours=1)
QUIET = 'timezone = "Europe/Berlin"\nquiet_hours = "22:00-08:00"\nhandover = ["08:30", "20:30"]'
ALERTS = 'group_wait = "0s"\nrepeat_every = "1d"'


@dataclass(frozen=True, slots=True)
class Night:
    """An evening and the morning after it, on the clocks of Berlin, as moments in UTC."""

    evening: date

    @property
    def morning(self) -> date:
        return self.evening + timedelta(days=1)

    @property
    def start(self) -> datetime:
        return self.at(self.evening, 18)

    @property
    def over(self) -> datetime:
        return self.at(self.morning, 21)

    @property
    def quiet(self) -> tuple[datetime, datetime]:
        return self.at(self.evening, 22), self.at(self.morning, 8)

    @property
    def eve(self) -> datetime:
        """When people are told what falls due at night."""
        return self.at(self.evening, 21)

    @property
    def urgent(self) -> datetime:
        """When it is due."""
        return self.at(self.morning, 6)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), BERLIN).astimezone(ZoneInfo("UTC"))

    @property
    def handovers(self) -> list[datetime]:
        return [self.at(self.evening, 20, 30), self.at(self.morning, 8, 30), self.at(self.morning, 20, 30)]

    @property
    def looks(self) -> list[datetime]:
        """When something may happen: at every hour, and at the half-hours of somebody's day."""
        hours = (self.over - self.start) // HOUR
        halves = [self.at(self.evening, 21, 30), self.at(self.evening, 23, 30), self.at(self.morning, 5, 30)]
        return sorted({self.start + n * HOUR for n in range(1, hours + 1)} | {*halves, *self.handovers})

    @property
    def world(self) -> World:
        """One that falls due at night and is packed in the evening, as people are told in time; two that get late at
        night and have all day; one that comes at night and cannot wait until the morning."""
        world, day = both_shops(self.start), timedelta(days=1)
        world.plan(
            self.comes(EARLY_WARNING, self.start - timedelta(hours=2), due=self.at(self.morning, 5)),
            self.comes(LATE, self.at(self.evening, 23, 30) - day, due=self.at(self.morning, 20)),
            self.comes(LATER, self.at(self.morning, 5, 30) - day, due=self.at(self.morning, 20)),
            self.comes(URGENT, self.at(self.morning, 1), due=self.urgent),
            self.is_labelled(EARLY_WARNING, self.eve + HOUR / 2),
            self.is_labelled(URGENT, self.urgent - HOUR / 2),
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
        listener = [chat("crew", telegram), mailbox("owner", office)]
        configure(place, listener, alerts=ALERTS, of={"packers": QUIET, "crew": QUIET})
        listener.append(robot("packers", "json", place.hook))
        with days(place, listener, every="30m") as lived:
            for at in night.looks:
                lived.until(at, step=HOUR)
            yield lived


@pytest.mark.fault("C4")
@pytest.mark.parametrize("evening", EVENINGS, ids=["the longest", "the shortest"])
def test_a_night_is_quiet_but_for_what_cannot_wait_and_nothing_of_it_is_lost(evening: date, tmp_path: Path) -> None:
    night = Night(evening)
    with lived(night, tmp_path) as people:
        for channel in ("packers", "crew"):
            came = people.over(channel)
            begins, ends = night.quiet
            woken = [one for one in came if begins <= one.at < ends]
            assert moments(came, EARLY_WARNING)[0] == night.eve
            assert [(one.at, one.said.numbers) for one in woken] == [
                (night.urgent - n * HOUR, {URGENT}) for n in (4, 1)
            ]
            (digest,) = (one for one in came if one.at == ends)
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
