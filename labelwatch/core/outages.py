"""Several shops that cannot be read at once: one event, not a separate problem of each."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Certainty, Diagnosis, Proof, Severity, Verdict
from labelwatch.core.diagnosis import BLIND_IS_CRITICAL_AFTER
from labelwatch.core.posting import Interval
from labelwatch.core.rules import CAUSES
from labelwatch.core.rules.blind import OUT_OF_FILES
from labelwatch.core.subject import OUTAGE, Incident, Part

AT_LEAST = 3
"""With fewer, each shop gets its own alert."""
SILENT_FOR = 1.5
"""Intervals: a shop that failed once and is due again is not counted yet."""
SHARED = frozenset({"ozon_down", "answer_not_understood", "rate_limited", OUT_OF_FILES})
"""Causes that may lie with Ozon or with this process; a key or a role belongs to a shop."""
MOST_DETAILS, LENGTH = 3, 160


@dataclass(frozen=True, slots=True)
class ShopReading:
    """How reading a shop went lately; `failing_since` None = the last poll was complete, or there was none yet."""

    shop: str
    every: timedelta
    read_at: datetime | None
    failing_since: datetime | None
    cause: str = ""
    detail: str = ""


def unreadable_shops(readings: Iterable[ShopReading], before: Collection[str], now: datetime) -> list[ShopReading]:
    """The shops that cannot be read; those from the last evaluation (`before`) stay until they are read."""
    return [one for one in readings if _is_unreadable(one, one.shop in before, now)]


def _is_unreadable(one: ShopReading, before: bool, now: datetime) -> bool:
    if one.failing_since is None or one.cause not in SHARED:
        return False
    return before or now - (one.read_at or one.failing_since) >= SILENT_FOR * one.every


def is_shared(unread: Iterable[ShopReading]) -> bool:
    """Whether enough shops have the same problem to be one event; an open one includes the other problems too."""
    return max(Counter(one.cause for one in unread).values(), default=0) >= AT_LEAST


def is_round_complete(readings: Iterable[ShopReading], unread: Collection[ShopReading], now: datetime) -> bool:
    """Whether every shop was tried since the first of these failed; at the latest after one interval."""
    began = min((one.failing_since for one in unread if one.failing_since), default=now)
    waits = [one for one in readings if one.failing_since is None and (one.read_at is None or one.read_at < began)]
    return not waits or now - began >= max(one.every for one in waits)


def outage(
    unread: Collection[ShopReading], watched: Collection[str], before: Incident | None, now: datetime
) -> Diagnosis:
    """The diagnosis of shops that cannot be read: one problem of many."""
    causes: Mapping[str, int] = Counter(one.cause for one in unread)
    parts = tuple(
        Part(one.shop, 1, 1, since=one.failing_since, detail=one.detail[:LENGTH])
        for one in sorted(unread, key=lambda one: one.shop)
    )
    hit = Incident(OUTAGE, parts=parts, watched=tuple(sorted(watched))).with_recovered(before, now)
    return _diagnosis(min(causes, key=lambda cause: (-causes[cause], cause)), hit, now)


def within(diagnosis: Diagnosis, incident: Incident, shops: Collection[str]) -> Diagnosis:
    """The part of an outage that concerns these shops; without parts if none does."""
    watched = tuple(shop for shop in incident.watched if shop in shops)
    return _diagnosis(diagnosis.cause, replace(incident.within(shops), watched=watched), diagnosis.as_of)


def _diagnosis(cause: str, incident: Incident, now: datetime | None) -> Diagnosis:
    incident = replace(incident.made_of(incident.parts), total=len(incident.watched))
    since, hit = incident.since, [part for part in incident.parts if part.shop in incident.shops]
    is_long = now is not None and since is not None and now - since >= BLIND_IS_CRITICAL_AFTER
    details = Counter(part.detail for part in hit if part.detail).most_common(MOST_DETAILS)
    return Diagnosis(
        incident,
        severity=Severity.CRITICAL if is_long else Severity.WARNING,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT if cause == OUT_OF_FILES else Verdict.WAIT,
        evidence=tuple(Proof("answer", detail, since) for detail, _ in details),
        waiting_since=Interval(since, since) if since else None,
        as_of=now,
    )
