"""What all arms share: the world in play, its staff, and the books of what was missed, told and done.

An order is missed when, at its deadline, neither its label nor (where Ozon prints none) its tracking number is there
and it has not left. The deadline is the earlier of Ozon's cutoff and the forwarder's last pick-up before it; a date
that Ozon has moved counts as moved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from labelwatch.app import App
from labelwatch.sandbox import Sandbox, Shop
from labelwatch.sandbox.bodies import state
from labelwatch.sandbox.posting_index import Record
from labelwatch.sandbox.scenarios.past import JADE
from labelwatch.sandbox.shops import SELLER_DELIVERS, Flow
from tests.outcome.hands import Hands, of_outage
from tests.outcome.packer import NO_NEWS
from tests.outcome.staff import Person, Staff, owner, packers
from tests.outcome.timeline import Timeline
from tests.outcome.world import Order, Truth

Json = dict[str, Any]

REASONS = [
    "missed",
    "escalated",
    "first",
    "cause_changed",
    "reminder",
    "arrival",
    "handover",
    "acknowledged",
    "snoozed",
    "resolved",
]
INCIDENTS = frozenset({"carrier_incident", "platform_incident", "shop_incident"})
LEFT = frozenset({"delivering", "driver_pickup", "delivered", "cancelled_from_split_pending"})
LOOK_AGAIN = timedelta(hours=2)
ON_ITS_WAY = timedelta(minutes=5)
"""What is told so soon after a label came was true when it was read from Ozon (see watched.py)."""
CANCELLED_AFTER = timedelta(hours=30)
"""What has no label so long after its deadline Ozon cancels."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one message said of one posting: of itself, or as one of those that an outage is about."""

    at: datetime
    person: str
    number: str
    reason: str
    verdict: str
    cause: str
    is_outage: bool = False
    """It was told of the outage, not of the posting."""


@dataclass(slots=True)
class Books:
    """What came of an arm."""

    missed: dict[str, datetime] = field(default_factory=dict)
    served: dict[str, datetime] = field(default_factory=dict)
    """When the label (or what takes its place) was there first."""
    told: list[Told] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    """How many reached each person."""
    reasons: Counter[str] = field(default_factory=Counter)
    """The same by why they were sent; one for several reasons counts under the most urgent of them."""
    false: list[Told] = field(default_factory=list)
    """Told of as late although everything was there already."""


