"""The form of one Telegram request, and the next form if Telegram declines it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from labelwatch.channels.base import OutgoingMessage
from labelwatch.channels.telegram.api import Refusal
from labelwatch.channels.telegram.text import MOST, fitted, html, text

SINGLY = 6
"""Up to so many postings have a button each; for more, people choose from a list."""

Rows = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of buttons: the label of each and the data it carries."""
_SHORTEST = 500


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a message."""

    chat: str
    answers: int | None = None
    """The message it replies to."""
    is_html: bool = True
    most: int = MOST
    stays: bool = False
    """Whether it exists in this chat already and is edited."""


def next_form(form: Form, refusal: Refusal) -> Form | None:
    """The next form that Telegram may accept; None = there is none."""
    why = refusal.why.lower()
    if refusal.moved_to and not form.stays:
        return replace(form, chat=refusal.moved_to, answers=None)
    if form.is_html and "entit" in why:
        return replace(form, is_html=False)
    if form.most > _SHORTEST and re.search(r"too.long", why):
        return replace(form, most=form.most // 2)
    if form.answers is not None and re.search(r"replied|reply_message", why):
        return replace(form, answers=None)
    return None


def body(form: Form, outgoing: OutgoingMessage, labels: Mapping[str, str]) -> dict[str, Any]:
    """Parameters that new and edited messages share: chat, text, parse mode and buttons."""
    message = fitted(outgoing.message, form.most)
    written = (
        {"text": html(message, outgoing.cabinet), "parse_mode": "HTML"} if form.is_html else {"text": text(message)}
    )
    said = {"chat_id": form.chat, "link_preview_options": {"is_disabled": True}, **written}
    buttons = _keyboard(outgoing, labels)
    return {**said, "reply_markup": {"inline_keyboard": buttons}} if buttons else said


def answering(form: Form) -> dict[str, Any]:
    """Parameters of a reply; it is sent even if that message no longer exists."""
    if form.answers is None:
        return {}
    return {"reply_parameters": {"message_id": form.answers, "allow_sending_without_reply": True}}


def place(chat: str, number: int) -> str:
    """The reference to a message, as it is stored."""
    return f"{chat}/{number}"


def placed(ref: str) -> tuple[str, int] | None:
    """The chat and the number of a message; None = this is no such reference."""
    chat, _, number = ref.rpartition("/")
    return (chat, int(number)) if chat and re.fullmatch(r"\d{1,18}", number, re.ASCII) else None


def _keyboard(outgoing: OutgoingMessage, labels: Mapping[str, str]) -> list[list[dict[str, str]]]:
    rows = outgoing.keyboard
    if not rows and outgoing.buttons:
        rows = (*_taking(outgoing, labels), _row(outgoing.key, labels, ("check", "details")))
    written = [[{"text": text, "callback_data": carries} for text, carries in row] for row in rows]
    return [row for row in written if row]


def _taking(outgoing: OutgoingMessage, labels: Mapping[str, str]) -> Rows:
    """Buttons to acknowledge or snooze the one alert; one of several, or all of them; or to choose among many."""
    targets, key = outgoing.targets, outgoing.key
    if len(targets) < 2 or not labels:
        return (_row(key, labels, ("ack", "snooze")),)
    if len(targets) > SINGLY:
        return (_row(key, labels, ("pick",)),)
    each = tuple(((labels["one"].format(subject=one.subject), f"ack:{key}:{one.id}"),) for one in targets)
    everything = ((labels["all"].format(n=len(targets)), f"all:{key}"), (labels["snooze_some"], f"pick:{key}"))
    return (*each, everything)


def _row(key: str, labels: Mapping[str, str], verbs: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((labels[verb], f"{verb}:{key}") for verb in verbs if verb in labels)
