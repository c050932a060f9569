"""The table of all commands: the help lists them without importing any."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of commands."""

    name: str
    function: str
    """`module:function` in labelwatch.cli; empty = a group that does nothing by itself."""
    summary: str
    """The first paragraph of its help."""
    example: str
    codes: Mapping[int, str] | None = field(default_factory=dict)
    """Its exit codes beside 0 and 2; None = they are not listed."""
    commands: "tuple[Entry, ...]" = ()

    @property
    def epilog(self) -> str:
        """The text below the options in its help."""
        example = f"Example: {self.example}"
        if self.codes is None:
            return example
        codes = {0: "done", 2: "wrong usage"} | dict(self.codes)
        listed = "; ".join(f"{code} {meaning}" for code, meaning in sorted(codes.items()))
        return f"Exit codes: {listed}.\n\n{example}"


_CONFIG = {78: "the configuration is wrong"}
_STORE = {69: "the database cannot be reached", **_CONFIG}
_ALONE = {75: "another instance is using this database", **_STORE}
_INIT = {1: "Ozon or a channel says no", 69: "Ozon cannot be reached"}
_CHECK = {1: "a key or a channel is not usable", 69: "Ozon cannot be reached", **_CONFIG}
_DOCTOR = {1: "something needs you", **_CONFIG}
_TEST = {1: "a channel did not take it", **_STORE}
_PORT = {1: "the port is not free"}
_POLL = {0: "nothing is late", 1: "something is late", **_ALONE, 69: "a shop or the database cannot be reached"}
_SHOW = {1: "no shop has such a posting", **_STORE}
_HANDLE = {1: "it has no open alert", **_STORE}
_DISPUTE = {1: "no shop has such a posting, or the file cannot be written", **_STORE}
_CARRIERS = {1: "no such carrier was seen", **_STORE}
_EXPORT = {1: "the file cannot be written", **_STORE}
_REPORT = {1: "a channel did not take it", **_STORE}
_BACKTEST = {1: "no shop was polled in this time", **_STORE}
_CAUSE = {1: "it was never late", **_STORE}
_MESSAGE = {1: "there is no such message", **_STORE}
_RETRY = {1: "none of these can be sent again", **_STORE}
_AUDIT = {1: "something has changed", 69: "a shop or the database could not be read", **_CONFIG}
_BACKUP = {1: "it cannot be copied there", **_STORE}
_RESTORE = {1: "it is no backup", **_ALONE}
_DAMAGE = {1: "there is damage", **_STORE}

_OUTBOX = (
    Entry(
        "show",
        "notifications:trail",
        "Show one message and every attempt to send it.",
        "labelwatch outbox show 12",
        _MESSAGE,
    ),
    Entry(
        "retry",
        "notifications:retry",
        "Send again what is dead, expired or superseded.",
        "labelwatch outbox retry --channel packers",
        _RETRY,
    ),
)
_DATABASE = (
    Entry("upgrade", "database:upgrade", "Upgrade the schema, after a backup.", "labelwatch db upgrade", _ALONE),
    Entry(
        "backup",
        "database:backup",
        "Copy the database while it is in use.",
        "labelwatch db backup /var/backups/labelwatch.db",
        _BACKUP,
    ),
    Entry(
        "restore",
        "database:restore",
        "Replace the database with a backup. Stop the service first.",
        "labelwatch db restore /var/backups/labelwatch.db",
        _RESTORE,
    ),
    Entry("check", "database:check", "Look for damage, and say how big it is.", "labelwatch db check", _DAMAGE),
    Entry(
        "prune", "database:prune", "Remove what is older than [store] history says.", "labelwatch db prune", _STORE
    ),
)

