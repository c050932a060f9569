"""The texts of the commands: one catalog per language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from labelwatch.i18n import load


@dataclass(frozen=True, slots=True)
class Demo:
    begins: str
    status: str
    board: str
    sum_up: str
    connect: str
    no_board: str
    board_at: str


@dataclass(frozen=True, slots=True)
class Found:
    """The texts of `doctor` for one kind of finding: what was seen, what it means for the orders, what to do."""

    seen: str
    means: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Doctor:
    fine: str
    trouble: str
    means: str
    todo: str
    level: Mapping[str, str]
    about: Mapping[str, str]
    found: Mapping[str, Found]


@dataclass(frozen=True, slots=True)
class Words:
    demo: Demo
    doctor: Doctor
    say: Mapping[str, Mapping[str, str]]
    """By table: the texts of single commands."""
    trouble: Mapping[str, Found]
    """By kind: why a command failed; `seen` is empty where the failure's own line says it."""


@cache
def words(language: str) -> Words:
    """The catalog of one language."""
    return load(language, "cli", Words)


def phrases(language: str, table: str) -> Mapping[str, str]:
    """The texts of one command, by key."""
    return words(language).say[table]


def language_of(environ: Mapping[str, str]) -> str:
    """The language of the environment: zh, ru or, for any other, en."""
    asked = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return asked[:2].lower() if asked[:2].lower() in ("zh", "ru") else "en"
