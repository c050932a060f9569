"""The languages have the same files, and each file says the same with the same names in it."""

from collections.abc import Iterator
from importlib.resources import files
from string import Formatter
from typing import Any

import pytest

import labelwatch.i18n
from labelwatch.i18n import LANGUAGES, source

LOCALE = files(labelwatch.i18n).joinpath("locale")
NAMES = sorted(file.name.removesuffix(".toml") for file in LOCALE.joinpath("en").iterdir())
SILENT = (".reason.first", ".line.unit_gap", ".line.sentence_gap", ".trouble.")
"""What may be empty: some languages need nothing there, and some failures say it in a line of their own."""
PROOFS = ".proof."
"""In English they stand with the rules."""


def leaves(table: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a catalog with its place; plural forms count as one."""
    if isinstance(table, str):
        yield path, table
    elif isinstance(table, dict) and "other" in table and table.keys() <= {"one", "few", "many", "other"}:
        yield path, table["other"]
    else:
        for key, value in table.items() if isinstance(table, dict) else enumerate(table):
            yield from leaves(value, f"{path}.{key}")


def places(language: str, name: str) -> dict[str, set[str]]:
    """By key what is filled in; some sentences of `config` are complete in one language only."""
    return {
        path.rpartition(".")[2] if name == "config" else path: placeholders(text)
        for path, text in leaves(source(language, name))
        if not path.startswith(PROOFS)
    }


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_a_folder_with_the_same_files() -> None:
    found = {folder.name: {file.name for file in folder.iterdir()} for folder in LOCALE.iterdir()}
    assert found == {language: {f"{name}.toml" for name in NAMES} for language in LANGUAGES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["zh", "ru"])
def test_a_language_has_the_keys_of_english_and_fills_in_the_same(language: str, name: str) -> None:
    assert places(language, name) == places("en", name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there(language: str, name: str) -> None:
    said = leaves(source(language, name))
    assert [path for path, text in said if not text.strip() and not path.startswith(SILENT)] == []


def test_a_language_nobody_wrote_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no words in language 'fr': choose one of zh, ru, en"):
        source("fr", "messages")
