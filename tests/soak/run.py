"""Runs a soak: the service is born and dies in bad weather, lives on in it, and is then given time to tell all."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sources.ozon.client import UNFULFILLED
from labelwatch.store import OutboxState, Store, open_store
from tests.chaos.births import Life, born
from tests.soak.judge import Books, Evidence, Looks, Verdict, judged
from tests.soak.weather import Channels, Weather, channels
from tests.soak.world import KEY, Story, delays, planned
from tests.support.place import Place

Say = Callable[[str], None]

POLITE = 0.2
"""The share of lives that end with SIGTERM."""
PAUSE = 0.5
"""Seconds between two looks."""
CALM_AT_MOST = 600.0
"""Seconds to tell all that is left, when nothing goes wrong any more."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How long, how much and how wild; times in seconds."""

    shops: int = 1000
    seconds: float = 300
    seed: int = 0
    every: float = 60
    arrivals: float = 7
    late: float = 0.08
    """The share of postings."""
    kill_every: float = 12
    fault_every: float = 1.0


@dataclass
class Diary:
    """What became of the lives."""

    kills: int = 0
    stops: list[int] = field(default_factory=list)
    """Exit codes of those that were asked to end."""
    memory: list[tuple[float, int]] = field(default_factory=list)
    """Of the last life: seconds since its start, and resident kilobytes."""


def soak(settings: Settings, folder: Path, *, say: Say) -> list[Verdict]:
    """One soak, and a verdict for each promise."""
    chance = random.Random(settings.seed)
    start = datetime.now(UTC).replace(microsecond=0)
    story = planned(
        start,
        chance,
        shops=settings.shops,
        seconds=settings.seconds,
        arrivals=settings.arrivals,
        late=settings.late,
    )
    clock = TellableClock(story.world.start)
    with channels() as ways, Sandbox(story.world, clock, requests_a_second=None) as sandbox:
        place = Place(folder, sandbox, ways.moody["json"].hook, {"KEY": KEY})
        _configure(place, ways, settings, story)
        diary = Diary()
        weather = Weather(sandbox, ways, story.watched(), random.Random(settings.seed + 1), settings.fault_every)
        with weather:
            _die_often(place, settings, chance, diary)
            say(f"{diary.kills} kills, {len(diary.stops)} stops; now it is left alive in bad weather")
            life = _live_on(place, settings.seconds / 2, diary)
        say(f"{weather.count} faults, {len(sandbox.requests)} requests; all is well, and the rest has to be told")
        with closing(open_store(f"sqlite:///{folder}/labelwatch.db")) as store:
            books = _settled(place, life, store, story, settings, diary)
            looks = _looks(sandbox, clock, settings)
            evidence = Evidence(store, books, story.witness, ways, diary.kills, weather.hit, looks, folder)
            return judged(evidence, diary.stops, diary.memory)


def _looks(sandbox: Sandbox, clock: TellableClock, settings: Settings) -> Looks:
    off, answered = datetime.now(UTC) - clock.now(), defaultdict(list)
    for seen in sandbox.requests:
        if seen.path == UNFULFILLED and not seen.body.get("cursor") and seen.status == 200:
            answered[seen.client_id].append(seen.at + off)
    return Looks(timedelta(seconds=settings.every), answered)


def _configure(place: Place, ways: Channels, settings: Settings, story: Story) -> None:
    shops = "".join(
        f'[[shop]]\nname = "{shop.name}"\nclient_id = "{shop.client_id}"\napi_key = "env:KEY"\n'
        for shop in story.world.shops.values()
    )
    place.environ.update({ear.variable: ear.url for ear in ways.listener.values()})
    place.config.write_text(
        'language = "en"\ntimezone = "UTC"\n[store]\nurl = "sqlite:///labelwatch.db"\n'
        f'[ozon]\nbase_url = "{place.sandbox.base_url}"\nevery = "{settings.every:.0f}s"\ntimeout = "5s"\n'
        f'[alerts]\ngroup_wait = "0s"\ngroup_interval = "1s"\nrepeat_every = "288s"\n{delays()}{shops}'
        + "".join(ear.table() for ear in ways.listener.values()),
        encoding="utf-8",
    )


def _die_often(place: Place, settings: Settings, chance: random.Random, diary: Diary) -> None:
    """Life after life for half of the time, most of which end at once and at any point."""
    end = time.monotonic() + settings.seconds / 2
    while time.monotonic() < end or not diary.kills:
        life = _heard_of(place)
        time.sleep(min(chance.expovariate(1 / settings.kill_every), max(end - time.monotonic(), 0)))
        if diary.kills and chance.random() < POLITE:
            diary.stops.append(life.stop())
        else:
            life.die()
            diary.kills += 1


def _live_on(place: Place, seconds: float, diary: Diary) -> Life:
    life = _heard_of(place)
    began = time.monotonic()
    while (age := time.monotonic() - began) < seconds:
        diary.memory.append((age, _resident(life.pid)))
        time.sleep(0.5)
        assert life.process.is_alive(), f"the service ended by itself\n{life.log[-4000:]}"
    return life


def _heard_of(place: Place) -> Life:
    """A life that has begun to ask, however long a busy machine takes to give birth to it."""
    asked, life = len(place.sandbox.requests), born(place)
    life.until(lambda: len(place.sandbox.requests) > asked)
    return life


def _settled(place: Place, life: Life, store: Store, story: Story, settings: Settings, diary: Diary) -> Books:
    """The books once everything is told and every shop was read once more, or when there is no more patience for it.

    Somebody has mended the channels, and says so as people do: with a restart, and `outbox retry`.
    """
    diary.stops.append(life.stop())
    with _living(place, diary):
        healed, patience = datetime.now(UTC), CALM_AT_MOST + settings.every
        told = _awaited(place, store, lambda books: books.are_closed(story.witness), patience, (healed, healed))
        if not told.are_closed(story.witness):
            return told
        again = (healed, datetime.now(UTC))
        return _awaited(place, store, lambda books: not books.unread(story.witness), patience, again)


def _awaited(
    place: Place, store: Store, are_well: Callable[[Books], bool], seconds: float, since: tuple[datetime, datetime]
) -> Books:
    """The books as soon as they are well, or as they are after so many seconds. Reading them costs what the service
    needs, so it is done the more rarely the longer it takes."""
    began = time.monotonic()
    while True:
        opened = time.monotonic()
        books = Books(store.outbox.find(limit=1_000_000), list(store.shops.all()), *since)
        pause = max(PAUSE, 10 * (time.monotonic() - opened))
        if are_well(books) or opened > began + seconds:
            return books
        for name in {row.notification.channel for row in books.rows if row.state is OutboxState.RETRY}:
            place.run("outbox", "retry", "--channel", name)
        time.sleep(pause)


@contextmanager
def _living(place: Place, diary: Diary) -> Iterator[Life]:
    life = born(place)
    try:
        yield life
    finally:
        diary.stops.append(life.stop())


def _resident(pid: int) -> int:
    """Kilobytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return int(status.partition("VmRSS:")[2].split()[0])
