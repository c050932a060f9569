"""`poll`: poll the shops once and send what is new."""

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from labelwatch.cli.errors import FOUND_TROUBLE, UNREACHABLE, about_a_shop
from labelwatch.cli.options import ConfigFile, Json, OneShop, Verbose
from labelwatch.cli.terminal import as_json, complain, is_terminal, say, table, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.core.report import Report
    from labelwatch.messages.message import Message

AT_ONCE = 8
"""Shops polled at the same time: each spends its time waiting for Ozon."""


def poll(
    config: ConfigFile = None, shop: OneShop = None, verbose: Verbose = False, as_document: Json = False
) -> None:
    """Poll the shops once and send what is new.

    For cron, or to see that everything works. What is new is sent over the channels before it ends; without a channel
    it is printed.
    """
    from labelwatch.cli.open import configuration, opened
    from labelwatch.cli.preview import untold

    settings, stop = configuration(config), threading.Event()
    names, said = chosen_shops(settings, shop), phrases(settings.language, "poll")
    # Nothing follows in this round, so there is no need to wait for a group.
    settings = replace(settings, alerts=replace(settings.alerts, group_wait=timedelta(0)))
    level = logging.INFO if verbose else logging.WARNING
    with opened(settings, alone=True, log_level=level, stop=stop) as app:
        with working(said["reading"].format(shops=", ".join(names))):
            reports = _poll_all(app, names, stop, given_up=said["given_up"])
            app.poller.notify_held(is_round_over=shop is None)
        with working(said["telling"]):
            app.tell()
        message = untold(app, names) if not settings.destinations() else None
    if as_document:
        as_json([_document(report) for report in reports])
    else:
        _print(reports, settings.language)
        if message is not None:
            _print_message(message, said["here"])
    if not all(report.complete for report in reports):
        raise typer.Exit(UNREACHABLE)
    if any(report.late for report in reports):
        raise typer.Exit(FOUND_TROUBLE)


def chosen_shops(settings: Config, shop: str | None) -> list[str]:
    """The shop of --shop, else all that are enabled; an unknown one is a BadParameter."""
    known = [one.name for one in settings.shops]
    if shop is not None and shop not in known:
        none = phrases(settings.language, "poll")["no_shop"].format(names=", ".join(known))
        raise typer.BadParameter(none, param_hint="--shop")
    enabled = [one.name for one in settings.shops if one.enabled]
    return [shop] if shop is not None else enabled


def _poll_all(app: "App", names: Sequence[str], stop: threading.Event, *, given_up: str) -> "list[Report]":
    from labelwatch.core.report import Report

    def one(name: str) -> Report:
        report = app.poll(name, even_if_paused=True)
        return report or Report(name, complete=False, error=given_up)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(one, names))
        except KeyboardInterrupt:
            stop.set()
            raise


def _document(report: "Report") -> dict[str, Any]:
    return {
        "shop": report.shop,
        "complete": report.complete,
        "postings": report.postings,
        "changed": report.changed,
        "late": report.late,
        "told": report.told,
        "requests": report.requests,
        "seconds": report.seconds,
        "quarantined": report.quarantined,
        "cause": str(report.cause) if report.cause else None,
        "error": report.error,
    }


def _print(reports: "Sequence[Report]", language: str) -> None:
    said = phrases(language, "poll")
    headings = [said[name] for name in ("shop", "read", "postings", "changed", "late", "told", "seconds")]
    table(headings, (_row(report, said) for report in reports))
    for report in reports:
        if report.error:
            error = about_a_shop(report.shop, report.cause, report.error, language)
            complain(said["trouble"].format(shop=report.shop, error=error))
    if is_terminal() and any(report.late for report in reports):
        say(said["list"])


def _print_message(message: "Message", lead: str) -> None:
    say(f"\n{lead}\n")
    say(message.title, style="bold")
    say(f"\n{message.body}")


def _row(report: "Report", said: Mapping[str, str]) -> tuple[str, ...]:
    numbers = (report.postings, report.changed, report.late, report.told)
    read = said["yes" if report.complete else "no"]
    return report.shop, read, *map(str, numbers), f"{report.seconds:.1f}"
