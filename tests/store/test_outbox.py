"""Nothing is lost, nothing is claimed twice, and what may have arrived comes again as it was."""

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.store import OutboxRow, OutboxState, Store, open_store, outbox
from labelwatch.store.engine import make_engine, read_url
from labelwatch.store.values import Settled
from tests.store.build import NOW, alert, minutes, notification, queue, shop_id
from tests.store.together import run_together
from tests.support.reasons import because, english

S = OutboxState


def claim(store: Store, key: str = "k1", *, at: timedelta = timedelta(0), limit: int = 500) -> list[OutboxRow]:
    now = NOW + at
    return store.outbox.claim("packers", now=now, lease_until=now + minutes(2), key=key, limit=limit)


def join(store: Store, key: str) -> list[OutboxRow]:
    return store.outbox.join("packers", now=NOW + minutes(1), lease_until=NOW + minutes(3), key=key)


def ids(rows: Sequence[OutboxRow]) -> list[int]:
    return [row.id for row in rows]


def the_row(store: Store) -> OutboxRow:
    (row,) = store.outbox.find()
    return row


def settled(store: Store, rows: Sequence[OutboxRow], state: OutboxState, **kwargs: Any) -> int:
    with store.write() as tx:
        return tx.outbox.settle(ids(rows), Settled(state, **kwargs), at=NOW)


def test_a_notification_carries_the_alert_as_it_was(store: Store) -> None:
    (alert_id,) = queue(store, 1)
    (row,) = claim(store)
    assert row.notification == notification(alert("queued-0", id=alert_id))
    assert (row.state, row.attempts, row.message_key, row.possible_duplicate) == (S.LEASED, 1, "k1", False)
    assert row.created_at == NOW
    assert row.lease_until == NOW + minutes(2)


def test_the_same_telling_is_queued_once(store: Store) -> None:
    (alert_id,) = queue(store, 1)
    again = alert("queued-0", id=alert_id)
    with store.write() as tx:
        tx.outbox.add([notification(again), notification(again, number=2)], created_at=NOW)
        tx.outbox.add([notification(again, channel="owner")], created_at=NOW)
    told = {(row.notification.number, row.notification.channel) for row in store.outbox.find()}
    assert told == {(1, "packers"), (2, "packers"), (1, "owner")}
    assert len(store.outbox.find()) == 3


def test_what_was_withdrawn_is_queued_afresh(store: Store) -> None:
    (alert_id,) = queue(store, 1)
    settled(store, claim(store), S.RETRY, next_try=NOW, error=because("503"))
    fresh = notification(alert("queued-0", id=alert_id), due_at=NOW + minutes(5))
    with store.write() as tx:
        assert tx.outbox.withdraw([alert_id]) == {alert_id}
        tx.outbox.add([fresh], created_at=NOW + minutes(5))
    row = the_row(store)
    assert (row.state, row.attempts, english(row.error), row.created_at) == (S.PENDING, 0, "", NOW + minutes(5))
    assert [row.notification for row in claim(store, "k2", at=minutes(5))] == [fresh]


@pytest.mark.parametrize("state", [S.SENT, S.DEAD, S.SUPERSEDED])
def test_what_ended_otherwise_is_not_queued_afresh(store: Store, state: OutboxState) -> None:
    (alert_id,) = queue(store, 1)
    settled(store, claim(store), state, error=because("overtaken"))
    with store.write() as tx:
        tx.outbox.add([notification(alert("queued-0", id=alert_id))], created_at=NOW)
    assert (the_row(store).state, english(the_row(store).error)) == (state, "overtaken")


def test_an_alert_is_saved_before_it_is_told_of(sqlite_store: Store) -> None:
    with pytest.raises(ValueError, match="saved before"), sqlite_store.write() as tx:
        tx.outbox.add([notification(alert())], created_at=NOW)


def test_all_that_is_due_for_a_channel_is_one_claim(store: Store) -> None:
    queue(store, 3)
    with store.write() as tx:
        (later,) = tx.alerts.save(shop_id(store), [alert("later")])
        told = alert("later", id=later)
        tx.outbox.add([notification(told, due_at=NOW + minutes(1))], created_at=NOW)
        tx.outbox.add([notification(told, channel="owner")], created_at=NOW)
    assert len(claim(store)) == 3
    assert claim(store, "k2") == []
    assert store.outbox.next_due() == NOW  # the other channel's
    assert [row.notification.alert.id for row in claim(store, "k3", at=minutes(1))] == [later]


