"""Why a cause was ruled out, in the reader's language: the core keeps `field=value` or an English sentence."""

from labelwatch.core.alert import Proof
from labelwatch.messages.channel_errors import known
from labelwatch.messages.evidence_text import fact
from labelwatch.messages.time_format import RenderContext

_WITHOUT = " without "


def because(context: RenderContext, text: str) -> str:
    """An observation that excludes a cause."""
    language = context.words.language
    said = known(text, language) if language != "en" else None  # in English the core wrote it as ids
    if said is not None:
        return said
    field, separator, value = text.partition("=")
    if separator:
        own = value in context.words.value.get(field, {})
        return fact(context, Proof(field, value if own else known(value, language) or value))
    field, separator, value = text.partition(_WITHOUT)
    return (
        fact(context, Proof(field, _WITHOUT.lstrip() + value)) if separator and field in context.words.field else text
    )
