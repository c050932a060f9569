"""Every service failing in every way at the same time: nothing is lost, and what comes twice can be told."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops
from tests.chaos.births import serving
from tests.chaos.ears import FINE, KINDS, Ear, chat, configure, mailbox, robot
from tests.chaos.gate import Gate
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Act, Hook, answer, hang_up
from tests.support.place import Place, now, place_for
from tests.support.smtp_server import HANG_UP, PostOffice
from tests.support.telegram_wire import Act as Deed
from tests.support.telegram_wire import bad, page, plainly, refused, taken_and_dropped, too_many

pytestmark = pytest.mark.lengthy

OUTAGE = 10
NUMBERS = tuple(f"7200{place:04d}-0001-1" for place in range(3))
COMES = (3, 5, 7)
"""Seconds after the services went down."""
BACK_WITHIN = 90
HINT = timedelta(seconds=3)
"""What a service that has had enough asks for."""

HTML = "<!doctype html><html><body>Log in to go on</body></html>"
BUSY = {
    "json": '{"ok": false, "error": "come back later"}',
    "wecom": '{"errcode": -1, "errmsg": "system busy"}',
    "dingtalk": '{"errcode": -1, "errmsg": "system busy"}',
    "feishu": '{"code": 1000, "msg": "internal error"}',
}
TROUBLES = ("limited", "broken", "denying", "misleading", "lost")
ROBOTS: dict[str, Callable[[str], Act]] = {
    "limited": lambda kind: answer(429, BUSY[kind], Retry_After=f"{HINT.seconds}"),
    "broken": lambda kind: answer(500, "Internal Server Error"),
    "denying": lambda kind: answer(200, BUSY[kind]),
    "misleading": lambda kind: answer(200, HTML, Content_Type="text/html"),
    "lost": lambda kind: hang_up,
}
CHATS: dict[str, Deed] = {
    "limited": too_many(HINT.seconds),
    "broken": refused(500, "Internal Server Error"),
    "denying": plainly(200, json.loads(bad(500, "Internal Server Error").body)),
    "misleading": page(200, HTML),
    "lost": taken_and_dropped,
}
LETTERS = {
    "limited": {"MAIL": ["421 4.7.0 too many connections", ""]},
    "broken": {"DATA": ["452 4.3.1 no room", ""]},
    "denying": {"RCPT": ["452 4.5.3 too many recipients", ""]},
    "lost": {"DATA": [HANG_UP, ""]},
}
SAID = {"limited": "rate_limited", "lost": "ambiguous", "silent": "ambiguous"}
SAID |= {"mail-limited": "retry", "mail-silent": "retry"}
"""What the first try comes to by trouble, or by channel; else it is to be tried again. Of a letter nothing was handed
in where the server did not even greet."""


@dataclass(frozen=True, slots=True)
class Street:
    """A channel of each kind for each trouble, and the doors of the services that are down."""

    listener: dict[str, Ear]
    shut: list[Gate]
    silent: list[Gate]


def coming() -> World:
    """Three postings that are late as soon as they come, while the services are down."""
    world = both_shops(start := now())
    for number, seconds in zip(NUMBERS, COMES, strict=True):
        world.plan(arrival(start, number, method=AURORA, minutes=seconds / 60, cutoff=timedelta(minutes=90)))
    return world


def troubled(stack: ExitStack, kind: str, trouble: str) -> Ear:
    """A channel whose service fails once, and then works."""
    name = f"{kind}-{trouble}"
    if kind == "tgram":
        telegram = stack.enter_context(FakeTelegram())
        telegram.next(CHATS[trouble], of="sendMessage")
        return chat(name, telegram)
    if kind != "mail":
        hook = stack.enter_context(Hook([ROBOTS[trouble](kind), answer(200, FINE[kind])]))
        return robot(name, kind, hook, skip=0 if trouble == "lost" else 1)
    if trouble != "misleading":
        return mailbox(name, stack.enter_context(PostOffice(LETTERS[trouble])), lost=trouble == "lost")
    office = stack.enter_context(PostOffice())
    gate = stack.enter_context(Gate(office.port))
    gate.mislead(times=1)
    return mailbox(name, office, port=gate.port)


def gated(stack: ExitStack, kind: str, name: str) -> tuple[Ear, Gate]:
    """A channel whose service is behind a door."""
    if kind == "tgram":
        telegram = stack.enter_context(FakeTelegram())
        gate = stack.enter_context(Gate(int(telegram.base.rpartition(":")[2])))
        return chat(name, telegram, port=gate.port), gate
    if kind == "mail":
        office = stack.enter_context(PostOffice())
        gate = stack.enter_context(Gate(office.port))
        return mailbox(name, office, port=gate.port), gate
    hook = stack.enter_context(Hook([answer(200, FINE[kind])]))
    gate = stack.enter_context(Gate(hook.port))
    return robot(name, kind, hook, port=gate.port), gate


@contextmanager
def street() -> Iterator[Street]:
    with ExitStack() as stack:
        listener = [troubled(stack, kind, trouble) for kind in KINDS for trouble in TROUBLES]
        shut = [gated(stack, kind, f"{kind}-shut") for kind in KINDS]
        silent = [gated(stack, kind, f"{kind}-silent") for kind in KINDS]
        listener += [ear for ear, _ in (*shut, *silent)]
        yield Street({ear.name: ear for ear in listener}, [gate for _, gate in shut], [gate for _, gate in silent])


def outage(there: Street, place: Place) -> None:
    """Down for some seconds, while the service runs and postings get late; then wait until all have heard all."""
    for gate in there.shut:
        gate.shut()
    for gate in there.silent:
        gate.hang()
    with serving(place) as service:
        over_at = time.monotonic() + OUTAGE
        service.until(lambda: time.monotonic() >= over_at)
        service.until(lambda: set(place.told("first")) >= set(NUMBERS))
        assert not any(ear.heard() for name, ear in there.listener.items() if name.endswith(("-shut", "-silent")))
        for gate in (*there.shut, *there.silent):
            gate.open()
        service.until(
            lambda: all(ear.numbers >= set(NUMBERS) for ear in there.listener.values()), seconds=BACK_WITHIN
        )
        service.until(lambda: {row["state"] for row in outbox(place)} == {"sent"}, seconds=BACK_WITHIN)


def trails(place: Place) -> dict[str, list[dict[str, str]]]:
    """Channel -> every try to tell it of the first posting."""
    return {row["channel"]: row["trail"] for row in outbox(place) if row["postings"] == [NUMBERS[0]]}


def outbox(place: Place) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = place.run("outbox", "--json", "--limit", "1000").json
    return rows


@pytest.mark.fault("D1", "D2", "D6", "D11")
@pytest.mark.timeout(240)
def test_nothing_is_lost_whatever_every_service_does(tmp_path: Path) -> None:
    with place_for(coming(), tmp_path) as place, street() as there:
        configure(place, there.listener.values(), alerts='group_wait = "0s"\ngroup_interval = "1s"')
        outage(there, place)
        tried = trails(place)
    for name, ear in there.listener.items():
        _, _, trouble = name.partition("-")
        first, *_, last = tried[name]
        assert first["outcome"] == SAID.get(name, SAID.get(trouble, "retry")), name
        assert last["outcome"] == "delivered", name
        assert trouble != "limited" or since(first, last) >= HINT, name
        told_twice = max(sum(number in one.numbers for one in ear.heard()) - 1 for number in NUMBERS)
        assert told_twice == (trouble == "lost"), name
        assert ear.repeated == told_twice or not ear.has_keys, name


def since(first: dict[str, str], last: dict[str, str]) -> timedelta:
    return datetime.fromisoformat(last["at"]) - datetime.fromisoformat(first["at"])