@dataclass(slots=True)
class Arm:
    """A world in play; what the arm does beside the usual rounds is planned by whoever makes it."""

    name: str
    truth: Truth
    timeline: Timeline
    sandbox: Sandbox
    staff: Staff
    people: tuple[Person, ...]
    books: Books = field(default_factory=Books)
    app: App | None = None
    """labelwatch, in its own arm."""
    known: set[str] = field(default_factory=set)
    changed: Counter[str] = field(default_factory=Counter)
    """Client-Id -> see `changes`."""

    @property
    def hands(self) -> Hands:
        return self.staff.hands

    def run(self) -> Books:
        """Play from start to end."""
        self.truth.world.noticed = self._notice
        for order in self.truth.orders.values():
            self.timeline.at(order.deadline, partial(self._due, order, order.deadline))
        self.timeline.run(self.truth.end)
        return self.books

    def changes(self, shop: Shop) -> int:
        """How often a posting of this shop has changed since it came."""
        self.sandbox.world.advance(self.timeline.now())
        return self.changed[shop.client_id]

    def body(self, number: str) -> Mapping[str, Any] | None:
        """The posting as it is now; None before it comes."""
        world = self.sandbox.world
        world.advance(self.timeline.now())
        client_id = world.owner(number)
        record = world.record(client_id, number) if client_id else None
        return record.body if record else None

    def hear(self, person: Person, alerts: Sequence[Json]) -> None:
        """Enter a message that reaches somebody, and whether it told of what was well."""
        now = self.timeline.now()
        self.books.messages[f"{person.name} {person.shop.name}"] += 1
        self.books.reasons[min((alert["reason"] for alert in alerts), key=REASONS.index, default="first")] += 1
        for alert in alerts:
            is_outage = alert["posting_number"] is None
            for number in self._stuck(person, alert) if is_outage else [alert["posting_number"]]:
                told = Told(now, person.name, number, alert["reason"], alert["verdict"], alert["cause"], is_outage)
                self.books.told.append(told)
                if not is_outage and told.reason not in NO_NEWS and self._was_served(number, now):
                    self.books.false.append(told)

    def _stuck(self, person: Person, alert: Json) -> list[str]:
        """The postings that somebody of a shop means by an outage: packed, without a label, of that carrier."""
        if alert["cause"] not in INCIDENTS:
            return []  # that Ozon or a shop cannot be read says nothing of a posting
        index = self.sandbox.world.shelves[person.shop.client_id]
        carrier = alert["carrier"] if alert["cause"] == "carrier_incident" else None
        return [page["posting_number"] for page in of_outage((one.body for one in index.records.values()), carrier)]

    def _was_served(self, number: str, now: datetime) -> bool:
        served = self.books.served.get(number)
        return served is not None and now - served > ON_ITS_WAY

    def _notice(self, record: Record) -> None:
        client_id = self.sandbox.world.owner(record.number) or ""
        if record.number in self.known:
            self.changed[client_id] += 1
        self.known.add(record.number)
        if record.number not in self.books.served and is_served(record.body):
            self.books.served[record.number] = self.timeline.now()

    def _due(self, order: Order, deadline: datetime) -> None:
        body = self.body(order.number)
        if body is None:
            return
        cutoff = datetime.fromisoformat(body["shipment_date"])
        if is_served(body):
            self._leave(order, body)
        elif deadline < (moved := order.deadline + (cutoff - order.cutoff)):
            self.timeline.at(moved, lambda: self._due(order, moved))
        else:
            self.books.missed[order.number] = deadline
            self._after(order, deadline)

    def _after(self, order: Order, deadline: datetime) -> None:
        """A late one leaves with the next pick-up, or is cancelled in the end."""
        body = self.body(order.number)
        assert body is not None, "it was there at its deadline"
        if is_served(body):
            self._leave(order, body)
        elif self.timeline.now() - deadline > CANCELLED_AFTER:
            self.sandbox.world.change(order.number, state(order.method.flow, "cancelled"))
        else:
            self.timeline.at(self.timeline.now() + LOOK_AGAIN, lambda: self._after(order, deadline))

    def _leave(self, order: Order, body: Mapping[str, Any]) -> None:
        if body["status"] not in LEFT:
            self.sandbox.world.change(order.number, state(order.method.flow, "delivering"))


def is_served(body: Mapping[str, Any]) -> bool:
    """Whether what has to be there by the deadline is there."""
    if body["status"] in LEFT or any(action.startswith("label_download") for action in body["available_actions"]):
        return True
    return Flow(body["integration_type_flow"]) in SELLER_DELIVERS and bool(body["tracking_number"])


def set_up(name: str, truth: Truth) -> Arm:
    """The world with its people, who make their usual rounds."""
    timeline = Timeline(truth.world.start)
    sandbox = Sandbox(truth.world, timeline.now, requests_a_second=None)
    hands = Hands(sandbox, timeline.now)
    forgotten = {order.number: order.fate.forgotten for order in truth.orders.values() if order.fate.forgotten}
    staff = Staff(hands, timeline, truth.seed, forgotten, habits={JADE.id: "get_carrier_label"})
    people = tuple(
        person for site in truth.sites for person in (packers(site.shop, site.zone), owner(site.shop, site.zone))
    )
    for person in people:
        if person.name == "packers":
            staff.rounds(person, truth.end)
    return Arm(name, truth, timeline, sandbox, staff, people)


def without(truth: Truth) -> Arm:
    """The same staff, and nobody tells them anything."""
    return set_up("without", truth)
