"""An export for people: headings and values in their language, times in their zone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from labelwatch.cli.words import Words, words
from labelwatch.core.lateness import LABEL_ACTIONS
from labelwatch.core.subject import Channel, Database, IncidentId, Polls, Summary
from labelwatch.i18n import translate
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext
from labelwatch.web.words import words as words_of_the_board

Row = Sequence[object]
In_words = Callable[[Any], str]


def headings(columns: Sequence[str], times: frozenset[str], context: RenderContext) -> tuple[str, ...]:
    """The headings in words; those of times with the zone."""
    said, names = words(context.words.language).say["export"], words(context.words.language).say["column"]
    zone = context.words.zone.get(context.zone.key, context.zone.key)
    return tuple(said["time"].format(name=names[one], zone=zone) if one in times else names[one] for one in columns)


def readable(what: str, columns: Sequence[str], rows: Iterable[Row], context: RenderContext) -> Iterator[Row]:
    """The rows with readable values; a value that is not in the catalog stays as it is."""
    told = _words_by_column(context, what)

    def cell(column: str, value: object) -> object:
        if isinstance(value, datetime):
            return f"{value.astimezone(context.zone):%Y-%m-%d %H:%M:%S}"
        in_words = told.get(column)
        return in_words(value) if in_words is not None and value not in (None, "") else value

    for row in rows:
        yield [cell(column, value) for column, value in zip(columns, row, strict=True)]


def _words_by_column(context: RenderContext, what: str) -> Mapping[str, In_words]:
    own, gap, language = words(context.words.language), context.words.line.list_gap, context.words.language
    states = (
        own.say["state"] if what == "outbox" else {**context.words.state, "snoozed": own.say["export"]["snoozed"]}
    )
    tables: Mapping[str, Mapping[str, str]] = {
        "state": states,
        "reason": own.say["reason"],
        "stage": own.say["stage"],
        "verdict": own.say["todo"],
        "family": words_of_the_board(language).said["family"],
        "severity": context.words.severity,
        "certainty": context.words.certainty,
        "outcome": context.words.outcome,
        "status": context.words.status,
        "substatus": context.words.substatus,
        "flow": context.words.flow,
        "possible_duplicate": {"true": own.say["poll"]["yes"], "false": own.say["poll"]["no"]},
    }
    special: dict[str, In_words] = {
        "cause": lambda cause: words_of(context, cause).name,
        "error": lambda error: translate(error, language),
        "incident": partial(_event, own),
        "actions": partial(_label, own),
        "requirements": lambda keys: gap.join(context.words.requirement.get(key, key) for key in keys.split()),
    }
    return {column: partial(_looked_up, table) for column, table in tables.items()} | special


def _looked_up(table: Mapping[str, str], value: str) -> str:
    return table.get(value, value)


def _label(own: Words, actions: str) -> str:
    """Whether the label can be printed, of all actions that Ozon offers for a posting."""
    return own.say["poll"]["no" if LABEL_ACTIONS.isdisjoint(actions.split()) else "yes"]


def _event(own: Words, event: IncidentId | Channel | Database | Polls | Summary) -> str:
    """`carrier: Aurora Post`."""
    match event:
        case IncidentId(scope, name):
            kind = str(scope)
        case Channel(name):
            kind = "channel"
        case Summary(name, summary):
            kind = summary.value
        case Database():
            kind, name = "database", ""
        case Polls():
            kind, name = "polls", ""
    of_kind = own.say["incident"].get(kind, kind)
    return f"{of_kind}: {plain(name)}" if name else of_kind
