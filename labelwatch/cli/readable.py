"""What is exported, for people: headings and values in their language, times by their clocks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from labelwatch.cli.words import Words, words
from labelwatch.core.detect import LABEL_ACTIONS
from labelwatch.notify.moments import Voice
from labelwatch.notify.plain import plain
from labelwatch.notify.reasons import spoken
from labelwatch.notify.wording import words_of
from labelwatch.web.words import words as words_of_the_board

Row = Sequence[object]
In_words = Callable[[str], str]


def headings(columns: Sequence[str], times: frozenset[str], voice: Voice) -> tuple[str, ...]:
    """The columns in words; those of times with the zone."""
    said, names = words(voice.words.language).say["export"], words(voice.words.language).say["column"]
    zone = voice.words.zone.get(voice.zone.key, voice.zone.key)
    return tuple(said["time"].format(name=names[one], zone=zone) if one in times else names[one] for one in columns)


def readable(what: str, columns: Sequence[str], rows: Iterable[Row], voice: Voice) -> Iterator[Row]:
    """The rows with each value as people write it; what has no words stays as it is."""
    told = _words_by_column(voice, what)

    def cell(column: str, value: object) -> object:
        if isinstance(value, datetime):
            return f"{value.astimezone(voice.zone):%Y-%m-%d %H:%M:%S}"
        in_words = told.get(column)
        return in_words(str(value)) if in_words is not None and value not in (None, "") else value

    for row in rows:
        yield [cell(column, value) for column, value in zip(columns, row, strict=True)]


def _words_by_column(voice: Voice, what: str) -> Mapping[str, In_words]:
    own, gap, language = words(voice.words.language), voice.words.line.list_gap, voice.words.language
    states = own.say["state"] if what == "outbox" else {**voice.words.state, "snoozed": own.say["export"]["snoozed"]}
    tables: Mapping[str, Mapping[str, str]] = {
        "state": states,
        "reason": own.say["reason"],
        "stage": own.say["stage"],
        "verdict": own.say["todo"],
        "family": words_of_the_board(language).said["family"],
        "severity": voice.words.severity,
        "certainty": voice.words.certainty,
        "outcome": voice.words.outcome,
        "status": voice.words.status,
        "substatus": voice.words.substatus,
        "flow": voice.words.flow,
        "possible_duplicate": {"true": own.say["poll"]["yes"], "false": own.say["poll"]["no"]},
    }
    special: dict[str, In_words] = {
        "cause": lambda cause: words_of(voice, cause).name,
        "error": lambda error: spoken(error, language),
        "incident": partial(_incident, own),
        "actions": partial(_label, own),
        "requirements": lambda keys: gap.join(voice.words.requirement.get(key, key) for key in keys.split()),
    }
    return {column: partial(_looked_up, table) for column, table in tables.items()} | special


def _looked_up(table: Mapping[str, str], value: str) -> str:
    return table.get(value, value)


def _label(own: Words, actions: str) -> str:
    """Of all that Ozon offers at a posting, whether its label can be printed."""
    return own.say["poll"]["no" if LABEL_ACTIONS.isdisjoint(actions.split()) else "yes"]


def _incident(own: Words, key: str) -> str:
    """`carrier: Aurora Post`."""
    kind, _, name = key.partition(":")
    of_kind = own.say["incident"].get(kind, kind)
    return f"{of_kind}: {plain(name)}" if name else of_kind