def news(alert_id: int, telling: int = 2, reason: Reason = Reason.RESOLVED, **changes: Any) -> Notification:
    one = notification(alert("queued-0", id=alert_id), number=telling, **{"due_at": NOW + minutes(30)} | changes)
    return replace(one, reason=reason)


def queue_another(store: Store) -> None:
    another = alert("another")
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop_id(store), [another])
        tx.outbox.add([notification(replace(another, id=id_))], created_at=NOW)


@pytest.mark.parametrize("reason", [Reason.RESOLVED, Reason.ACKNOWLEDGED, Reason.CAUSE_CHANGED])
def test_what_would_be_told_later_goes_with_the_next_message(store: Store, reason: Reason) -> None:
    (over,) = queue(store, 1)
    settled(store, claim(store), S.SENT)
    with store.write() as tx:
        tx.outbox.add([news(over, reason=reason)], created_at=NOW)
    assert claim(store, "k2", at=minutes(29)) == []
    queue_another(store)
    assert [row.notification.reason for row in claim(store, "k3", at=minutes(1))] == [Reason.FIRST]
    assert [(row.notification.reason, row.message_key) for row in join(store, "k3")] == [(reason, "k3")]
    assert join(store, "k3") == []


def test_a_test_and_a_hand_over_keep_their_time(store: Store) -> None:
    (over,) = queue(store, 1)
    settled(store, claim(store), S.SENT)
    with store.write() as tx:
        tx.outbox.add([news(over, reason=Reason.TEST), news(over, 3, Reason.HANDOVER)], created_at=NOW)
    assert join(store, "k2") == []


def test_the_half_of_a_refused_message_that_waits_does_not_go_with_the_other(store: Store) -> None:
    (over,) = queue(store, 1)
    settled(store, claim(store), S.SENT)
    with store.write() as tx:
        tx.outbox.add([news(over, due_at=NOW)], created_at=NOW)
    settled(store, claim(store, "k2"), S.PENDING, next_try=NOW + minutes(2))
    assert join(store, "k3") == []


def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    queue(store, 5)
    first, second = claim(store, "k1", limit=3), claim(store, "k2", limit=3)
    assert (len(first), len(second)) == (3, 2)
    assert set(ids(first)).isdisjoint(ids(second))


SETTLED: dict[str, tuple[OutboxState, dict[str, Any], dict[str, Any]]] = {
    "sent": (S.SENT, {"receipt": "id 7"}, {"sent_at": NOW, "receipt": "id 7", "message_key": "k1"}),
    "unverified": (S.UNVERIFIED, {}, {"sent_at": NOW, "message_key": "k1"}),
    "dead": (S.DEAD, {"error": because("chat not found")}, {"sent_at": None, "error": because("chat not found")}),
    "again": (
        S.RETRY,
        {"next_try": NOW + minutes(5), "error": because("503")},
        {"message_key": None, "possible_duplicate": False, "error": because("503")},
    ),
    "again, may have arrived": (
        S.RETRY,
        {"next_try": NOW + minutes(5), "keep_key": True},
        {"message_key": "k1", "possible_duplicate": True},
    ),
}


@pytest.mark.parametrize("how", SETTLED)
def test_how_telling_went_is_written_down(store: Store, how: str) -> None:
    state, given, expected = SETTLED[how]
    queue(store, 1)
    assert settled(store, claim(store), state, **given) == 1
    row = the_row(store)
    assert (row.state, row.lease_until) == (state, None)
    assert {name: getattr(row, name) for name in expected} == expected


def test_what_was_settled_is_not_settled_again(store: Store) -> None:
    queue(store, 1)
    rows = claim(store)
    assert settled(store, rows, S.SENT) == 1
    assert settled(store, rows, S.DEAD) == 0
    assert the_row(store).state is S.SENT


def test_a_retry_waits_for_its_time_and_joins_what_is_due_then(store: Store) -> None:
    queue(store, 1)
    settled(store, claim(store), S.RETRY, next_try=NOW + minutes(5))
    assert store.outbox.next_due() == NOW + minutes(5)
    assert claim(store, "k2", at=minutes(4)) == []
    queue_later(store)
    rows = claim(store, "k3", at=minutes(5))
    assert [(row.attempts, row.message_key, row.possible_duplicate) for row in rows] == [
        (1, "k3", False),
        (2, "k3", False),
    ]


def queue_later(store: Store) -> None:
    """One more, due at once."""
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop_id(store), [alert("later")])
        tx.outbox.add([notification(alert("later", id=id_))], created_at=NOW)


