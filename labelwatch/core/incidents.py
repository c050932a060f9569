"""Which late labels are one event: of the platform, of a carrier, or of a shop.

Only postings whose label is due are counted: the late ones without a cause of their own, and the on-time ones whose
label came within the last hours. A group is an incident when at least ten of it wait for the same thing, at least
half of it is late, and chance does not explain it:

* a carrier or a shop against all the others: Fisher's exact test, one-sided. It is exact for small groups, and it
  asks exactly this question: could so many of the late ones fall into this group by chance?
* everything together, with no others to compare with: the exact binomial test against the usual share of late
  labels.

Each group is tested at ONE IN TEN THOUSAND, divided by the number of groups tested (Bonferroni), so that a test
every minute does not raise false alarms.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log

from labelwatch.core.alert import Diagnosis
from labelwatch.core.subject import Incident, IncidentId, Part, Scope, first

COUNTED_WITHIN = timedelta(hours=6)
"""Labels and waits older than this are ignored: they say nothing about now."""

AT_LEAST = 10
SHARE = 0.5
NEARLY_ALL = 0.8
EACH = 3
"""Late labels per carrier, on average: single orders of many carriers have causes of their own."""
USUAL = 0.05
"""The usual share of late labels."""
CHANCE = 1e-4
OVER_BELOW = 5
OVER_SHARE = 0.2
"""An open incident ends when fewer than OVER_BELOW are late or less than OVER_SHARE: lower than the opening
thresholds, so that it does not open and close repeatedly."""


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Due labels of one carrier in one shop. The times are those of the late ones."""

    shop: str
    carrier: str
    late: int
    fine: int
    kind: str = ""
    """What the late ones wait for; see Diagnosis.kind."""
    since: datetime | None = None
    """When the first of the late ones began to wait."""
    deadline: datetime | None = None
    """The nearest deadline of a late one."""
    act_by: datetime | None = None
    """The first of the late ones is waited for until this time."""


def find(
    tallies: Sequence[GroupCount], still_open: Collection[IncidentId] = (), *, whole: bool = True
) -> tuple[Incident, ...]:
    """The current incidents; `still_open` are those at the last evaluation.

    `whole`: every shop was evaluated. If some were not, nothing is attributed to the whole platform.

    The widest scope wins: what the platform or a shop explains is not attributed to carriers.
    """
    late = [tally for tally in tallies if tally.late]
    carriers, shops = {tally.carrier for tally in late}, {tally.shop for tally in late}
    everywhere = _event(IncidentId(Scope.PLATFORM), tallies, tallies)
    hit = everywhere.id in still_open or (whole and _all_hit(tallies) and everywhere.late >= EACH * len(carriers))
    if len(carriers) > 1 and hit and _holds(everywhere, tallies, still_open, groups=1):
        return (everywhere,)
    looks = [IncidentId(Scope.CARRIER, name) for name in sorted(carriers)]
    if len({tally.shop for tally in tallies}) > 1:
        looks += [IncidentId(Scope.SHOP, name) for name in sorted(shops)]
    found = [_event(one, _part(tallies, one), tallies) for one in looks]
    real = [event for event in found if _holds(event, tallies, still_open, groups=len(looks))]
    # A shop whose carriers all stop while they work in other shops has a problem of its own.
    wide = [event for event in real if event.id.scope is Scope.SHOP and len(event.carriers) > 1]
    blamed = {event.id.name for event in wide}
    return (
        *wide,
        *(event for event in real if event.id.scope is Scope.CARRIER and not blamed.issuperset(event.shops)),
    )


def _part(tallies: Iterable[GroupCount], one: IncidentId) -> list[GroupCount]:
    return [tally for tally in tallies if (tally.carrier if one.scope is Scope.CARRIER else tally.shop) == one.name]


def _event(id_: IncidentId, part: Sequence[GroupCount], everything: Sequence[GroupCount]) -> Incident:
    late = [tally for tally in part if tally.late]
    count = sum(tally.late for tally in late)
    # Nothing to compare with: the only carrier, or a platform seen through one shop.
    alone, narrow = len(part) == len(everything), id_.scope is not Scope.PLATFORM
    one_shop = len({tally.shop for tally in everything}) == 1
    return Incident(
        id_,
        late=count,
        total=count + sum(tally.fine for tally in part),
        shops=tuple(sorted({tally.shop for tally in late})),
        carriers=_carriers(late),
        since=first(tally.since for tally in late),
        deadline=first(tally.deadline for tally in late),
        is_compared=not (alone and (narrow or one_shop)),
        parts=_parts(part),
        act_by=first(tally.act_by for tally in late),
    )


