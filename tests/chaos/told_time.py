"""The whole app on told time: its real store, real servers on 127.0.0.1, and days that pass in seconds."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from labelwatch.app import App, build
from labelwatch.channels import check_url, check_way
from labelwatch.config import load
from labelwatch.sandbox import TellableClock
from labelwatch.service.clock import Clock
from labelwatch.service.scheduler import PACE_WHILE_LATE
from tests.chaos.ears import Ear, Heard
from tests.support.place import Place


class Came(NamedTuple):
    """When, over which channel, what."""

    at: datetime
    channel: str
    said: Heard


@dataclass(slots=True)
class Days:
    """The app as the scheduler drives it: polls at their pace, telling at every step."""

    app: App
    clock: TellableClock
    listener: list[Ear]
    came: list[Came] = field(default_factory=list)
    _due: dict[str, datetime] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)

    def until(self, end: datetime, *, step: timedelta) -> None:
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            self._poll()
            self.app.tell()
            self._listen()

    def _poll(self) -> None:
        now = self.clock.now()
        for shop, every in self.app.shops():
            if self._due.get(shop, now) <= now:
                report = self.app.poll(shop)
                pace = min(every, PACE_WHILE_LATE) if report and report.late else every
                self._due[shop] = now + pace

    def _listen(self) -> None:
        for ear in self.listener:
            heard = ear.heard()
            self.came += [Came(self.clock.now(), ear.name, one) for one in heard[self._known.get(ear.name, 0) :]]
            self._known[ear.name] = len(heard)

    def over(self, channel: str) -> list[Came]:
        """What came over one channel."""
        return [one for one in self.came if one.channel == channel]


@contextmanager
def days(
    place: Place, listener: Iterable[Ear], *, every: str = "2m", ahead: timedelta = timedelta(0), anew: bool = True
) -> Iterator[Days]:
    """The app over the configuration of this place, whose clock moves only as it is told from now on; that of the
    app is `ahead`. With `anew` the world begins at its start, else it goes on."""
    place.clock.run(0)
    if anew:
        place.clock.advance(place.sandbox.world.start - place.clock.now())
    written = place.config.read_text("utf-8")
    place.config.write_text(written.replace('every = "1s"', f'every = "{every}"'), "utf-8")
    config = load(place.config, environ=place.variables({}), check_url=check_url, check_way=check_way)
    now, stop = place.clock.now, threading.Event()
    clock = Clock(
        now=lambda: now() + ahead,
        monotonic=lambda: now().timestamp(),
        sleep=lambda seconds: place.clock.advance(timedelta(seconds=seconds)),
    )
    with build(config, clock=clock, stop=stop, alone=True) as app:
        yield Days(app, place.clock, list(listener))
