"""The command line: commands parse options and print results; they decide nothing."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from labelwatch import __version__
from labelwatch.cli import (
    acknowledge,
    audit,
    carriers,
    causes,
    check,
    database,
    demo,
    dispute,
    doctor,
    export,
    init,
    late,
    notifications,
    poll,
    run,
    sandbox,
    show,
    verdicts,
    web,
)
from labelwatch.cli.errors import CONFIG_WRONG, error_lines, language_of_errors, no_directory
from labelwatch.cli.options import ConfigFile
from labelwatch.cli.terminal import complain, is_terminal


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its name, its function, an example, and its exit codes beside 0 and 2."""

    name: str
    run: Callable[..., None]
    example: str
    codes: Mapping[int, str] = field(default_factory=dict)

    @property
    def epilog(self) -> str:
        """The text below the options in its help."""
        codes = {0: "done", 2: "wrong usage"} | dict(self.codes)
        listed = "; ".join(f"{code} {meaning}" for code, meaning in sorted(codes.items()))
        return f"Exit codes: {listed}.\n\nExample: {self.example}"


_CONFIG = {78: "the configuration is wrong"}
_STORE = {69: "the database cannot be reached", **_CONFIG}
_ALONE = {75: "another instance is using this database", **_STORE}
_INIT = {1: "Ozon or a channel says no", 69: "Ozon cannot be reached"}
_CHECK = {1: "a key or a channel is not usable", 69: "Ozon cannot be reached", **_CONFIG}
_TEST = {1: "a channel did not take it", **_STORE}
_PORT = {1: "the port is not free"}
_POLL = {0: "nothing is late", 1: "something is late", **_ALONE, 69: "a shop or the database cannot be reached"}
_SHOW = {1: "no shop has such a posting", **_STORE}
_DISPUTE = {1: "no shop has such a posting, or the file cannot be written", **_STORE}
_HANDLE = {1: "it has no open alert", **_STORE}
_EXPORT = {1: "the file cannot be written", **_STORE}
_CARRIERS = {1: "no such carrier was seen", **_STORE}
_CAUSE = {1: "it was never late", **_STORE}
_RETRY = {1: "none of these can be sent again", **_STORE}
_AUDIT = {1: "something has changed", 69: "a shop or the database could not be read", 78: _CONFIG[78]}
_BACKUP = {1: "it cannot be copied there", **_STORE}
_RESTORE = {1: "it is no backup", **_ALONE}


COMMANDS: dict[str, tuple[Entry, ...]] = {
    "Begin": (
        Entry("demo", demo.demo, "labelwatch demo --seconds 60 --language zh"),
        Entry("init", init.init, "labelwatch init --language zh", _INIT),
        Entry("check", check.check, "labelwatch check --online", _CHECK),
        Entry("doctor", doctor.doctor, "labelwatch doctor --offline", {1: "something needs you", **_CONFIG}),
        Entry("test-alert", notifications.try_channels, "labelwatch test-alert --channel packers", _TEST),
        Entry("sandbox", sandbox.sandbox, "labelwatch sandbox --port 8790 --scenario causes", _PORT),
    ),
    "Watch": (
        Entry("run", run.run, "labelwatch run --config /etc/labelwatch/labelwatch.toml", _ALONE),
        Entry("poll", poll.poll, "labelwatch poll --shop main", _POLL),
        Entry("audit", audit.audit, "labelwatch audit", _AUDIT),
        Entry("web", web.web, "labelwatch web --config /etc/labelwatch/labelwatch.toml", _STORE),
        Entry("board", web.show_link, "labelwatch board", _STORE),
        Entry("password", web.password, "labelwatch password /etc/labelwatch/board.hash"),
    ),
    "See and act": (
        Entry("late", late.late, "labelwatch late --watch", _STORE),
        Entry("show", show.show, "labelwatch show 41517061-0214-1 --message support", _SHOW),
        Entry("dispute", dispute.dispute, "labelwatch dispute 41517061-0214-1 --out case.zip", _DISPUTE),
        Entry("ack", acknowledge.ack, 'labelwatch ack 41517061-0214-1 --by anna --note "box is on the way"', _HANDLE),
        Entry("snooze", acknowledge.snooze, "labelwatch snooze 41517061-0214-1 2h", _HANDLE),
        Entry("export", export.export, "labelwatch export late.csv --since 7d --excel", _EXPORT),
        Entry("carriers", carriers.carriers, "labelwatch carriers --days 7", _CARRIERS),
        Entry("causes", causes.causes, "labelwatch causes --language ru", _STORE),
        Entry("cause", verdicts.cause, "labelwatch cause 41517061-0214-1 registration_declined", _CAUSE),
    ),
}
"""Panel of the help -> its commands. `outbox` and `db` are groups, defined below."""

