"""`backtest`: the stored history under other limits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, OneShop, Speak
from labelwatch.cli.terminal import as_json, complain, progress, say, table
from labelwatch.cli.words import phrases
from labelwatch.config import Config, parse_duration
from labelwatch.messages.alert_json import rfc3339
from labelwatch.messages.time_format import RenderContext, dated, duration

if TYPE_CHECKING:
    from labelwatch.replaying.backtest import Backtest, Limits, Result, Suggestion
    from labelwatch.replaying.recording import Recording
    from labelwatch.store import Store

LONGEST = timedelta(days=365)
ROWS = ("messages", "told", "rescued", "missed", "resolved_alone")
COLUMNS = ("label", "before_cutoff", "messages", "ahead", "missed")


def _limit(name: str, what: str) -> Any:
    return typer.Option(name, metavar="TIME", show_default=False, help=f"{what}, like 20m or 6h.")


Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="The last N days.")]
Label = Annotated[str | None, _limit("--label", "Another limit for the label")]
Registration = Annotated[str | None, _limit("--registration", "Another limit for the registration")]
Before = Annotated[str | None, _limit("--before-cutoff", "Another time before the cutoff")]
Order = Annotated[str | None, _limit("--order", "Another limit for packing")]
Suggest = Annotated[
    bool, typer.Option("--suggest", help="The limits that tell earliest for their number of messages.")
]


def backtest(
    config: ConfigFile = None,
    days: Days = 30,
    label: Label = None,
    registration: Registration = None,
    before_cutoff: Before = None,
    order: Order = None,
    shop: OneShop = None,
    suggest: Suggest = False,
    language: Speak = None,
    as_document: Json = False,
) -> None:
    """Try other limits on the stored history.

    What people would have been told under other limits, against what they were told: how many messages, which orders
    earlier, which in time that were missed, and which would have resolved themselves. A warehouse or delivery method
    with a limit of its own keeps it. Nothing is changed and nothing is sent.
    """
    from labelwatch.replaying import backtest as replays

    settings = settings_of_database(config)
    spoken = str(language or settings.language)
    said = phrases(spoken, "backtest")
    _check_shop(settings, shop, said)
    written = {"label": label, "registration": registration, "before_cutoff": before_cutoff, "order": order}
    limits = replays.Limits(**{name: _parsed(name, text, said) for name, text in written.items()})
    with database(settings) as db:
        tape = partial(_recording, settings, db.store, shop, now := db.clock.now())
        recording = _not_empty(tape(now - timedelta(days=days)), days, said)
        with progress(said["playing"]) as update:
            found = replays.backtest(recording, limits, progress=update)
        with progress(said["suggesting"]) as update:
            tried = _tried(recording, tape, update) if suggest else None
    if as_document:
        as_json(document(found, limits, tried))
        return
    reader = context(spoken, settings.timezone, recording.until)
    _print(found, limits, reader, said)
    if tried is not None:
        _print_suggested(found, tried, reader, said)


def _check_shop(settings: Config, shop: str | None, said: Mapping[str, str]) -> None:
    if shop is not None and shop not in {one.name for one in settings.shops}:
        raise typer.BadParameter(said["no_shop"].format(shop=shop), param_hint="--shop")


def _not_empty(recording: "Recording", days: int, said: Mapping[str, str]) -> "Recording":
    if not recording.is_empty:
        return recording
    complain(said["nothing"].format(days=days))
    raise typer.Exit(FOUND_TROUBLE)


def _parsed(name: str, text: str | None, said: Mapping[str, str]) -> timedelta | None:
    if text is None:
        return None
    found = parse_duration(text)
    if not found or found > LONGEST:
        raise typer.BadParameter(said["no_time"].format(text=text), param_hint=f"--{name.replace('_', '-')}")
    return found


def _recording(settings: Config, store: "Store", shop: str | None, until: datetime, since: datetime) -> "Recording":
    from labelwatch.replaying.recording import recorded
    from labelwatch.service.poller import plan_of

    known = {state.name for state in store.shops.all() if state.read_at}
    chosen = [one for one in settings.shops if one.name in known and shop in (None, one.name)]
    return recorded(store, {one.name: plan_of(settings, one) for one in chosen}, since, until)


@dataclass(frozen=True, slots=True)
class Tried:
    """Suggested limits, and from when on the history was played for them."""

    since: datetime
    suggested: Sequence["Suggestion"]


def _tried(
    recording: "Recording", tape: Callable[[datetime], "Recording"], update: Callable[[float], object]
) -> Tried:
    from labelwatch.replaying.backtest import suggest, tried_since

    since = tried_since(recording)
    return Tried(since, suggest(recording if since == recording.since else tape(since), progress=update))


def _print(found: "Backtest", limits: "Limits", reader: RenderContext, said: Mapping[str, str]) -> None:
    recording = found.recording
    names = ", ".join(f"{said[name]} {duration(reader, span)}" for name, span in limits.given().items())
    dates = {"since": dated(reader, recording.since), "until": dated(reader, recording.until)}
    say(said["head" if names else "unchanged"].format(limits=names, **dates), style="bold")
    sides = (found.now, found.then) if names else (found.now,)
    numbers = [_numbers(one) for one in sides]
    headings = ["", said["now"], said["then"]][: 1 + len(sides)]
    table(headings, [[said[row], *(str(one[row]) for one in numbers)] for row in ROWS])
    for line in (*(_differences(found, reader, said) if names else ()), *_notes(found, reader, said)):
        say(line)


def _differences(found: "Backtest", reader: RenderContext, said: Mapping[str, str]) -> Iterator[str]:
    for key, spans in (("earlier", found.earlier), ("later", found.later)):
        if spans:
            middle = timedelta(seconds=round(median(one.total_seconds() for one in spans)))
            yield said[key].format(n=len(spans), time=duration(reader, middle))
    for key, orders in (
        ("only_now", found.now.told.keys() - found.then.told.keys()),
        ("only_then", found.then.told.keys() - found.now.told.keys()),
        ("rescuable", found.rescuable),
    ):
        if orders:
            yield said[key].format(n=len(orders))


def _notes(found: "Backtest", reader: RenderContext, said: Mapping[str, str]) -> Iterator[str]:
    """What is not exact, and why."""
    other = max(found.notifications - found.reproduced, found.invented)
    if other:
        yield said["inexact"].format(n=other, of=found.notifications)
    elif found.notifications:
        yield said["exact"].format(n=found.notifications)
    kept = found.recording.kept_since
    if kept is None:
        yield said["kept_nothing"]
    elif kept > found.recording.begun:
        yield said["kept"].format(since=dated(reader, kept))
    if found.unwatched:
        yield said["unwatched"].format(time=duration(reader, found.unwatched))


def _print_suggested(found: "Backtest", tried: Tried, reader: RenderContext, said: Mapping[str, str]) -> None:
    say()
    say(said["edge"], style="bold")
    table([said[name] for name in COLUMNS], [_suggested(one, reader) for one in tried.suggested])
    if tried.since > found.recording.since:
        say(said["tried"].format(since=dated(reader, tried.since)))


def _suggested(one: "Suggestion", reader: RenderContext) -> list[str]:
    limits = (duration(reader, span) for span in (one.limits.label, one.limits.before_cutoff) if span is not None)
    return [*limits, str(one.messages), duration(reader, one.ahead), str(one.missed)]


def document(found: "Backtest", limits: "Limits", tried: Tried | None) -> dict[str, Any]:
    """What `backtest --json` prints."""
    recording = found.recording
    return {
        "from": rfc3339(recording.since),
        "to": rfc3339(recording.until),
        "shops": sorted(recording.starts),
        "limits": _seconds(limits),
        "now": _numbers(found.now),
        "then": _numbers(found.then),
        "told_earlier": len(found.earlier),
        "told_later": len(found.later),
        "told_only_now": len(found.now.told.keys() - found.then.told.keys()),
        "told_only_then": len(found.then.told.keys() - found.now.told.keys()),
        "told_in_time_only_then": len(found.rescuable),
        "notifications": found.notifications,
        "reproduced": found.reproduced,
        "invented": found.invented,
        "kept_since": rfc3339(recording.kept_since) if recording.kept_since else None,
        "unwatched_s": round(found.unwatched.total_seconds()),
        "suggested_from": rfc3339(tried.since) if tried else None,
        "suggested": None
        if tried is None
        else [
            {
                **_seconds(one.limits),
                "messages": one.messages,
                "ahead_s": round(one.ahead.total_seconds()),
                "missed": one.missed,
            }
            for one in tried.suggested
        ],
    }


def _seconds(limits: "Limits") -> dict[str, int]:
    return {f"{name}_s": round(span.total_seconds()) for name, span in limits.given().items()}


def _numbers(result: "Result") -> dict[str, int]:
    counted = (result.messages, *map(len, (result.told, result.rescued, result.missed, result.resolved_alone)))
    return dict(zip(ROWS, counted, strict=True))
