"""People: when they are at work or awake, how long they take, and what is on their list.

The packers of a shop work by day and look into the cabinet twice; their owner is awake longer, and a message to the
owner wakes him. How long each takes for each thing is drawn from the seed and the posting, so it is the same in every
arm.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from labelwatch.sandbox import Shop
from tests.outcome.cabinet import asks_for
from tests.outcome.hands import CabinetDown, Hands, of_outage
from tests.outcome.packer import stops
from tests.outcome.timeline import Timeline

Json = dict[str, Any]
May = Callable[[str, str, str], bool]
"""Whether somebody would do this (again) to that at this time."""

SHIFT = (time(9), time(18))
AWAKE = (time(7, 30), time(23, 30))
LOOKS = (time(9, 30), time(15))
OVERLOOKED = 0.04
"""The chance that a usual round misses a posting."""
TAKES = {"write_support": (3, 8), "warn_support": (3, 8), "ask_carrier": (3, 8), "ask_buyer": (2, 6)}
ELSE_TAKES = (1, 4)
TO_SUPPORT = frozenset({"write_support", "warn_support"})
AGAIN = 10.0
"""Minutes until somebody tries again to open a cabinet that does not."""
STAYS_UP = timedelta(minutes=30)
GIVES_UP = timedelta(hours=30)
AHEAD = timedelta(hours=3)
"""Who warns support of an outage names the postings that are due so soon."""


@dataclass(slots=True)
class Person:
    """Somebody of a shop. `reads` and `wakes` are the minutes until a message is read, and until he is up."""

    name: str
    shop: Shop
    zone: str
    hours: tuple[time, time]
    reads: tuple[float, float]
    wakes: tuple[float, float] | None = None
    busy_until: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))
    awake_until: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))
    """Whoever was woken stays up for a while."""

    def is_up(self, at: datetime) -> bool:
        return self.hours[0] <= at.astimezone(ZoneInfo(self.zone)).time() < self.hours[1]

    def up_at(self, at: datetime) -> datetime:
        """The next time he is up by himself."""
        if self.is_up(at):
            return at
        local = at.astimezone(ZoneInfo(self.zone))
        day = local if local.time() < self.hours[0] else local + timedelta(days=1)
        return datetime.combine(day.date(), self.hours[0], ZoneInfo(self.zone)).astimezone(at.tzinfo)

    def reads_at(self, at: datetime, dice: Random) -> datetime:
        """When he reads what comes now."""
        if not self.is_up(at) and self.wakes is not None:
            is_awake = at < self.awake_until
            reads = at + timedelta(minutes=dice.uniform(*(self.reads if is_awake else self.wakes)))
            self.awake_until = max(self.awake_until, reads + STAYS_UP)
            return reads
        return self.up_at(at) + timedelta(minutes=dice.uniform(*self.reads))


def packers(shop: Shop, zone: str) -> Person:
    return Person("packers", shop, zone, SHIFT, reads=(1, 12))


def owner(shop: Shop, zone: str) -> Person:
    return Person("owner", shop, zone, AWAKE, reads=(2, 15), wakes=(6, 20))


@dataclass(slots=True)
class Staff:
    """Who does things; `may` says whether somebody would do it (again)."""

    hands: Hands
    timeline: Timeline
    seed: int
    forgotten: Mapping[str, str]
    """Posting -> what no usual round does for it."""
    habits: Mapping[int, str]
    """Delivery method -> what its parcels need besides packing, as everybody there knows."""
    seen: dict[str, datetime] = field(default_factory=dict)
    """Posting -> when a round first found it packed without a label."""

    def dice(self, *about: object) -> Random:
        return Random(" ".join(map(str, (self.seed, *about))))

    # --- what is done in every arm

    def rounds(self, person: Person, until: datetime) -> None:
        """Plan the usual looks into the cabinet."""
        day = self.timeline.start.astimezone(ZoneInfo(person.zone)).date()
        while (first := datetime.combine(day, LOOKS[0], ZoneInfo(person.zone))) < until:
            for clock in LOOKS:
                look = first.replace(hour=clock.hour, minute=clock.minute)
                self.timeline.at(look.astimezone(self.timeline.start.tzinfo), lambda: self._round(person))
            day += timedelta(days=1)

    def _round(self, person: Person) -> None:
        try:
            pages = self.hands.open_pages(person.shop)
        except CabinetDown:
            self.timeline.after(AGAIN, lambda: self._round(person))
            return
        round_at = self.timeline.now()
        minute = 0.0
        for page in pages:
            number = page["posting_number"]
            if self.dice("round", number, round_at).random() < OVERLOOKED:
                continue
            actions = self._habit(page) or asks_for(page, again=self._stood_before(page))
            steps = [(action, 0.3) for action in actions]
            if steps and self.forgotten.get(number) not in actions:
                minute += 0.4
                self.timeline.after(minute, Errand(self, person, page, steps, round_at).go)

    def _habit(self, page: Json) -> list[str]:
        """What is always done for parcels of a delivery method that the cabinet says nothing about."""
        habit = self.habits.get(page["delivery_method"]["id"])
        return [habit] if habit and page["status"] == "awaiting_deliver" else []

    def _stood_before(self, page: Json) -> bool:
        """Whether an earlier round found it standing without a label, too."""
        if page["status"] == "awaiting_packaging" and "ship" in page["available_actions"]:
            return False
        return self.seen.setdefault(page["posting_number"], self.timeline.now()) < self.timeline.now()

    # --- what messages make people do

    def follow(self, person: Person, plan: Json, may: May) -> None:
        """Carry out a plan as soon as the person has time for it, but not before it says so."""
        not_before = plan["not_before"]
        start = datetime.fromisoformat(not_before) if not_before else self.timeline.now()
        self.timeline.at(person.up_at(start) if not_before else start, lambda: self._begin(person, plan, may))

    def _begin(self, person: Person, plan: Json, may: May) -> None:
        steps = [(str(action), float(pause)) for action, pause in plan["steps"]]
        try:
            pages = self._pages(person, plan)
        except CabinetDown:
            self.timeline.after(AGAIN, lambda: self._begin(person, plan, may))
            return
        for page in pages:
            Errand(self, person, page, steps, self.timeline.now(), may, plan["hurry"]).go()

    def _pages(self, person: Person, plan: Json) -> list[Json]:
        if plan["posting_number"]:
            page = self.hands.page(person.shop, plan["posting_number"])
            return [page] if page else []
        if plan["outage"]:
            due = self.timeline.now() + AHEAD
            stuck = of_outage(self.hands.open_pages(person.shop), plan["outage"]["carrier"])
            return [page for page in stuck if datetime.fromisoformat(page["shipment_date"]) <= due]
        return []

    def takes(self, action: str, number: str) -> float:
        return self.dice("takes", action, number).uniform(*TAKES.get(action, ELSE_TAKES))


@dataclass(slots=True)
class Errand:
    """One posting and the steps that are left for it; before each of them the page is looked at."""

    staff: Staff
    person: Person
    page: Json
    steps: Sequence[tuple[str, float]]
    began: datetime
    may: May | None = None
    hurry: bool = False

    def go(self) -> None:
        """Take the next step when there is time, or leave it where nothing is left to do."""
        now = self.staff.timeline.now()
        if not self.steps or now - self.began > GIVES_UP:
            return
        if self.may is None:  # on a round one thing follows the other
            self.staff.timeline.after(0.1, self._step)
            return
        free = now if self.hurry else max(now, self.person.busy_until)
        ready = free + timedelta(minutes=self.staff.takes(self.steps[0][0], self.page["posting_number"]))
        if not self.hurry:
            self.person.busy_until = ready
        self.staff.timeline.at(ready, self._step)

    def _step(self) -> None:
        hands, timeline = self.staff.hands, self.staff.timeline
        try:
            page = hands.page(self.person.shop, self.page["posting_number"])
            if stops(page):
                return
            assert page is not None, "what has no page stops"
            action, pause = self.steps[0]
            if action == "look":
                self.steps = [(one, 2.0) for one in asks_for(page, again=True)]
            else:
                pause = self._take(page)
            self.page = page
        except CabinetDown:
            timeline.after(AGAIN, self.go)
            return
        timeline.after(pause, self.go)

    def _take(self, page: Json) -> float:
        """Do the next thing; two in a row that support is asked for stand in one letter. Returns the pause after."""
        (action, pause), *left = self.steps
        self._do(action, page)
        while action in TO_SUPPORT and left and left[0][0] in TO_SUPPORT:
            (action, pause), *left = left
            self._do(action, page)
        self.steps = left
        return pause

    def _do(self, action: str, page: Json) -> None:
        number, now = page["posting_number"], self.staff.timeline.now()
        if self.may is None or self.may(action, number, now.isoformat()):
            self.staff.hands.do(self.person.name, self.person.shop, action, page)
