"""kill -9 again and again in a storm of alerts: nothing is lost, and a death repeats one message per channel at most.

LABELWATCH_LONG=1: a hundred times, in a storm of 1,500.
"""

import os
import random
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from labelwatch.channels.base import stamp_of
from labelwatch.core.alert import Reason
from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops, step
from labelwatch.store import WAITING, OutboxRow, OutboxState, Store, open_store
from tests.chaos.births import Life, born, serving
from tests.chaos.ears import KINDS, Ear, configure, of_every_kind
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Request
from tests.support.place import Place, now, place_for, until
from tests.support.smtp_server import PostOffice

pytestmark = pytest.mark.lengthy

IS_LONG = bool(os.environ.get("LABELWATCH_LONG"))
KILLS = 100 if IS_LONG else 15
LASTS = 65 if IS_LONG else 10
"""Seconds over which postings come."""
NUMBERS = tuple(f"7300{place:04d}-0001-1" for place in range(1500 if IS_LONG else 40))
CANCELLED = NUMBERS[1:-1:8]
CERTAIN = set(NUMBERS) - set(CANCELLED)
"""What is still open when the storm is over, so everybody must have heard of it."""
CHANNELS = ("packers", *KINDS[1:])
LONGEST = 0.6
"""Seconds from the first sign of a life to its end."""


def storm() -> World:
    """Postings every second that are late as soon as they come, some of which are cancelled ten seconds later."""
    world = both_shops(start := now())
    for place, number in enumerate(NUMBERS):
        comes = place * LASTS / len(NUMBERS) / 60
        world.plan(arrival(start, number, method=AURORA, minutes=comes, cutoff=timedelta(minutes=90)))
        if number in CANCELLED:
            world.plan(step(comes + 10 / 60, number, method=AURORA, status="cancelled"))
    return world


def heard_more(place: Place, asked: int, sent: int) -> bool:
    return len(place.sandbox.requests) > asked or len(place.hook.requests) > sent


def die_at_random(place: Place, chance: random.Random) -> None:
    """One life, which ends a moment after it was first heard of: in a poll, while it tells, or in between."""
    asked, sent = len(place.sandbox.requests), len(place.hook.requests)
    life = born(place)
    until(partial(heard_more, place, asked, sent))
    time.sleep(chance.uniform(0, LONGEST))
    life.die()


@dataclass(frozen=True, slots=True)
class Books:
    """What the outbox says, to be held against what arrived."""

    rows: list[OutboxRow]

    def first(self, channel: str) -> dict[str, OutboxRow]:
        """Posting number -> the first telling of it over this channel."""
        ours = (row for row in self.rows if row.notification.channel == channel)
        return {_number(row): row for row in ours if row.notification.reason is Reason.FIRST}

    @property
    def are_closed(self) -> bool:
        return all(self.first(name).keys() >= CERTAIN for name in CHANNELS) and not any(
            row.state in WAITING for row in self.rows
        )


def closed(service: Life, store: Store) -> Books:
    """The books once everything is told."""
    read = [Books([])]

    def are_closed() -> bool:
        if store.outbox.next_due() is None:
            read.append(Books(store.outbox.find(limit=100_000)))
        return read[-1].are_closed

    service.until(are_closed)
    return read[-1]


def _number(row: OutboxRow) -> str:
    return str(row.notification.alert.diagnosis.posting_number)


def keys_sent(place: Place, telegram: FakeTelegram, office: PostOffice) -> dict[str, list[str]]:
    """Channel -> the keys of the messages that arrived, again and again where they came again."""
    markups = (asked.get("reply_markup") for asked in telegram.asked("sendMessage"))
    buttons = (markup["inline_keyboard"][0][0] for markup in markups if markup)
    return {
        "packers": [request.headers["idempotency-key"] for request in place.hook.requests],
        "mail": [str(letter["Idempotency-Key"]) for letter in office.letters],
        "tgram": [stamp_of(button["callback_data"].split(":")[1]) for button in buttons],
    }


def account_for(books: Books, listener: Mapping[str, Ear], sent: Mapping[str, list[str]]) -> None:
    """Nothing is lost: every first telling was sent, but of what was over before; nothing came too often."""
    for name in CHANNELS:
        first = books.first(name)
        assert {row.state for number, row in first.items() if number in CERTAIN} == {OutboxState.SENT}, name
        assert {row.state for row in books.rows} <= {OutboxState.SENT, OutboxState.SUPERSEDED}
        told = {stamp_of(row.message_key or "") for row in first.values() if row.state is OutboxState.SENT}
        if name in sent:
            assert told <= set(sent[name]), name
            assert len(sent[name]) - len(set(sent[name])) <= KILLS, name
        else:
            keys = {row.message_key for row in books.rows if row.notification.channel == name and row.sent_at}
            assert len(keys) <= len(listener[name].heard()) <= len(keys) + KILLS, name


@pytest.mark.fault("P1", "P2", "P3")
@pytest.mark.timeout(1800 if IS_LONG else 300)
def test_deaths_lose_nothing_and_repeat_one_message_each_at_most(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with (
        place_for(storm(), tmp_path) as place,
        FakeTelegram() as telegram,
        PostOffice() as office,
        of_every_kind(telegram, office) as listener,
    ):
        configure(place, listener.values(), alerts='group_wait = "0s"\ngroup_interval = "0s"')
        for _ in range(KILLS):
            die_at_random(place, chance)
        with serving(place) as service, closing(open_store(f"sqlite:///{place.folder}/labelwatch.db")) as store:
            books = closed(service, store)
        sent = keys_sent(place, telegram, office)
    print({name: (len(keys), len(keys) - len(set(keys))) for name, keys in sent.items()}, "messages and repeats")
    account_for(books, listener, sent)
    assert {number for request in place.hook.requests for number in first_told(request)} >= CERTAIN


def first_told(request: Request) -> list[str]:
    return [one["posting_number"] for one in request.json["labelwatch"] if one["reason"] == "first"]
