"""What a press on a button below a message means: who takes care, who wants quiet, who wants to know more.

press -> the alerts that its message told of -> what is done with them -> what the presser, and everybody, reads
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from labelwatch.core.model import Alert, AlertState, Destination, Family, Outcome
from labelwatch.notify.catalog import LANGUAGES, Catalog, catalog, counted
from labelwatch.notify.message import Kind, Message, Section
from labelwatch.notify.messages import voice_of
from labelwatch.notify.moments import Voice, clock
from labelwatch.notify.plain import ELLIPSIS, plain
from labelwatch.notify.wording import subject

SNOOZE = timedelta(hours=1)
TWICE = timedelta(minutes=5)
"""Within so long the same press of the same person on the same alerts is one press."""

_PERSON = "👤"
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button."""

    id: str
    """What the service calls it, to answer the button."""
    chat: str
    message: int
    verb: str
    """ack, snooze, check or details; anything else is none of ours."""
    key: str
    """Of the message."""
    who: str
    """A name made plain."""
    language: str = ""
    """Of the presser's device, like `ru` or `zh-hans`; empty = not known."""
    chat_name: str = ""
    """@ and the public name of the chat, if it has one."""
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the button says to its presser, and what follows in the chat for all to see, without a sound."""

    toast: str
    message: Message | None = None
    then: Callable[[], Message] | None = None
    """Makes the message where that takes a while; it may ask over the network."""


class Office(Protocol):
    """What can be done about the alerts of a message; doing it twice does no harm."""

    def alerts_of(self, key: str) -> Sequence[Alert]:
        """What the message under this key told of, as it is now; empty = that is not known any more."""

    def acknowledge(self, key: str, *, by: str) -> Sequence[Alert]:
        """Take care of those that are open, and return them."""

    def snooze(self, key: str, *, span: timedelta, by: str) -> Sequence[Alert]:
        """Silence those that are open for so long, and return them."""

    def check(self, key: str) -> Sequence[Alert] | str:
        """Ask about them now, and return them as they are then; in words why nobody could be asked."""

    def details(self, key: str, destination: Destination) -> Message:
        """All that is known of them."""


def answered(press: Press, office: Office, destination: Destination, *, now: Callable[[], datetime]) -> Reply:
    """Do what a press in the chat of this destination asks for, and say so in its language."""
    say, act = catalog(destination.language).press, _ACTS.get(press.verb)
    alerts = office.alerts_of(press.key) if act is not None else ()
    if act is None or not alerts:
        return Reply(say["unknown"])
    if press.verb != "details" and not _open(alerts):
        return Reply(say["over"])
    return act(_Case(press, office, destination, now, alerts))


def refused(press: Press) -> Reply:
    """What is said in a chat that no channel names: in the presser's language if we speak it, else in English."""
    spoken = press.language[:2].lower()
    return Reply(catalog(spoken if spoken in LANGUAGES else "en").press["refused"])


@dataclass(frozen=True, slots=True)
class _Case:
    press: Press
    office: Office
    destination: Destination
    now: Callable[[], datetime]
    alerts: Sequence[Alert]

    @property
    def words(self) -> Catalog:
        return catalog(self.destination.language)

    @property
    def voice(self) -> Voice:
        return voice_of(self.destination, self.now())

    def is_again(self, state: AlertState) -> bool:
        """Whether this very press was done already: somebody was impatient, or we ended in the middle of it."""
        who, now = self.press.who, self.now()
        return all(
            one.state is state
            and one.handled_by == who
            and one.handled_at is not None
            and now - one.handled_at < TWICE
            for one in _open(self.alerts)
        )


def _acknowledged(case: _Case) -> Reply:
    is_again = case.is_again(AlertState.ACKNOWLEDGED)
    if not is_again and not case.office.acknowledge(case.press.key, by=case.press.who):
        return Reply(case.words.press["over"])
    return _known_to_all(case.words.press["acknowledged"].format(by=case.press.who), is_again=is_again)


def _snoozed(case: _Case) -> Reply:
    is_again = case.is_again(AlertState.SNOOZED)
    quiet = _open(case.alerts) if is_again else case.office.snooze(case.press.key, span=SNOOZE, by=case.press.who)
    ends = [one.snoozed_until for one in quiet if one.snoozed_until is not None]
    if not ends:
        return Reply(case.words.press["over"])
    until = clock(case.voice, min(ends))
    return _known_to_all(case.words.press["snoozed"].format(until=until, by=case.press.who), is_again=is_again)


def _known_to_all(sentence: str, *, is_again: bool) -> Reply:
    return Reply(sentence, None if is_again else Message(f"{_PERSON} {sentence}", (), Kind.INFO))


def _checking(case: _Case) -> Reply:
    return Reply(case.words.button["check"] + ELLIPSIS, then=lambda: _checked(case))


def _checked(case: _Case) -> Message:
    say, found = case.words.press, case.office.check(case.press.key)
    if isinstance(found, str):
        return Message(say["checked_failed"].format(reason=plain(found, 200)), (), Kind.WARNING)
    time, missing = clock(case.voice, case.now()), _open(found)
    if missing:
        unread = [one for one in missing if one.diagnosis.family is Family.BLIND]
        if len(unread) == len(missing):
            name = case.words.cause[unread[0].diagnosis.cause].name
            return Message(say["checked_failed"].format(reason=name), (), Kind.WARNING)
        rows = _rows(case, missing) if len(found) > 1 else ()
        return Message(say["checked_missing"].format(time=time), rows, Kind.WARNING)
    if all(one.outcome is Outcome.LABELLED for one in found):
        return Message(say["checked_there"].format(time=time), (), Kind.SUCCESS)
    return Message(say["over"], _rows(case, found), Kind.SUCCESS)


def _rows(case: _Case, alerts: Sequence[Alert]) -> tuple[Section, ...]:
    """Which they are, and of what is over how it ended; the first few, and how many more."""
    shown = [(subject(case.voice, one.diagnosis), _ending(case, one)) for one in alerts[:_LISTED]]
    rest = len(alerts) - len(shown)
    more = (Section(lines=(counted(case.words, case.words.count.besides, rest),)),) if rest else ()
    return (Section(rows=tuple(shown)), *more)


def _ending(case: _Case, alert: Alert) -> str:
    return case.words.outcome[alert.outcome] if alert.outcome else ""


def _detailed(case: _Case) -> Reply:
    return Reply("", case.office.details(case.press.key, case.destination))


def _open(alerts: Sequence[Alert]) -> list[Alert]:
    return [one for one in alerts if one.state is not AlertState.RESOLVED]


_ACTS: Mapping[str, Callable[[_Case], Reply]] = {
    "ack": _acknowledged,
    "snooze": _snoozed,
    "check": _checking,
    "details": _detailed,
}
