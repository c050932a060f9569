"""`/shops`: how fresh the data of each shop are, its last poll, and what could not be read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from babel.numbers import format_decimal
from starlette.requests import Request
from starlette.responses import Response

from labelwatch.core.alert import Alert
from labelwatch.messages import diagnosis_text
from labelwatch.messages.cabinet_links import link
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import duration
from labelwatch.queries import ShopHealth
from labelwatch.store import PollRow, QuarantineRow
from labelwatch.web.page import Reader, app_of, reader_of, respond

UNREADABLE_SINCE = timedelta(days=7)
MOST = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a shop cannot be read, and what to do."""

    headline: str
    why: str
    steps: Sequence[str]
    evidence: str
    keys: str


@dataclass(frozen=True, slots=True)
class Row:
    """A shop in words."""

    name: str
    state: str
    postings: int
    read: str
    late: int
    poll: str
    every: str
    trouble: Trouble | None


def page(request: Request) -> Response:
    """Every enabled shop, those with old or no data first."""
    app, reader = app_of(request), reader_of(request)
    intervals = dict(app.shops())
    polls, late = app.store.shops.last_polls(), Counter[str]()
    for count in app.store.board.counts(list(intervals)):
        late[count.shop] += count.number
    blind = app.store.alerts.of_shops_themselves(list(intervals))
    order = {"blind": 0, "stale": 1, "fresh": 2}
    rows = [
        _row(
            reader,
            shop,
            polls.get(shop.name),
            late=late[shop.name],
            every=intervals[shop.name],
            alert=blind.get(shop.name),
        )
        for shop in sorted(app.queries.shops(), key=lambda shop: (order[shop.state], shop.name))
    ]
    unreadable = app.store.shops.quarantined(reader.now - UNREADABLE_SINCE)
    shown = [_unreadable(reader, one) for one in unreadable[:MOST] if one.shop in intervals]
    return respond(request, "shops.html", rows=rows, unreadable=shown)


def _row(
    reader: Reader, shop: ShopHealth, poll: PollRow | None, *, late: int, every: timedelta, alert: Alert | None
) -> Row:
    ago = reader.ago(shop.read_at) if shop.read_at else ""
    return Row(
        name=shop.name,
        state=shop.state,
        postings=shop.postings,
        read=reader.say("shops", "read", ago=ago, time=reader.at(shop.read_at)) if ago else "",
        late=late,
        poll=_poll(reader, poll) if poll else "",
        every=duration(reader.context, every),
        trouble=_trouble(reader, alert) if alert else None,
    )


def _poll(reader: Reader, poll: PollRow) -> str:
    """The last poll: its result, how long it took and how many requests it made."""
    took = round((poll.finished_at - poll.started_at).total_seconds(), 1)
    key = "complete" if poll.complete else "failed"
    seconds = format_decimal(took, locale=reader.context.words.locale)
    said = reader.say("shops", key, ago=reader.ago(poll.finished_at), seconds=seconds, requests=poll.requests)
    return f"{said} {plain(poll.detail, 200)}" if not poll.complete and poll.detail else said


def _trouble(reader: Reader, alert: Alert) -> Trouble:
    context, about = reader.context, alert.diagnosis
    return Trouble(
        headline=diagnosis_text.headline(context, about),
        why=diagnosis_text.why(context, about),
        steps=diagnosis_text.steps(context, about),
        evidence=diagnosis_text.evidence(context, about),
        keys=link(about),
    )


def _unreadable(reader: Reader, one: QuarantineRow) -> tuple[str, str, str, str]:
    return plain(one.number), plain(one.shop), plain(f"{one.path}: {one.problem}", 200), reader.at(one.last_seen)
