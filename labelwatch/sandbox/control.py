"""The control endpoints under /sandbox/, for people and programs outside of this process.

They need no key: the server listens on the loopback address only.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from labelwatch.sandbox.clock import TellableClock
from labelwatch.sandbox.faults import Kind, fault_from
from labelwatch.sandbox.http import Answer, Refusal, Request
from labelwatch.sandbox.manual_actions import ACTIONS, perform
from labelwatch.sandbox.methods import METHODS
from labelwatch.sandbox.shops import Body, stamp
from labelwatch.sandbox.world import World

PREFIX = "/sandbox"
_HELP = """\
A fake Ozon Seller API. It is {now}{pace}.

Shops (put these into Client-Id and Api-Key):
{shops}

Methods, all POST with JSON:
{methods}

Control:
  GET  /sandbox/           this page
  POST /sandbox/clock      {{"advance": seconds}} or {{"speed": virtual seconds per second}}
  POST /sandbox/fault      {{"kind": "html", "path": "/v4/", "times": 3, "seconds": 60}} or {{"clear": true}}
  POST /sandbox/act        {{"subject": posting number, "action": "write_support"}}: what no method of the API does
  GET  /sandbox/requests   what was asked so far, as JSON

Kinds of faults: {kinds}

Actions: {actions}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request in the log: virtual time, real monotonic seconds, and no key."""

    at: datetime
    tick: float
    method: str
    path: str
    client_id: str
    body: Any
    status: int


@dataclass(frozen=True, slots=True)
class Controlled:
    """What the endpoints show and change."""

    world: World
    clock: Callable[[], datetime]
    log: Iterable[Seen]


def answer(sandbox: Controlled, request: Request) -> Answer:
    """The answer to a control request; errors are plain text."""
    act = _ACTS.get((request.method, request.path.rstrip("/")))
    if act is None:
        return _text(404, f"There is no {request.method} {request.path}; see GET /sandbox/.\n")
    try:
        return act(sandbox, request)
    except Refusal as refusal:
        return _text(400, f"{refusal.message}\n")
    except (ValueError, TypeError, OverflowError) as error:
        return _text(400, f"{error}\n")


def _help(sandbox: Controlled, _: Request) -> Answer:
    clock = sandbox.clock
    shops = (f"  {shop.client_id}  {shop.api_key}  {shop.name}" for shop in sandbox.world.shops.values())
    text = _HELP.format(
        now=stamp(clock()),
        pace=f", time runs {clock.speed:g} times as fast as outside" if isinstance(clock, TellableClock) else "",
        shops="\n".join(shops),
        methods="\n".join(f"  {path}" for path in METHODS),
        kinds=", ".join(Kind),
        actions=", ".join(sorted(ACTIONS)),
    )
    return _text(200, text)


def _clock(sandbox: Controlled, request: Request) -> Answer:
    clock, body = sandbox.clock, request.json()
    if not isinstance(clock, TellableClock):
        raise TypeError("this clock is not the sandbox's to move")
    if "speed" in body:
        clock.run(float(body["speed"]))
    clock.advance(timedelta(seconds=float(body.get("advance", 0))))
    return _json({"now": stamp(clock()), "speed": clock.speed})


def _fault(sandbox: Controlled, request: Request) -> Answer:
    body = request.json()
    if body.get("clear"):
        sandbox.world.faults.clear()
        return _json({"cleared": True})
    fault = fault_from(body)
    sandbox.world.faults.add(fault, now=sandbox.clock())
    return _json(asdict(fault))


def _act(sandbox: Controlled, request: Request) -> Answer:
    body = request.json()
    sandbox.world.advance(sandbox.clock())
    perform(sandbox.world, str(body.get("subject", "")), str(body.get("action", "")))
    return _json({"done": body.get("action")})


def _requests(sandbox: Controlled, _: Request) -> Answer:
    return _json({"requests": [{**asdict(seen), "at": stamp(seen.at)} for seen in list(sandbox.log)]})


_ACTS: Mapping[tuple[str, str], Callable[[Controlled, Request], Answer]] = {
    ("GET", PREFIX): _help,
    ("POST", f"{PREFIX}/clock"): _clock,
    ("POST", f"{PREFIX}/fault"): _fault,
    ("POST", f"{PREFIX}/act"): _act,
    ("GET", f"{PREFIX}/requests"): _requests,
}


def _text(status: int, text: str) -> Answer:
    return Answer(status=status, body=text.encode(), type="text/plain; charset=utf-8")


def _json(body: Body) -> Answer:
    return Answer(body=json.dumps(body, ensure_ascii=False).encode())
