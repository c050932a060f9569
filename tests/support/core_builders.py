"""Postings for the tables of the core tests: one healthy posting, and what differs from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from labelwatch.core.alert import Finding
from labelwatch.core.lateness import Watch, track
from labelwatch.core.policy import DelayPolicy
from labelwatch.core.posting import DeliveryMethod, Known, MethodHistory, Posting

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
METHOD = DeliveryMethod(id="77", name="Express", warehouse_id="5", warehouse="Main", carrier_id="9", carrier="Aurora")

PACKED = Posting(
    number="0101-0001-1",
    order_number="0101-0001",
    status="awaiting_deliver",
    substatus="posting_created",
    flow="ozon",
    schema="fbs",
    method=METHOD,
    in_process_at=NOW - timedelta(hours=30),
    cutoff=NOW + timedelta(days=2),
    actions=("cancel",),
)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def posting(**changes: Any) -> Posting:
    return replace(PACKED, **changes)


def watch(**kwargs: Any) -> Watch:
    history = MethodHistory(labelled=frozenset(kwargs.pop("labelled", ())))
    return Watch(
        shop="main",
        policy=kwargs.pop("policy", DelayPolicy()),
        history=history,
        calendars=tuple(kwargs.pop("calendars", ())),
    )


def known(item: Posting, *, waited: timedelta = timedelta(0)) -> Known:
    """The posting as the store would have it after standing in its stage for `waited`."""
    entered = NOW - waited
    seen = track(None, item, seen_at=entered, not_before=entered - timedelta(minutes=2))
    return Known(id=1, posting=item, track=watch().with_late_at(item, seen), digest=0)


def finding(item: Posting, *, waited: timedelta, **kwargs: Any) -> Finding | None:
    return watch(**kwargs).find(known(item, waited=waited), NOW)
