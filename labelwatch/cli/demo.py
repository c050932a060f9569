"""`demo`: a whole day of two shops in a few minutes, with the packers' messages; nothing real is used.

    sandbox (fake Ozon) <-- poll -- labelwatch (temporary database) -- outbox --> webhook (prints)

All three use one fast clock; everything else is the same code as in `run`.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from labelwatch.cli.demo_webhook import Webhook, show_message, webhook
from labelwatch.cli.late import print_board
from labelwatch.cli.late_table import context
from labelwatch.cli.options import Speak
from labelwatch.cli.terminal import say, ticker
from labelwatch.cli.web import link
from labelwatch.cli.words import Demo, language_of, words
from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios.day import LASTS, day

if TYPE_CHECKING:
    from labelwatch.app import App

Seconds = Annotated[float, typer.Option("--seconds", metavar="N", min=5, help="Length of the day in seconds.")]
BoardPort = Annotated[
    int | None,
    typer.Option("--port", metavar="P", show_default=False, help="Port of the board. Default: any free one."),
]

ZONES = {"zh": "Asia/Shanghai", "ru": "Europe/Moscow", "en": "UTC"}
BEGINS_AT = 9
EVERY = timedelta(minutes=2)
SETTLED = timedelta(minutes=2)
"""By then the settings have changed, and after as long again people are told."""
BEFORE_END = timedelta(minutes=15)
"""The shops are audited once more, for what Ozon has charged."""
REPORT = "14:55"
TICK = 0.05
"""Real seconds between two checks of the clock."""


@dataclass(slots=True)
class Score:
    """What happened so far."""

    polls: int = 0
    failed: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of the demo; `speed` in virtual seconds per real one."""

    app: "App"
    clock: TellableClock
    webhook: Webhook
    zone: ZoneInfo
    words: Demo
    score: Score = field(default_factory=Score)

    def shops(self) -> list[str]:
        return [name for name, _ in self.app.shops()]


def demo(seconds: Seconds = 150, port: BoardPort = None, language: Speak = None) -> None:
    """Play a day of two shops, as their packers' phone shows it.

    It needs no key, no configuration and no network: Ozon is a sandbox on this machine, the database is temporary.
    """
    spoken = str(language or language_of(os.environ))
    said = words(spoken).demo
    say(said.begins.format(seconds=f"{seconds:g}") + "\n")
    with _staged(spoken, speed := LASTS * 60 / seconds) as stage:
        say(_board(stage, port) + "\n")
        with ticker() as show:
            end = stage.clock.now() + timedelta(minutes=LASTS)
            _begin(stage)
            stage.clock.run(speed)
            _play(stage, show, end)
            stage.clock.run(0)
        _round(stage, stage.shops())
        _sum_up(stage, spoken)
    say(said.connect, style="bold")


@contextmanager
def _staged(language: str, speed: float) -> Iterator[Stage]:
    """Sandbox, webhook and app with one clock, which does not run yet."""
    from labelwatch.cli.open import configuration, opened
    from labelwatch.service.clock import Clock

    zone, stop = ZoneInfo(ZONES[language]), threading.Event()
    start = datetime.now(zone).replace(hour=BEGINS_AT, minute=0, second=0, microsecond=0)
    told = TellableClock(start, speed=0)
    clock = Clock(now=told.now, monotonic=time.monotonic, sleep=lambda seconds: stop.wait(seconds / speed))
    with (
        TemporaryDirectory(prefix="labelwatch-demo-") as directory,
        Sandbox(day(start), told, requests_a_second=None) as sandbox,
        webhook(told.now) as packers,
    ):
        file = Path(directory, "labelwatch.toml")
        file.write_text(_configuration(sandbox, packers, language=language), "utf-8")
        with opened(configuration(file), alone=True, log_level=logging.CRITICAL, clock=clock, stop=stop) as app:
            yield Stage(app, told, packers, zone, words(language).demo)


