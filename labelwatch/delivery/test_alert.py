"""The made-up order of `labelwatch test-alert`, in the same words as a real one."""

from datetime import datetime, timedelta

from labelwatch.core.alert import (
    Alert,
    AlertState,
    Certainty,
    Diagnosis,
    Family,
    LastNotified,
    Notification,
    Proof,
    Reason,
    Severity,
    Verdict,
)
from labelwatch.core.posting import DeliveryMethod, Interval, Product, Stage
from labelwatch.core.subject import PostingId
from labelwatch.store.alerts import MADE_UP


def example(channel: str, *, shop: str, now: datetime) -> Notification:
    """An order that nobody has packed, 52 minutes before its cutoff; the texts come in the channel's language."""
    since = now - timedelta(hours=25)
    diagnosis = Diagnosis(
        PostingId(shop, MADE_UP),
        severity=Severity.CRITICAL,
        family=Family.NOT_PROCESSED,
        cause="not_packed",
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        evidence=(Proof("status", "awaiting_packaging", since), Proof("substatus", "posting_created", since)),
        stage=Stage.PACKING,
        status="awaiting_packaging",
        substatus="posting_created",
        flow="aggregator",
        method=DeliveryMethod(carrier="Aurora Post"),
        products=(Product("10000001", "SAMPLE-28", "Sample", 1),),
        waiting_since=Interval(since, since),
        deadline=now + timedelta(minutes=52, seconds=30),
        as_of=now,
    )
    told = LastNotified(now, 1, diagnosis.severity, diagnosis.cause)
    alert = Alert(None, AlertState.FIRING, now, diagnosis, cause_since=now, told=told)
    return Notification(alert, 1, Reason.TEST, channel, due_at=now, expires_at=now + timedelta(minutes=2))
