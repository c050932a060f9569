"""Every command explains itself, and what is called wrongly is told how to call it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from labelwatch import __version__
from labelwatch.cli import application
from labelwatch.cli.commands import COMMANDS, Entry
from labelwatch.cli.lazy import Later
from tests.cli.conftest import LATE
from tests.support.place import Place


def paths(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    for name, later in group.commands.items():
        yield (*before, name)
        command = later.loaded()
        if hasattr(command, "commands"):
            yield from paths(command, *before, name)


ENTRIES = [entry for panel in COMMANDS.values() for entry in panel]
EVERY = [(), *paths(typer.main.get_command(application()))]


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_an_example_of_itself(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(application(), [*command, "--help"])
    assert done.exit_code == 0
    summary = done.output.split("\n\n")[1].strip()
    assert summary.endswith((".", ":")), summary
    assert f"Example: labelwatch {' '.join(command)}".rstrip() in " ".join(done.output.split())


LEAVES = [command for command in EVERY if command not in ((), ("db",), ("outbox",))]


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_lists_its_exit_codes(command: tuple[str, ...]) -> None:
    told = " ".join(CliRunner().invoke(application(), [*command, "--help"]).output.split())
    assert "Exit codes: 0 " in told
    assert "; 2 wrong usage" in told
    # What makes the configuration finds nothing wrong with it.
    assert ("78 the configuration is wrong" in told) == ("--config" in told and command != ("init",))


@pytest.mark.parametrize("group", [(), ("db",), ("outbox",)], ids=" ".join)
def test_no_summary_is_cut_off_in_a_list_of_commands(group: tuple[str, ...]) -> None:
    told = CliRunner().invoke(application(), [*group, "--help"], env={"COLUMNS": "80"}).output
    listed = told.partition("Commands:")[2].partition("Example:")[0]
    assert listed.count("\n") > 2
    assert "..." not in listed


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one.name)
def test_the_table_of_commands_says_what_each_says_of_itself(entry: Entry) -> None:
    for later in (Later(entry, None), *(Later(one, None) for one in entry.commands)):
        assert later.help == " ".join(later.loaded().help.partition("\n\n")[0].split())


NOT_AT_ONCE = {
    "sqlalchemy.dialects.postgresql",
    "apprise",
    "httpx",
    "apscheduler",
    "alembic",
    "starlette",
    "rich",
    "labelwatch.app",
    "labelwatch.sandbox",
}


@pytest.mark.parametrize(
    ("command", "not_even"),
    [
        (("--help",), {"pydantic", "sqlalchemy", "labelwatch.config", "labelwatch.cli.late", "labelwatch.cli.show"}),
        (("late",), {"labelwatch.channels"}),
        (("show", LATE), {"labelwatch.channels"}),
        (("ack", LATE), {"labelwatch.channels"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_loads_only_what_it_uses(place: Place, command: tuple[str, ...], not_even: set[str]) -> None:
    place.run("poll")
    with place.start(*command, PYTHONPROFILEIMPORTTIME="1") as process:
        told = process.communicate()[1]
    assert process.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "labelwatch.cli.commands" in loaded
    assert loaded & (NOT_AT_ONCE | not_even) == set()


def test_the_script_and_the_module_are_the_same_program(place: Place) -> None:
    module = subprocess.run([sys.executable, "-m", "labelwatch", "--version"], capture_output=True, check=True)
    assert place.run("--version").out == module.stdout.decode() == f"labelwatch {__version__}\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["latte"], "Did you mean 'late'?"),
        (["late", "--colour"], "No such option: --colour"),
        (["show"], "Missing argument 'POSTING'"),
        (["snooze", "70000001-0001-1", "5"], "a time with its unit is needed"),
        (["snooze", "70000001-0001-1", "0s"], "a time with its unit is needed"),
        (["poll", "--shop", "nowhere"], "there are star, home"),
        (["test-alert", "--channel", "nobody"], "there are packers"),
        (["outbox", "--state", "lost"], "superseded"),
        (["sandbox", "--scenario", "night"], "no such scenario: night"),
        (["causes", "--language", "de"], "'zh', 'ru', 'en'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(
    place: Place, monkeypatch: pytest.MonkeyPatch, args: list[str], said: str
) -> None:
    monkeypatch.chdir(place.folder)
    done = CliRunner(env=place.variables({})).invoke(application(), args)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_wrong_usage_of_the_script_ends_the_same_way(place: Place) -> None:
    done = place.run("latte")
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'late'?" in done.err


def test_the_help_is_plain_in_a_pipe_and_drawn_on_a_terminal(place: Place) -> None:
    assert "╭" not in place.run("--help").out
    assert "╭" in place.on_terminal("--help").out
