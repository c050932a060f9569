"""Alerts and notifications for the tests of telling, with what a test does not care about filled in."""

from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from labelwatch.core import outages
from labelwatch.core.alert import (
    Alert,
    AlertState,
    Certainty,
    Diagnosis,
    Family,
    LastNotified,
    Notification,
    Outcome,
    Proof,
    Reason,
    Severity,
    Verdict,
)
from labelwatch.core.outages import ShopReading
from labelwatch.core.policy import Destination
from labelwatch.core.posting import DeliveryMethod, Interval, Product, Stage
from labelwatch.core.rules import CAUSES
from labelwatch.core.subject import Incident, IncidentId, Part, PostingId, Scope, Shop
from labelwatch.core.system_problems import (
    BEHIND,
    DEAD,
    FAILING,
    FULL,
    channel_dead,
    database_trouble,
    falling_behind,
)
from labelwatch.core.text import Text

CHINA_POST = IncidentId(Scope.CARRIER, "China Post")
NOW = datetime(2026, 11, 23, 14, 8, tzinfo=UTC)
_BLOCKED = Text("foreign", {"raw": "HTTP 403: bot was blocked"})
ZONES = {"zh": "Asia/Shanghai", "ru": "Europe/Moscow", "en": "Asia/Yekaterinburg"}


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def destination(language: str = "en", **fields: Any) -> Destination:
    return replace(Destination("packers", language, ZONES[language]), **fields)


def diagnosis(cause: str = "not_packed", **fields: Any) -> Diagnosis:
    """Of one posting, or, when the cause is one of the family `blind`, of a shop or of the channel `packers`.

    `shop` and `posting_number` are parts of its subject.
    """
    about = _blind(cause) if CAUSES.get(cause) is Family.BLIND else _late(cause)
    shop, number = fields.pop("shop", about.shop), fields.pop("posting_number", about.posting_number)
    subject = PostingId(shop, number) if number else Shop(shop) if isinstance(about.subject, Shop) else about.subject
    return replace(about, **{"subject": subject} | fields)


def of_posting(about: Diagnosis, number: str, **changes: Any) -> Diagnosis:
    """The same about another posting of its shop."""
    return replace(about, subject=PostingId(about.shop, number), **changes)


def late_of(id_: IncidentId, late: int, total: int) -> Text:
    return Text("late_of", {"scope": id_.scope, "name": id_.name, "late": late, "total": total})


def told(cause: str = "not_packed", *, reason: Reason = Reason.FIRST, n: int = 1, **fields: Any) -> Notification:
    """A notification for the channel `packers`; `n` tells postings and alerts apart."""
    about = diagnosis(cause, **fields)
    if isinstance(about.subject, PostingId) and not fields.keys() & {"posting_number", "subject"}:
        about = replace(about, subject=replace(about.subject, number=f"41517061-{213 + n:04}-1"))
    opened = NOW - minutes(65)
    alert = Alert(n, AlertState.FIRING, opened, about, opened, told=LastNotified(NOW, 1, about.severity, about.cause))
    return Notification(alert, 1, reason, "packers", due_at=NOW, expires_at=NOW + timedelta(days=2))


def resolved(*, outcome: Outcome = Outcome.LABELLED, n: int = 1, **fields: Any) -> Notification:
    one = told(reason=Reason.RESOLVED, n=n, **fields)
    ended = replace(one.alert, state=AlertState.RESOLVED, resolved_at=NOW - minutes(1), outcome=outcome)
    return replace(one, alert=ended, number=2)


