"""Letters ready to be sent, to Ozon's support, the carrier or the buyer: complete, dated, without a buyer's data.

Support cannot be written to by a program, so a text to paste is the most that can be done. Whoever reads it must not
have to ask back: the number, the times between which things were seen, what was tried and what is asked for all
stand in it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from labelwatch.core.detect import TRACKED_FLOWS
from labelwatch.core.model import Alert, Diagnosis, Interval, Proof, Stage, Verdict
from labelwatch.notify import wording
from labelwatch.notify.catalog import catalog, first, sayable
from labelwatch.notify.links import SUPPORT_LINK, link
from labelwatch.notify.message import Section
from labelwatch.notify.moments import More, Voice, dated, duration, period, span
from labelwatch.notify.plain import plain
from labelwatch.notify.proofs import dated_fact, value


class Kind(StrEnum):
    """To whom a letter goes."""

    SUPPORT = "support"
    CARRIER = "carrier"
    BUYER = "buyer"


SUPPORT, CARRIER, BUYER = Kind

KINDS: Mapping[str, tuple[Kind, ...]] = {
    "no_label_in_this_flow": (CARRIER,),
    "method_broken": (SUPPORT,),
    "method_disabled": (SUPPORT,),
    "warehouse_archived": (SUPPORT,),
    "warehouse_paused": (SUPPORT,),
    "over_dropoff_limits": (SUPPORT,),
    "method_never_labelled": (CARRIER, SUPPORT),
    "passport_data_missing": (BUYER,),
    "split_pending": (SUPPORT,),
    "arbitration": (SUPPORT,),
    "not_accepted": (SUPPORT,),
    "recipient_incomplete": (BUYER, SUPPORT),
    "label_refused": (SUPPORT,),
    "unknown_state": (SUPPORT,),
    "assembly_failed": (SUPPORT,),
    "assembly_running": (SUPPORT,),
    "ozon_accepting": (SUPPORT,),
    "registration_declined": (CARRIER, SUPPORT),
    "registration_pending": (CARRIER, SUPPORT),
    "tracking_missing": (CARRIER, SUPPORT),
    "carrier_incident": (CARRIER, SUPPORT),
    "platform_incident": (SUPPORT,),
    "shop_incident": (SUPPORT,),
    "label_pending": (SUPPORT,),
    "label_overdue": (SUPPORT,),
    "unexplained": (SUPPORT,),
}
"""Who else has to act, by cause; whom to write to first comes first. Elsewhere the seller needs nobody."""

RUSSIAN = "ru"
MOSCOW = "Europe/Moscow"
"""Ozon's support and its buyers read Russian, and support goes by Moscow time."""

_REGISTERED_FIRST = frozenset({"aggregator", "hybrid_aggregator"})
"""Flows in which `awaiting_deliver` is not reached by packing but by the carrier's registration."""
_SAID_ELSEWHERE = frozenset({"status", "substatus", "flow", "tracking_number", "label_task", "recipient"})


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to copy; `where` is the page to paste it into, empty where the seller's own way is used."""

    to: str
    where: str
    language: str
    subject: str
    text: str


def kinds_of(alert: Alert) -> tuple[Kind, ...]:
    """The letters that make sense for this alert; none once it is over, or while its label is only awaited."""
    return _useful(alert.diagnosis) if alert.resolved_at is None else ()


def _useful(diagnosis: Diagnosis) -> tuple[Kind, ...]:
    is_awaited = diagnosis.cause == "label_pending" and diagnosis.verdict is Verdict.WAIT
    return () if is_awaited else KINDS.get(diagnosis.cause, ())


def language_of(kind: Kind, reader: str) -> str:
    """In which language a letter is sent: Russian, but to a carrier the seller's own."""
    return reader if kind is Kind.CARRIER else RUSSIAN


def letter(kind: Kind, alert: Alert, *, language: str, zone: str, now: datetime) -> Letter:
    """The letter about this alert; in another language than `language_of` says it is a translation for the seller.

    Clock times are Moscow's, but to a carrier those of `zone`. ValueError where there is no such letter.
    """
    diagnosis = alert.diagnosis
    if kind not in kinds_of(alert):
        raise ValueError(f"no letter to {kind} is of use for the cause {diagnosis.cause}")
    voice = Voice(catalog(language), ZoneInfo(zone if kind is Kind.CARRIER else MOSCOW), now)
    words, known = voice.words.letter[kind], _values(voice, alert)
    plea = words.cause[diagnosis.cause]
    paragraphs = (
        words.hello,
        first(plea.say, known),
        "\n".join([*sayable(words.facts, known), *(_proofs(voice, diagnosis) if words.facts else ())]),
        "\n".join([*sayable(words.tried, known), *(_asked(voice, diagnosis) if words.tried else ())]),
        first(plea.ask, known),
        words.close,
    )
    return Letter(
        to=words.to.format(carrier=known.get("carrier", voice.words.line.carrier)),
        where={Kind.SUPPORT: SUPPORT_LINK, Kind.BUYER: link(diagnosis)}.get(kind, ""),
        language=language,
        subject=first(words.subject, known),
        text="\n\n".join(filter(None, paragraphs)),
    )


def messages_of(alert: Alert, *, language: str, zone: str, now: datetime) -> dict[str, dict[str, Any]]:
    """Every letter of use for this alert by kind, as JSON objects; `translation` is null, or the same letter in the
    reader's `language` where that is not its own."""
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds_of(alert):
        sent = language_of(kind, language)
        found[str(kind)] = asdict(letter(kind, alert, language=sent, zone=zone, now=now)) | {
            "translation": asdict(letter(kind, alert, language=language, zone=zone, now=now))
            if language != sent
            else None
        }
    return found


