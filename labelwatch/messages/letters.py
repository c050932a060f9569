"""Letters to Ozon's support, the carrier or the buyer: complete, dated, without a buyer's data.

A program cannot write to support, so a text to paste is the most that can be done. The recipient must not have to ask
back: the letter has the number, the times between which things were seen, what was tried and what is asked for.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from labelwatch.core.alert import Alert, Diagnosis, Proof, Verdict
from labelwatch.core.deadline import Phase, phase
from labelwatch.core.diagnosis import INCIDENT_CAUSES
from labelwatch.core.lateness import TRACKED_FLOWS
from labelwatch.core.posting import Interval, Stage
from labelwatch.messages import diagnosis_text
from labelwatch.messages.cabinet_links import SUPPORT_LINK, link
from labelwatch.messages.catalog import LetterWords, catalog, first, sayable
from labelwatch.messages.evidence_text import dated_fact, value
from labelwatch.messages.message import Section
from labelwatch.messages.plain import plain, spaced
from labelwatch.messages.recipients import BUYER as BUYER
from labelwatch.messages.recipients import CARRIER as CARRIER
from labelwatch.messages.recipients import KINDS as KINDS
from labelwatch.messages.recipients import SUPPORT as SUPPORT
from labelwatch.messages.recipients import Kind as Kind
from labelwatch.messages.time_format import RenderContext, ShiftNames, dated, duration, period, span

RUSSIAN = "ru"
MOSCOW = "Europe/Moscow"
"""Ozon's support and its buyers read Russian, and support uses Moscow time."""

_REGISTERED_FIRST = frozenset({"aggregator", "hybrid_aggregator"})
"""Flows in which the carrier's registration leads to `awaiting_deliver`, not packing."""
_SAID_ELSEWHERE = frozenset({"status", "substatus", "flow", "tracking_number", "label_task", "recipient"})


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to copy; `where` is the page to paste it into, empty if the seller uses a way of their own."""

    to: str
    where: str
    language: str
    subject: str
    text: str


def kinds_of(alert: Alert) -> tuple[Kind, ...]:
    """The letters that make sense for this alert; none once it is over or while its label is not late."""
    return _useful(alert.diagnosis) if alert.resolved_at is None else ()


def _useful(diagnosis: Diagnosis) -> tuple[Kind, ...]:
    is_awaited = diagnosis.cause == "label_pending" and diagnosis.verdict is Verdict.WAIT
    return () if is_awaited else KINDS.get(diagnosis.cause, ())


def language_of(kind: Kind, reader: str) -> str:
    """The language of a letter: Russian, but the seller's own for a carrier."""
    return reader if kind is Kind.CARRIER else RUSSIAN


def letter(kind: Kind, alert: Alert, *, language: str, zone: str, now: datetime) -> Letter:
    """The letter about this alert; in another language than `language_of` it is a translation for the seller.

    Clock times are Moscow's, but those of `zone` for a carrier. ValueError if there is no such letter.
    """
    diagnosis = alert.diagnosis
    if kind not in kinds_of(alert):
        raise ValueError(f"no letter to {kind} is of use for the cause {diagnosis.cause}")
    context = RenderContext(catalog(language), ZoneInfo(zone if kind is Kind.CARRIER else MOSCOW), now)
    words, known = context.words.letter[kind], _values(context, alert)
    texts = words.cause[diagnosis.cause]
    paragraphs = (
        words.hello,
        first(texts.say, known),
        "\n".join([*sayable(words.facts, known), *(_proofs(context, diagnosis) if words.facts else ())]),
        "\n".join([*sayable(words.tried, known), *(_asked(context, diagnosis) if words.tried else ())]),
        _request(context, diagnosis, words, first(texts.ask, known)),
        words.close,
    )
    return Letter(
        to=words.to.format(carrier=known.get("carrier", context.words.line.carrier)),
        where={Kind.SUPPORT: SUPPORT_LINK, Kind.BUYER: link(diagnosis)}.get(kind, ""),
        language=language,
        subject=first(words.subject, known),
        text="\n\n".join(filter(None, paragraphs)),
    )


def messages_of(alert: Alert, *, language: str, zone: str, now: datetime) -> dict[str, dict[str, Any]]:
    """Every letter of use for this alert by kind, as JSON objects; `translation` is null, or the same letter in the
    reader's `language` if that is another one."""
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds_of(alert):
        sent = language_of(kind, language)
        found[str(kind)] = asdict(letter(kind, alert, language=sent, zone=zone, now=now)) | {
            "translation": asdict(letter(kind, alert, language=language, zone=zone, now=now))
            if language != sent
            else None
        }
    return found


def hint(context: RenderContext, diagnosis: Diagnosis) -> str:
    """Where to find the letters, and that support must be written to by hand."""
    kinds, line, number = _useful(diagnosis), context.words.line, diagnosis.posting_number
    if not kinds or context.more in (ShiftNames.HERE, ShiftNames.NONE):
        return ""
    match context.more:
        case ShiftNames.BUTTONS:
            return line.letters_button.format(button=context.words.button["details"])
        case ShiftNames.BOARD:
            page = f"posting/{quote(number, safe='')}" if number else "incidents"
            return line.letters_board.format(link=f"{context.board}{page}")
        case ShiftNames.NOBODY:
            return line.letters_nowhere
    if not number:
        return ""
    template = line.letters_by_hand if Kind.SUPPORT in kinds else line.letters
    named = kinds[0] if len(kinds) == 1 else line.either.format(kind=kinds[0], other=kinds[1])
    return template.format(posting=plain(number), kind=named)


