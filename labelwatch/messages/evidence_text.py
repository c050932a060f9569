"""Evidence in words: a field, its value as Ozon wrote it and in the reader's language."""

import re
from collections.abc import Iterable, Mapping

from labelwatch.core.alert import Diagnosis, Proof
from labelwatch.core.subject import Scope
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.messages.catalog import counted
from labelwatch.messages.plain import plain
from labelwatch.messages.raw_text import RAW, raw
from labelwatch.messages.time_format import RenderContext, clock, dated

LIMITS = frozenset({"weight", "price", "size"})
"""Fields whose value is what it is, and what is allowed."""

_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
_QUOTED = 240


def fact(context: RenderContext, proof: Proof) -> str:
    """`status awaiting packaging (awaiting_packaging)`: Ozon's word in the reader's language, then as it is."""
    return context.words.line.fact.format(field=_field(context, proof), value=value(context, proof))


def dated_fact(context: RenderContext, proof: Proof) -> str:
    """The same for a letter, with the time since which it is known."""
    if proof.since is None:
        return fact(context, proof)
    since, line = dated(context, proof.since), context.words.line
    if proof.field == "warehouse.pause_at":
        return line.fact.format(field=_field(context, proof), value=since)
    return line.fact_since.format(fact=fact(context, proof), since=since)


def in_order(proofs: Iterable[Proof]) -> list[Proof]:
    order = {"status": 0, "substatus": 1}
    return sorted(proofs, key=lambda proof: order.get(proof.field, 2))


def found(diagnosis: Diagnosis, field: str) -> Proof | None:
    """The proof in this field, if there is one."""
    return next((proof for proof in diagnosis.evidence if proof.field == field), None)


def quoted_from_ozon(context: RenderContext, diagnosis: Diagnosis) -> str:
    """Ozon's answer to the request for the label, verbatim; empty if it gave no text."""
    task = found(diagnosis, "label_task")
    if task is None or (said := raw(task.value)) in context.words.value["label_task"]:
        return ""
    return plain(said, _QUOTED)


def quoted(context: RenderContext, text: str) -> str:
    """Ozon's own words in quotes, with their meaning or their language if the reader's is another."""
    line = context.words.line
    if not text or context.words.language == "ru" or not _RUSSIAN.search(text):
        return line.quoted.format(text=text) if text else ""
    meaning = context.words.meaning.get(text.strip(" ."))
    return (
        line.quoted_meaning.format(text=text, meaning=meaning) if meaning else line.quoted_foreign.format(text=text)
    )


def over_limits(context: RenderContext, diagnosis: Diagnosis) -> str:
    """What is too heavy, too dear or too big, and how much of it is allowed."""
    return context.words.line.list_gap.join(
        fact(context, proof) for proof in diagnosis.evidence if proof.field in LIMITS
    )


def value(context: RenderContext, proof: Proof) -> str:
    """The value in words, if the catalog has them."""
    if isinstance(proof.value, Text):
        return _in_words(context, proof.value)
    said, known = plain(proof.value, _QUOTED), context.words.value.get(proof.field, {})
    if not said:
        return context.words.line.empty
    if proof.value in known:
        return known[proof.value]
    if proof.field == "warehouse.pause_at" and proof.since is not None:
        return clock(context, proof.since)
    word = _status_words(context).get(proof.field, {}).get(proof.value)
    return context.words.line.raw.format(word=word, value=said) if word else said


def _in_words(context: RenderContext, text: Text) -> str:
    words = context.words
    match text:
        case Text("late_of", {"late": int(late), "total": int(total)}):
            return group_count_of(context, late=late, total=total)
        case Text("over", {"value": str(seen), "limit": str(limit), "unit": str(unit)}):
            seen, limit = (f"{one} {words.unit[unit]}".replace(" x ", " × ") for one in (seen, limit))
            return words.line.over.format(value=seen, limit=limit)
        case Text("gaps", {"names": tuple(names)}):
            return words.line.list_gap.join(words.value["recipient"].get(name, plain(name, 40)) for name in names)
    return plain(raw(text) if text.key in RAW else translate(text, words.language), _QUOTED)


def because(context: RenderContext, text: Text) -> str:
    """An observation that excludes a cause."""
    said = context.words.ruled_out
    match text:
        case Text("is", {"field": str(field), "value": str(value)}):
            own = value in context.words.value.get(field, {})
            return fact(context, Proof(field, value if own else said.get(value, value)))
    return said[text.key].format_map(text.values) if text.key in said else raw(text)


def group_count_of(context: RenderContext, *, late: int, total: int) -> str:
    """`63 of 80 labels`."""
    labels = counted(context.words, context.words.count.of_labels, total)
    return context.words.line.tally.format(late=late, labels=labels)


def _field(context: RenderContext, proof: Proof) -> str:
    words, field = context.words, proof.field
    match proof.value:
        case Text("late_of", {"scope": Scope.CARRIER, "name": str(name)}):
            return plain(name, 40) or words.line.carrier
        case Text("late_of", {"scope": Scope.SHOP, "name": str(name)}):
            return words.line.shop.format(shop=plain(name))
        case Text("late_of"):
            return "Ozon"
    if field.startswith("requirements."):
        key = field.removeprefix("requirements.")
        return words.line.requirement.format(requirement=words.requirement.get(key, plain(key, 40)))
    return words.field.get(field, plain(field, 40))


def _status_words(context: RenderContext) -> Mapping[str, Mapping[str, str]]:
    return {"status": context.words.status, "substatus": context.words.substatus, "flow": context.words.flow}
