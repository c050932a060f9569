"""What a press on a button below a message means: who takes care, who wants quiet, who wants to know more.

press -> the alerts of its message -> what is done with them -> what the presser and the chat read
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from labelwatch.core.alert import Alert, AlertState, Family, Outcome
from labelwatch.core.policy import Destination
from labelwatch.i18n import LANGUAGES
from labelwatch.messages import choices
from labelwatch.messages.catalog import Catalog, catalog, counted
from labelwatch.messages.choices import Buttons, Choice
from labelwatch.messages.diagnosis_text import MAX_NAMED, in_hands, subject
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.plain import ELLIPSIS, plain
from labelwatch.messages.render import render_context
from labelwatch.messages.time_format import RenderContext, clock

SNOOZE = timedelta(hours=1)
TWICE = timedelta(minutes=5)
"""The same press by the same person on the same alerts counts once within this time."""

_PERSON = "👤"
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button."""

    id: str
    """The id that the service gave it, needed to answer the button."""
    chat: str
    message: int
    verb: str
    """ack, snooze, all, pick, check or details, or one of a list; anything else is not ours."""
    key: str
    """Of the message; after it and a colon the id of one alert, a page, or the state of a list."""
    who: str
    """A name, sanitized."""
    language: str = ""
    """The language of the presser's device, like `ru` or `zh-hans`; empty = not known."""
    chat_name: str = ""
    """@ and the public name of the chat, if it has one."""
    topic: int | None = None
    person: int = 0
    """The service's id of the person who pressed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the button answers to the presser, and a silent message to the whole chat."""

    toast: str
    message: Message | None = None
    then: Callable[[], Message] | None = None
    """Makes the message where that takes a while; it may ask over the network."""
    buttons: Buttons = ()
    """What stands below the message."""
    edits: bool = False
    """Whether the message replaces the one whose button was pressed."""


class AlertActions(Protocol):
    """What can be done about the alerts of a message. Every action is idempotent."""

    def alerts_of(self, key: str) -> Sequence[Alert]:
        """The alerts of the message with this key as they are now, always in the same order; empty = not known
        any more."""

    def acknowledge(self, key: str, *, by: str, only: Collection[int]) -> Sequence[Alert]:
        """Take care of those of the message with these ids that are open, and return them."""

    def snooze(self, key: str, *, span: timedelta, by: str, only: Collection[int]) -> Sequence[Alert]:
        """Silence those of the message with these ids that are open for so long, and return them."""

    def check(self, key: str) -> Sequence[Alert] | str:
        """Poll their shops now and return the alerts as they are then; a text says why no shop could be polled."""

    def details(self, key: str, destination: Destination, *, only: Collection[int]) -> Message:
        """Everything known about the alerts of the message with these ids."""


def answered(press: Press, actions: AlertActions, destination: Destination, *, now: Callable[[], datetime]) -> Reply:
    """Do what a press in the chat of this destination asks for and answer in its language."""
    say, act = catalog(destination.language).press, _ACTS.get(press.verb)
    choice = Choice.read(press.key) if press.verb in _OF_A_LIST else None
    key, _, one = press.key.partition(":")
    page = 0
    if press.verb == choices.TURN:
        page, one = int(one) if re.fullmatch(r"\d{1,3}", one, re.ASCII) else 0, ""
    if choice is not None:
        key, one = choice.key, ""
    everything = actions.alerts_of(key) if act is not None else ()
    about = [alert for alert in everything if one in ("", str(alert.id))]
    if act is None or not about or (choice is None and press.verb in _OF_A_LIST):
        return Reply(say["unknown"])
    if press.verb not in _OF_WHAT_IS_OVER and not _open(about):
        return Reply(say["over"])
    return act(_Case(press, actions, destination, now, key, everything, about, choice, page))


def refused(press: Press) -> Reply:
    """The reply in a chat that no channel names: in the presser's language if it is supported, else in English."""
    spoken = press.language[:2].lower()
    return Reply(catalog(spoken if spoken in LANGUAGES else "en").press["refused"])


@dataclass(frozen=True, slots=True)
class _Case:
    press: Press
    actions: AlertActions
    destination: Destination
    now: Callable[[], datetime]
    key: str
    everything: Sequence[Alert]
    """All alerts of the message."""
    alerts: Sequence[Alert]
    """The alerts that the press is about."""
    choice: Choice | None = None
    page: int = 0

    @property
    def words(self) -> Catalog:
        return catalog(self.destination.language)

    @property
    def context(self) -> RenderContext:
        return render_context(self.destination, self.now())

    def is_again(self, state: AlertState) -> bool:
        """Whether this press was handled before: it was repeated, or the process ended while handling it."""
        who, now = self.press.who, self.now()
        return all(
            one.state is state
            and one.handled_by == who
            and one.handled_at is not None
            and now - one.handled_at < TWICE
            for one in _open(self.alerts)
        )


def _one_or_list(act: "_Act") -> "_Act":
    """A press that names no alert: if several are open, the presser chooses from a list."""

    def acted(case: _Case) -> Reply:
        return act(case) if len(_open(case.alerts)) == 1 else _list_opened(case)

    return acted


