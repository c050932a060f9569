"""The one place where an expected failure becomes clear lines for stderr and an exit code."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelwatch.config import ConfigError
    from labelwatch.store import StoreError

FOUND_TROUBLE = 1
UNREACHABLE = 69
ALREADY_RUNNING = 75
CONFIG_WRONG = 78


def in_words(error: BaseException) -> tuple[str, int] | None:
    """What to say about a failure and the code to exit with; None when nobody expected it."""
    # Imported here: they take time that a command which goes well, or needs none of them, does not have to pay.
    from labelwatch.config import ConfigError
    from labelwatch.sources import SourceError
    from labelwatch.store import StoreError

    if isinstance(error, ConfigError):
        return _listed(error), CONFIG_WRONG
    if isinstance(error, StoreError):
        return str(error), _code(error)
    if isinstance(error, SourceError):
        return error.detail, UNREACHABLE
    return None


def _listed(error: "ConfigError") -> str:
    count = len(error.mistakes)
    heading = "the configuration cannot be used" + (f": {count} mistakes" if count > 1 else "")
    return "\n  ".join((heading, *map(str, error.mistakes)))


def _code(error: "StoreError") -> int:
    from labelwatch.store import AlreadyRunning, Fault

    if isinstance(error, AlreadyRunning):
        return ALREADY_RUNNING
    # What somebody must first put right does not get better by trying again.
    codes = {
        Fault.READ_ONLY: CONFIG_WRONG,
        Fault.NOT_SET_UP: CONFIG_WRONG,
        Fault.TOO_NEW: CONFIG_WRONG,
        Fault.REFUSED: FOUND_TROUBLE,
    }
    return codes.get(error.fault, UNREACHABLE)
