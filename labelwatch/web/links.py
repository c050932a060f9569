"""`/a/<token>`: one tap on a link in a message, one confirmation, and it is done; no password.

To open the address changes nothing: mail scanners and previews of links open it too. The form that it shows does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from labelwatch.core import lifecycle
from labelwatch.core.model import Alert
from labelwatch.notify import wording
from labelwatch.notify.act_links import LASTS, SECRET, Act, opened
from labelwatch.notify.buttons import SNOOZE
from labelwatch.notify.desk import alert_id
from labelwatch.notify.moments import Voice
from labelwatch.store import OutboxRow, Store
from labelwatch.web.door import new_secret
from labelwatch.web.guard import LINKS, remember_name
from labelwatch.web.names import signed_as
from labelwatch.web.page import app_of, reader_of, respond

LISTED = 20

_STATUS = {"altered": 404, "expired": 410, "used": 410, "unknown": 410, "over": 200}
"""Why a link does nothing, and what a program is told."""


@dataclass(frozen=True, slots=True)
class Case:
    """A link that is good so far: what it is for, and the alerts that its message told of."""

    act: Act
    rows: Sequence[OutboxRow]
    alerts: Sequence[Alert]

    @property
    def open(self) -> list[Alert]:
        return [one for one in self.alerts if one.resolved_at is None]


def look(request: Request) -> Response:
    """What the link would do, and the form that does it."""
    found = _found(request)
    return _dead(request, found) if isinstance(found, str) else _page(request, found, found.open, why="")


def act(request: Request) -> Response:
    """Do it, once; whoever comes second reads who was first."""
    found = _found(request)
    if isinstance(found, str):
        return _dead(request, found)
    app, name = app_of(request), signed_as(request, otherwise=found.rows[0].notification.channel)
    changed = _done(app.store, found, by=name, now=app.clock.now())
    if not changed:
        return _dead(request, "over" if changed is not None else "used", found)
    return remember_name(request, _page(request, found, changed, why="done"), request.state.form.get("by", ""))


def _found(request: Request) -> Case | str:
    """What the link is about, or why it does nothing."""
    app = app_of(request)
    act = opened(request.path_params["token"], app.store.tokens.secret(SECRET, new_secret))
    if act is None:
        return "altered"
    if act.until <= app.clock.now():
        return "expired"
    if app.store.tokens.is_spent(act.token_id):
        return "used"
    rows = app.store.outgoing.message(act.key)
    alerts = app.store.outgoing.alerts([alert_id(row) for row in rows])
    case = Case(act, rows, list(alerts.values()))
    return case if case.open else "over" if alerts else "unknown"


def _done(store: Store, case: Case, *, by: str, now: datetime) -> list[Alert] | None:
    """The alerts that were changed; None = somebody else was faster. To use the link up and to act are one thing."""
    how = _how(case.act.verb, by, now)
    with store.write() as tx:
        # Remembered for longer than any link to the same message can last.
        if not tx.spend(case.act.token_id, until=case.act.until + LASTS, now=now):
            return None
        return tx.change_alerts([one.id for one in case.open if one.id is not None], how)


def _how(verb: str, by: str, now: datetime) -> Callable[[Alert], Alert | None]:
    if verb == "ack":
        return lambda alert: lifecycle.acknowledge(alert, by=by, note="", now=now)
    return lambda alert: lifecycle.snooze(alert, until=now + SNOOZE, by=by, note="", now=now)


def _page(request: Request, case: Case, alerts: Sequence[Alert], *, why: str, status: int = 200) -> Response:
    voice = _voice(request, case)
    shown = [
        {
            "subject": wording.subject(voice, one.diagnosis),
            "headline": wording.headline(voice, one.diagnosis),
            "left": wording.time_left(voice, one.diagnosis.deadline),
            "handled": wording.handled(voice, one),
        }
        for one in alerts[:LISTED]
    ]
    rest = len(alerts) - len(shown)
    verb, button = case.act.verb, voice.words.button[case.act.verb]
    return respond(request, "confirm.html", status=status, why=why, verb=verb, button=button, shown=shown, rest=rest)


def _dead(request: Request, why: str, case: Case | None = None) -> Response:
    """The link does nothing (any more): why, and where to go."""
    status = _STATUS[why]
    if case is not None:
        return _page(request, case, case.open, why=why, status=status)
    return respond(request, "confirm.html", status=status, why=why, verb="", button="", shown=[], rest=0)


def _voice(request: Request, case: Case) -> Voice:
    """The reader's own voice, which names no shop that the message would not have named."""
    channel = case.rows[0].notification.channel
    told = [to.shops for to in app_of(request).config.destinations() if to.name == channel]
    return replace(reader_of(request).voice, shops=told[0] if told else frozenset({""}))


ROUTES = (
    Route(LINKS + "{token}", look),
    Route(LINKS + "{token}", act, methods=["POST"]),
)