def _board(stage: Stage, port: int | None) -> str:
    """Serve the board on this machine during the demo; returns its address, or why there is none."""
    from labelwatch.config import Address, Web

    try:
        from labelwatch.web.server import start
    except ImportError:
        return stage.words.no_board.format(reason="pip install 'labelwatch[web]'")
    settings = Web(listen=Address("127.0.0.1", port or 0))
    serving = start(stage.app, settings, stop=stage.app.stop)
    serving.ready.wait(10)
    return (
        stage.words.board_at.format(url=link(stage.app, settings, serving.url))
        if serving.url
        else stage.words.no_board.format(reason=serving.trouble)
    )


def _configuration(sandbox: Sandbox, packers: Webhook, *, language: str) -> str:
    """A usual configuration for the shops of the sandbox."""
    shops = "".join(
        f"[[shop]]\nname = {json.dumps(shop.name, ensure_ascii=False)}\n"
        f'client_id = "{shop.client_id}"\napi_key = "{shop.api_key}"\n'
        for shop in sandbox.world.shops.values()
    )
    return (
        f'language = "{language}"\ntimezone = "{ZONES[language]}"\n'
        f'[store]\nurl = "sqlite:///labelwatch.db"\n'
        f'[ozon]\nbase_url = "{sandbox.base_url}"\nrequests_per_second = 50\n'
        f'[alerts]\ncalm_interval = "0s"\n'  # else what is over within an hour is never shown
        f'[arrival]\ntell = "at_once"\n[report]\nweekly = ""\ndaily = "{REPORT}"\n'
        f'{shops}[[channel]]\nname = "packers"\nurl = "{packers.url}"\n'
    )


def _begin(stage: Stage) -> None:
    """Audit the shops as they were yesterday, and again once something has changed."""
    for _ in range(2):
        _audit(stage)
        stage.clock.advance(SETTLED)
    _round(stage, [])


def _play(stage: Stage, show: Callable[[str], object], end: datetime) -> None:
    """Poll each shop every two minutes of the day, tell what is due, and print what arrives."""
    due, audit_at = dict.fromkeys(stage.shops(), stage.clock.now()), end - BEFORE_END
    while (now := stage.clock.now()) < end:
        if audit_at <= now:
            _audit(stage)
            audit_at = end
        _round(stage, [shop for shop, at in due.items() if at <= now])
        due |= {shop: now + EVERY for shop, at in due.items() if at <= now}
        late = sum(alert.diagnosis.is_posting for alert in stage.app.store.alerts.find())
        show(stage.words.status.format(time=f"{now:%H:%M}", late=late))
        time.sleep(TICK)


def _audit(stage: Stage) -> None:
    for shop in stage.shops():
        stage.app.audit(shop)


def _round(stage: Stage, shops: list[str]) -> None:
    for shop in shops:
        report = stage.app.poll(shop)
        stage.score.polls += 1
        stage.score.failed += report is None or not report.complete
    stage.app.tell()
    for message in stage.webhook.unread():
        stage.score.messages += 1
        show_message(message)


def _sum_up(stage: Stage, language: str) -> None:
    """The final state of the board, and the day in numbers."""
    overview = stage.app.queries.overview()
    say(stage.words.board.format(time=f"{overview.as_of.astimezone(stage.zone):%H:%M}") + "\n", style="bold")
    print_board(overview, context(language, stage.zone.key, overview.as_of))
    late = [alert for alert in stage.app.store.alerts.find(open_only=False) if alert.diagnosis.posting_number]
    numbers = {
        "postings": stage.app.store.statistics().postings,
        "polls": stage.score.polls,
        "failed": stage.score.failed,
        "late": len(late),
        "resolved": sum(alert.resolved_at is not None for alert in late),
        "messages": stage.score.messages,
    }
    say("\n" + stage.words.sum_up.format(**numbers) + "\n")