def hint(voice: Voice, diagnosis: Diagnosis) -> str:
    """How to get at the letters of a posting; that support must be written to by hand is said here."""
    kinds, line = _useful(diagnosis), voice.words.line
    if not kinds or diagnosis.posting_number is None:
        return ""
    elsewhere = {
        More.BUTTONS: line.letters_button.format(button=voice.words.button["details"]),
        More.BOARD: line.letters_board.format(
            link=f"{voice.board}posting/{quote(diagnosis.posting_number, safe='')}"
        ),
        More.NOBODY: line.letters_nowhere,
        More.HERE: "",
    }
    if voice.more in elsewhere:
        return elsewhere[voice.more]
    template = line.letters_by_hand if Kind.SUPPORT in kinds else line.letters
    named = kinds[0] if len(kinds) == 1 else line.either.format(kind=kinds[0], other=kinds[1])
    return template.format(posting=plain(diagnosis.posting_number), kind=named)


def in_full(voice: Voice, alert: Alert) -> Section:
    """The letter that is to be sent first, as the end of a message; empty where there is none."""
    kind = next(iter(kinds_of(alert)), None)
    if kind is None or alert.diagnosis.posting_number is None:
        return Section()
    language = language_of(kind, voice.words.language)
    one = letter(kind, alert, language=language, zone=voice.zone.key, now=voice.now)
    to = voice.words.letter[kind].to.format(carrier=plain(alert.diagnosis.method.carrier) or voice.words.line.carrier)
    return Section(voice.words.line.letters_here.format(to=to), tuple(one.text.splitlines()), aside=True)


def _values(voice: Voice, alert: Alert) -> dict[str, str]:
    """What may stand in braces in a letter, every time with its date; what is not known is left out."""
    diagnosis = alert.diagnosis
    known = wording.values(voice, diagnosis, zoned=True)
    if not diagnosis.method.carrier:
        del known["carrier"]
    known |= {
        "status": _word(voice, "status", diagnosis.status),
        "substatus": _word(voice, "substatus", diagnosis.substatus),
        "flow": _word(voice, "flow", diagnosis.flow),
        "tracking": _tracking(voice, diagnosis),
        "goods": wording.list_of_goods(voice, diagnosis),
        "weight": _weight(voice, diagnosis),
        "watched": _watched(voice, alert),
    }
    known |= _since(voice, diagnosis) | _due(voice, diagnosis)
    return {name: text for name, text in known.items() if text}


def _since(voice: Voice, diagnosis: Diagnosis) -> dict[str, str]:
    """Since when it waits, under the name of what happened then."""
    since, status = diagnosis.waiting_since, diagnosis.status
    if since is None:
        return {}
    packed = status == "awaiting_registration" or (
        status == "awaiting_deliver" and diagnosis.flow.lower() not in _REGISTERED_FIRST
    )
    name = "ordered" if diagnosis.stage is Stage.PACKING else "assembled" if packed else "standing"
    waiting = duration(voice, voice.now - since.latest)
    return {name: span(voice, since), "since": span(voice, since), "waiting": waiting}


def _watched(voice: Voice, alert: Alert) -> str:
    """From the first alert to the last reading of Ozon: so long nothing changed before our eyes."""
    seen = alert.diagnosis.as_of
    return period(voice, Interval(alert.opened_at, seen)) if seen is not None and seen >= alert.opened_at else ""


def _due(voice: Voice, diagnosis: Diagnosis) -> dict[str, str]:
    if diagnosis.deadline is None:
        return {}
    return {"deadline" if diagnosis.deadline > voice.now else "missed": dated(voice, diagnosis.deadline)}


def _word(voice: Voice, field: str, said: str) -> str:
    return value(voice, Proof(field, said)) if said else ""


def _tracking(voice: Voice, diagnosis: Diagnosis) -> str:
    """The number; that there is none is worth saying only where there should be one."""
    if diagnosis.tracking_number:
        return plain(diagnosis.tracking_number)
    return voice.words.line.no_tracking if diagnosis.flow.lower() in TRACKED_FLOWS else ""


def _weight(voice: Voice, diagnosis: Diagnosis) -> str:
    """Of the whole parcel, where Ozon tells it of every product."""
    if not all(product.weight > 0 for product in diagnosis.products):
        return ""
    kilograms = sum(product.weight * product.quantity for product in diagnosis.products)
    if not kilograms:
        return ""
    return f"{format_decimal(round(kilograms, 3), locale=voice.words.locale)} {voice.words.unit['kg']}"


def _proofs(voice: Voice, diagnosis: Diagnosis) -> list[str]:
    """What else proves the cause, each with since when."""
    if wording.is_incident(diagnosis):
        return []
    told = (proof for proof in diagnosis.evidence if proof.field not in _SAID_ELSEWHERE)
    return [voice.words.line.proof.format(fact=dated_fact(voice, proof)) for proof in told]


def _asked(voice: Voice, diagnosis: Diagnosis) -> list[str]:
    """The questions that were put to Ozon, and its answers."""
    asked = ((proof.since, value(voice, proof)) for proof in diagnosis.asked)
    return [voice.words.line.asked.format(at=dated(voice, at), answer=answer) for at, answer in asked if at]
