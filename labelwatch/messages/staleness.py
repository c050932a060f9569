"""The age of the data in a message, shown if they are older than they should be."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from labelwatch.core.alert import Alert, Diagnosis
from labelwatch.core.subject import Incident, PostingId, is_outage
from labelwatch.messages import diagnosis_text
from labelwatch.messages.message import Section
from labelwatch.messages.time_format import RenderContext, duration, zoned_clock

INTERVAL = timedelta(minutes=2)
"""Time between two polls of a shop if nothing else is known."""

Intervals = Mapping[str, timedelta]
"""By shop: the time between two polls."""
EVERY_SHOP_ALIKE: Intervals = MappingProxyType({})


def section(context: RenderContext, alerts: Iterable[Alert], intervals: Intervals) -> tuple[Section, ...]:
    """The age of the oldest data, if any are older than two intervals of their shop; then of which shops, if others'
    are fresh. Nothing for a shop that cannot be read (its last poll is shown anyway) and for a channel. A resolved
    alert does not count beside open ones: it stays true."""
    alerts = list(alerts)
    counted = [alert for alert in alerts if alert.resolved_at is None] or alerts
    read = [(at, alert.diagnosis) for alert in counted if (at := _read_at(alert)) is not None]
    old = [(at, diagnosis) for at, diagnosis in read if context.now - at > 2 * _interval(diagnosis, intervals)]
    if not old:
        return ()
    line, oldest = context.words.line, min(at for at, _ in old)
    said = line.as_of.format(time=zoned_clock(context, oldest), age=duration(context, context.now - oldest))
    stale = _shops(diagnosis for _, diagnosis in old)
    if stale == _shops(diagnosis for _, diagnosis in read):
        return (Section(lines=(said,)),)
    return (Section(lines=(said, diagnosis_text.named_shops(context, stale))),)


def _read_at(alert: Alert) -> datetime | None:
    """When it was last seen in this state; for a resolved alert, when its end was seen."""
    diagnosis = alert.diagnosis
    if isinstance(diagnosis.subject, PostingId | Incident) and not is_outage(diagnosis.subject):
        return alert.resolved_at or diagnosis.as_of
    return None


def _interval(diagnosis: Diagnosis, intervals: Intervals) -> timedelta:
    return max((intervals.get(shop, INTERVAL) for shop in diagnosis.shops), default=INTERVAL)


def _shops(diagnoses: Iterable[Diagnosis]) -> tuple[str, ...]:
    return tuple(sorted({shop for one in diagnoses for shop in one.shops}))
