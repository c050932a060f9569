"""`/`: what is late now, by deadline, and above it what concerns more than one posting."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import App
from labelwatch.core.alert import Alert, Severity
from labelwatch.core.deadline import alert_at
from labelwatch.messages import diagnosis_text
from labelwatch.messages.plain import plain
from labelwatch.queries import ShopHealth
from labelwatch.store.board import Count, Hands, Wanted
from labelwatch.web.actions import SPANS
from labelwatch.web.cards import Card, card, is_explained
from labelwatch.web.page import Reader, app_of, link, reader_of, respond

AT_ONCE = 50
ON_THE_WALL = 9
CHOICES = 50
"""Values of a filter that are offered; the selected one is among them."""
FARTHEST = 10_000
"""The last page; a filter leads further."""

Choice = tuple[str, str, int]
"""A value of a filter, its name, and how many alerts it would leave."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under a heading; `heading` is empty for those that need action."""

    heading: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Wider:
    """What concerns more than one posting: an incident, an unreadable shop, a channel that does not work."""

    card: Card
    why: str
    tally: str
    link: str
    key: str
    """The key to acknowledge it by; empty = not possible here."""


def page(request: Request) -> Response:
    """The open alerts of all shops in the config."""
    app, reader = app_of(request), reader_of(request)
    shops = [name for name, _ in app.shops()]
    wanted, wall = _wanted(request), "wall" in request.query_params
    everything = app.store.board.counts(shops)
    matching = [one for one in everything if _matches(one, wanted)]
    total = _sum(matching)
    size = ON_THE_WALL if wall else AT_ONCE
    place = 0 if wall else min(_place(request), max(total - 1, 0) // size * size)
    found = app.store.board.urgent(shops, wanted, limit=size, offset=place) if total else []
    return respond(
        request,
        "late.html",
        total=total,
        summary=_summary(reader, matching),
        filters=_filters(reader, everything, wanted),
        is_filtered=wanted != Wanted(),
        groups=_groups(reader, found, matching),
        incidents=[
            _wider(reader, one, "/incidents", key=str(one.diagnosis.subject)) for one in app.store.alerts.incidents()
        ],
        troubles=_troubles(reader, app, shops),
        needs=app.store.needs.count(shops),
        last="" if total else _last_look(reader, app.queries.shops()),
        shown=place + len(found),
        spans=list(SPANS),
        wall_link=link(request, wall=1, **{"from": None}),
        before=link(request, **{"from": max(place - size, 0) or None}) if place else "",
        after=link(request, **{"from": place + size}) if place + len(found) < total else "",
    )


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    return Wanted(shop=asked.get("shop", ""), carrier=asked.get("carrier", ""), cause=asked.get("cause", ""))


def _place(request: Request) -> int:
    asked = request.query_params.get("from", "")
    return min(int(asked), FARTHEST) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0


def _matches(one: Count, wanted: Wanted) -> bool:
    return wanted.shop in ("", one.shop) and wanted.carrier in ("", one.carrier) and wanted.cause in ("", one.cause)


def _sum(counts: Iterable[Count]) -> int:
    return sum(one.number for one in counts)


def _summary(reader: Reader, counts: Sequence[Count]) -> str:
    """`2 critical · 1 in hand`: unhandled alerts by severity, then acknowledged ones, then explained ones."""
    nobody = [one for one in counts if one.hands is Hands.NOBODY]
    parts = [(str(severity), _sum(one for one in nobody if one.severity is severity)) for severity in _WORST_FIRST]
    others = (Hands.SOMEBODY, Hands.INCIDENT)
    parts += [(str(hands), _sum(one for one in counts if one.hands is hands)) for hands in others]
    return " · ".join(reader.words.counted(key, n) for key, n in parts if n)


_WORST_FIRST = tuple(reversed(Severity))


def _filters(reader: Reader, counts: Sequence[Count], wanted: Wanted) -> list[tuple[str, str, list[Choice]]]:
    """For each filter its key, the selected value, and the values to choose from, the most frequent first."""

    def named(cause: str) -> str:
        return diagnosis_text.words_of(reader.context, cause).name

    filters: tuple[tuple[str, str, Callable[[Count], str], Callable[[str], str]], ...] = (
        ("shop", wanted.shop, lambda one: one.shop, str),
        ("carrier", wanted.carrier, lambda one: one.carrier, str),
        ("cause", wanted.cause, lambda one: one.cause, named),
    )
    return [(key, chosen, _choices(counts, chosen, of, name)) for key, chosen, of, name in filters]


def _choices(
    counts: Sequence[Count], chosen: str, of: Callable[[Count], str], name: Callable[[str], str]
) -> list[Choice]:
    numbers = Counter({chosen: 0} if chosen else {})
    for one in counts:
        numbers[of(one)] += one.number
    choices = [(value, plain(name(value), 60), number) for value, number in numbers.most_common() if value]
    return choices[:CHOICES] + [one for one in choices[CHOICES:] if one[0] == chosen]


def _groups(reader: Reader, found: Sequence[Alert], counts: Sequence[Count]) -> list[Group]:
    """The alerts in their order; those that an incident explains are under a heading of their own."""
    left = [is_explained(reader, alert_at(alert, reader.now).diagnosis) for alert in found]
    explained = [card(reader, alert) for alert, is_left in zip(found, left, strict=True) if is_left]
    others = [card(reader, alert) for alert, is_left in zip(found, left, strict=True) if not is_left]
    number = _sum(one for one in counts if one.hands is Hands.INCIDENT)
    groups = (Group("", others), Group(reader.words.counted("incident_heading", number), explained))
    return [group for group in groups if group.cards]


def _troubles(reader: Reader, app: App, shops: Sequence[str]) -> list[Wider]:
    """Shops that cannot be read and channels that do not work; if no channel works, this page shows it first."""
    troubles = app.store.alerts.open_of_channels()
    blind = [_wider(reader, one, "/shops") for one in app.store.alerts.of_shops_themselves(shops).values()]
    dead = [_wider(reader, troubles[name], "/channels") for name in sorted(troubles)]
    has_no_working_channel = {to.name for to in app.config.destinations()} <= troubles.keys()
    return [*dead, *blind] if has_no_working_channel else [*blind, *dead]


def _wider(reader: Reader, alert: Alert, to: str, *, key: str = "") -> Wider:
    about = alert.diagnosis
    return Wider(
        card(reader, alert),
        diagnosis_text.why(reader.context, about),
        diagnosis_text.tally(reader.context, about),
        to,
        key,
    )


def _last_look(reader: Reader, shops: Sequence[ShopHealth]) -> str:
    """When all shops were last read, and which ones were not."""
    unseen = sum(shop.state != "fresh" for shop in shops)
    if unseen:
        return reader.words.counted("unseen", unseen)
    oldest: datetime | None = min((shop.read_at for shop in shops if shop.read_at), default=None)
    return reader.say("late", "looked", ago=reader.ago(oldest), time=reader.at(oldest)) if oldest else ""
