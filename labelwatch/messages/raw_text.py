"""Texts of our own in English, as programs read them: in JSON, in the log and in the export."""

from labelwatch.core.text import Text
from labelwatch.i18n import translate

RAW = {
    "action_absent": "available_actions without {raw}",
    "gaps": "empty: {names}",
    "gave_labels": "this delivery method has given labels before",
    "incident": "incident={raw}",
    "is": "{field}={value}",
    "label_not_asked": "label_task=not asked",
    "late_of": "{late} of {total} late",
    "method_unlisted": "delivery_method.status=not listed",
    "no_incident": "incident=none",
    "over": "{value} {unit} > {limit} {unit}",
    "rule_kept": "restrictions are kept",
    "rule_unknown": "restrictions=unknown",
    "said": "{raw}",
    "waiting_longer": "waiting longer than {seconds} s",
    "watched_few": "only {number} postings of this delivery method were watched to the end",
}


def raw(said: str | Text) -> str:
    """A text in English; what Ozon or a service wrote stays as it is."""
    if isinstance(said, str):
        return said
    if said.key not in RAW:
        return translate(said, "en")
    values = {name: ", ".join(one) if isinstance(one, tuple) else one for name, one in said.values.items()}
    return RAW[said.key].format_map(values)
