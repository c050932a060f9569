"""What proves a cause, in words: a field, its value as Ozon wrote it and as the reader says it."""

import re
from collections.abc import Callable, Iterable, Mapping

from labelwatch.core.incidents import Scope
from labelwatch.core.model import Diagnosis, Proof
from labelwatch.notify.catalog import counted
from labelwatch.notify.moments import Voice, clock, dated
from labelwatch.notify.plain import plain

LIMITS = frozenset({"weight", "price", "size"})
"""Fields whose value is `what it is > what is allowed`."""

_TALLY = re.compile(r"(\d+) of (\d+) late")
_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
_UNIT = re.compile(r"(?<= )(g|cm|RUB)\b")
_EMPTY = "empty: "
_QUOTED = 240


def fact(voice: Voice, proof: Proof) -> str:
    """`status awaiting packaging (awaiting_packaging)`: Ozon's word in the reader's language, then as it is."""
    return voice.words.line.fact.format(field=_field(voice, proof.field), value=value(voice, proof))


def dated_fact(voice: Voice, proof: Proof) -> str:
    """The same for a letter, with since when it is known to be so."""
    if proof.since is None:
        return fact(voice, proof)
    since, line = dated(voice, proof.since), voice.words.line
    if proof.field == "warehouse.pause_at":
        return line.fact.format(field=_field(voice, proof.field), value=since)
    return line.fact_since.format(fact=fact(voice, proof), since=since)


def in_order(proofs: Iterable[Proof]) -> list[Proof]:
    order = {"status": 0, "substatus": 1}
    return sorted(proofs, key=lambda proof: order.get(proof.field, 2))


def found(diagnosis: Diagnosis, field: str) -> Proof | None:
    """The proof in this field, if there is one."""
    return next((proof for proof in diagnosis.evidence if proof.field == field), None)


def ozons_words(voice: Voice, diagnosis: Diagnosis) -> str:
    """What Ozon answered when it was asked for the label, word for word; empty when it gave no words."""
    task = found(diagnosis, "label_task")
    if task is None or task.value in voice.words.value["label_task"]:
        return ""
    return plain(task.value, _QUOTED)


def quoted(voice: Voice, text: str) -> str:
    """Ozon's own words in quotes; a reader of another language is told what they mean, or which language that is."""
    line = voice.words.line
    if not text or voice.words.language == "ru" or not _RUSSIAN.search(text):
        return line.quoted.format(text=text) if text else ""
    meaning = voice.words.meaning.get(text.strip(" ."))
    return (
        line.quoted_meaning.format(text=text, meaning=meaning) if meaning else line.quoted_foreign.format(text=text)
    )


def over_limits(voice: Voice, diagnosis: Diagnosis) -> str:
    """What is too heavy, too dear or too big, and how much of it is allowed."""
    return voice.words.line.list_gap.join(fact(voice, proof) for proof in diagnosis.evidence if proof.field in LIMITS)


def value(voice: Voice, proof: Proof) -> str:
    """The value in words where there are some."""
    said, known = plain(proof.value, _QUOTED), voice.words.value.get(proof.field, {})
    if not said:
        return voice.words.line.empty
    if proof.value in known:
        return known[proof.value]
    if (tally := _TALLY.fullmatch(proof.value)) is not None:
        return tally_of(voice, late=int(tally[1]), total=int(tally[2]))
    special = _SPECIAL.get(proof.field)
    if special is not None:
        return special(voice, proof)
    word = _status_words(voice).get(proof.field, {}).get(proof.value)
    return voice.words.line.raw.format(word=word, value=said) if word else said


def tally_of(voice: Voice, *, late: int, total: int) -> str:
    """`63 of 80 labels`."""
    labels = counted(voice.words, voice.words.count.of_labels, total)
    return voice.words.line.tally.format(late=late, labels=labels)


def _field(voice: Voice, field: str) -> str:
    words = voice.words
    kind, separator, name = field.partition(":")
    if separator and kind in list(Scope):
        of_shop = words.line.shop.format(shop=plain(name))
        return {Scope.CARRIER: plain(name, 40) or words.line.carrier, Scope.SHOP: of_shop}.get(Scope(kind), "Ozon")
    if field.startswith("requirements."):
        key = field.removeprefix("requirements.")
        return words.line.requirement.format(requirement=words.requirement.get(key, plain(key, 40)))
    return words.field.get(field, plain(field, 40))


def _status_words(voice: Voice) -> Mapping[str, Mapping[str, str]]:
    return {"status": voice.words.status, "substatus": voice.words.substatus, "flow": voice.words.flow}


def _over(voice: Voice, proof: Proof) -> str:
    seen, _, allowed = (
        plain(_UNIT.sub(lambda unit: voice.words.unit[unit[0]], part)).replace(" x ", " × ")
        for part in proof.value.partition(" > ")
    )
    return voice.words.line.over.format(value=seen, limit=allowed) if allowed else seen


def _gaps(voice: Voice, proof: Proof) -> str:
    names = proof.value.removeprefix(_EMPTY).split(", ")
    known = voice.words.value["recipient"]
    return voice.words.line.list_gap.join(known.get(name, plain(name, 40)) for name in names)


def _moment(voice: Voice, proof: Proof) -> str:
    return clock(voice, proof.since) if proof.since is not None else plain(proof.value)


_SPECIAL: Mapping[str, Callable[[Voice, Proof], str]] = {
    **dict.fromkeys(LIMITS, _over),
    "recipient": _gaps,
    "warehouse.pause_at": _moment,
}
