"""What ruled a cause out, in the reader's language: the core keeps it as `field=value` or in an English sentence."""

from labelwatch.core.model import Proof
from labelwatch.notify.moments import Voice
from labelwatch.notify.proofs import fact
from labelwatch.notify.reasons import known


def because(voice: Voice, text: str) -> str:
    """An observation that excludes a cause; in English as the core wrote it."""
    language = voice.words.language
    said = known(text, language)
    if said is not None:
        return said
    field, separator, value = text.partition("=")
    if not separator:
        return text
    return fact(voice, Proof(field, known(value, language) or value))
