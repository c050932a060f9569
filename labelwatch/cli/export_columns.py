"""The columns of each export, and their values."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from labelwatch.core.alert import Alert
from labelwatch.core.posting import DeliveryMethod, Interval, Known

if TYPE_CHECKING:
    from labelwatch.store import HistoryRow, OutboxRow
    from labelwatch.store.export import Export

Row = Sequence[object]

_METHOD = ("carrier", "delivery_method", "warehouse")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "alerts": (
        *("shop", "posting_number", "incident", "state", "stage", "severity", "family", "cause", "certainty"),
        *("verdict", "status", "substatus", *_METHOD, "waiting_since_earliest", "waiting_since_latest", "deadline"),
        *("opened_at", "told_at", "told_count", "handled_by", "handled_at", "note", "snoozed_until"),
        *("resolved_at", "outcome"),
    ),
    "postings": (
        *("shop", "posting_number", "order_number", "status", "substatus", "flow", "stage"),
        *("stage_since_earliest", "stage_since_latest", *_METHOD, "in_process_at", "cutoff", "hard_cutoff"),
        *("tracking_number", "label_earliest", "label_latest", "late_at", "first_seen", "closed_at"),
    ),
    "history": (
        *("shop", "posting_number", "not_before", "seen_at", "status", "substatus", "flow", "actions"),
        *("requirements", *_METHOD, "cutoff", "tracking_number"),
    ),
    "outbox": (
        *("id", "channel", "reason", "state", "shop", "posting_number", "incident", "cause", "severity"),
        *("created_at", "due_at", "attempts", "sent_at", "possible_duplicate", "receipt", "error"),
    ),
}
"""What is exported -> its headings."""

TIMES = frozenset(
    {
        *("waiting_since_earliest", "waiting_since_latest", "deadline", "opened_at", "told_at", "handled_at"),
        *("snoozed_until", "resolved_at", "stage_since_earliest", "stage_since_latest", "in_process_at", "cutoff"),
        *("hard_cutoff", "label_earliest", "label_latest", "late_at", "first_seen", "closed_at", "not_before"),
        *("seen_at", "created_at", "due_at", "sent_at"),
    }
)
"""The columns of times."""


def rows_of(export: "Export", what: str, *, since: datetime) -> Iterator[Row]:
    """The rows below these headings, as they are read."""
    if what == "alerts":
        yield from map(_alert, export.alerts(since))
    elif what == "postings":
        yield from (_posting(*one) for one in export.postings(since))
    elif what == "history":
        yield from (_history(*one) for one in export.history(since))
    else:
        yield from map(_notification, export.outbox(since))


def _alert(alert: Alert) -> Row:
    found, told = alert.diagnosis, alert.told
    return (
        *(found.shop, found.posting_number, found.event, alert.state, found.stage, found.severity, found.family),
        *(found.cause, found.certainty, found.verdict, found.status, found.substatus, ", ".join(found.carriers)),
        *(
            found.method.name,
            found.method.warehouse,
            *_ends(found.waiting_since),
            found.deadline,
            alert.opened_at,
            told and told.at,
            told.count if told else 0,
        ),
        *(alert.handled_by, alert.handled_at, alert.note, alert.snoozed_until, alert.resolved_at, alert.outcome),
    )


def _posting(shop: str, known: Known, closed_at: datetime | None) -> Row:
    one, track = known.posting, known.track
    return (
        *(shop, one.number, one.order_number, one.status, one.substatus, one.flow, track.stage),
        *(*_ends(track.since), *_method(one.method), one.in_process_at, one.cutoff, one.hard_cutoff),
        *(one.tracking_number, *_ends(track.label), track.late_at, track.first_seen, closed_at),
    )


def _history(shop: str, number: str, row: "HistoryRow") -> Row:
    return (
        *(shop, number, row.not_before, row.seen_at, row.status, row.substatus, row.flow, " ".join(row.actions)),
        *(" ".join(row.requirements), *_method(row.method), row.cutoff, row.tracking_number),
    )


def _notification(row: "OutboxRow") -> Row:
    told, found = row.notification, row.notification.alert.diagnosis
    return (
        *(row.id, told.channel, told.reason, row.state, found.shop, found.posting_number, found.event),
        *(found.cause, found.severity, row.created_at, told.due_at, row.attempts, row.sent_at),
        *(str(row.possible_duplicate).lower(), row.receipt, row.error),
    )


def _method(method: DeliveryMethod) -> Row:
    return method.carrier, method.name, method.warehouse


def _ends(between: Interval | None) -> Row:
    return (between.earliest, between.latest) if between else (None, None)
