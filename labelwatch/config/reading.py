"""Finds the configuration file and reads it: either a Config, or a ConfigError with every mistake in it."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_state_path
from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from labelwatch.config import mistakes, tables, together
from labelwatch.config.mistakes import ConfigError, Found, Mistake, NoConfigError
from labelwatch.config.secret import Surroundings, open_to_others
from labelwatch.config.sentences import Sentence, why
from labelwatch.config.tables import Config

NAME = "labelwatch.toml"

_CONFIG = TypeAdapter(Config)
_SHAPES: dict[tuple[str, ...], type] = {
    (): tables.Config,
    ("store",): tables.Store,
    ("ozon",): tables.Ozon,
    ("delays",): tables.Limits,
    ("alerts",): tables.Alerts,
    ("escalation",): tables.Escalation,
    ("shop",): tables.Shop,
    ("shop", "delays"): tables.Limits,
    ("shop", "escalation"): tables.OwnEscalation,
    ("shop", "warehouse", "limits"): tables.Limits,
    ("shop", "delivery_method", "limits"): tables.Limits,
    ("channel",): tables.Channel,
    ("web",): tables.Web,
    ("heartbeat",): tables.Heartbeat,
}
_POSITION = re.compile(r"\s*\(at line (\d+), column (\d+)\)")
# The most frequent mistakes of TOML beginners: what the line looks like, and what to do.
_HINTS = (
    (re.compile("[“”„«»‘’＂＇]"), "hint_quotes"),
    (re.compile("[＝：，【】［］。、]"), "hint_width"),
    (re.compile(r"^\s*\[\[[^\]]*\]?\s*(#.*)?$"), "hint_brackets"),
    (re.compile(r"^\s*[\w-]+\s*:"), "hint_equals"),
    (re.compile(r'"[^"]*\\'), "hint_path"),
    (re.compile(r"^\s*[\w.-]+\s*=\s*[^\W\d]"), "hint_text"),
    (re.compile(r"^\s*[\w.-]+\s*=\s*\d"), "hint_time"),
    (re.compile(r"^\s*[\w.-]+\s*=\s*$"), "hint_value"),
)
# Messages of the TOML parser for a line that itself looks right.
_PROBLEMS = (
    (re.compile("twice|overwrite|Cannot (mutate|declare)"), "hint_twice"),
    (re.compile("Unterminated|Illegal character"), "hint_unclosed"),
    (re.compile(r"Unclosed|Expected '\]"), "hint_brackets"),
)
_LANGUAGE = re.compile(r"""(?m)^\s*language\s*[=＝:：]\s*["'“”„«‘’＂＇]?(zh|ru|en)(?![a-z])""")
_SCRIPTS = ((re.compile("[\u4e00-\u9fff]"), "zh"), (re.compile("[\u0400-\u04ff]"), "ru"))


def find(explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """The file to read: the given one, else the first that exists of the usual places.

    Given means by `explicit` or $LABELWATCH_CONFIG; load() checks that it exists.
    """
    named = explicit or environ.get("LABELWATCH_CONFIG")
    if named:
        return Path(named)
    at_home = [folder / ".config/labelwatch" / NAME for folder in (home(environ),) if folder]
    places = (Path(NAME), *at_home, Path("/etc/labelwatch") / NAME)
    for place in places:
        if _is_there(place):
            return place
    wanted = Sentence("no_config", {"places": ", ".join(map(str, places))})
    raise NoConfigError([Mistake(Path(NAME), "", wanted)])


def home(environ: Mapping[str, str]) -> Path | None:
    """The home directory; None if the user has none, as in containers."""
    if environ.get("HOME"):
        return Path(environ["HOME"])
    with suppress(RuntimeError):
        return Path.home()
    return None


def _is_there(place: Path) -> bool:
    try:
        return place.is_file()
    except PermissionError:
        return True  # it may exist in a directory that we may not read: load() reports it


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    check_url: Callable[[str], str | None],
    check_way: Callable[[str, str, str], str | None] = lambda url, api_base, proxy: None,
) -> Config:
    """The configuration in `path`, its secrets resolved; raises ConfigError with all mistakes at once.

    `check_url` says what is wrong with a channel's URL, `check_way` what is wrong with the base address and the proxy
    (each may be empty) of that URL; None if nothing is. Relative paths inside the file are taken from the directory
    that the file is in.
    """
    text = _text(path)
    document = _document(path, text)
    around = Surroundings(environ, path.resolve().parent, check_url, check_way)
    config, errors = _validated(document, around)
    found = [*_single(errors), *together.contradictions(document, config)]
    if config is None or found:
        raise ConfigError(_in_words(path, text, found))
    if not config.store.url.get_secret_value():
        config = replace(config, store=replace(config.store, url=SecretStr(_default_store_url(path, environ))))
    is_open = open_to_others(path.stat())
    doubts = [*around.doubts, *together.doubts(document, config, readable_by_others=is_open)]
    return replace(config, warnings=tuple({str(doubt): doubt for doubt in doubts}.values()))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([Mistake(path, "", Sentence("config_unreadable", {"why": why(error)}))]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Mistake(path, "", Sentence("utf8"), line=line)]) from None


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problem = str(error)
    # Raised here, so that no traceback contains the text of the file.
    position = _POSITION.search(problem)
    line, column = (int(position[1]), int(position[2])) if position else (text.count("\n") + 1, 0)
    lines = text.splitlines()
    hint = _hint(lines[line - 1] if line <= len(lines) else "", problem)
    wanted = Sentence("toml", {"column": Sentence("column", {"n": column}) if column else "", "hint": hint})
    raise ConfigError([Mistake(path, "", wanted, line=line)])


