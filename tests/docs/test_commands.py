"""Every command stands in the guides, and what stands there can be run."""

import re

import pytest
import typer

from labelwatch.cli import application
from tests.docs.generate import commands
from tests.docs.pages import BOOKS, PAGES, READMES, ROOT, code, guide, rows

ROW = re.compile(r"`labelwatch ([a-z-]+(?: [a-z]+)?)(?: [A-Z0-9].*)?`")
OPTION = re.compile(r"`(--[a-z-]+)`")
COMMANDS = dict(commands(typer.main.get_command(application())))
OF_NONE = {"--version", "--install-completion", "--help"}
"""Options of `labelwatch` itself."""


def listed(language: str) -> dict[str, list[str]]:
    """Command -> the cells beside it in the guide's table."""
    table = rows(PAGES[guide(language, "commands")])
    return {match[1]: cells[1:] for cells in table if (match := ROW.fullmatch(cells[0]))}


def options(command: "typer.models.CommandInfo | object") -> set[str]:
    parameters = getattr(command, "params", ())
    return {text for parameter in parameters for text in parameter.opts if text.startswith("--")}


def called_name(words: str) -> str:
    """The command that a line begins with: `outbox retry 5` is not `outbox`."""
    first, second = [*words.split()[:2], ""][:2]
    return f"{first} {second}" if f"{first} {second}" in COMMANDS else first


@pytest.mark.parametrize("language", READMES)
def test_the_table_names_exactly_the_commands_that_there_are(language: str) -> None:
    assert set(listed(language)) == set(COMMANDS)


@pytest.mark.parametrize("language", READMES)
def test_every_option_named_beside_a_command_is_one_of_its_own(language: str) -> None:
    wrong = {
        name: unknown
        for name, (does, _) in listed(language).items()
        if (unknown := set(OPTION.findall(does)) - options(COMMANDS[name]))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", READMES)
def test_the_table_says_which_commands_print_json(language: str) -> None:
    with_json = {name for name, (_, json) in listed(language).items() if json}
    assert with_json == {name for name, command in COMMANDS.items() if "--json" in options(command)}


@pytest.mark.parametrize("language", READMES)
def test_code_calls_only_commands_and_options_that_exist(language: str) -> None:
    scripts = "\n".join(code(BOOKS[language], "sh"))
    called = re.findall(r"^(?:sudo )?labelwatch ([a-z][a-z-]*)([^#\n]*)", scripts, re.MULTILINE)
    assert len(called) >= 15
    for first, rest in called:
        name = called_name(first + rest)
        assert set(re.findall(r"--[a-z-]+", rest)) <= options(COMMANDS[name]), name


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_sentence_names_exists_with_its_options(page: str) -> None:
    called = re.findall(r"`(?:sudo )?labelwatch ((?:[^`\n]|\n(?!\n))+)`", PAGES[page])
    for words in called:
        if words.startswith("--"):
            assert set(words.split()) <= OF_NONE, words
            continue
        name = called_name(words)
        assert name in COMMANDS or f"{name} " in "".join(f"{one} " for one in COMMANDS), words
        known = options(COMMANDS[name]) if name in COMMANDS else OF_NONE
        assert set(re.findall(r"--[a-z-]+", words)) <= known, words


@pytest.mark.parametrize("page", PAGES)
def test_make_has_every_target_that_is_named(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)\b", PAGES[page], re.MULTILINE))
    assert named <= targets
    assert named or page not in READMES.values()