def test_what_may_have_arrived_comes_again_alone_and_under_its_key(store: Store) -> None:
    queue(store, 2)
    first = claim(store)
    settled(store, first, S.RETRY, next_try=NOW + minutes(1), keep_key=True)
    queue_later(store)
    again, rest = claim(store, "k2", at=minutes(1)), claim(store, "k3", at=minutes(1))
    assert ids(again) == ids(first)
    assert {(row.message_key, row.possible_duplicate, row.attempts) for row in again} == {("k1", True, 2)}
    assert [row.message_key for row in rest] == ["k3"]


def test_a_lease_that_ran_out_is_taken_over_as_the_same_message(store: Store) -> None:
    queue(store, 3)
    lost = claim(store)
    queue_later(store)
    assert len(claim(store, "k2", at=minutes(1))) == 1
    taken = claim(store, "k3", at=minutes(2))
    assert ids(taken) == ids(lost)
    assert {(row.message_key, row.possible_duplicate) for row in taken} == {("k1", True)}


def test_rows_settled_before_the_crash_do_not_come_again(store: Store) -> None:
    queue(store, 3)
    lost = claim(store)
    store.outbox.supersede(ids(lost)[:1], why=because("a newer telling"))
    assert ids(claim(store, "k2", at=minutes(2))) == ids(lost)[1:]


@pytest.mark.parametrize("begun", [False, True], ids=["queued", "claimed"])
def test_what_is_from_before_the_clock_was_set_back_is_ready_at_once(store: Store, begun: bool) -> None:
    queue(store, 1)
    if begun:
        claim(store)
    (row,) = claim(store, "k2", at=-minutes(60))
    assert (row.message_key, row.created_at) == ("k1" if begun else "k2", NOW - minutes(60))
    settled(store, [row], S.RETRY, next_try=NOW - minutes(55))
    assert claim(store, "k3", at=-minutes(56)) == []
    assert len(claim(store, "k3", at=-minutes(55))) == 1


def test_hosts_whose_clocks_differ_a_little_leave_each_other_their_rows(store: Store) -> None:
    queue(store, 1, due_at=NOW + minutes(1))
    assert claim(store, at=-minutes(0.5)) == []
    claim(store, at=minutes(1))
    assert claim(store, "k2", at=minutes(0.5)) == []


def test_a_snapshot_that_cannot_be_read_is_dead_and_holds_no_other(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(read_url(database))
    with closing(open_store(database)) as store:
        queue(store, 2)
        spoilt = ids(store.outbox.find())[-1]
        with engine.begin() as conn:
            conn.execute(text("UPDATE notification SET snapshot = '{}' WHERE id = :id"), {"id": spoilt})
        assert len(claim(store)) == 1
        assert len(store.outbox.find()) == 1
    with engine.connect() as conn:
        found = conn.execute(text("SELECT state, error FROM notification WHERE id = :id"), {"id": spoilt}).one()
    engine.dispose()
    assert found.state == "dead"
    assert found.error.startswith('{"key":"unreadable","values":{"raw":"ValidationError: ')
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_what_is_past_its_time_expires(store: Store) -> None:
    queue(store, 1, lasts=minutes(3))
    assert claim(store, at=minutes(3)) == []
    assert the_row(store).state is S.EXPIRED
    assert store.outbox.next_due() is None


def test_released_rows_are_as_before(store: Store) -> None:
    queue(store, 1)
    assert store.outbox.release(ids(claim(store))) == 1
    row = the_row(store)
    assert (row.state, row.message_key, row.lease_until) == (S.PENDING, None, None)
    assert len(claim(store, "k2")) == 1


def test_released_rows_that_may_have_arrived_stay_that_message(store: Store) -> None:
    queue(store, 1)
    claim(store)
    store.outbox.release(ids(claim(store, "k2", at=minutes(2))))
    (row,) = claim(store, "k3", at=minutes(2))
    assert (row.message_key, row.possible_duplicate) == ("k1", True)


@pytest.mark.parametrize("state", [S.DEAD, S.SUPERSEDED])
def test_what_ended_can_be_queued_again_by_hand(store: Store, state: OutboxState) -> None:
    queue(store, 1)
    settled(store, claim(store), state, error=because("chat not found"))
    later = NOW + timedelta(days=3)
    assert store.outbox.retry([the_row(store).id], at=later, expires_at=later + minutes(9)) == 1
    (row,) = store.outbox.claim("packers", now=later, lease_until=later, key="k9")
    assert (english(row.error), row.notification.expires_at) == ("", later + minutes(9))


def test_what_was_sent_or_still_waits_is_not_queued_again(store: Store) -> None:
    queue(store, 1)
    assert store.outbox.retry([the_row(store).id], at=NOW, expires_at=NOW) == 0
    settled(store, claim(store), S.SENT)
    assert store.outbox.retry([the_row(store).id], at=NOW, expires_at=NOW) == 0
    assert store.outbox.retry([999], at=NOW, expires_at=NOW) == 0


@pytest.mark.fault("D13")
def test_rows_of_a_channel_that_is_gone_end_as_dead_and_say_why(store: Store) -> None:
    queue(store, 2)
    queue_for(store, "old")
    assert store.outbox.abandon(["packers"]) == 1
    (dead,) = store.outbox.find(states=[S.DEAD])
    assert (dead.notification.channel, english(dead.error)) == (
        "old",
        "the channel is no longer in the configuration",
    )


def queue_for(store: Store, channel: str) -> Alert:
    fresh = alert(f"for {channel}")
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop_id(store), [fresh])
        tx.outbox.add([notification(replace(fresh, id=id_), channel=channel)], created_at=NOW)
    return replace(fresh, id=id_)


