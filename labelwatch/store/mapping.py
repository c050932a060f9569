"""Converts rows of tables to values of the core and back; never accesses a database."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row

from labelwatch.core.alert import (
    Alert,
    AlertState,
    LastNotified,
    Notification,
    Outcome,
    Reason,
    Severity,
    Verdict,
)
from labelwatch.core.enrichment import SUBSTANCE, Answer, Question, Topic
from labelwatch.core.posting import DeliveryMethod, Interval, Known, Posting, Product, Stage, TariffStep, Track
from labelwatch.core.subject import PostingId, Shop
from labelwatch.store.alert_json import KINDS, read_alert, read_diagnosis, write_diagnosis
from labelwatch.store.values import Attempt, Change, ChannelState, HistoryRow, OutboxRow, OutboxState, ShopState

Values = dict[str, Any]
AnyRow = Row[*tuple[Any, ...]]


class _Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """Values of a posting that are shown but never searched for; empty ones are not stored."""

    order_number: str = ""
    schema: str = ""
    requirements: tuple[tuple[str, tuple[str, ...]], ...] = ()
    products: tuple[Product, ...] = ()
    tariff: tuple[TariffStep, ...] = ()
    parent: str = ""
    is_multibox: bool = False
    boxes: int = 0
    is_express: bool = False
    is_legal: bool = False
    recipient_gaps: tuple[str, ...] = ()


class _Decisive(msgspec.Struct, frozen=True, omit_defaults=True):
    """Values of a posting that decisions depend on, and that its history has no columns for."""

    in_process_at: datetime | None = None
    hard_cutoff: datetime | None = None
    schema: str = ""
    products: tuple[Product, ...] = ()
    is_multibox: bool = False
    boxes: int = 0
    is_express: bool = False
    is_legal: bool = False
    recipient_gaps: tuple[str, ...] = ()


_json = msgspec.json.Encoder()
_read_decisive = msgspec.json.Decoder(_Decisive).decode
_read_details = msgspec.json.Decoder(_Details).decode
_read_words = msgspec.json.Decoder(tuple[str, ...]).decode
_read_substance = {topic: msgspec.json.Decoder(kind).decode for topic, kind in SUBSTANCE.items()}

_millisecond = timedelta(milliseconds=1)


def to_json(value: object) -> str:
    """Compact JSON of a dataclass or a list."""
    return _json.encode(value).decode()


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """A JSON list of strings; the same few lists occur again and again."""
    return _read_words(text)


def state_values(posting: Posting) -> Values:
    """The shared part of a posting that its history refers to."""
    return {
        "status": posting.status,
        "substatus": posting.substatus,
        "flow": posting.flow,
        "actions": to_json(posting.actions),
        "requirements": to_json([key for key, _ in posting.requirements]),
    }


def method_values(shop_id: int, method: DeliveryMethod) -> Values:
    """A delivery method of a shop."""
    return {
        "shop_id": shop_id,
        "ozon_id": method.id,
        "name": method.name,
        "warehouse_id": method.warehouse_id,
        "warehouse": method.warehouse,
        "carrier_id": method.carrier_id,
        "carrier": method.carrier,
    }


def posting_values(shop_id: int, change: Change) -> Values:
    """A posting without the two columns that refer to shared rows."""
    posting, track = change.posting, change.track
    return {
        "shop_id": shop_id,
        "number": posting.number,
        "digest": change.digest,
        "closed_at": None if change.is_open else change.seen_at,
        "stage": track.stage.value,
        "since_earliest": track.since.earliest,
        "since_latest": track.since.latest,
        "first_seen": track.first_seen,
        "label_earliest": track.label.earliest if track.label else None,
        "label_latest": track.label.latest if track.label else None,
        "late_at": track.late_at,
        "in_process_at": posting.in_process_at,
        "cutoff": posting.cutoff,
        "hard_cutoff": posting.hard_cutoff,
        "tracking_number": posting.tracking_number,
        "details": _details(posting),
    }


def decisive_before(old: AnyRow, new: Values) -> str | None:
    """What decisions depend on beside the columns of the history, as it was stored before; None = it is the same."""
    names = ("in_process_at", "hard_cutoff", "details")
    then, now = tuple(getattr(old, name) for name in names), tuple(new[name] for name in names)
    if then == now:
        return None
    before = _decisive(*then)
    return None if before == _decisive(*now) else to_json(before)


def as_before(posting: Posting, before: str | None) -> Posting:
    """A posting as it was until something changed of what `decisive_before` stores."""
    return posting if before is None else replace(posting, **msgspec.structs.asdict(_read_decisive(before)))


def _decisive(in_process_at: datetime | None, hard_cutoff: datetime | None, details: str) -> _Decisive:
    told = _read_details(details)
    own = {name: getattr(told, name) for name in _Decisive.__struct_fields__[2:]}
    return _Decisive(in_process_at, hard_cutoff, **own)


def _details(posting: Posting) -> str:
    return to_json(_Details(**{name: getattr(posting, name) for name in _Details.__struct_fields__}))


@lru_cache(maxsize=4096)
def _method(*values: str) -> DeliveryMethod:
    return DeliveryMethod(*values)


def method(row: AnyRow) -> DeliveryMethod:
    """The delivery method in a joined row."""
    return _method(row.ozon_id, row.name, row.warehouse_id, row.warehouse, row.carrier_id, row.carrier)


def known(row: AnyRow) -> Known:
    """A posting joined with its state and its delivery method."""
    return Known(id=row.id, posting=_posting(row), track=_track(row), digest=row.digest)


def _posting(row: AnyRow) -> Posting:
    return Posting(
        number=row.number,
        status=row.status,
        substatus=row.substatus,
        flow=row.flow,
        method=method(row),
        in_process_at=row.in_process_at,
        cutoff=row.cutoff,
        hard_cutoff=row.hard_cutoff,
        tracking_number=row.tracking_number,
        actions=words(row.actions),
        **msgspec.structs.asdict(_read_details(row.details)),
    )


def _track(row: AnyRow) -> Track:
    label = Interval(row.label_earliest, row.label_latest) if row.label_latest else None
    return Track(
        stage=Stage(row.stage),
        since=Interval(row.since_earliest, row.since_latest),
        first_seen=row.first_seen,
        label=label,
        late_at=row.late_at,
    )


def milliseconds(duration: timedelta) -> int:
    """Whole milliseconds of a duration."""
    return duration // _millisecond


def unseen(change: Change) -> int | None:
    """How long before `seen_at` it was last seen in another state, in milliseconds."""
    return None if change.not_before is None else milliseconds(change.seen_at - change.not_before)


def history(row: AnyRow) -> HistoryRow:
    """A row of history joined with its state and its delivery method."""
    before: datetime | None = None
    if row.unseen is not None:
        before = row.seen_at - timedelta(milliseconds=row.unseen)
    return HistoryRow(
        seen_at=row.seen_at,
        not_before=before,
        status=row.status,
        substatus=row.substatus,
        flow=row.flow,
        actions=words(row.actions),
        requirements=words(row.requirements),
        method=method(row),
        cutoff=row.cutoff,
        tracking_number=row.tracking_number or "",
    )


def answer_values(shop_id: int, question: Question, answer: Answer) -> Values:
    """The answer to a question about a shop or its posting."""
    return {
        "shop_id": shop_id,
        "topic": question.topic.value,
        "subject": question.subject,
        "asked_at": answer.asked_at,
        "body": None if answer.substance is None else to_json(answer.substance),
    }


def answer(row: AnyRow) -> tuple[Question, Answer] | None:
    """An answer with its question; None = the answer can no longer be decoded."""
    return recorded_answer(row.topic, row.subject, row.asked_at, row.body)


def recorded_answer(topic: str, subject: str, at: datetime, body: str | None) -> tuple[Question, Answer] | None:
    """The same from its values; a body of null is no answer, too."""
    try:
        substance = None if body in (None, "null") else _read_substance[Topic(topic)](body)
    except msgspec.DecodeError:
        return None
    return Question(Topic(topic), subject), Answer(at, substance)


def alert_values(shop_id: int | None, alert: Alert) -> Values:
    """An alert without its id; an incident has no shop and is stored under its key. ValueError when they mismatch."""
    told, diagnosis, subject = alert.told, alert.diagnosis, alert.diagnosis.subject
    if isinstance(subject, PostingId | Shop) is (shop_id is None):
        raise ValueError("an alert belongs to a shop, an incident to none")
    return {
        "shop_id": shop_id,
        "posting_number": str(subject),
        "subject": KINDS[type(subject)],
        "state": alert.state.value,
        "opened_at": alert.opened_at,
        "cause_since": alert.cause_since,
        "told_at": told.at if told else None,
        "told_count": told.count if told else None,
        "told_severity": told.severity.value if told else None,
        "told_cause": told.cause if told else None,
        "told_left": milliseconds(told.left) if told and told.left is not None else None,
        "told_verdict": told.verdict.value if told and told.verdict else None,
        "told_missed": told.missed if told else None,
        "handled_by": alert.handled_by,
        "note": alert.note,
        "handled_at": alert.handled_at,
        "snoozed_until": alert.snoozed_until,
        "resolved_at": alert.resolved_at,
        "outcome": alert.outcome.value if alert.outcome else None,
        "kind": diagnosis.kind if diagnosis.is_late else "",
        "carrier": ", ".join(diagnosis.carriers),
        "waiting_since": diagnosis.waiting_since.latest if diagnosis.waiting_since else None,
        "deadline": diagnosis.deadline,
        "diagnosis": write_diagnosis(diagnosis),
    }


def alert(row: AnyRow) -> Alert:
    """An alert as it was saved."""
    return Alert(
        id=row.id,
        state=AlertState(row.state),
        opened_at=row.opened_at,
        diagnosis=read_diagnosis(row.diagnosis),
        cause_since=row.cause_since,
        told=_told(row) if row.told_at is not None else None,
        handled_by=row.handled_by,
        note=row.note,
        handled_at=row.handled_at,
        snoozed_until=row.snoozed_until,
        resolved_at=row.resolved_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
    )


def _told(row: AnyRow) -> LastNotified:
    return LastNotified(
        at=row.told_at,
        count=row.told_count,
        severity=Severity(row.told_severity),
        cause=row.told_cause,
        left=None if row.told_left is None else timedelta(milliseconds=row.told_left),
        verdict=Verdict(row.told_verdict) if row.told_verdict else None,
        missed=bool(row.told_missed),
    )


def outbox(row: AnyRow) -> OutboxRow:
    """A notification with the alert as it was when the notification was decided."""
    notification = Notification(
        alert=read_alert(row.snapshot),
        number=row.telling,
        reason=Reason(row.reason),
        channel=row.channel,
        due_at=row.due_at,
        expires_at=row.expires_at,
    )
    return OutboxRow(
        id=row.id,
        notification=notification,
        state=OutboxState(row.state),
        created_at=row.created_at,
        attempts=row.attempts,
        lease_until=row.lease_until,
        message_key=row.message_key,
        possible_duplicate=row.possible_duplicate,
        sent_at=row.sent_at,
        receipt=row.receipt,
        error=row.error,
        ref=row.ref or "",
    )


def channel_values(state: ChannelState) -> Values:
    """The state of a channel, with its name."""
    return {one.name: getattr(state, one.name) for one in fields(state)}


def channel(row: AnyRow) -> ChannelState:
    """The state of a channel."""
    return ChannelState(**row._mapping)


def attempt(row: AnyRow) -> Attempt:
    """One attempt to send a message."""
    return Attempt(row.channel, row.at, row.message_key, row.outcome, row.said)


def shop(row: AnyRow) -> ShopState:
    """A shop."""
    return ShopState(**row._mapping)
