"""An alert as a card: what to do, time left and costs, why, and who has acknowledged it."""

from dataclasses import dataclass
from urllib.parse import quote

from labelwatch.core.alert import Alert, Diagnosis, Verdict
from labelwatch.core.deadline import Phase, alert_at, phase
from labelwatch.messages import diagnosis_text
from labelwatch.messages.money import tariff
from labelwatch.messages.time_format import clock
from labelwatch.web.page import Reader


@dataclass(frozen=True, slots=True)
class Card:
    """Everything as text; empty = not applicable."""

    severity: str
    urgency: str
    """The severity in words."""
    subject: str
    link: str
    """Path of its details on the board."""
    headline: str
    left: str
    due: str
    """Pick-up and cutoff, if the pick-up is the deadline."""
    act: str
    verdict: str
    cause: str
    place: str
    money: str
    state: str
    keeper: str
    """Who has acknowledged it, or until when it is snoozed."""


def card(reader: Reader, alert: Alert) -> Card:
    """The card of a posting, a shop, a channel or an incident."""
    context, about = reader.context, alert_at(alert, reader.now).diagnosis
    number = about.posting_number
    name = diagnosis_text.words_of(context, about.cause).name
    is_left = is_explained(reader, about)
    return Card(
        severity=str(about.severity),
        urgency=_capital(context.words.severity[about.severity]),
        subject=diagnosis_text.subject(context, about),
        link=posting_link(number, about.shop) if number else "",
        headline=name if is_left else diagnosis_text.headline(context, about),
        left=diagnosis_text.time_left(context, about),
        due=diagnosis_text.due(context, about) if diagnosis_text.is_picked_up(about) else "",
        act=act(reader, about),
        verdict=str(Verdict.WAIT if is_left else about.verdict),
        cause=name,
        place=diagnosis_text.place(context, about) if number else "",
        money=tariff(context, about),
        state=str(alert.state),
        keeper=diagnosis_text.keeper(context, alert),
    )


def act(reader: Reader, about: Diagnosis) -> str:
    """Whether to wait or to act, and until when; an alert that an incident explains is not handled by itself."""
    if is_explained(reader, about):
        return reader.say("late", "explained")
    if about.verdict is Verdict.ACT:
        return reader.say("late", "act")
    until = about.wait_until
    if until is None or until <= reader.now:
        return reader.say("late", "wait")
    return reader.say("late", "wait_until", time=clock(reader.context, until))


def is_explained(reader: Reader, about: Diagnosis) -> bool:
    """Whether an incident explains it and there is still time to leave it to that."""
    return about.explained_by is not None and phase(about, reader.now) is Phase.NORMAL


def posting_link(number: str, shop: str) -> str:
    """The page of a posting; numbers and names may contain anything."""
    return f"/posting/{quote(number, safe='')}?shop={quote(shop, safe='')}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
