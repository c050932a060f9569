"""The world of a soak: shops, a stream of postings whose day is fifty times as fast, and who of them is late."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.sandbox import Shop, World
from labelwatch.sandbox.bodies import posting
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import AURORA, OZON, POLAR, handed_over, step, tracking
from labelwatch.sandbox.shops import REGISTERED_BY_CARRIER, KeyState, Method
from labelwatch.sandbox.world import At

SPEED = 50
KEY = "c0ffee00-soak-4d02-9b3c-canary-0f-a-key"
METHODS = (AURORA, OZON, POLAR)
REVOKED = 3
"""So many shops have a key that Ozon does not know any more."""
LARGE, STOCK = 0.01, 230
"""The share of shops whose postings fill several pages, and how many those have."""
SLOW_TO_SHOW = 150.0
"""Seconds that the slowest kind of lateness needs until it is one, and people are told."""

Events = Iterator[At]


@dataclass(frozen=True, slots=True)
class Fate:
    """A posting that is late: not before `since`, and until `over` (None = still when everything ends)."""

    shop: str
    since: datetime
    over: datetime | None


@dataclass(frozen=True, slots=True)
class Witness:
    """What is true, for whoever judges."""

    fates: dict[str, Fate] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    """Names of shops."""
    postings: set[str] = field(default_factory=set)


def shrunk(hours: float) -> float:
    """Seconds here for hours there."""
    return hours * 3600 / SPEED


@dataclass(frozen=True, slots=True)
class Story:
    """Plans what happens; all times in seconds since the start."""

    world: World
    witness: Witness
    chance: random.Random
    lasts: float

    def open(self, count: int) -> None:
        """Shops with what lies on their tables when everything begins."""
        for place in range(count):
            revoked = place % max(count // REVOKED, 1) == 1 and len(self.witness.revoked) < REVOKED
            shop = Shop(
                client_id=str(500_000 + place),
                api_key=KEY,
                name=f"soak-{place:04d}",
                legal_name=f"Soak {place:04d}",
                key_state=KeyState.DEACTIVATED if revoked else KeyState.ACTIVE,
            )
            self.world.open(shop, methods=METHODS)
            if revoked:
                self.witness.revoked.add(shop.name)
        large = max(1, int(count * LARGE))
        for client_id in self.chance.sample(self.watched(), min(large, count - REVOKED)):
            for _ in range(STOCK):
                self._labelled(client_id)

    def watched(self) -> list[str]:
        """The Client-Ids of shops that can be read."""
        shops = self.world.shops.values()
        return [shop.client_id for shop in shops if shop.name not in self.witness.revoked]

    def stream(self, per_second: float, late: float) -> None:
        """Postings come to all shops until the end; this share of them is late."""
        shops, now = self.watched(), 0.0
        while (now := now + self.chance.expovariate(per_second)) < self.lasts:
            client_id, method = self.chance.choice(shops), self.chance.choice(METHODS)
            if self.chance.random() >= late:
                self.world.plan(*self._well(self._number(), client_id, method, now))
            else:
                self._late(client_id, now)

    def _late(self, client_id: str, comes: float) -> None:
        number, chance = self._number(), self.chance
        kinds: list[Callable[[str, str, float], float]] = [self._unpacked]
        if comes < self.lasts - SLOW_TO_SHOW:
            kinds += [self._unlabelled, self._unregistered]
        since = chance.choice(kinds)(number, client_id, comes)
        over = chance.choice((None, since + chance.uniform(1, 90)))
        if over is not None:
            self.world.plan(step(over / 60, number, method=OZON, status="cancelled"))
        shop = self.world.shops[client_id].name
        self.witness.fates[number] = Fate(shop, self._at(since), None if over is None else self._at(over))

    def _unpacked(self, number: str, client_id: str, comes: float) -> float:
        """Nobody packs it, and its cutoff is near."""
        left = self.chance.uniform(shrunk(0.5), shrunk(3.9))
        self.world.plan(self._arrival(number, client_id, OZON, comes, left))
        return comes

    def _unlabelled(self, number: str, client_id: str, comes: float) -> float:
        """It is packed, and Ozon draws no label."""
        self.world.plan(self._arrival(number, client_id, POLAR, comes, shrunk(31)))
        waits = {"tracking_number": tracking(number), "_label": {"unprinted": NOT_YET}}
        self.world.plan(step(comes / 60, number, method=POLAR, status="awaiting_deliver", **waits))
        return comes

    def _unregistered(self, number: str, client_id: str, comes: float) -> float:
        """The carrier does not take it into its books."""
        self.world.plan(self._arrival(number, client_id, AURORA, comes, shrunk(31)))
        self.world.plan(step(comes / 60, number, method=AURORA, status="awaiting_registration"))
        return comes

    def _well(self, number: str, client_id: str, method: Method, comes: float) -> Events:
        yield self._arrival(number, client_id, method, comes, shrunk(31))
        packed = comes + self.chance.uniform(shrunk(0.2), shrunk(3))
        if method.flow in REGISTERED_BY_CARRIER:
            yield step(packed / 60, number, method=method, status="awaiting_registration")
            packed += shrunk(0.12)
        tracked = {"tracking_number": "" if method is OZON else tracking(number)}
        yield step(packed / 60, number, method=method, status="awaiting_deliver", **tracked)
        labelled = packed + self.chance.uniform(40, 70) / SPEED
        yield step(labelled / 60, number, method=method, status="awaiting_deliver", label=True)
        leaves = labelled + self.chance.uniform(shrunk(0.5), shrunk(5))
        yield handed_over(number, start=self.world.start, minutes=leaves / 60, method=method)

    def _labelled(self, client_id: str) -> None:
        """One that lies there with its label."""
        came, cutoff = self._at(-shrunk(10)), self._at(shrunk(31))
        number = self._number()
        body = posting(number, method=OZON, at=came, cutoff=cutoff, status="awaiting_deliver", label=True)
        self.world.put(client_id, body)

    def _arrival(self, number: str, client_id: str, method: Method, comes: float, left: float) -> At:
        body = posting(number, method=method, at=self._at(comes), cutoff=self._at(comes + left))
        return At(minutes=comes / 60, shop=client_id, posting=number, change=body)

    def _number(self) -> str:
        place = len(self.witness.postings)
        number = f"{30_000_000 + place}-{place % 10_000:04d}-1"
        self.witness.postings.add(number)
        return number

    def _at(self, seconds: float) -> datetime:
        return self.world.start + timedelta(seconds=seconds)


def planned(
    start: datetime, chance: random.Random, *, shops: int, seconds: float, arrivals: float, late: float
) -> Story:
    """A world in which postings come for so many seconds, and its witness."""
    story = Story(World(start), Witness(), chance, seconds)
    story.open(shops)
    story.stream(arrivals, late)
    return story


def delays() -> str:
    """The delays of the configuration, a fiftieth of what they are in life."""
    limits = {"order": 24, "registration": 1, "label": 0.25, "before_cutoff": 4, "critical_before_cutoff": 1}
    return "[delays]\n" + "".join(f'{name} = "{shrunk(hours):.0f}s"\n' for name, hours in limits.items())
