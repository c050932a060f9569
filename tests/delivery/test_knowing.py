"""Which channels a channel hears of: one that is limited to some shops learns nothing of those of other shops."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time

import pytest

from labelwatch.channels.base import Permanent
from labelwatch.core.alert import Alert, AlertState
from labelwatch.core.policy import Destination
from labelwatch.core.subject import Summary, SummaryKind
from labelwatch.core.summaries import summary
from labelwatch.core.system_problems import channel_dead
from labelwatch.core.visibility import may_know
from labelwatch.delivery.context import DeliveryContext, DeliverySettings
from labelwatch.delivery.dispatcher import send_due
from labelwatch.delivery.shift_summary import queue_shift_summaries
from labelwatch.store import OutboxState, Store
from tests.support.alert_builders import NOW, destination, minutes, told
from tests.support.post import Clock, FakeChannel, queue
from tests.support.reasons import because

ALL = frozenset[str]()
GROUPS = {
    "amber": frozenset({"main"}),
    "birch": frozenset({"main"}),
    "cedar": frozenset({"other"}),
    "delta": frozenset({"main", "other"}),
    "ember": frozenset({""}),
    "field": ALL,
}
"""A channel, and the shops that it is told of."""
HEARD = {
    "amber": {"amber", "birch"},
    "birch": {"amber", "birch"},
    "cedar": {"cedar"},
    "delta": {"amber", "birch", "cedar", "delta"},
    "ember": {*GROUPS, "gone"},
    "field": {*GROUPS, "gone"},
}
"""A channel, and of which ones that do not work it is told; `gone` is not in the configuration any more."""


def routes(channels: Mapping[str, FakeChannel]) -> dict[str, tuple[Destination, FakeChannel]]:
    daily = (NOW + minutes(30)).time().replace(tzinfo=None)
    return {name: (_to(name, daily), channel) for name, channel in channels.items()}


def _to(name: str, daily: time) -> Destination:
    return destination(name=name, shops=GROUPS[name], timezone="UTC", handover=(daily,))


def rounds(store: Store, channels: Mapping[str, FakeChannel], **fallbacks: str) -> None:
    clock = Clock()
    for _ in range(3):
        settings = DeliverySettings(fallbacks=fallbacks)
        send_due(DeliveryContext(store, routes(channels), now=clock, stop=lambda: False, settings=settings))
        clock.advance(minutes=6)


@pytest.mark.parametrize("reader", GROUPS)
def test_a_hand_over_lists_the_channels_that_its_readers_may_know_of(sqlite_store: Store, reader: str) -> None:
    channels = {name: FakeChannel() for name in GROUPS}
    with sqlite_store.write() as tx:
        for name in (*GROUPS, "gone"):
            about = channel_dead(name, f"{name} was refused", since=NOW, waiting=1, now=NOW)
            tx.alerts.save(None, [Alert(None, AlertState.FIRING, NOW, about, NOW)])
    to, clock = routes(channels), Clock()
    queue_shift_summaries(sqlite_store, [to[reader][0]], now=clock.at)
    clock.advance(minutes=31)
    assert queue_shift_summaries(sqlite_store, [to[reader][0]], now=clock.at) == 1
    send_due(DeliveryContext(sqlite_store, to, now=clock, stop=lambda: False))
    (outgoing,) = channels[reader].outgoing_messages
    written = f"{outgoing.message.title}\n{outgoing.message.body}"
    assert {name for name in (*GROUPS, "gone") if name in written} == HEARD[reader]
    assert {name for name in (*GROUPS, "gone") if name in repr(outgoing.views)} == HEARD[reader]


def test_of_a_dead_channel_those_are_told_who_may_know_of_it(sqlite_store: Store) -> None:
    queue(sqlite_store, replace(told(), channel="birch"))
    channels = {name: FakeChannel() for name in ("cedar", "field")}
    rounds(sqlite_store, {**channels, "birch": FakeChannel([Permanent(because("the chat is gone"))])})
    assert {name: len(channel.sent) for name, channel in channels.items()} == {"cedar": 0, "field": 1}


def test_where_nobody_may_know_of_a_dead_channel_it_is_still_reported(sqlite_store: Store) -> None:
    queue(sqlite_store, replace(told(), channel="birch"))
    cedar = FakeChannel()
    rounds(sqlite_store, {"birch": FakeChannel([Permanent(because("the chat is gone"))]), "cedar": cedar})
    ((message, views, _),) = cedar.sent
    said = f"{message.title}\n{message.body}\n{views!r}"
    assert "A channel does not work" in message.title
    assert not any(word in said for word in ("birch", "the chat is gone", "main", "41517061"))


def test_what_a_dead_channel_was_to_say_of_another_one_is_said_to_those_who_may_know_of_that(
    sqlite_store: Store,
) -> None:
    queue(sqlite_store, replace(told(), channel="birch"))
    channels = {
        "birch": FakeChannel([Permanent(because("gone"))]),
        "field": FakeChannel([Permanent(because("gone"))]),
    }
    others = {name: FakeChannel() for name in ("amber", "cedar")}
    rounds(sqlite_store, {**channels, **others}, birch="field", field="cedar")
    said = {name: [message.title for message, _, _ in channel.sent] for name, channel in others.items()}
    assert any("birch" in title for title in said["amber"])
    assert not any("birch" in title for title in said["cedar"])


def test_a_channel_of_all_shops_is_known_to_none_that_is_limited() -> None:
    assert not may_know({"main"}, ALL)
    assert may_know(ALL, {"main"})


def test_what_was_queued_for_shops_that_a_channel_no_longer_has_is_not_sent(sqlite_store: Store) -> None:
    sqlite_store.shops.sync([("main", "123456"), ("north", "2")])
    queue(sqlite_store, replace(told(), channel="cedar"))
    about = Summary("cedar", SummaryKind.AUDIT, "north")
    report = Summary("cedar", SummaryKind.REPORT, shops=("north",), group="Client North")
    with sqlite_store.write() as tx:
        for subject in (about, report):
            made = summary(subject, since=NOW - minutes(9), at=NOW)
            tx.add_summary(made, due_at=NOW, expires_at=NOW + minutes(90), now=NOW)
    cedar = FakeChannel()
    rounds(sqlite_store, {"cedar": cedar})
    assert cedar.sent == []
    assert {row.state for row in sqlite_store.outbox.find()} == {OutboxState.SUPERSEDED}
