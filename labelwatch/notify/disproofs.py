"""What ruled a cause out, in the reader's language: the core keeps it as `field=value` or in an English sentence."""

from labelwatch.core.model import Proof
from labelwatch.notify.moments import Voice
from labelwatch.notify.proofs import fact
from labelwatch.notify.reasons import known

_WITHOUT = " without "


def because(voice: Voice, text: str) -> str:
    """An observation that excludes a cause."""
    language = voice.words.language
    said = known(text, language) if language != "en" else None  # in English the core wrote it as ids
    if said is not None:
        return said
    field, separator, value = text.partition("=")
    if separator:
        own = value in voice.words.value.get(field, {})
        return fact(voice, Proof(field, value if own else known(value, language) or value))
    field, separator, value = text.partition(_WITHOUT)
    return fact(voice, Proof(field, _WITHOUT.lstrip() + value)) if separator and field in voice.words.field else text
