"""`/incidents`: what delays many labels at once, now and in the last weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.core.alert import Alert
from labelwatch.messages import diagnosis_text, single
from labelwatch.messages.letters import Letter, kinds_of, language_of, letter
from labelwatch.web.actions import SPANS
from labelwatch.web.cards import Card, card
from labelwatch.web.page import Reader, app_of, reader_of, respond

PAST = timedelta(days=28)
MOST = 100


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter to copy."""

    id: str
    to: str
    language: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Event:
    """An incident in words."""

    key: str
    card: Card
    why: str
    tally: str
    due: str
    shops: str
    since: str
    lasted: str
    outcome: str
    state: str
    steps: Sequence[str]
    letters: Sequence[Ready]


def page(request: Request) -> Response:
    """Open incidents first, then those that have ended, latest first."""
    app, reader = app_of(request), reader_of(request)
    found = app.store.alerts.incidents(open_only=False, resolved_since=reader.now - PAST)
    past = sorted((one for one in found if one.resolved_at), key=_ended, reverse=True)[:MOST]
    return respond(
        request,
        "incidents.html",
        now=[_event(reader, one) for one in found if one.resolved_at is None],
        past=[_event(reader, one) for one in past],
        spans=list(SPANS),
    )


def _ended(alert: Alert) -> datetime:
    assert alert.resolved_at is not None, "only for what has ended"
    return alert.resolved_at


def _event(reader: Reader, alert: Alert) -> Event:
    context, about, is_open = reader.context, alert.diagnosis, alert.resolved_at is None
    since = about.waiting_since.latest if about.waiting_since else alert.opened_at
    return Event(
        key=str(about.subject),
        card=card(reader, alert),
        why=diagnosis_text.why(context, about),
        tally=diagnosis_text.tally(context, about),
        due=diagnosis_text.due(context, about) if is_open else "",
        shops=diagnosis_text.shops(context, about),
        since=reader.at(since),
        lasted=single.lasted(context, alert),
        outcome=single.outcome(context, alert) if not is_open else "",
        state=diagnosis_text.state(context, alert),
        steps=diagnosis_text.steps(context, about) if is_open else (),
        letters=[_ready(reader, alert, place) for place in range(len(kinds_of(alert)))],
    )


def _ready(reader: Reader, alert: Alert, place: int) -> Ready:
    def written(language: str) -> Letter:
        return letter(kind, alert, language=language, zone=reader.context.zone.key, now=reader.now)

    kind = kinds_of(alert)[place]
    sent = written(language_of(kind, reader.language))
    return Ready(f"letter-{kind}-{alert.id}", written(reader.language).to, sent.language, sent.text, sent.where)
