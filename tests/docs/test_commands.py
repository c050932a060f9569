"""Every command stands in every README, and what stands there can be run."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from labelwatch.cli import application
from tests.docs.pages import PAGES, ROOT, code, rows

ROW = re.compile(r"`labelwatch ([a-z-]+(?: [a-z]+)?)(?: [A-Z0-9].*)?`")
OPTION = re.compile(r"`(--[a-z-]+)`")


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """(name, command) of all that can be called: `outbox` is a command and a group, `db` only a group."""
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from commands(command, f"{name} ")
            if not command.invoke_without_command:
                continue
        yield before + name, command


COMMANDS = dict(commands(typer.main.get_command(application())))


def listed(page: str) -> dict[str, list[str]]:
    """Command -> the cells beside it in the page's table."""
    return {match[1]: cells[1:] for cells in rows(PAGES[page]) if (match := ROW.fullmatch(cells[0]))}


def options(command: Any) -> set[str]:
    return {text for parameter in command.params for text in parameter.opts if text.startswith("--")}


@pytest.mark.parametrize("page", PAGES)
def test_the_table_names_exactly_the_commands_that_there_are(page: str) -> None:
    assert set(listed(page)) == set(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_named_beside_a_command_is_one_of_its_own(page: str) -> None:
    wrong = {
        name: unknown
        for name, (does, _) in listed(page).items()
        if (unknown := set(OPTION.findall(does)) - options(COMMANDS[name]))
    }
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES)
def test_the_table_says_which_commands_print_json(page: str) -> None:
    with_json = {name for name, (_, json) in listed(page).items() if json}
    assert with_json == {name for name, command in COMMANDS.items() if "--json" in options(command)}


@pytest.mark.parametrize("page", PAGES)
def test_code_calls_only_commands_and_options_that_exist(page: str) -> None:
    called = re.findall(r"^labelwatch ([a-z][a-z-]*)([^#\n]*)", "\n".join(code(PAGES[page], "sh")), re.MULTILINE)
    assert len(called) >= 5
    for name, rest in called:
        assert set(re.findall(r"--[a-z-]+", rest)) <= options(COMMANDS[name]), name


@pytest.mark.parametrize("page", PAGES)
def test_make_has_every_target_that_is_named(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)\b", PAGES[page], re.MULTILINE))
    assert named
    assert named <= targets
