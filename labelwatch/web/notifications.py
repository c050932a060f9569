"""The list of sent messages, a row for each: channel, subject, time and result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labelwatch.i18n import translate
from labelwatch.messages import diagnosis_text
from labelwatch.messages.plain import plain
from labelwatch.store import Attempt, OutboxRow, OutboxState
from labelwatch.web.cards import posting_link
from labelwatch.web.page import Reader

_SAID = 300
RETRYABLE = frozenset({OutboxState.DEAD, OutboxState.EXPIRED, OutboxState.SUPERSEDED, OutboxState.RETRY})


@dataclass(frozen=True, slots=True)
class Item:
    """One alert of a message."""

    about: str
    link: str
    reason: str


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to send it."""

    at: str
    outcome: str
    said: str


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message in words; its rows share one state."""

    ids: Sequence[int]
    channel: str
    state: str
    """The state in the outbox, for the style."""
    outcome: str
    at: str
    said: str
    """The receipt, or the error."""
    items: Sequence[Item]
    tries: Sequence[Try]
    can_retry: bool


def sent_messages(
    reader: Reader, rows: Iterable[OutboxRow], trail: Mapping[int, Sequence[Attempt]] | None = None
) -> list[SentMessage]:
    """The messages in the order of their first rows; `trail`: every attempt, by id."""
    messages: dict[object, list[OutboxRow]] = {}
    for row in rows:
        messages.setdefault(_message(row), []).append(row)
    return [_sent_message(reader, alike, trail or {}) for alike in messages.values()]


def _message(row: OutboxRow) -> object:
    """The key that rows of one message share; a row to be retried has lost the key of its message, and rows that were
    never sent are grouped by their due time."""
    due_at = row.notification.due_at if row.state is OutboxState.SUPERSEDED else None
    return row.notification.channel, row.message_key or "", row.state, row.error, due_at


def _sent_message(reader: Reader, rows: Sequence[OutboxRow], trail: Mapping[int, Sequence[Attempt]]) -> SentMessage:
    first = rows[0]
    return SentMessage(
        ids=[row.id for row in rows],
        channel=first.notification.channel,
        state=str(first.state),
        outcome=reader.say("outbox", str(first.state)),
        at=reader.at(first.sent_at or first.notification.due_at),
        said=plain(translate(first.error, reader.words.language) if first.error else first.receipt, _SAID),
        items=[_item(reader, row) for row in rows],
        tries=[
            Try(reader.at(one.at), _outcome(reader, one), plain(translate(one.said, reader.words.language), _SAID))
            for one in trail.get(first.id, ())
        ],
        can_retry=first.state in RETRYABLE,
    )


def _item(reader: Reader, row: OutboxRow) -> Item:
    told, about = row.notification, row.notification.alert.diagnosis
    number = about.posting_number
    subject = diagnosis_text.subject(reader.context, about) or diagnosis_text.headline(reader.context, about)
    link = posting_link(number, about.shop) if number else ""
    return Item(subject, link, reader.say("reason", str(told.reason)))


def _outcome(reader: Reader, one: Attempt) -> str:
    return reader.words.said["attempt"].get(one.outcome, one.outcome)
