"""Turns an expected failure into lines for stderr and an exit code: what happened, what it means for the orders, and
what to do."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labelwatch.core.text import Text

if TYPE_CHECKING:
    from labelwatch.cli.words import Found
    from labelwatch.config import ConfigError
    from labelwatch.store import StoreError

FOUND_TROUBLE = 1
UNREACHABLE = 69
ALREADY_RUNNING = 75
CONFIG_WRONG = 78


def error_lines(error: BaseException, language: str) -> tuple[str, int] | None:
    """The text about a failure and the exit code; None if it is unexpected."""
    # Imported here: they take time that a successful command must not spend.
    from labelwatch.config import ConfigError
    from labelwatch.messages.plain import plain
    from labelwatch.sources import SourceError
    from labelwatch.store import StoreError

    if isinstance(error, ConfigError):
        return _about_config(error, language), CONFIG_WRONG
    if isinstance(error, StoreError):
        return _about_store(error, language), _code(error)
    if isinstance(error, SourceError):
        return about_a_shop("", str(error.trouble), error.detail, language), UNREACHABLE
    if isinstance(error, OSError):
        return _lines(plain(str(error), 300), "system", language), UNREACHABLE
    return None


def about_the_environment(problems: Sequence[Text], language: str) -> str:
    """What is wrong with the environment of the process."""
    from labelwatch.i18n import translate

    return _lines("", "environment", language, details=[translate(one, language) for one in problems])


def no_directory(language: str) -> str:
    """The current directory is gone, without which not even the libraries can be loaded."""
    return _lines("", "no_directory", language, details=())


def language_of_errors(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of the command line's configuration, even if that is invalid; else that of the environment.

    Needed after a failure, when the configuration is no longer at hand.
    """
    from labelwatch.cli.words import language_of
    from labelwatch.config import ConfigError, find, written_language

    pairs = zip(arguments, (*arguments[1:], ""), strict=True)
    named = [after if word == "--config" else word for word, after in pairs if word.partition("=")[0] == "--config"]
    with suppress(OSError, ValueError, ConfigError):
        file = find(Path(named[-1].removeprefix("--config=")) if named else None, environ)
        if language := written_language(file.read_bytes()):
            return language
    return language_of(environ)


def _about_config(error: "ConfigError", language: str) -> str:
    from labelwatch.config import NoConfigError

    kind, details = (
        "no_config" if isinstance(error, NoConfigError) else "config",
        [one.said(language) for one in error.mistakes],
    )
    return _lines("", kind, language, details=details)


def _about_store(error: "StoreError", language: str) -> str:
    from labelwatch.store import AlreadyRunning

    kind = "already_running" if isinstance(error, AlreadyRunning) else str(error.fault)
    return _lines(str(error), kind, language)


def about_a_shop(shop: str, cause: str | None, detail: str, language: str) -> str:
    """For a shop that cannot be read, the text and remedy of its cause as in a message; else its error alone."""
    from labelwatch.i18n import translate
    from labelwatch.messages.catalog import catalog, sayable
    from labelwatch.net.environment import problems

    if ours := [one for one in problems() if translate(one, "en") in detail]:
        return about_the_environment(ours, language)
    if cause is None or str(cause) not in catalog(language).cause:
        return detail
    words, gap, values = catalog(language).cause[str(cause)], catalog(language).line.sentence_gap, {"shop": shop}
    means = gap.join(sayable([*words.why[:1], *words.advice[:1]], values))
    advice = (means, gap.join(sayable(words.steps, values)))
    return _told(blind(str(cause), detail, language), [], advice, language)


def blind(cause: str, detail: str, language: str) -> str:
    """Why a shop cannot be read, and the error of Ozon or the network."""
    from labelwatch.cli.words import phrases
    from labelwatch.messages.catalog import catalog

    return phrases(language, "check")["blind"].format(cause=catalog(language).cause[cause].name, detail=detail)


def _lines(line: str, kind: str, language: str, details: Sequence[str] = ()) -> str:
    """The texts of a kind of failure; in other languages than English followed by its own line."""
    from labelwatch.cli.words import words

    found: Found = words(language).trouble[kind]
    below = [*details] if details else [line] * bool(found.seen)
    return _told(found.seen.format(count=len(details)) or line, below, (found.means, found.todo), language)


def _told(heading: str, below: Sequence[str], advice: tuple[str, str], language: str) -> str:
    from labelwatch.cli.words import words

    said = words(language).doctor
    leads = [f"{lead}{text}" for lead, text in zip((said.means, said.todo), advice, strict=True) if text]
    return "\n  ".join((heading, *below, *leads))


def _code(error: "StoreError") -> int:
    from labelwatch.store import AlreadyRunning, Fault

    if isinstance(error, AlreadyRunning):
        return ALREADY_RUNNING
    # A retry does not help until somebody has changed something.
    codes = {
        Fault.READ_ONLY: CONFIG_WRONG,
        Fault.NOT_SET_UP: CONFIG_WRONG,
        Fault.TOO_NEW: CONFIG_WRONG,
        Fault.REFUSED: FOUND_TROUBLE,
    }
    return codes.get(error.fault, UNREACHABLE)