def _hint(line: str, problem: str) -> Sentence | str:
    """What to do about it; the message of the TOML parser if that is unknown."""
    if _PROBLEMS[0][0].search(problem):
        return Sentence(_PROBLEMS[0][1])
    for looks, hint in _HINTS:
        if signs := looks.findall(line):
            # Only characters of our own list are repeated: the rest of the line may be a secret.
            is_sign = hint in ("hint_quotes", "hint_width")
            return Sentence(hint, {"found": " ".join(dict.fromkeys(signs))} if is_sign else {})
    return next((Sentence(hint) for looks, hint in _PROBLEMS if looks.search(problem)), _POSITION.sub("", problem))


def written_language(content: bytes) -> str:
    """zh, ru or en, the language of a file even if it is invalid: its own setting, else by its script; empty if
    unknown."""
    text = content.decode("utf-8-sig", "replace")
    with suppress(ValueError, RecursionError):
        said = tomllib.loads(text).get("language", "zh")
        return said if said in ("zh", "ru", "en") else ""
    if found := _LANGUAGE.search(text):
        return found[1]
    return next((language for script, language in _SCRIPTS if script.search(text)), "")


def _validated(document: dict[str, Any], around: Surroundings) -> tuple[Config | None, list[ErrorDetails]]:
    try:
        return _CONFIG.validate_python(document, context=around), []
    except ValidationError as error:
        # Only the details are kept: the exception's own text contains what was written, secrets included.
        return None, error.errors(include_url=False)


def _single(errors: Sequence[ErrorDetails]) -> list[Found]:
    return [mistakes.found(error, _known()) for error in errors]


@cache
def _known() -> mistakes.KnownKeys:
    return {place: _keys(place, shape) for place, shape in _SHAPES.items()}


def _keys(place: tuple[str, ...], shape: type) -> list[str]:
    keys = [key for key in TypeAdapter(shape).json_schema()["properties"] if key != "warnings"]
    return [*tables.OF_PLACE, *keys] if place[-1:] == ("limits",) else keys


def _in_words(path: Path, text: str, found: Sequence[Found]) -> list[Mistake]:
    lines = mistakes.line_numbers(text)
    named = [
        Mistake(
            file=path,
            key=mistakes.key_text(one.key),
            sentence=mistakes.told_of_width(one.allowed, one.value),
            written=mistakes.shown(one.key, one.value),
            line=mistakes.nearest_line(one.key, lines),
        )
        for one in found
    ]
    return sorted(named, key=lambda mistake: mistake.line or 0)


def given_directory(environ: Mapping[str, str]) -> Path | None:
    """The state directory of systemd or a container; None = not set."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else None


def _default_store_url(path: Path, environ: Mapping[str, str]) -> str:
    try:
        directory = given_directory(environ) or user_state_path("labelwatch")
    except RuntimeError:  # the user has no home directory
        raise ConfigError([Mistake(path, "store.url", Sentence("no_home"))]) from None
    return f"sqlite:///{directory / 'labelwatch.db'}"
