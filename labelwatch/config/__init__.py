"""One TOML file and secrets by reference, loaded as one frozen value; all mistakes are reported at once.

    find | load -> Config, or ConfigError with its Mistakes

values.py parses single values, secret.py resolves references, tables.py defines the result, together.py checks the
tables against each other, mistakes.py and sentences.py write the error texts, reading.py runs it all.
"""

from labelwatch.config.mistakes import ConfigError, Mistake, NoConfigError
from labelwatch.config.reading import find, given_directory, load, written_language
from labelwatch.config.sentences import Sentence
from labelwatch.config.tables import (
    Alerts,
    Arrival,
    Audit,
    Channel,
    Config,
    Escalation,
    Group,
    Heartbeat,
    Limits,
    OwnEscalation,
    Ozon,
    PlaceLimits,
    Report,
    Shop,
    Store,
    Web,
)
from labelwatch.config.values import Address, parse_duration

__all__ = [
    "Address",
    "Alerts",
    "Arrival",
    "Audit",
    "Channel",
    "Config",
    "ConfigError",
    "Escalation",
    "Group",
    "Heartbeat",
    "Limits",
    "Mistake",
    "NoConfigError",
    "OwnEscalation",
    "Ozon",
    "PlaceLimits",
    "Report",
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