def _acknowledged(case: _Case) -> Reply:
    is_again = case.is_again(AlertState.ACKNOWLEDGED)
    taken = _open(case.alerts)
    if not is_again:
        taken = list(case.actions.acknowledge(case.key, by=case.press.who, only=_ids(taken)))
    if not taken:
        return Reply(case.words.press["over"])
    sentence = case.words.press["acknowledged"].format(by=case.press.who)
    return _known_to_all(case, taken, sentence, is_again=is_again)


def _snoozed(case: _Case) -> Reply:
    is_again = case.is_again(AlertState.SNOOZED)
    quiet = _open(case.alerts)
    if not is_again:
        quiet = list(case.actions.snooze(case.key, span=SNOOZE, by=case.press.who, only=_ids(quiet)))
    ends = [one.snoozed_until for one in quiet if one.snoozed_until is not None]
    if not ends:
        return Reply(case.words.press["over"])
    until = clock(case.context, min(ends))
    sentence = case.words.press["snoozed"].format(until=until, by=case.press.who)
    return _known_to_all(case, quiet, sentence, is_again=is_again)


def _known_to_all(case: _Case, alerts: Sequence[Alert], sentence: str, *, is_again: bool) -> Reply:
    """Who did what, and with which alerts if the message is about several."""
    if len(case.everything) > 1:
        sentence = in_hands(case.context, alerts)
    if is_again and case.choice is None:
        return Reply(sentence)
    rows = _rows(case, alerts) if len(alerts) > MAX_NAMED else ()
    return Reply(sentence, Message(f"{_PERSON} {sentence}", rows, Kind.INFO), edits=case.choice is not None)


def _list_opened(case: _Case) -> Reply:
    return _list_shown(replace(case, choice=Choice(case.key, case.press.person)), edits=False)


def _list_shown(case: _Case, *, edits: bool = True) -> Reply:
    assert case.choice is not None, "the press holds the state of the list"
    if case.choice.opener != case.press.person:
        return Reply(case.words.press["not_yours"])
    return Reply(
        "",
        choices.message(case.context, case.press.who),
        buttons=choices.buttons(case.context, case.choice, case.everything),
        edits=edits,
    )


def _of_ticked(act: "_Act") -> "_Act":
    """Apply an action to the ticked alerts of a list."""

    def acted(case: _Case) -> Reply:
        assert case.choice is not None, "the press holds the state of the list"
        if case.choice.opener != case.press.person:
            return Reply(case.words.press["not_yours"])
        ticked = choices.chosen(case.choice, case.everything)
        return act(replace(case, alerts=ticked)) if ticked else Reply(case.words.press["over"])

    return acted


def _checking(case: _Case) -> Reply:
    return Reply(case.words.button["check"] + ELLIPSIS, then=lambda: _checked(case))


def _checked(case: _Case) -> Message:
    say, found = case.words.press, case.actions.check(case.key)
    if isinstance(found, str):
        return Message(say["checked_failed"].format(reason=plain(found, 200)), (), Kind.WARNING)
    time, missing = clock(case.context, case.now()), _open(found)
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
    """The first few alerts, how the resolved ones ended, and how many more there are."""
    shown = [(subject(case.context, one.diagnosis), _ending(case, one)) for one in alerts[:_LISTED]]
    rest = len(alerts) - len(shown)
    more = (Section(lines=(counted(case.words, case.words.count.besides, rest),)),) if rest else ()
    return (Section(rows=tuple(shown)), *more)


def _ending(case: _Case, alert: Alert) -> str:
    return case.words.outcome[alert.outcome] if alert.outcome else ""


def _detailed(case: _Case) -> Reply:
    """Everything about one alert; for several, what they have in common and a button for each."""
    message, many = case.actions.details(case.key, case.destination, only=_ids(case.alerts)), _open(case.alerts)
    if len(case.alerts) == 1 or not many:
        return Reply("", message)
    buttons = choices.details(case.context, case.key, many, case.page)
    end = Section(lines=(case.words.press["details"],))
    message = replace(message, sections=(*message.sections, end))
    return Reply("", message, buttons=buttons, edits=case.press.verb == choices.TURN)


def _open(alerts: Sequence[Alert]) -> list[Alert]:
    return [one for one in alerts if one.state is not AlertState.RESOLVED]


def _ids(alerts: Sequence[Alert]) -> list[int]:
    return [one.id for one in alerts if one.id is not None]


_Act = Callable[[_Case], Reply]
_OF_WHAT_IS_OVER = ("details", choices.TURN)
_OF_A_LIST = (choices.SHOW, choices.TAKE, choices.SNOOZE)

_ACTS: Mapping[str, _Act] = {
    "ack": _one_or_list(_acknowledged),
    "snooze": _one_or_list(_snoozed),
    "all": _acknowledged,
    "pick": _list_opened,
    "check": _checking,
    "details": _detailed,
    choices.TURN: _detailed,
    choices.SHOW: _list_shown,
    choices.TAKE: _of_ticked(_acknowledged),
    choices.SNOOZE: _of_ticked(_snoozed),
}