def in_full(context: RenderContext, alert: Alert) -> list[Section]:
    """The letters as the end of a message, each with its recipient, the one to send first in front."""
    return [_in_full(context, alert, kind) for kind in _by_urgency(context, alert)]


def _by_urgency(context: RenderContext, alert: Alert) -> list[Kind]:
    """Once time is short only Ozon's support can still help."""
    is_short = phase(alert.diagnosis, context.now) is not Phase.NORMAL
    return sorted(kinds_of(alert), key=lambda kind: is_short and kind is not SUPPORT)


def _in_full(context: RenderContext, alert: Alert, kind: Kind) -> Section:
    language = language_of(kind, context.words.language)
    one = letter(kind, alert, language=language, zone=context.zone.key, now=context.now)
    to = context.words.letter[kind].to.format(
        carrier=plain(alert.diagnosis.method.carrier) or context.words.line.carrier
    )
    heading = spaced(context.words.line.letters_here.format(to=to))
    return Section(heading, tuple(one.text.splitlines()), aside=True)


def _request(context: RenderContext, diagnosis: Diagnosis, words: LetterWords, ask: str) -> str:
    """What the letter asks for; once the deadline has passed also not to count the delay against the seller."""
    is_asked = words.excuse in ask or diagnosis.cause in INCIDENT_CAUSES.values()
    is_missed = phase(diagnosis, context.now) is Phase.MISSED and not is_asked
    return context.words.line.sentence_gap.join(filter(None, (ask, words.excuse if is_missed else "")))


def _values(context: RenderContext, alert: Alert) -> dict[str, str]:
    """Placeholder values of a letter, every time with its date; unknown ones are left out."""
    diagnosis = alert.diagnosis
    known = diagnosis_text.values(context, diagnosis, zoned=True)
    if not diagnosis.method.carrier:
        del known["carrier"]
    known |= {
        "status": _word(context, "status", diagnosis.status),
        "substatus": _word(context, "substatus", diagnosis.substatus),
        "flow": _word(context, "flow", diagnosis.flow),
        "tracking": _tracking(context, diagnosis),
        "goods": diagnosis_text.list_of_goods(context, diagnosis),
        "weight": _weight(context, diagnosis),
        "watched": _watched(context, alert),
    }
    known |= _since(context, diagnosis) | _due(context, diagnosis)
    return {name: text for name, text in known.items() if text}


def _since(context: RenderContext, diagnosis: Diagnosis) -> dict[str, str]:
    """The time since which it waits, under the name of what happened then."""
    since, status = diagnosis.waiting_since, diagnosis.status
    if since is None:
        return {}
    packed = status == "awaiting_registration" or (
        status == "awaiting_deliver" and diagnosis.flow.lower() not in _REGISTERED_FIRST
    )
    name = "ordered" if diagnosis.stage is Stage.PACKING else "assembled" if packed else "standing"
    waiting = duration(context, context.now - since.latest)
    return {name: span(context, since), "since": span(context, since), "waiting": waiting}


def _watched(context: RenderContext, alert: Alert) -> str:
    """From the first alert to the last poll: the time in which no change was seen."""
    seen = alert.diagnosis.as_of
    return period(context, Interval(alert.opened_at, seen)) if seen is not None and seen >= alert.opened_at else ""


def _due(context: RenderContext, diagnosis: Diagnosis) -> dict[str, str]:
    if diagnosis.deadline is None:
        return {}
    return {"deadline" if diagnosis.deadline > context.now else "missed": dated(context, diagnosis.deadline)}


def _word(context: RenderContext, field: str, said: str) -> str:
    return value(context, Proof(field, said)) if said else ""


def _tracking(context: RenderContext, diagnosis: Diagnosis) -> str:
    """The tracking number; its absence is mentioned only if there should be one."""
    if diagnosis.tracking_number:
        return plain(diagnosis.tracking_number)
    return context.words.line.no_tracking if diagnosis.flow.lower() in TRACKED_FLOWS else ""


def _weight(context: RenderContext, diagnosis: Diagnosis) -> str:
    """Weight of the whole parcel, if Ozon gives that of every product."""
    if not all(product.weight > 0 for product in diagnosis.products):
        return ""
    kilograms = sum(product.weight * product.quantity for product in diagnosis.products)
    if not kilograms:
        return ""
    return f"{format_decimal(round(kilograms, 3), locale=context.words.locale)} {context.words.unit['kg']}"


def _proofs(context: RenderContext, diagnosis: Diagnosis) -> list[str]:
    """The other evidence of the cause, each with its start."""
    if diagnosis.incident:
        return []
    told = (proof for proof in diagnosis.evidence if proof.field not in _SAID_ELSEWHERE)
    return [context.words.line.proof.format(fact=dated_fact(context, proof)) for proof in told]


def _asked(context: RenderContext, diagnosis: Diagnosis) -> list[str]:
    """The requests that were made to Ozon, and its answers."""
    asked = ((proof.since, value(context, proof)) for proof in diagnosis.asked)
    return [context.words.line.asked.format(at=dated(context, at), answer=answer) for at, answer in asked if at]
