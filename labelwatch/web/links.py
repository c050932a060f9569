"""`/a/<token>`: acts on an alert after one tap on a link in a message and one confirmation, without a password.

A GET changes nothing: mail scanners and link previews send it too. The form that it shows does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from labelwatch.app import App
from labelwatch.core import lifecycle
from labelwatch.core.alert import Alert
from labelwatch.core.visibility import as_seen
from labelwatch.delivery.action_links import LASTS, SECRET, Act, opened
from labelwatch.delivery.context import alert_id
from labelwatch.delivery.follow_ups import changed
from labelwatch.messages import diagnosis_text
from labelwatch.messages.interactions import SNOOZE
from labelwatch.messages.time_format import RenderContext
from labelwatch.queries import urgency
from labelwatch.store import OutboxRow
from labelwatch.web.auth.guard import LINKS, remember_name
from labelwatch.web.page import app_of, reader_of, respond
from labelwatch.web.visitor_name import visitor_name

LISTED = 20
CHOICES = 500
"""Most alerts that can be ticked."""

_STATUS = {"altered": 404, "expired": 410, "used": 410, "unknown": 410}
"""Why a link does nothing, and the HTTP status."""


@dataclass(frozen=True, slots=True)
class Case:
    """A valid link: its action, and the alerts of its message."""

    act: Act
    rows: Sequence[OutboxRow]
    alerts: Sequence[Alert]

    @property
    def open(self) -> list[Alert]:
        return [one for one in self.alerts if one.resolved_at is None]


def look(request: Request) -> Response:
    """What the link would do, and the form that does it."""
    case, why = _found(request)
    return _page(request, case, case.open if case else (), why=why)


def act(request: Request) -> Response:
    """Do it once; a second reader sees who was first."""
    case, why = _found(request)
    if case is None or why:
        return _page(request, case, case.open if case else (), why=why)
    chosen = _chosen(request, case)
    if not chosen:
        return _page(request, case, case.open, why="", is_empty=True)
    app, name = app_of(request), visitor_name(request, otherwise=case.rows[0].notification.channel)
    done = _done(app, case, chosen, by=name, now=app.clock.now())
    if not done:
        return look(request)  # somebody else was faster, or it was just resolved
    response = _page(request, case, done, why="done")
    return remember_name(request, response, name) if request.state.form.get("by", "").strip() else response


def _found(request: Request) -> tuple[Case | None, str]:
    """What the link is about, if known, and why it does nothing; empty = it works."""
    app = app_of(request)
    secret = app.store.tokens.kept(SECRET)  # without a secret no link was ever made
    act = opened(request.path_params["token"], secret) if secret else None
    if act is None or act.until <= app.clock.now():
        return None, "altered" if act is None else "expired"
    known = {to.name for to in app.config.destinations()}
    rows = [row for row in app.store.channels.message(act.key) if row.notification.channel in known]
    if not rows:
        return None, "unknown"
    ids = [id_ for row in rows if (id_ := alert_id(row)) and act.alert in (0, id_)]
    alerts = app.store.alerts.by_id(ids)
    case = Case(act, rows, [as_seen(one, _shops(app, rows)) for one in alerts.values()])
    left = [one for one in case.open if not app.store.tokens.is_spent(act.spent_as(one.id or 0))]
    if case.open and not left:
        return case, "used"
    return replace(case, alerts=left) if left else case, "" if left else "over"


def _chosen(request: Request, case: Case) -> list[int]:
    """The alerts that the reader ticked, or all of the message if there is no choice or all are meant."""
    ids = [one.id for one in case.open if one.id is not None]
    if len(ids) == 1 or "all" in request.state.form:
        return ids
    ticked = set(request.state.form.getlist("alert"))
    return [id_ for id_ in ids if str(id_) in ticked]


def _done(app: App, case: Case, chosen: Sequence[int], *, by: str, now: datetime) -> list[Alert] | None:
    """The alerts that were changed; None = somebody else was faster. Using up the link and acting are atomic."""
    how = _how(case.act.verb, by, now)
    with app.store.write() as tx:
        # Stored for longer than any link to the same message is valid.
        until = case.act.until + LASTS
        mine = [id_ for id_ in chosen if tx.tokens.spend(case.act.spent_as(id_), until=until, now=now)]
        if not mine:
            return None
        change = partial(tx.alerts.change_by_id, mine)
        return changed(tx, change, how, channels=app.notifier.channels, now=now)


def _how(verb: str, by: str, now: datetime) -> Callable[[Alert], Alert | None]:
    if verb == "ack":
        return lambda alert: lifecycle.acknowledge(alert, by=by, note="", now=now)
    return lambda alert: lifecycle.snooze(alert, until=now + SNOOZE, by=by, note="", now=now)


def _page(
    request: Request, case: Case | None, alerts: Sequence[Alert], *, why: str, is_empty: bool = False
) -> Response:
    """The alerts as they are now, and the form; or, with `why`, the reason why there is none."""
    most = LISTED if why else CHOICES
    shown = [_shown(_voice(request, case), one) for one in sorted(alerts, key=urgency)[:most]] if case else []
    verb = case.act.verb if case else ""
    return respond(
        request,
        "confirm.html",
        status=_STATUS.get(why, 200),
        why=why,
        done=f"done_{verb}",
        verb=verb,
        number=len(alerts),
        is_empty=is_empty,
        button=reader_of(request).context.words.button[verb] if verb else "",
        shown=shown,
        rest=len(alerts) - len(shown),
    )


def _shown(context: RenderContext, alert: Alert) -> Mapping[str, str]:
    alert = as_seen(alert, context.shops)
    return {
        "id": str(alert.id),
        "subject": diagnosis_text.subject(context, alert.diagnosis),
        "headline": diagnosis_text.headline(context, alert.diagnosis),
        "left": diagnosis_text.time_left(context, alert.diagnosis),
        "handled": diagnosis_text.handled(context, alert),
    }


def _voice(request: Request, case: Case) -> RenderContext:
    """The reader's context, which names no shop that the message would not have named."""
    return replace(reader_of(request).context, shops=_shops(app_of(request), case.rows))


def _shops(app: App, rows: Sequence[OutboxRow]) -> frozenset[str]:
    """The shops that the channel of a message may see; empty = all."""
    return next(to.shops for to in app.config.destinations() if to.name == rows[0].notification.channel)


ROUTES = (
    Route(LINKS + "{token}", look),
    Route(LINKS + "{token}", act, methods=["POST"]),
)
