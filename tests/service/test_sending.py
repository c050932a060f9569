"""The service sends over each channel on its own: a message that hangs delays no other channel."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.config import Channel
from labelwatch.service.scheduler import Service
from labelwatch.store import OutboxState, Store
from tests.service.test_scheduler import eventually
from tests.support.alert_builders import NOW, told
from tests.support.http_server import Hook, answer
from tests.support.post import queue, states
from tests.web.build import Hands, clock, config

HANGS = 25
"""Seconds, less than the deadline of a message."""
OK = answer(200)


@contextmanager
def sending(store: Store, hands: Hands, **hooks: Hook) -> Iterator[Service]:
    """The service over these channels, with a clock of its own, and without shops."""
    urls = tuple(Channel(name=name, url=SecretStr(hook.url()), language="en") for name, hook in hooks.items())
    stop, settings = threading.Event(), config(shops=(), channels=urls)
    with closing(App(settings, store, clock=clock(hands), stop=stop)) as app:
        service = Service(
            app,
            stop=stop,
            notify=lambda state: None,
            wall=time.time,
            monotonic=time.monotonic,
            tick=timedelta(seconds=0.05),
        )
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()


def hangs(released: threading.Event) -> Hook:
    """Takes a message and answers when it is released."""

    def act(connection: socket.socket) -> None:
        released.wait(HANGS)
        OK(connection)

    return Hook([act])


@pytest.mark.fault("D1")
def test_news_for_one_channel_goes_out_while_a_message_of_another_hangs(sqlite_store: Store) -> None:
    hands, released = Hands(NOW), threading.Event()
    queue(sqlite_store, replace(told(n=1), channel="slow"), replace(told(n=2), channel="fast"))
    with hangs(released) as slow, Hook([OK]) as fast, sending(sqlite_store, hands, slow=slow, fast=fast):
        eventually(lambda: len(slow.requests) == 1 and OutboxState.SENT in states(sqlite_store, "fast"))
        hands.at += timedelta(seconds=61)
        queue(sqlite_store, replace(told(n=3), channel="fast", due_at=hands.at))
        eventually(lambda: len(fast.requests) == 2)
        assert states(sqlite_store, "slow") == [OutboxState.LEASED]
        assert len(slow.requests) == 1
        released.set()
        eventually(lambda: states(sqlite_store, "slow") == [OutboxState.SENT])


def test_a_message_that_hangs_is_noticed_and_is_recorded_when_it_arrives_at_the_end(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    queue(sqlite_store, replace(told(n=1), channel="slow"))
    monkeypatch.setattr("labelwatch.service.scheduler.NO_PROGRESS", timedelta(seconds=2))
    with hangs(released) as slow, sending(sqlite_store, Hands(NOW), slow=slow) as service:
        eventually(lambda: service.stuck() == "tell slow")
        threading.Timer(0.3, released.set).start()
    assert states(sqlite_store, "slow") == [OutboxState.SENT]
