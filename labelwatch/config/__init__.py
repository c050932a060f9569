"""One TOML file and secrets by reference, as one frozen value; every mistake named, all at once.

    find | load -> Config, or ConfigError with its Mistakes

values.py reads single values, secret.py follows references, tables.py holds the result, together.py compares the
tables with each other, mistakes.py and sentences.py find the words, reading.py puts it all in order.
"""

from labelwatch.config.mistakes import ConfigError, Mistake, NoConfigError
from labelwatch.config.reading import find, given_directory, load, written_language
from labelwatch.config.sentences import Sentence
from labelwatch.config.tables import (
    Alerts,
    Channel,
    Config,
    Escalation,
    Heartbeat,
    Limits,
    OwnEscalation,
    Ozon,
    PlaceLimits,
    Shop,
    Store,
    Web,
)
from labelwatch.config.values import Address, parse_duration

__all__ = [
    "Address",
    "Alerts",
    "Channel",
    "Config",
    "ConfigError",
    "Escalation",
    "Heartbeat",
    "Limits",
    "Mistake",
    "NoConfigError",
    "OwnEscalation",
    "Ozon",
    "PlaceLimits",
    "Sentence",
    "Shop",
    "Store",
    "Web",
    "find",
    "given_directory",
    "load",
    "parse_duration",
    "written_language",
]
