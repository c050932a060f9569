"""`doctor`: checks everything that polling and notifying depend on, and says what to do about problems."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelwatch.cli.errors import CONFIG_WRONG, FOUND_TROUBLE
from labelwatch.cli.options import ConfigFile, Json, Speak
from labelwatch.cli.terminal import as_json, say, working
from labelwatch.config import Config, ConfigError, Sentence, find
from labelwatch.core.text import Text
from labelwatch.i18n import translate

if TYPE_CHECKING:
    from labelwatch.doctor import Finding
    from labelwatch.messages.catalog import Template
    from labelwatch.messages.time_format import RenderContext

Offline = Annotated[bool, typer.Option("--offline", help="Ask neither Ozon nor the channels, only this machine.")]

_STYLES = {"ok": "", "warning": "yellow", "wrong": "red"}
_MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}


def doctor(
    config: ConfigFile = None, language: Speak = None, offline: Offline = False, as_document: Json = False
) -> None:
    """Find what keeps labelwatch from watching, and what to do.

    It checks the configuration, the connection to Ozon and its certificate, the clock, the database and its disk, the
    service, each shop and its key, each channel and what waits there, and the heartbeat. It changes nothing and sends
    no message. The most urgent finding is last.
    """
    from labelwatch.cli.late_table import context

    settings = _configured(config, as_document=as_document)
    with working("looking"):
        findings, now = _found(config, settings, online=not offline)
    spoken = context(language or settings.language, settings.timezone, now)
    worst_last = sorted(findings, key=lambda finding: list(_MARKS).index(finding.level))
    if as_document:
        as_json(_document(findings, spoken))
    else:
        _print(worst_last, spoken)
    if worst_last[-1].level != "ok":
        raise typer.Exit(FOUND_TROUBLE)


def _configured(path: Path | None, *, as_document: bool) -> Config:
    from labelwatch.cli.check import mistakes_of
    from labelwatch.cli.open import configuration

    try:
        return configuration(path)
    except ConfigError as error:
        if not as_document:
            raise
        as_json({"ok": False, "findings": [], "mistakes": mistakes_of(error)})
        raise typer.Exit(CONFIG_WRONG) from None


def _found(path: Path | None, settings: Config, *, online: bool) -> tuple[list["Finding"], datetime]:
    from labelwatch.doctor import open_context, run_checks

    user = os.geteuid() if hasattr(os, "geteuid") else None
    with open_context(settings, find(path, os.environ), online=online, user=user) as context:
        return list(run_checks(context)), context.now


def _print(findings: Sequence["Finding"], speaker: "RenderContext") -> None:
    from labelwatch.cli.words import words

    said = words(speaker.words.language).doctor
    for finding in findings:
        told, style = _told(finding, speaker), _STYLES[finding.level]
        say(f"{_MARKS[finding.level]} {line_of(finding, speaker)}", style=style)
        for lead, text in ((said.means, told["means"]), (said.todo, told["do"])):
            if text:
                say(f"{lead}{text}", style="" if style else "dim", indent=4)
    troubles = [finding for finding in findings if finding.level != "ok"]
    if not troubles:
        say(said.fine.format(count=len(findings)), style="bold green")
        return
    wrong = sum(finding.level == "wrong" for finding in troubles)
    first = _title(next(one for one in findings if one.level == troubles[-1].level), speaker)
    say(said.trouble.format(wrong=wrong, warnings=len(troubles) - wrong, first=first), style="bold")


def line_of(finding: "Finding", speaker: "RenderContext") -> str:
    """What it is about, and what was seen."""
    return speaker.words.line.colon.format(head=_title(finding, speaker), text=_told(finding, speaker)["seen"])


def _title(finding: "Finding", speaker: "RenderContext") -> str:
    from labelwatch.cli.words import words

    about = words(speaker.words.language).doctor.about[finding.about]
    return f"{about} {finding.name}".rstrip()


def _told(finding: "Finding", speaker: "RenderContext") -> dict[str, str]:
    """The texts of a finding: what was seen, what it means for the orders, what to do; empty = none."""
    from labelwatch.cli.words import words
    from labelwatch.messages.catalog import sayable
    from labelwatch.messages.diagnosis_text import words_of

    found = words(speaker.words.language).doctor.found[finding.what]
    values = {"name": finding.name, "shop": finding.name}
    values |= {key: _spoken(value, speaker) for key, value in finding.values.items()}
    means: Sequence[Template] = [found.means]
    todo: Sequence[Template] = [found.todo]
    if finding.cause:
        cause = words_of(speaker, finding.cause)
        values["cause"], means, todo = cause.name, [*cause.why[:1], *cause.advice[:1]], cause.steps
    gap = speaker.words.line.sentence_gap
    return {
        "seen": found.seen.format_map(values),
        "means": gap.join(filter(None, sayable(means, values))),
        "do": gap.join(filter(None, sayable(todo, values))),
    }


def _spoken(value: object, speaker: "RenderContext") -> str:
    from babel.units import format_unit

    from labelwatch.messages.plain import spaced
    from labelwatch.messages.time_format import clock, duration

    if isinstance(value, datetime):
        return clock(speaker, value)
    if isinstance(value, Sentence):
        return value.said(speaker.words.language)
    if isinstance(value, Text):
        return translate(value, speaker.words.language)
    if not isinstance(value, timedelta):
        return str(value)
    seconds = int(value.total_seconds())
    if seconds >= 60:
        return duration(speaker, value)
    return spaced(format_unit(seconds, "duration-second", length="short", locale=speaker.words.locale))


def _document(findings: Sequence["Finding"], speaker: "RenderContext") -> dict[str, Any]:
    from labelwatch.messages.alert_json import rfc3339

    return {
        "as_of": rfc3339(speaker.now),
        "ok": all(finding.level == "ok" for finding in findings),
        "findings": [
            {
                "about": finding.about,
                "name": finding.name or None,
                "level": str(finding.level),
                "what": finding.what,
                **_told(finding, speaker),
                "evidence": evidence_of(finding),
                "cause": finding.cause or None,
            }
            for finding in findings
        ],
    }


def evidence_of(finding: "Finding") -> dict[str, object]:
    """The values of a finding as JSON."""
    return {key: _plainly(value) for key, value in finding.values.items()}


def _plainly(value: object) -> object:
    from labelwatch.messages.alert_json import rfc3339

    if isinstance(value, Text):
        return translate(value, "en")
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Sentence):
        return str(value)
    return value.total_seconds() if isinstance(value, timedelta) else value
