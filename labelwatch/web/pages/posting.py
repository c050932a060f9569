"""`/posting/<number>`: why its label is late, what to do, its letters, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import App
from labelwatch.core.alert import Alert, Family
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.lateness import LABEL_ACTIONS
from labelwatch.core.rules import CAUSES
from labelwatch.messages import diagnosis_text, single, usual_text
from labelwatch.messages.cabinet_links import link, settings_link
from labelwatch.messages.evidence_text import because
from labelwatch.messages.letters import Kind, Letter, kinds_of, language_of, letter
from labelwatch.messages.plain import plain
from labelwatch.queries import PostingDetails
from labelwatch.store import HistoryRow, OutboxRow
from labelwatch.web.actions import SPANS
from labelwatch.web.cards import Card, card
from labelwatch.web.notifications import SentMessage, sent_messages
from labelwatch.web.page import Reader, app_of, reader_of, respond
from labelwatch.web.timeline import span
from labelwatch.web.timeline_svg import draw

TOLD = 200


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter to copy, with a translation if it is not in the reader's language."""

    id: str
    to: str
    letter: Letter
    translation: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """The open alert of a posting, or the last one it had, in words."""

    card: Card
    is_open: bool
    is_explained: bool
    """An incident explains it."""
    state: str
    why: str
    due: str
    usual: str
    """How long it usually takes, and the chance that it comes in time."""
    limit: str
    """The limit that was learned."""
    steps: Sequence[str]
    evidence: str
    ruled_out: Sequence[tuple[str, str]]
    goods: str
    cabinet: str
    settings: str
    letters: Sequence[Ready]
    cause: str
    ended: str


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of the posting from a time on."""

    at: str
    status: str
    label: bool
    tracking: str
    cutoff: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A posting of one shop."""

    shop: str
    number: str
    status: str
    method: str
    trouble: Trouble | None
    timeline: Markup
    history: Sequence[Moment]
    told: Sequence[SentMessage]


def page(request: Request) -> Response:
    """One posting; of several shops that have one of this number, the one that ?shop= names."""
    app, reader = app_of(request), reader_of(request)
    number = request.path_params["number"]
    shop = request.query_params.get("shop", "")
    found = [one for one in app.queries.posting_details(number) if shop in ("", one.shop)]
    if not found:
        return respond(request, "trouble.html", status=404, key="no_posting", detail=plain(number))
    rows = app.store.outbox.find(posting_number=number, limit=TOLD)
    papers = [_paper(app, reader, one, rows) for one in found]
    return respond(
        request, "posting.html", number=plain(number), papers=papers, causes=_causes(reader), spans=list(SPANS)
    )


def _paper(app: App, reader: Reader, found: PostingDetails, rows: Sequence[OutboxRow]) -> Paper:
    posting = found.known.posting
    mine = [row for row in reversed(rows) if row.notification.alert.diagnosis.shop == found.shop]
    method = (posting.method.name, posting.method.carrier, posting.method.warehouse)
    return Paper(
        shop=found.shop,
        number=posting.number,
        status=_status(reader, posting.status, posting.substatus),
        method=" · ".join(dict.fromkeys(plain(name, 60) for name in method if name)),
        trouble=_trouble(reader, found.alerts[-1]) if found.alerts else None,
        timeline=_timeline(app, reader, found, mine),
        history=[_moment(reader, row) for row in reversed(found.history)],
        told=sent_messages(reader, mine),
    )


def _timeline(app: App, reader: Reader, found: PostingDetails, told: Sequence[OutboxRow]) -> Markup:
    every = dict(app.shops()).get(found.shop, app.config.ozon.every)
    within = span(found, reader.now)
    gaps = app.store.charts.gaps(found.shop, within, longer_than=BLIND_AFTER_INTERVALS * every)
    return draw(found, reader.context, told=told, gaps=gaps)


def _trouble(reader: Reader, alert: Alert) -> Trouble:
    context, about, is_open = reader.context, alert.diagnosis, alert.resolved_at is None
    return Trouble(
        card=card(reader, alert),
        is_open=is_open,
        is_explained=about.explained_by is not None,
        state=diagnosis_text.state(reader.context, alert),
        why=diagnosis_text.why(context, about),
        due=diagnosis_text.due(context, about),
        usual=usual_text.usual(context, about) if is_open else "",
        limit=usual_text.limit(context, about),
        steps=diagnosis_text.steps(context, about) if is_open else (),
        evidence=diagnosis_text.evidence(context, about),
        ruled_out=[
            (diagnosis_text.words_of(context, other.cause).name, plain(because(context, other.because), 160))
            for other in about.ruled_out
        ],
        goods=diagnosis_text.goods(context, about),
        cabinet=link(about),
        settings=settings_link(about) if is_open else "",
        letters=_letters(reader, alert),
        cause=about.cause,
        ended="" if is_open else _ended(reader, alert),
    )


def _ended(reader: Reader, alert: Alert) -> str:
    """`Label is there · tomorrow 18:00 · 20 min to spare`."""
    pieces = (
        single.outcome(reader.context, alert),
        reader.at(alert.resolved_at),
        single.to_spare(reader.context, alert),
    )
    return " · ".join(filter(None, pieces))


def _letters(reader: Reader, alert: Alert) -> list[Ready]:
    return [_ready(reader, kind, alert) for kind in kinds_of(alert)]


def _ready(reader: Reader, kind: Kind, alert: Alert) -> Ready:
    def written(language: str) -> Letter:
        return letter(kind, alert, language=language, zone=reader.context.zone.key, now=reader.now)

    sent, read = written(language_of(kind, reader.language)), written(reader.language)
    return Ready(f"letter-{kind}-{alert.id}", read.to, sent, read.text if read != sent else "")


def _moment(reader: Reader, row: HistoryRow) -> Moment:
    return Moment(
        at=reader.at(row.seen_at),
        status=_status(reader, row.status, row.substatus),
        label=not LABEL_ACTIONS.isdisjoint(row.actions),
        tracking=plain(row.tracking_number),
        cutoff=reader.at(row.cutoff),
    )


def _status(reader: Reader, status: str, substatus: str) -> str:
    words = reader.context.words
    whole, part = words.status.get(status, plain(status)), words.substatus.get(substatus, plain(substatus))
    return whole if part in ("", whole) else reader.say("posting", "status", status=whole, substatus=part)


def _causes(reader: Reader) -> list[tuple[str, str]]:
    """What a posting's cause may really have been: id and name, by name."""
    names = (
        (one, diagnosis_text.words_of(reader.context, one).name)
        for one, family in CAUSES.items()
        if family != Family.BLIND
    )
    return sorted(names, key=lambda one: one[1])