def incident(cause: str = "carrier_incident", *, reason: Reason = Reason.FIRST, **fields: Any) -> Notification:
    """63 of 80 labels in four shops; of a shop's own incident, in that shop."""
    ids = {"carrier_incident": CHINA_POST, "platform_incident": IncidentId(Scope.PLATFORM)}
    id_, since = ids.get(cause, IncidentId(Scope.SHOP, "main")), NOW - timedelta(hours=4)
    certainty = fields.get("certainty", Certainty.LIKELY)
    shops = fields.get("shops", ("main",) if cause == "shop_incident" else ("main", "north", "south", "west"))
    subject = Incident(
        id_,
        late=63,
        total=80,
        shops=shops,
        carriers=("China Post",),
        since=since,
        deadline=fields.get("deadline", NOW + timedelta(minutes=52, seconds=20)),
        is_compared=certainty is not Certainty.UNKNOWN,
        parts=_parts(since) if len(shops) == len(SHARES) else (),
    )
    own = {f.name for f in dataclass_fields(Incident)} - {"deadline"}
    subject = replace(subject, **{name: fields.pop(name) for name in own & fields.keys()})
    about = Diagnosis(
        subject,
        severity=Severity.WARNING,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.LIKELY,
        verdict=Verdict.WAIT,
        evidence=(Proof("incident", late_of(id_, 63, 80), since),),
        waiting_since=Interval(since, since),
        deadline=NOW + timedelta(minutes=52, seconds=20),
        as_of=NOW,
    )
    about, opened = replace(about, **fields), NOW - timedelta(hours=3)
    alert = Alert(9, AlertState.FIRING, opened, about, opened, told=LastNotified(NOW, 1, about.severity, cause))
    return Notification(alert, 1, reason, "packers", due_at=NOW, expires_at=NOW + timedelta(days=2))


SHARES = {"main": (20, 25), "north": (13, 20), "south": (15, 20), "west": (15, 15)}
"""Of an incident in four shops: late labels and all that are due."""


def _parts(since: datetime) -> tuple[Part, ...]:
    due = {"main": 52, "north": 170, "south": 300, "west": 400}
    return tuple(
        Part(shop, late, total, ("China Post",), since, NOW + timedelta(minutes=due[shop], seconds=20))
        for shop, (late, total) in SHARES.items()
    )


def outage(*dark: str, watched: int = 200, n: int = 11, **fields: Any) -> Notification:
    """Shops that Ozon does not answer for, of `shop-000`, `shop-001` and so on."""
    names = [f"shop-{n:03}" for n in range(watched)]
    since = NOW - minutes(6)
    unread = [ShopReading(name, minutes(2), since, since, "ozon_down", "HTTP 502") for name in dark or names]
    about = replace(outages.outage(unread, names, None, NOW), **fields)
    alert = Alert(n, AlertState.FIRING, NOW, about, NOW, told=LastNotified(NOW, 1, about.severity, about.cause))
    return Notification(alert, 1, Reason.FIRST, "packers", due_at=NOW, expires_at=NOW + timedelta(days=2))


def over(one: Notification) -> Notification:
    """The same incident when it has ended."""
    ended = replace(one.alert, state=AlertState.RESOLVED, resolved_at=NOW, outcome=Outcome.OVER)
    return replace(one, alert=ended, reason=Reason.RESOLVED, number=2)


def _late(cause: str) -> Diagnosis:
    since = NOW - timedelta(hours=25)
    return Diagnosis(
        PostingId("main", "41517061-0214-1"),
        severity=Severity.CRITICAL,
        family=CAUSES.get(cause, Family.UNKNOWN),
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        evidence=(Proof("status", "awaiting_packaging", since), Proof("substatus", "ship_failed", since)),
        stage=Stage.PACKING,
        status="awaiting_packaging",
        substatus="ship_failed",
        flow="ozon",
        method=DeliveryMethod("22", "Courier", "11", "Main warehouse", "33", "Aurora Post"),
        requirements=(("products_requiring_gtd", ("148313911",)),),
        products=(Product("148313911", "S5200657-28", "Winter jacket", 1),),
        waiting_since=Interval(since, since),
        deadline=NOW + timedelta(minutes=52, seconds=20),
        as_of=NOW - minutes(1),
    )


def _blind(cause: str) -> Diagnosis:
    if cause == DEAD:
        return channel_dead("packers", _BLOCKED, since=NOW - minutes(65), waiting=7, now=NOW)
    if cause == BEHIND:
        return falling_behind(minutes(5), now=NOW)
    if cause in (FULL, FAILING):
        return database_trouble("it refused", cause=cause, since=NOW - minutes(65), now=NOW)
    return Diagnosis(
        Shop("main"),
        severity=Severity.CRITICAL,
        family=Family.BLIND,
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        evidence=(Proof("answer", "HTTP 404: Invalid Api-Key", NOW - minutes(9)),),
        as_of=NOW - minutes(11),
    )