def _parts(tallies: Iterable[GroupCount]) -> tuple[Part, ...]:
    """The shops that have late labels, each with its own numbers."""
    by_shop: dict[str, list[GroupCount]] = {}
    for tally in tallies:
        by_shop.setdefault(tally.shop, []).append(tally)
    shares = (_share(shop, by_shop[shop]) for shop in sorted(by_shop))
    return tuple(share for share in shares if share.late)


def _share(shop: str, tallies: Sequence[GroupCount]) -> Part:
    late = [tally for tally in tallies if tally.late]
    count = sum(tally.late for tally in late)
    return Part(
        shop,
        count,
        count + sum(tally.fine for tally in tallies),
        _carriers(late),
        first(tally.since for tally in late),
        first(tally.deadline for tally in late),
        act_by=first(tally.act_by for tally in late),
    )


def _carriers(tallies: Iterable[GroupCount]) -> tuple[str, ...]:
    return tuple(sorted({tally.carrier for tally in tallies}))


def _all_hit(tallies: Sequence[GroupCount]) -> bool:
    """Nearly all carriers and nearly all shops: a platform that still serves some of them well is not down."""
    return all(_mostly_hit(tallies, scope) for scope in (Scope.CARRIER, Scope.SHOP))


def _mostly_hit(tallies: Sequence[GroupCount], scope: Scope) -> bool:
    names = {tally.carrier if scope is Scope.CARRIER else tally.shop for tally in tallies}
    parts = [_part(tallies, IncidentId(scope, name)) for name in names]
    counts = [(sum(tally.late for tally in part), sum(tally.fine for tally in part)) for part in parts]
    return sum(late >= SHARE * (late + fine) for late, fine in counts) >= NEARLY_ALL * len(counts)


def _holds(
    event: Incident, tallies: Sequence[GroupCount], still_open: Collection[IncidentId], *, groups: int
) -> bool:
    if event.id in still_open:
        return event.late >= OVER_BELOW and event.late >= OVER_SHARE * event.total
    if most_alike(_within(event, tallies)) < AT_LEAST or event.late < SHARE * event.total:
        return False
    late, total = sum(t.late for t in tallies), sum(t.late + t.fine for t in tallies)
    if total == event.total:
        return binomial_tail(event.late, event.total, USUAL) < CHANCE / groups
    return fisher_tail(event.late, event.total, late, total) < CHANCE / groups


def count(diagnoses: Iterable[Diagnosis], *, since: datetime) -> list[GroupCount]:
    """The late ones among these without a cause of their own, per carrier and kind.

    Those waiting since before `since` do not count: what has been late for days is not part of a new event.
    """
    groups: dict[tuple[str, str, str], list[Diagnosis]] = {}
    for one in diagnoses:
        if one.kind and one.is_late and one.waiting_since and one.waiting_since.latest >= since:
            groups.setdefault((one.shop, one.method.carrier, one.kind), []).append(one)
    return [
        GroupCount(
            shop,
            carrier,
            late=len(late),
            fine=0,
            kind=kind,
            since=min((one.waiting_since.latest for one in late if one.waiting_since), default=None),
            deadline=first(one.deadline for one in late),
            act_by=first(one.act_by for one in late),
        )
        for (shop, carrier, kind), late in groups.items()
    ]


def most_alike(tallies: Iterable[GroupCount]) -> int:
    """How many late ones wait for the same thing: many unrelated problems at once are not an event."""
    alike: Counter[str] = Counter()
    for tally in tallies:
        alike[tally.kind] += tally.late
    return max(alike.values(), default=0)


def _within(event: Incident, tallies: Iterable[GroupCount]) -> list[GroupCount]:
    return [tally for tally in tallies if event.explains(shop=tally.shop, carrier=tally.carrier)]


def binomial_tail(late: int, total: int, usual: float) -> float:
    """The probability that at least `late` of `total` are late, each with probability `usual`."""
    return sum(
        exp(_log_choose(total, k) + k * log(usual) + (total - k) * log(1 - usual)) for k in range(late, total + 1)
    )


def fisher_tail(late: int, size: int, all_late: int, everything: int) -> float:
    """The probability that a group of `size` from `everything` holds at least `late` of the `all_late` late ones."""
    others, ways = everything - all_late, _log_choose(everything, size)
    most = min(size, all_late)
    return sum(
        exp(_log_choose(all_late, k) + _log_choose(others, size - k) - ways)
        for k in range(max(late, size - others), most + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