def test_what_a_channel_was_told_before_counts_only_if_it_arrived(store: Store) -> None:
    alerts = queue(store, 4)
    rows = claim(store)
    for row, state in zip(rows, [S.SENT, S.UNVERIFIED, S.DEAD], strict=False):
        settled(store, [row], state)
    assert store.outbox.told_before("packers", alerts) == set(alerts[:2])
    assert store.outbox.told_before("owner", alerts) == set()
    assert store.outbox.told_before("packers", []) == set()


def test_the_outbox_is_read_by_what_is_asked_for(store: Store) -> None:
    queue(store, 3)
    other = queue_for(store, "owner")
    assert [row.notification.alert.id for row in store.outbox.find(channel="owner")] == [other.id]
    assert len(store.outbox.find(posting_number="queued-1")) == 1
    assert len(store.outbox.find(states=[S.PENDING], limit=2)) == 2
    assert store.outbox.find(since=NOW + minutes(1)) == []


CLAIMER = """
import sys
from datetime import datetime, timedelta, UTC
from labelwatch.store import OutboxState, open_store

store = open_store(sys.argv[1])
now = datetime(2026, 3, 1, 12, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
lease = {"lease_until": now + timedelta(minutes=2), "key": sys.argv[2]}
while rows := store.outbox.claim("packers", now=now, **lease, limit=7):
    print(*(row.id for row in rows), flush=True)
"""


def test_two_processes_never_claim_the_same_row(database: str) -> None:
    with closing(open_store(database)) as store:
        queue(store, 200)
        queued = sorted(row.id for row in store.outbox.find())
    shares = claimed_by_two(database)
    assert sorted(shares[0] + shares[1]) == queued


def test_two_processes_never_share_a_message_that_is_sent_again(database: str) -> None:
    """Each of the messages whose lease ran out goes whole to one of them."""
    with closing(open_store(database)) as store:
        queue(store, 100, due_at=NOW - minutes(9))
        messages = [ids(claim(store, f"m{n}", at=-minutes(9), limit=5)) for n in range(20)]
    shares = claimed_by_two(database)
    assert sorted(shares[0] + shares[1]) == sorted(id_ for message in messages for id_ in message)
    assert all(set(message) <= set(shares[0]) or set(message) <= set(shares[1]) for message in messages)


def claimed_by_two(database: str) -> list[list[int]]:
    """What each of two processes, started together, claimed until nothing was left."""
    answers = run_together([[sys.executable, "-c", CLAIMER, database, key] for key in "ab"])
    return [[int(id_) for id_ in answer.split()] for answer in answers]


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
@pytest.mark.parametrize("begun", [True, False], ids=["messages begun before", "fresh rows"])
def test_a_claimer_passes_over_what_another_is_just_claiming(database: str, begun: bool) -> None:
    engine = make_engine(read_url(database))
    with closing(open_store(database)) as store:
        queue(store, 6, due_at=NOW - minutes(9))
        if begun:
            messages = [ids(claim(store, f"m{n}", at=-minutes(9), limit=3)) for n in range(2)]
        else:
            messages = [sorted(row.id for row in store.outbox.find())[start : start + 3] for start in (0, 3)]
        with engine.begin() as conn:
            until = NOW + minutes(2)
            mine = outbox.claim(conn, "packers", now=NOW, lease_until=until, key="k1", limit=3)
            theirs = claim(store, "k2", limit=3)
        assert [ids(mine), ids(theirs)] == messages
    engine.dispose()
