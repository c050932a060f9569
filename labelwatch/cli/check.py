"""`check`: checks the configuration and, with --online, the keys and the channels."""

import os
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelwatch.cli.errors import CONFIG_WRONG, FOUND_TROUBLE, UNREACHABLE, about_the_environment
from labelwatch.cli.options import ConfigFile, Json
from labelwatch.cli.terminal import as_json, complain, say, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config, ConfigError, find
from labelwatch.i18n import translate

if TYPE_CHECKING:
    from labelwatch.doctor import Finding

Online = Annotated[
    bool,
    typer.Option(
        "--online", help="Also ask Ozon what each key may do, and each channel's service whether it would deliver."
    ),
]


def check(config: ConfigFile = None, online: Online = False, as_document: Json = False) -> None:
    """Check the configuration.

    All mistakes are named at once, and what works but should be better. Nothing is changed and no message is sent.
    """
    from labelwatch.cli.doctor import evidence_of
    from labelwatch.cli.open import configuration
    from labelwatch.net.environment import problems

    path = find(config, os.environ)
    try:
        settings = configuration(path)
    except ConfigError as error:
        if not as_document:
            raise
        as_json({"config": str(path), "ok": False, "mistakes": mistakes_of(error)})
        raise typer.Exit(CONFIG_WRONG) from None
    wrong, limits = problems(), _limits(settings)
    findings = _findings(settings, "en" if as_document else settings.language) if online else []
    ok = not wrong and all(finding["ok"] for finding in findings)
    if as_document:
        as_json(
            {
                "config": str(path),
                "ok": ok,
                "warnings": list(map(str, settings.warnings)),
                "online": findings,
                "environment": [translate(one, "en") for one in wrong],
                "limits": [{"shop": one.name, "what": one.what, **evidence_of(one)} for one in limits],
            }
        )
    else:
        _print(path, settings, findings)
        _print_limits(settings, limits)
        if wrong:
            complain(f"labelwatch: {about_the_environment(wrong, settings.language)}")
    if wrong:
        raise typer.Exit(CONFIG_WRONG)
    if not ok:
        raise typer.Exit(UNREACHABLE if any(finding["unreachable"] for finding in findings) else FOUND_TROUBLE)


def _findings(settings: Config, language: str) -> list[dict[str, Any]]:
    from labelwatch.cli.online import ask_channel, ask_ozon

    with working(phrases(settings.language, "check")["asking"]):
        shops = [ask_ozon(settings, shop) for shop in settings.shops if shop.enabled]
        return [*shops, *(ask_channel(channel, language) for channel in settings.channels if channel.enabled)]


def _limits(settings: Config) -> "list[Finding]":
    """The limits that were learned; none before there is a database that this version can read."""
    from labelwatch.doctor.limits import limits
    from labelwatch.store import StoreError, open_store

    try:
        with closing(open_store(settings.store.url.get_secret_value(), makes_file=False)) as store:
            store.require_current()
            return list(limits(settings, store, now=datetime.now(UTC)))
    except StoreError:
        return []


def _print_limits(settings: Config, limits: "Sequence[Finding]") -> None:
    from labelwatch.cli.doctor import line_of
    from labelwatch.cli.late_table import context

    speaker = context(settings.language, settings.timezone, datetime.now(UTC))
    for one in limits:
        say("  " + line_of(one, speaker))


def mistakes_of(error: ConfigError) -> list[dict[str, Any]]:
    """Every mistake as JSON."""
    return [
        {
            "file": str(mistake.file),
            "line": mistake.line,
            "key": mistake.key,
            "value": mistake.value or None,
            "allowed": mistake.allowed,
        }
        for mistake in error.mistakes
    ]


def _print(path: Path, settings: Config, findings: list[dict[str, Any]]) -> None:
    from labelwatch.cli.online import in_words
    from labelwatch.cli.words import words

    language, said = settings.language, phrases(settings.language, "check")
    shops, channels = (sum(one.enabled for one in some) for some in (settings.shops, settings.channels))
    say(said["right"].format(path=path, shops=shops, channels=channels), style="green")
    could_be_better = words(language).doctor.found["config_doubt"].seen
    for doubt in settings.warnings:
        say("  " + could_be_better.format(doubt=doubt.said(language)), style="yellow")
    for finding in findings:
        line = said["fine" if finding["ok"] else "failed"]
        kind, what = said[finding["kind"]], in_words(finding, language)
        say(line.format(kind=kind, name=finding["name"], said=what), style="" if finding["ok"] else "red")
    if findings:
        _print_retiring(language)
        say(said["try"])


def _print_retiring(language: str) -> None:
    from labelwatch.cli.words import words
    from labelwatch.sources.ozon.used import retiring_methods

    seen = words(language).doctor.found["method_retires"].seen
    for path, on in retiring_methods().items():
        say("  " + seen.format(path=path, on=on.isoformat()), style="yellow")
