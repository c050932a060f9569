"""Everything known about one posting, as the JSON document of `show`."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelwatch.core.alert import Alert
from labelwatch.core.lateness import LABEL_ACTIONS
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import rfc3339, view
from labelwatch.messages.letters import messages_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labelwatch.queries import PostingDetails
    from labelwatch.store import Attempt, HistoryRow, OutboxRow


def as_document(
    found: "PostingDetails", told: "list[OutboxRow]", *, language: str, timezone: str, now: datetime
) -> dict[str, Any]:
    """The output of `show --json`: the latest alert, or its fields empty, and the history, oldest first."""
    alert = current(found)
    return {
        **(view(alert, language=language, now=now, zone=timezone) if alert else _without_alert(found)),
        "history": [_moment(row) for row in found.history],
        "label_evidence": [
            {"level": str(one.level), "not_before": _time(one.not_before), "seen_at": _time(one.seen_at)}
            for one in found.evidence
        ],
        "told": [notification(row) for row in told],
        "messages": messages_of(alert, language=language, zone=timezone, now=now) if alert else {},
    }


def current(found: "PostingDetails") -> Alert | None:
    """The open alert, or the last one."""
    return found.alerts[-1] if found.alerts else None


def has_label(row: "HistoryRow") -> bool:
    return not LABEL_ACTIONS.isdisjoint(row.actions)


def notification(row: "OutboxRow", tries: "Iterable[Attempt]" = ()) -> dict[str, Any]:
    """One notification, as `outbox --json` lists it, with every attempt to send it."""
    told = row.notification
    number, event = told.alert.diagnosis.posting_number, told.alert.diagnosis.event
    return {
        "id": row.id,
        "channel": told.channel,
        "reason": str(told.reason),
        "state": str(row.state),
        "shop": told.alert.diagnosis.shop or None,
        "about": str(event) if event else None,
        "postings": [number] if number else [],
        "attempts": row.attempts,
        "created_at": _time(row.created_at),
        "due_at": _time(told.due_at),
        "sent_at": _time(row.sent_at),
        "message_key": row.message_key,
        "possible_duplicate": row.possible_duplicate,
        "receipt": row.receipt or None,
        "error": translate(row.error, "en") if row.error else None,
        "trail": [{"at": _time(one.at), "outcome": one.outcome, "said": translate(one.said, "en")} for one in tries],
    }


def _moment(row: "HistoryRow") -> dict[str, Any]:
    return {
        "seen_at": _time(row.seen_at),
        "not_before": _time(row.not_before),
        "status": row.status,
        "substatus": row.substatus or None,
        "label": has_label(row),
        "tracking_number": row.tracking_number or None,
        "cutoff": _time(row.cutoff),
        "actions": list(row.actions),
        "requirements": list(row.requirements),
        "flow": row.flow or None,
        "carrier": row.method.carrier or None,
        "delivery_method": row.method.name or None,
        "warehouse": row.method.warehouse or None,
    }


_NEVER_ALERTED = (
    "usual",
    *("state", "severity", "family", "cause", "certainty", "verdict", "wait_until", "opened_at", "resolved_at"),
    *(
        "phase",
        "remedy_id",
        "outcome",
        "told_at",
        "handled_by",
        "note",
        "snoozed_until",
        "incident",
        "next_tariff",
        "as_of",
        "link",
    ),
)


def _without_alert(found: "PostingDetails") -> dict[str, Any]:
    """The fields of an alert for a posting that never had one."""
    posting, track = found.known.posting, found.known.track
    return {
        "shop": found.shop,
        "posting_number": posting.number,
        **dict.fromkeys(_NEVER_ALERTED),
        "evidence": {},
        "ruled_out": [],
        "remedy": [],
        "alternatives": [],
        "settings_link": None,
        "told_count": 0,
        "stage": str(track.stage),
        "status": posting.status,
        "substatus": posting.substatus or None,
        "carrier": posting.method.carrier or None,
        "delivery_method": posting.method.name or None,
        "warehouse": posting.method.warehouse or None,
        "waiting_since": [_time(track.since.earliest), _time(track.since.latest)],
        "deadline": _time(posting.last_cutoff),
        "cutoff": _time(posting.last_cutoff),
    }


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
