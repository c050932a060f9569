"""What an alert is about: a posting, a shop, an incident, a channel, the database, the polls or a list for a channel.

`str` of each is its key for programs and in the database, unique among the open alerts of a shop and of no shop.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PostingId:
    shop: str
    number: str

    def __str__(self) -> str:
        return self.number


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop that cannot be read, or that has data that cannot be read."""

    name: str

    def __str__(self) -> str:
        return ""


class Scope(StrEnum):
    PLATFORM = "platform"
    CARRIER = "carrier"
    SHOP = "shop"
    OUTAGE = "outage"
    """Shops that cannot be read; see core/outages.py."""


@dataclass(frozen=True, slots=True)
class IncidentId:
    """`name`: the carrier or the shop, else empty."""

    scope: Scope
    name: str = ""

    def __str__(self) -> str:
        return f"{self.scope}:{self.name}"


OUTAGE = IncidentId(Scope.OUTAGE)
"""There is at most one."""


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one shop in an incident; `late` 0 = the shop has recovered while others have not.

    For shops that cannot be read, each counts as one, and `detail` is Ozon's answer.
    """

    shop: str
    late: int
    total: int
    carriers: tuple[str, ...] = ()
    since: datetime | None = None
    deadline: datetime | None = None
    well_since: datetime | None = None
    detail: str = ""
    as_of: datetime | None = None
    """When the shop was last read; filled in where an alert is read from the store."""
    act_by: datetime | None = None
    """Nothing in this shop is waited for after this time."""

    def recovered(self, now: datetime) -> "Part":
        """The same without late labels, in an incident that continues in other shops or is over."""
        return self if self.well_since else replace(self, late=0, deadline=None, act_by=None, well_since=now)


@dataclass(frozen=True, slots=True)
class Incident:
    """One event that explains many late labels, or why many shops cannot be read."""

    id: IncidentId
    late: int = 0
    total: int = 0
    """How many labels are late, out of those due; how many shops cannot be read, out of those watched. 0 of 0 = not
    known."""
    shops: tuple[str, ...] = ()
    """The shops that it concerns now; when it is over, all that it concerned."""
    carriers: tuple[str, ...] = ()
    since: datetime | None = None
    deadline: datetime | None = None
    is_compared: bool = True
    """False where it cannot be distinguished from a wider or another event: there was nothing to compare with."""
    parts: tuple[Part, ...] = ()
    """By shop, including shops that were hit earlier and have recovered; empty in alerts of earlier versions."""
    act_by: datetime | None = None
    """Waiting ends at this time."""
    watched: tuple[str, ...] = ()
    """For shops that cannot be read: all watched shops."""

    def __str__(self) -> str:
        return str(self.id)

    @property
    def has_partly_recovered(self) -> bool:
        """Whether it continues in some of its shops only."""
        return any(part.late for part in self.parts) and not all(part.late for part in self.parts)

    def explains(self, *, shop: str, carrier: str) -> bool:
        scope, name = self.id.scope, self.id.name
        return scope is Scope.PLATFORM or name == (carrier if scope is Scope.CARRIER else shop)

    def of(self, shop: str) -> "Incident":
        """The incident as one of its shops sees it: its own numbers only, none if it has none."""
        own = next((part for part in self.parts if part.shop == shop), Part(shop, 0, 0))
        return replace(
            self, late=own.late, total=own.total, since=own.since, deadline=own.deadline, act_by=own.act_by
        )

    def within(self, shops: Collection[str]) -> "Incident":
        """The part of the incident that concerns these shops; `parts` is empty if none does."""
        return self.made_of(part for part in self.parts if part.shop in shops)

    def made_of(self, parts: Iterable[Part]) -> "Incident":
        """The same with these parts, and the numbers that follow from them."""
        parts = tuple(parts)
        hit = [part for part in parts if part.late] or parts
        return replace(
            self,
            late=sum(part.late for part in hit),
            total=sum(part.total for part in hit),
            shops=tuple(part.shop for part in hit),
            carriers=tuple(sorted({carrier for part in hit for carrier in part.carriers})),
            since=first(part.since for part in hit),
            deadline=first(part.deadline for part in hit),
            parts=parts,
            act_by=first(part.act_by for part in hit),
        )

    def unmeasured(self, shops: Collection[str]) -> "Incident":
        """What may be known of it in these shops if its numbers by shop are not."""
        return replace(
            self,
            late=0,
            total=0,
            shops=tuple(shop for shop in self.shops if shop in shops),
            carriers=(self.id.name,) if self.id.scope is Scope.CARRIER else (),
            since=None,
            deadline=None,
            act_by=None,
        )

    def with_recovered(self, before: "Incident | None", now: datetime) -> "Incident":
        """The same, with the shops that were hit at the last evaluation and are not any more."""
        if before is None:
            return self
        hit = {part.shop: part for part in self.parts}
        known = before.parts or tuple(Part(shop, 1, 1) for shop in before.shops)
        gone = {part.shop: part.recovered(now) for part in known if part.shop not in hit}
        return replace(self, parts=tuple(part for _, part in sorted((gone | hit).items())))

    def ended(self, now: datetime) -> "Incident":
        """The incident when it is over in every shop: it concerns all that were hit."""
        parts = tuple(part.recovered(now) for part in self.parts)
        return replace(self, shops=tuple(part.shop for part in parts) or self.shops, parts=parts)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that does not work, and how many messages wait for it."""

    name: str
    waiting: int = 0

    def __str__(self) -> str:
        return f"channel:{self.name}"


@dataclass(frozen=True, slots=True)
class Database:
    """The database, if it cannot be used."""

    def __str__(self) -> str:
        return "database"


@dataclass(frozen=True, slots=True)
class Polls:
    """All polls of this process, if they do not keep up; `behind`: by how much the one that waits longest is late."""

    behind: timedelta = timedelta(0)

    def __str__(self) -> str:
        return "polls"


class SummaryKind(StrEnum):
    HANDOVER = "handover"
    """The shift summary: everything open, at a fixed time of day."""
    ARRIVAL = "arrival"
    """What new orders need before they are packed."""
    AUDIT = "audit"
    """What has changed in the settings of a shop at Ozon."""
    REPORT = "report"
    """The numbers of a day or a week, see labelwatch.core.period_report."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A list for one channel: no trouble by itself, but sent through the same outbox."""

    channel: str
    kind: SummaryKind = SummaryKind.HANDOVER
    shop: str = ""
    """The shop that was audited."""
    key_expires_at: datetime | None = None
    """The expiry of its key, if people are reminded of it."""
    shops: tuple[str, ...] = ()
    """The shops of a report."""
    group: str = ""
    """The group that these shops are; empty = those of the channel."""
    language: str = ""
    """Of a report; empty = that of the channel."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.channel}"


Subject = PostingId | Shop | Incident | Channel | Database | Polls | Summary


def shops_of(subject: Subject) -> tuple[str, ...]:
    """The shops that it concerns."""
    match subject:
        case PostingId():
            return (subject.shop,)
        case Shop():
            return (subject.name,)
        case Incident():
            return subject.shops
        case _:
            return ()


def is_outage(subject: Subject) -> bool:
    """Whether it is about several shops that cannot be read."""
    return isinstance(subject, Incident) and subject.id == OUTAGE


def first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
