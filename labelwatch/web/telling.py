"""What was told over which channel, as rows of a page: why, when, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from labelwatch.notify import wording
from labelwatch.notify.plain import plain
from labelwatch.store import Attempt, OutboxRow, OutboxState
from labelwatch.web.cards import posting_link
from labelwatch.web.page import Reader

_SAID = 300
RETRYABLE = frozenset({OutboxState.DEAD, OutboxState.EXPIRED, OutboxState.SUPERSEDED, OutboxState.RETRY})


@dataclass(frozen=True, slots=True)
class Try:
    """One try to send it."""

    at: str
    outcome: str
    said: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One notification in words."""

    id: int
    channel: str
    about: str
    link: str
    reason: str
    state: str
    """As the outbox has it: for the look, not to be read."""
    outcome: str
    at: str
    said: str
    """The receipt, or what went wrong."""
    tries: Sequence[Try]
    can_retry: bool


def tellings(
    reader: Reader, rows: Iterable[OutboxRow], trail: Mapping[int, Sequence[Attempt]] | None = None
) -> list[Telling]:
    """The rows in their order; `trail` is every try to send them, by id."""
    tried = trail or {}
    return [_telling(reader, row, tried.get(row.id, ())) for row in rows]


def _telling(reader: Reader, row: OutboxRow, tries: Sequence[Attempt]) -> Telling:
    told, about = row.notification, row.notification.alert.diagnosis
    number = about.posting_number
    return Telling(
        id=row.id,
        channel=told.channel,
        about=wording.subject(reader.voice, about) or wording.headline(reader.voice, about),
        link=posting_link(number, about.shop) if number else "",
        reason=reader.say("reason", str(told.reason)),
        state=str(row.state),
        outcome=reader.say("outbox", str(row.state)),
        at=reader.at(_moment(row)),
        said=plain(row.error or row.receipt, _SAID),
        tries=[Try(reader.at(one.at), _outcome(reader, one), plain(one.said, _SAID)) for one in tries],
        can_retry=row.state in RETRYABLE,
    )


def _moment(row: OutboxRow) -> datetime:
    """When it was sent, else when it is or was due."""
    return row.sent_at or row.notification.due_at


def _outcome(reader: Reader, one: Attempt) -> str:
    return reader.words.said["attempt"].get(one.outcome, one.outcome)
