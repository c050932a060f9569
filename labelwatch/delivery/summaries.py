"""The content of summaries, read when they are sent: shift summaries, new orders, changed settings, reports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Notification, Reason
from labelwatch.core.policy import Destination
from labelwatch.core.posting import Interval
from labelwatch.core.routing import is_subscribed
from labelwatch.core.subject import Summary
from labelwatch.core.visibility import may_know, narrowed
from labelwatch.delivery.context import DeliveryContext
from labelwatch.messages import report_text, settings_text, shift_summary
from labelwatch.messages.message import Message, SizeLimit
from labelwatch.messages.render import Layout, render, render_context
from labelwatch.messages.time_format import ShiftNames

STORED_TO = timedelta(milliseconds=1)
"""The time of a snapshot is stored no finer."""


def message(
    delivery: DeliveryContext,
    told: Sequence[Notification],
    destination: Destination,
    *,
    layout: Layout,
) -> Message:
    """The message of summaries of one kind."""
    intervals, now = delivery.settings.intervals, delivery.now()
    match told[0].reason:
        case Reason.ARRIVAL:
            return render(
                listed(delivery, told, destination),
                destination,
                now=now,
                intervals=intervals,
                layout=replace(layout, more=ShiftNames.NONE),
            )
        case Reason.AUDIT:
            return settings_text.message(_audits(delivery, told), destination, now=now, limit=layout.limit)
        case Reason.REPORT:
            return _report(delivery, told[0], destination, limit=layout.limit)
        case _:
            handed = _shift_summary(delivery, told[0], destination)
            return shift_summary.message(handed, destination, now=now, intervals=intervals, layout=layout)


def listed(delivery: DeliveryContext, told: Sequence[Notification], destination: Destination) -> list[Notification]:
    """What a summary lists, as if each were notified by itself: open alerts, and what new orders need."""
    first = told[0]
    match first.reason:
        case Reason.ARRIVAL:
            moments = {_period(one)[1] for one in told}
            needs = (delivery.store.needs.told_at(destination.shops, at) for at in sorted(moments))
            return [_arrived(first, one) for each in needs for one in each]
        case Reason.HANDOVER:
            lists = _shift_summary(delivery, first, destination)
            return [
                *(replace(first, alert=one) for one in lists.open),
                *(_arrived(first, one) for one in lists.needs),
            ]
        case _:
            return []


def _arrived(told: Notification, need: Diagnosis) -> Notification:
    found_at = need.as_of or need.deadline
    assert found_at is not None, "a need has the time at which it was found"
    alert = Alert(None, AlertState.FIRING, found_at, need, cause_since=found_at)
    return replace(told, alert=alert, reason=Reason.ARRIVAL)


def _audits(delivery: DeliveryContext, told: Sequence[Notification]) -> Iterator[settings_text.Audited]:
    """What each of these notifications is about: the shop, its changes, and the expiry of its key if that is near."""
    for one in told:
        subject, (_, at) = one.alert.diagnosis.subject, _period(one)
        assert isinstance(subject, Summary), "its reason says so"
        read = delivery.store.settings.snapshots(subject.shop, limit=1, until=at)
        changes = read[0].changes if read and at - read[0].taken_at < STORED_TO else ()
        yield settings_text.Audited(subject.shop, changes, subject.key_expires_at)


def _report(delivery: DeliveryContext, told: Notification, destination: Destination, *, limit: SizeLimit) -> Message:
    """The report of a day or a week, of those of its shops that the channel may still know of."""
    subject, intervals = told.alert.diagnosis.subject, delivery.settings.intervals
    assert isinstance(subject, Summary), "its reason says so"
    since, until = _period(told)
    names = [shop for shop in subject.shops if not destination.shops or shop in destination.shops]
    every = {shop: intervals[shop] for shop in names if shop in intervals}
    found = delivery.store.reports.read(every, Interval(since, until), zone=destination.timezone)
    context = render_context(replace(destination, language=subject.language or destination.language), delivery.now())
    group = subject.group if len(names) == len(subject.shops) else ""  # else its name would tell of the others
    name = group or (names[0] if len(names) == 1 else "")
    return report_text.message(context, found, name=name, limit=limit)


def _period(told: Notification) -> tuple[datetime, datetime]:
    span = told.alert.diagnosis.waiting_since
    return (span.earliest, span.latest) if span else (told.due_at, told.due_at)


def _shift_summary(
    delivery: DeliveryContext, told: Notification, destination: Destination
) -> shift_summary.ShiftSummary:
    """The content of a shift summary: everything that is open, and what has ended since the last one."""
    since, until = _period(told)
    incidents = delivery.store.alerts.incidents(open_only=False, resolved_since=since)
    alerts = delivery.store.alerts.find(open_only=False, resolved_since=since)
    told_of = [one for one in (*incidents, *alerts) if one.told is not None or one.diagnosis.event is not None]
    everything = [*_troubles_seen_by(delivery, destination), *_seen_by(destination, told_of)]
    return shift_summary.ShiftSummary(
        since=since,
        until=until,
        open=tuple(one for one in everything if one.resolved_at is None),
        ended=tuple(one for one in everything if one.resolved_at is not None),
        needs=delivery.store.needs.listed(destination.shops, since, until),
    )


def _troubles_seen_by(delivery: DeliveryContext, destination: Destination) -> Iterator[Alert]:
    """Open alerts about channels that the readers of this one may know of."""
    for name, alert in delivery.store.alerts.open_of_channels().items():
        other = delivery.channels.get(name)
        if name == destination.name or may_know(destination.shops, other and other[0].shops):
            yield alert


def _seen_by(destination: Destination, alerts: Iterable[Alert]) -> Iterator[Alert]:
    """The alerts that concern shops of this channel, each limited to them."""
    for alert in alerts:
        seen = narrowed(alert, destination.shops)
        if seen is not None and is_subscribed(destination, seen.diagnosis.shops):
            yield seen
