"""The plain poller: what a script of an evening does. It names no cause and is told to be quiet by nobody.

Every five minutes it lists what is open. One message, once, for each order that is late for half an hour: packed and
without a label for so long, or not packed with less than four hours to Ozon's cutoff. It knows one address, the group
chat in which packers and owner sit, so both get all of it; the packers open the posting and do what the cabinet asks
for, and where it asks for nothing, they reload and write.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from labelwatch.sandbox import Shop
from tests.outcome.arm import Arm, set_up
from tests.outcome.hands import CabinetDown
from tests.outcome.packer import stops
from tests.outcome.staff import Person
from tests.outcome.world import Truth

Json = dict[str, Any]

EVERY = timedelta(minutes=5)
LATE_FOR = timedelta(minutes=30)
BEFORE_CUTOFF = timedelta(hours=4)
PACKED = frozenset({"awaiting_registration", "awaiting_deliver", "arbitration", "not_accepted"})


@dataclass(slots=True)
class Poller:
    """One script for one shop, whose key somebody keeps right."""

    arm: Arm
    shop: Shop
    reader: Person
    beside: Person
    """Who gets it as well."""
    late_since: dict[str, datetime] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    seen: tuple[int, list[Json]] | None = None

    def poll(self) -> None:
        timeline = self.arm.timeline
        timeline.at(timeline.now() + EVERY, self.poll)
        try:
            pages = self._pages()
        except CabinetDown:
            return
        late = {page["posting_number"]: page for page in pages if self._is_late(page)}
        self.late_since = {number: self.late_since.get(number, timeline.now()) for number in late}
        for number, since in self.late_since.items():
            if number not in self.told and timeline.now() - since >= LATE_FOR:
                self.told.add(number)
                self._tell(late[number])

    def _pages(self) -> list[Json]:
        """What is open; taken apart only where something has changed."""
        changes = self.arm.sandbox.world.shelves[self.shop.client_id].changes
        if self.seen is None or self.seen[0] != changes:
            self.seen = changes, self.arm.hands.open_pages(self.shop)
        elif not self.arm.hands.is_up(self.shop):
            raise CabinetDown
        return self.seen[1]

    def _is_late(self, page: Json) -> bool:
        if stops(page):
            return False
        left = datetime.fromisoformat(page["shipment_date"]) - self.arm.timeline.now()
        return page["status"] in PACKED or left < BEFORE_CUTOFF + LATE_FOR

    def _tell(self, page: Json) -> None:
        timeline, number = self.arm.timeline, page["posting_number"]
        alert = {"posting_number": number, "reason": "first", "verdict": "act", "cause": "late"}
        self.arm.hear(self.reader, [alert])
        self.arm.hear(self.beside, [])
        dice = Random(f"{self.arm.truth.seed} reads {number}")
        plan = {"posting_number": number, "outage": None, "not_before": None, "hurry": False, "steps": [["look", 2]]}
        timeline.at(
            self.reader.reads_at(timeline.now(), dice),
            lambda: self.arm.staff.follow(self.reader, plan, lambda action, subject, at: True),
        )


def plain_poller(truth: Truth) -> Arm:
    """The same staff, and a plain poller for each shop."""
    arm = set_up("poller", truth)
    for packers, owner in zip(arm.people[::2], arm.people[1::2], strict=True):
        arm.timeline.at(truth.world.start + EVERY, Poller(arm, packers.shop, packers, owner).poll)
    return arm
