"""Reasons as the English sentences that they are in the log and in the JSON."""

from dataclasses import replace

from labelwatch.channels.base import Delivered, Result
from labelwatch.core.text import Text
from labelwatch.i18n import translate


def because(text: str) -> Text:
    """A reason that is its own sentence."""
    return Text("as_is", {"text": text})


def english(reason: Text | None) -> str:
    """A reason in words; empty = there is none."""
    return translate(reason or "", "en")


def worded(result: Result) -> Result:
    """The same result with its reason in words."""
    return result if isinstance(result, Delivered) else replace(result, error=because(english(result.error)))
