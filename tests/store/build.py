"""What the store's tests put into it: one posting, one alert, and what differs from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from labelwatch.core.alert import (
    Alert,
    AlertState,
    Certainty,
    Diagnosis,
    Family,
    Notification,
    Reason,
    Severity,
    Verdict,
)
from labelwatch.core.posting import DeliveryMethod, Interval, Posting, Stage, Track
from labelwatch.core.subject import PostingId, Shop
from labelwatch.store import Change, Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AURORA = DeliveryMethod("77", "Aurora to the door", "5", "North", "9", "Aurora Post")
SILK = DeliveryMethod("78", "Silk Road", "5", "North", "8", "Silk Road Express")

POSTING = Posting(
    number="41-0001-1",
    order_number="41-0001",
    status="awaiting_packaging",
    substatus="posting_created",
    flow="aggregator",
    schema="rFBS",
    method=AURORA,
    in_process_at=NOW - timedelta(hours=3),
    cutoff=NOW + timedelta(days=1),
    actions=("ship",),
)
DIAGNOSIS = Diagnosis(
    PostingId("main", "41-0001-1"),
    severity=Severity.WARNING,
    family=Family.NOT_PROCESSED,
    cause="not_packed",
    certainty=Certainty.CERTAIN,
    verdict=Verdict.ACT,
)
ALERT = Alert(id=None, state=AlertState.FIRING, opened_at=NOW, diagnosis=DIAGNOSIS, cause_since=NOW)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def track(stage: Stage = Stage.PACKING, *, since: datetime = NOW, **changes: Any) -> Track:
    return replace(Track(stage=stage, since=Interval(since - minutes(2), since), first_seen=NOW), **changes)


def change(
    posting: Posting = POSTING,
    *,
    seen_at: datetime = NOW,
    digest: int = 1,
    is_open: bool = True,
    seen: Track | None = None,
    not_before: datetime | None = None,
) -> Change:
    return Change(posting, seen or track(), digest, is_open, seen_at, not_before)


def several(count: int, **changes: Any) -> list[Change]:
    """As many postings that differ in number and digest."""
    return [change(replace(POSTING, number=f"{n:05d}-1", **changes), digest=n) for n in range(count)]


def alert(number: str | None = "41-0001-1", *, shop: str = "main", **changes: Any) -> Alert:
    """Of a posting, or with None of its shop."""
    subject = PostingId(shop, number) if number else Shop(shop)
    return replace(ALERT, diagnosis=replace(DIAGNOSIS, subject=subject), **changes)


def notification(
    told: Alert,
    *,
    number: int = 1,
    channel: str = "packers",
    due_at: datetime = NOW,
    lasts: timedelta = timedelta(1),
) -> Notification:
    return Notification(told, number, Reason.FIRST, channel, due_at, due_at + lasts)


def shop_id(store: Store, name: str = "main") -> int:
    """The id of a shop, which is made when it is not there."""
    if store.shops.named(name) is None:
        store.shops.sync([*((s.name, s.client_id) for s in store.shops.all()), (name, f"client of {name}")])
    state = store.shops.named(name)
    assert state is not None
    return state.id


def put(store: Store, *changes: Change, shop: str = "main") -> int:
    """Store postings in a transaction of their own; the shop's id."""
    shop_ = shop_id(store, shop)
    with store.write() as tx:
        tx.postings.put(shop_, changes)
    return shop_


def queue(store: Store, count: int, **kwargs: Any) -> list[int]:
    """Queue one notification for each of as many new alerts; the ids of the alerts."""
    shop_ = shop_id(store)
    fresh = [alert(f"queued-{n}") for n in range(count)]
    with store.write() as tx:
        ids = tx.alerts.save(shop_, fresh)
        told = [replace(a, id=id_) for a, id_ in zip(fresh, ids, strict=True)]
        tx.outbox.add([notification(a, **kwargs) for a in told], created_at=NOW)
    return ids


def put_waits(store: Store, shop: str, *, until: datetime) -> None:
    """A hundred labels that came after 18 minutes each, over the week before."""
    begun = [until - timedelta(days=8) + n * minutes(100) for n in range(100)]
    for length, stage in ((0, Stage.LABEL), (18, Stage.DONE)):
        put(store, *(_entered(f"{n}-1", at + minutes(length), stage) for n, at in enumerate(begun)), shop=shop)


def _entered(number: str, at: datetime, stage: Stage) -> Change:
    since = Interval(at - minutes(1), at)
    seen = Track(stage, since, first_seen=at, label=since if stage is Stage.DONE else None)
    return change(replace(POSTING, number=number), seen=seen, seen_at=at)
