"""`causes`: everything that can delay a label, its evidence and its remedy."""

import os
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, Speak
from labelwatch.cli.terminal import as_json, is_terminal, say, table
from labelwatch.cli.verdicts import accuracy
from labelwatch.cli.words import language_of, phrases
from labelwatch.config import ConfigError
from labelwatch.core.rules import CAUSES, MEANINGS
from labelwatch.messages.catalog import Catalog, catalog, sayable
from labelwatch.web.words import words

Accuracy = Annotated[
    bool, typer.Option("--accuracy", help="Instead: how often the named cause was right, from `labelwatch cause`.")
]


def causes(
    config: ConfigFile = None, language: Speak = None, as_document: Json = False, right: Accuracy = False
) -> None:
    """List every cause: what it means, what proves it, what to do.

    It needs no configuration; with one, the texts come in its language.
    """
    if right:
        settings = settings_of_database(config)
        with database(settings) as db:
            accuracy(db, language or settings.language, as_document=as_document)
        return
    spoken = language or _configured(config) or language_of(os.environ)
    known = [_described(cause, catalog(spoken)) for cause in CAUSES]
    if as_document:
        as_json({"language": spoken, "causes": known})
    elif is_terminal():
        _print(known, spoken)
    else:
        said = phrases(spoken, "causes")
        table([said[key] for key in _COLUMNS], (_row(one, spoken) for one in known))


_COLUMNS = ("family", "cause", "name", "meaning")


def _configured(path: Path | None) -> str | None:
    if path is not None:
        return settings_of_database(path).language
    with suppress(ConfigError):
        return settings_of_database(None).language
    return None


def _described(cause: str, words: Catalog) -> dict[str, Any]:
    said, values = words.cause[cause], _example(words)
    return {
        "cause": cause,
        "family": str(CAUSES[cause]),
        "name": said.name,
        "meaning": " ".join(MEANINGS[cause].split()),
        "headline": sayable(said.headline, values)[0],
        "why": sayable(said.why, values)[0],
        "advice": sayable(said.advice, values)[0],
        "remedy": sayable(said.steps, values),
    }


def _example(words: Catalog) -> dict[str, str]:
    """Placeholder values of the remedies if there is no posting."""
    return {
        "shop": "main",
        "carrier": words.line.carrier,
        "posting": "41517061-0214-1",
        "order": "41517061-0214",
        "skus": "S5200657-28",
        "waiting": "40 min",
        "wait_until": "18:00",
    }


def _meaning(one: dict[str, Any], language: str) -> list[str]:
    """What a cause is and its evidence. In English it is part of the rule, else of the catalog."""
    proof = catalog(language).proof.get(one["cause"])
    if proof is None:
        return [str(one["meaning"])]
    return [one["why"], phrases(language, "causes")["proof"].format(proof=proof)]


def _row(one: dict[str, Any], language: str) -> tuple[str, ...]:
    gap = catalog(language).line.sentence_gap
    return one["family"], one["cause"], one["name"], gap.join(_meaning(one, language))


def _print(known: list[dict[str, Any]], language: str) -> None:
    families, gap = words(language).said["family"], catalog(language).line.sentence_gap
    for family, members in groupby(known, key=lambda one: one["family"]):
        say(families.get(family, family), style="bold underline")
        say()
        for one in members:
            say(f"{one['name']}  ({one['cause']})", style="bold")
            say(f"  {_meaning(one, language)[-1]}", style="dim")
            say(f"  {one['why']}{gap}{one['advice']}")
            for place, step in enumerate(one["remedy"], 1):
                say(f"  {place}. {step}")
            say()