OUTBOX = (
    Entry("show", notifications.trail, "labelwatch outbox show 12", {1: "there is no such message", **_STORE}),
    Entry("retry", notifications.retry, "labelwatch outbox retry --channel packers", _RETRY),
)

DATABASE = (
    Entry("upgrade", database.upgrade, "labelwatch db upgrade", _ALONE),
    Entry("backup", database.backup, "labelwatch db backup /var/backups/labelwatch.db", _BACKUP),
    Entry("restore", database.restore, "labelwatch db restore /var/backups/labelwatch.db", _RESTORE),
    Entry("check", database.check, "labelwatch db check", {1: "there is damage", **_STORE}),
    Entry("prune", database.prune, "labelwatch db prune", _STORE),
)


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark instead of failing.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        Path.cwd()
    except FileNotFoundError:
        complain(f"labelwatch: {no_directory(language_of_errors(sys.argv[1:], os.environ))}")
        sys.exit(CONFIG_WRONG)
    try:
        sys.exit(_outcome())
    except BrokenPipeError:
        _leave_quietly()


def _outcome() -> int:
    try:
        application()(standalone_mode=True)
    except SystemExit as end:
        sys.stdout.flush()
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        raise
    except Exception as error:
        found = error_lines(error, language_of_errors(sys.argv[1:], os.environ))
        if found is None:
            raise
        line, code = found
        complain(f"labelwatch: {line}")
        return code
    return 0


def application() -> typer.Typer:
    """The Typer application of all commands; its help is formatted for people and plain for programs."""
    looks: Literal["rich"] | None = "rich" if is_terminal() else None
    app = typer.Typer(
        name="labelwatch",
        rich_markup_mode=looks,
        pretty_exceptions_enable=False,
        add_completion=True,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(epilog="Example: labelwatch demo")(_root)
    for panel, entries in COMMANDS.items():
        _add(app, entries, panel)
    outbox = typer.Typer(rich_markup_mode=looks, invoke_without_command=True)
    outbox.callback(epilog="Example: labelwatch outbox --state dead")(notifications.outbox)
    _add(outbox, OUTBOX, None)
    app.add_typer(outbox, name="outbox", rich_help_panel="See and act")
    db = typer.Typer(
        rich_markup_mode=looks,
        no_args_is_help=True,
        help="Maintain the database: schema, backups, damage, old data.",
    )
    _add(db, DATABASE, None)
    app.add_typer(db, name="db", rich_help_panel="Maintain", epilog="Example: labelwatch db check")
    return app


def _add(app: typer.Typer, entries: tuple[Entry, ...], panel: str | None) -> None:
    for entry in entries:
        app.command(entry.name, epilog=entry.epilog, rich_help_panel=panel)(entry.run)


def _version(asked: bool) -> None:
    if asked:
        print(f"labelwatch {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Watch Ozon postings and tell people which shipping labels are late, why, and what to do.

    \b
    Exit codes:
      0  done
      1  it found trouble
      2  wrong usage
     69  Ozon or the database cannot be reached
     75  another instance is using this database
     78  the configuration is wrong
    """


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _leave_quietly() -> None:
    """The reader of the output has closed it; avoid a second error when Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os._exit(1)