COMMANDS: Mapping[str | None, tuple[Entry, ...]] = {
    "Begin": (
        Entry(
            "demo",
            "demo:demo",
            "Play a day of two shops, as their packers' phone shows it.",
            "labelwatch demo --seconds 60 --language zh",
        ),
        Entry(
            "init",
            "init:init",
            "Set up labelwatch: the key of your shop, and where messages go.",
            "labelwatch init --language zh",
            _INIT,
        ),
        Entry("check", "check:check", "Check the configuration.", "labelwatch check --online", _CHECK),
        Entry(
            "doctor",
            "doctor:doctor",
            "Find what keeps labelwatch from watching, and what to do.",
            "labelwatch doctor --offline",
            _DOCTOR,
        ),
        Entry(
            "test-alert",
            "notifications:try_channels",
            "Send a made-up alert over every channel.",
            "labelwatch test-alert --channel packers",
            _TEST,
        ),
        Entry(
            "sandbox",
            "sandbox:sandbox",
            "Serve a fake Ozon Seller API with invented shops.",
            "labelwatch sandbox --port 8790 --scenario causes",
            _PORT,
        ),
    ),
    "Watch": (
        Entry(
            "run",
            "run:run",
            "Watch the shops and notify people: the service.",
            "labelwatch run --config /etc/labelwatch/labelwatch.toml",
            _ALONE,
        ),
        Entry("poll", "poll:poll", "Poll the shops once and send what is new.", "labelwatch poll --shop main", _POLL),
        Entry("audit", "audit:audit", "Show what has changed in the settings at Ozon.", "labelwatch audit", _AUDIT),
        Entry(
            "web",
            "web:web",
            "Serve the board alone.",
            "labelwatch web --config /etc/labelwatch/labelwatch.toml",
            _STORE,
        ),
        Entry("board", "web:show_link", "Print the link to the board.", "labelwatch board", _STORE),
        Entry(
            "password",
            "web:password",
            "Make the password of the board.",
            "labelwatch password /etc/labelwatch/board.hash",
        ),
    ),
    "See and act": (
        Entry(
            "late", "late:late", "List what is late now, the most urgent first.", "labelwatch late --watch", _STORE
        ),
        Entry(
            "show",
            "show:show",
            "Show everything known about one posting.",
            "labelwatch show 41517061-0214-1 --message support",
            _SHOW,
        ),
        Entry(
            "dispute",
            "dispute:dispute",
            "Write the pack for a dispute with Ozon about one posting.",
            "labelwatch dispute 41517061-0214-1 --out case.zip",
            _DISPUTE,
        ),
        Entry(
            "ack",
            "acknowledge:ack",
            "Say that you take care of a posting.",
            'labelwatch ack 41517061-0214-1 --by anna --note "box is on the way"',
            _HANDLE,
        ),
        Entry(
            "snooze",
            "snooze:snooze",
            "Silence a posting for a while.",
            "labelwatch snooze 41517061-0214-1 2h",
            _HANDLE,
        ),
        Entry(
            "export",
            "export:export",
            "Write alerts, postings, history or the outbox as a table.",
            "labelwatch export late.csv --since 7d --excel",
            _EXPORT,
        ),
        Entry(
            "carriers",
            "carriers:carriers",
            "Compare the carriers: late orders, label times, worst hours.",
            "labelwatch carriers --days 7",
            _CARRIERS,
        ),
        Entry(
            "report",
            "report:report",
            "Print the report of the last week or day.",
            "labelwatch report --day --shop main",
            _REPORT,
        ),
        Entry(
            "backtest",
            "backtest:backtest",
            "Try other limits on the stored history.",
            "labelwatch backtest --label 20m --before-cutoff 6h",
            _BACKTEST,
        ),
        Entry(
            "causes",
            "causes:causes",
            "List every cause: what it means, what proves it, what to do.",
            "labelwatch causes --language ru",
            _STORE,
        ),
        Entry(
            "cause",
            "verdicts:cause",
            "Record what really delayed a label.",
            "labelwatch cause 41517061-0214-1 registration_declined",
            _CAUSE,
        ),
        Entry(
            "outbox",
            "notifications:outbox",
            "List what was sent to whom, what waits, and what failed and why.",
            "labelwatch outbox --state dead",
            None,
            _OUTBOX,
        ),
    ),
    "Maintain": (
        Entry(
            "db",
            "",
            "Maintain the database: schema, backups, damage, old data.",
            "labelwatch db check",
            None,
            _DATABASE,
        ),
    ),
}
"""Panel of the help -> its commands."""
