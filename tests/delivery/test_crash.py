"""Real processes killed while they tell over a real socket: nothing lost, one duplicate at most, and to be known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.core.alert import Notification
from labelwatch.store import OutboxState, Store
from tests.support import crashing
from tests.support.alert_builders import told
from tests.support.forked import called
from tests.support.http_server import Hook, answer
from tests.support.post import queue, rows, states


def run(database: str, hook: Hook, point: str, number: int = 1) -> int:
    return called(crashing.main, database, hook.url(), point, number)


def due(*numbers: int) -> list[Notification]:
    now = datetime.now(UTC)
    return [replace(told(n=n), due_at=now, expires_at=now + timedelta(days=2)) for n in numbers]


@pytest.mark.parametrize(
    ("point", "messages"),
    [
        pytest.param("claimed", 1, marks=pytest.mark.fault("P1")),
        pytest.param("sent", 2, marks=pytest.mark.fault("P2")),
    ],
)
def test_killed_before_or_after_sending_nothing_is_lost_and_a_duplicate_is_recognised(
    store: Store, database: str, point: str, messages: int
) -> None:
    queue(store, *due(1, 2))
    with Hook([answer(200)]) as hook:
        assert run(database, hook, point) == -9
        assert set(states(store)) == {OutboxState.LEASED}
        queue(store, *due(3))
        assert run(database, hook, "never") == 0
    assert set(states(store)) == {OutboxState.SENT}
    assert len(hook.keys) == messages + 1
    assert len(set(hook.keys)) == 2
    assert [one.possible_duplicate for one in rows(store)] == [True, True, False]


@pytest.mark.fault("P3")
def test_killed_again_and_again_each_death_costs_one_duplicate_at_most(sqlite_store: Store, sqlite_url: str) -> None:
    kills = 0
    with Hook([answer(200)]) as hook:
        for n in range(4):
            queue(sqlite_store, *due(2 * n + 1, 2 * n + 2))
            kills += run(sqlite_url, hook, ("claimed", "sent")[n % 2]) == -9
        assert run(sqlite_url, hook, "never") == 0
    told_of = [seen["posting_number"] for request in hook.requests for seen in request.json["labelwatch"]]
    assert kills == 4
    assert len(set(told_of)) == 8
    assert len(hook.keys) - len(set(hook.keys)) <= kills
    once = {request.headers["idempotency-key"]: request for request in hook.requests}
    unique = [seen["posting_number"] for request in once.values() for seen in request.json["labelwatch"]]
    assert len(unique) == 8
