"""Handlers of the board's forms: acknowledge or snooze an alert, correct its cause, send a message again.

The guard has read the form and checked its token. Each action redirects to the page it came from, which begins with a
sentence about what was done; a reload repeats nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from labelwatch.core.routing import WORTH_TELLING_FOR
from labelwatch.core.rules import CAUSES
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import clock
from labelwatch.store import OutboxState
from labelwatch.web.auth.guard import remember_name, tell
from labelwatch.web.auth.origin import local_path
from labelwatch.web.page import app_of, reader_of
from labelwatch.web.visitor_name import visitor_name

SPANS: Mapping[str, timedelta | None] = {
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "morning": None,
}
"""The durations of a snooze; None = until MORNING."""
MORNING = 8
LONGEST_NOTE = 200


def ack(request: Request) -> Response:
    """Acknowledge the open alerts of a posting, or of an incident by its key."""
    by, press = visitor_name(request), reader_of(request).context.words.press
    done = app_of(request).actions.acknowledge(_number(request), by=by, note=_note(request), shop=_shop(request))
    return _back(request, press["acknowledged"].format(by=by) if done else press["over"])


def snooze(request: Request) -> Response:
    """Snooze the open alerts of a posting or an incident."""
    app, reader, by = app_of(request), reader_of(request), visitor_name(request)
    until = _until(request.state.form.get("span", ""), reader.now, reader.context.zone)
    if until is None:
        return _back(request, reader.say("act", "no_span"))
    span = until - reader.now
    done = app.actions.snooze(_number(request), span=span, by=by, note=_note(request), shop=_shop(request))
    press = reader.context.words.press
    return _back(
        request, press["snoozed"].format(until=clock(reader.context, until), by=by) if done else press["over"]
    )


def judge(request: Request) -> Response:
    """Record what the cause really was."""
    app, reader, really = app_of(request), reader_of(request), request.state.form.get("really", "")
    if really not in CAUSES:
        return _back(request, reader.say("act", "no_cause"))
    number, by = _number(request), visitor_name(request)
    judged = app.actions.judge(number, really=really, by=by, note=_note(request), shop=_shop(request))
    if not judged:
        return _back(request, reader.say("act", "never_late", number=plain(number)))
    name = words_of(reader.context, really).name
    return _back(request, reader.say("act", "judged", cause=name))


def retry(request: Request) -> Response:
    """Send again what is dead or waits for a retry: rows by `id`, or all of a `channel`."""
    app, form = app_of(request), request.state.form
    now = app.clock.now()
    ids = [int(id_) for id_ in form.getlist("id") if id_.isascii() and id_.isdecimal() and len(id_) < 19]
    if form.get("channel"):
        stuck = app.store.outbox.find(channel=form["channel"], states=[OutboxState.DEAD, OutboxState.RETRY])
        ids += [row.id for row in stuck]
    count = app.store.outbox.retry(ids, at=now, expires_at=now + WORTH_TELLING_FOR)
    reader = reader_of(request)
    said = reader.words.counted("retried", count) if count else reader.say("act", "none_retried")
    return _back(request, said, otherwise="/channels")


def _until(span: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of a snooze that begins now; None = not one of our durations."""
    if span not in SPANS:
        return None
    lasts = SPANS[span]
    if lasts is not None:
        return now + lasts
    local = now.astimezone(zone)
    today = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return (today if local < today else today + timedelta(days=1)).astimezone(now.tzinfo)


def _back(request: Request, said: str, *, otherwise: str | None = None) -> Response:
    """Redirect to the page of the form, with a sentence about what was done."""
    posting = request.path_params.get("number", "")
    to = local_path(request.state.form.get("next") or otherwise or f"/posting/{quote(posting, safe='')}")
    response = tell(request, RedirectResponse(to, 303), said)
    name = plain(request.state.form.get("by", ""))
    return remember_name(request, response, visitor_name(request)) if name else response


def _number(request: Request) -> str:
    return str(request.path_params["number"])


def _shop(request: Request) -> str | None:
    """The shop of the posting; None = every shop that has a posting of this number."""
    return request.state.form.get("shop") or None


def _note(request: Request) -> str:
    return plain(request.state.form.get("note", ""), LONGEST_NOTE)


ROUTES = (
    Route("/posting/{number:path}/ack", ack, methods=["POST"]),
    Route("/posting/{number:path}/snooze", snooze, methods=["POST"]),
    Route("/posting/{number:path}/judge", judge, methods=["POST"]),
    Route("/channels/retry", retry, methods=["POST"]),
)
