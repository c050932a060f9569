"""A round of telling: nothing lost, nothing twice, nobody waits for somebody else's slow service."""

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.channels.base import Ambiguous, Delivered, RateLimited, Retry
from labelwatch.core.alert import Reason, Severity
from labelwatch.core.lifecycle import acknowledge
from labelwatch.core.posting import Interval
from labelwatch.delivery.compose import newest_of_each
from labelwatch.delivery.context import LONGEST_PAUSE, pause
from labelwatch.delivery.dispatcher import LEASE, recover
from labelwatch.messages.plain import size
from labelwatch.store import Fault, OutboxRow, OutboxState, Store, StoreError, open_store
from labelwatch.store.values import Settled
from tests.support.alert_builders import NOW, minutes, resolved, told
from tests.support.post import FINE, Clock, FakeChannel, again, alive, queue, rows, states, tell
from tests.support.reasons import because, english


def test_what_is_due_goes_out_as_one_message_with_its_receipt(store: Store) -> None:
    queue(store, told(n=1), told(n=2), replace(told(n=3), due_at=NOW + minutes(1)))
    channel, clock = FakeChannel(), Clock()
    done = tell(store, clock, {"packers": channel})
    assert channel.told == [[("41517061-0214-1", "first"), ("41517061-0215-1", "first")]]
    assert states(store) == [OutboxState.SENT, OutboxState.SENT, OutboxState.PENDING]
    assert [row.receipt for row in rows(store)] == ["HTTP 200", "HTTP 200", ""]
    assert done.told == {"packers": 2}
    assert done.errors == {}
    clock.advance(minutes=1)
    tell(store, clock, {"packers": channel})
    assert len(channel.sent) == 2
    assert len(set(channel.keys)) == 2


def test_what_waited_for_long_is_told_as_it_is_by_now(sqlite_store: Store) -> None:
    late = minutes(7 * 60)
    (id_,) = queue(sqlite_store, replace(told(), due_at=NOW + late))
    shop = sqlite_store.shops.named("main")
    assert shop is not None
    channel, clock = FakeChannel(), Clock()
    clock.advance(hours=7)
    with sqlite_store.write() as tx:
        tx.alerts.change_by_id([id_], lambda alert: acknowledge(alert, by="anna", note="", now=NOW))
        tx.shops.mark_read(shop.id, started_at=clock(), finished_at=clock())
    tell(sqlite_store, clock, {"packers": channel}, intervals={"main": minutes(2)})
    ((message, (seen,), _),) = channel.sent
    assert seen["handled_by"] == "anna"
    assert "anna is on it." in message.body
    assert "Data as of" not in message.body


def test_a_second_round_tells_nothing_twice(store: Store) -> None:
    queue(store, told())
    channel, clock = FakeChannel(), Clock()
    for _ in range(3):
        tell(store, clock, {"packers": channel})
        clock.advance(minutes=5)
    assert len(channel.sent) == 1


def test_without_a_receipt_it_counts_as_unverified(sqlite_store: Store) -> None:
    queue(sqlite_store, told())
    tell(sqlite_store, Clock(), {"packers": FakeChannel([Delivered("", verified=False)])})
    assert states(sqlite_store) == [OutboxState.UNVERIFIED]


def test_five_hundred_alerts_are_one_message(sqlite_store: Store) -> None:
    queue(sqlite_store, *(told(n=n) for n in range(1, 501)))
    channel = FakeChannel()
    tell(sqlite_store, Clock(), {"packers": channel})
    ((message, views, _),) = channel.sent
    assert len({seen["posting_number"] for seen in views}) == 500
    assert size(message.title + message.body) < 4096
    assert set(states(sqlite_store)) == {OutboxState.SENT}


def test_the_alerts_of_a_message_are_in_order_of_the_deadline_also_for_programs(sqlite_store: Store) -> None:
    dues = [NOW + minutes(left) for left in (300, 90, 200)]
    late: dict[str, Any] = {"severity": Severity.NOTICE, "act_by": None}
    queue(sqlite_store, *(told(n=n, deadline=due, **late) for n, due in enumerate(dues, 1)))
    channel = FakeChannel()
    tell(sqlite_store, Clock(), {"packers": channel})
    ((_, views, _),) = channel.sent
    assert [datetime.fromisoformat(seen["deadline"]) for seen in views] == sorted(dues)


# ---- what is worth sending


def test_only_the_newest_telling_of_an_alert_is_sent(store: Store) -> None:
    newer = replace(told(reason=Reason.ESCALATED), number=2)
    queue(store, told(), newer)
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    assert channel.told == [[("41517061-0214-1", "escalated")]]
    assert states(store) == [OutboxState.SUPERSEDED, OutboxState.SENT]


def test_trouble_that_was_over_before_anybody_heard_of_it_is_not_told(store: Store) -> None:
    queue(store, told(), resolved())
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    assert channel.sent == []
    assert states(store) == [OutboxState.SUPERSEDED] * 2


def test_what_was_told_is_also_told_to_be_over(store: Store) -> None:
    (alert,) = queue(store, told())
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    again(store, alert, resolved())
    tell(store, Clock(), {"packers": channel})
    assert channel.told == [[("41517061-0214-1", "first")], [("41517061-0214-1", "resolved")]]


def test_what_is_over_waits_for_a_first_telling_that_may_have_arrived(store: Store) -> None:
    (alert,) = queue(store, told())
    channel, clock = FakeChannel([Ambiguous(because("no answer")), FINE]), Clock()
    tell(store, clock, {"packers": channel})
    again(store, alert, resolved())
    tell(store, clock, {"packers": channel})
    assert len(channel.sent) == 1
    clock.advance(seconds=7)
    tell(store, clock, {"packers": channel})
    assert [part[0][1] for part in channel.told] == ["first", "first", "resolved"]
    assert channel.keys[0] == channel.keys[1] != channel.keys[2]


def test_what_nobody_has_to_hurry_for_waits_for_an_hour_or_for_what_is_critical(store: Store) -> None:
    early: dict[str, Any] = {
        "severity": Severity.NOTICE,
        "deadline": NOW + timedelta(hours=10),
        "act_by": NOW + timedelta(hours=9),
    }
    channel, clock, to = FakeChannel(), Clock(), {"calm_interval": timedelta(hours=1)}
    sent = []
    for n, about, later in ((1, early, 0), (2, early, 1), (3, {"severity": Severity.CRITICAL}, 1), (4, early, 59)):
        clock.advance(minutes=later)
        queue(store, told(n=n, **about))
        tell(store, clock, {"packers": channel}, to=to)
        sent.append(len(channel.sent))
    assert sent == [1, 1, 2, 2]
    clock.advance(minutes=1)
    tell(store, clock, {"packers": channel}, to=to)
    assert [{number for number, _ in one} for one in channel.told] == [
        {"41517061-0214-1"},
        {"41517061-0215-1", "41517061-0216-1"},
        {"41517061-0217-1"},
    ]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans()), max_size=12), st.sets(st.integers(1, 4))
)
def test_every_claimed_row_is_either_sent_or_superseded(
    tellings: list[tuple[int, int, bool]], before: set[int]
) -> None:
    numbers = count(1)
    claimed = [row(next(numbers), alert, telling, over=over) for alert, telling, over in tellings]
    to_send, superseded = newest_of_each(claimed, before)
    assert sorted(one.id for one in (*to_send, *superseded)) == [one.id for one in claimed]
    alerts = [one.notification.alert.id for one in to_send]
    assert len(alerts) == len(set(alerts))
    for one in to_send:
        assert one.notification.reason is not Reason.RESOLVED or one.notification.alert.id in before


def row(id_: int, alert: int, telling: int, *, over: bool) -> OutboxRow:
    notification = replace(resolved() if over else told(), number=telling)
    notification = replace(notification, alert=replace(notification.alert, id=alert))
    return OutboxRow(id_, notification, OutboxState.LEASED, NOW, 1, NOW, "key", False, None, "", None)


# ---- when it does not work


def test_what_failed_is_tried_again_later_with_what_came_meanwhile(store: Store) -> None:
    queue(store, told(n=1))
    channel, clock = FakeChannel([Retry(because("HTTP 500")), FINE]), Clock()
    done = tell(store, clock, {"packers": channel})
    assert done.errors == {"packers": because("HTTP 500")}
    queue(store, told(n=2))
    clock.advance(seconds=4)
    tell(store, clock, {"packers": channel})
    assert len(channel.sent) == 1
    clock.advance(seconds=3)
    tell(store, clock, {"packers": channel})
    assert [len(part) for part in channel.told] == [1, 2]
    assert channel.keys[0] != channel.keys[1]
    assert [one.possible_duplicate for one in rows(store)] == [False, False]


@pytest.mark.fault("D11")
def test_what_may_have_arrived_is_sent_again_as_it_was(store: Store) -> None:
    queue(store, told(n=1), told(n=2))
    channel, clock = FakeChannel([Ambiguous(because("no answer")), FINE]), Clock()
    tell(store, clock, {"packers": channel})
    queue(store, told(n=3))
    clock.advance(seconds=7)
    tell(store, clock, {"packers": channel})
    assert [len(part) for part in channel.told] == [2, 2, 1]
    assert channel.keys[0] == channel.keys[1] != channel.keys[2]
    assert [one.possible_duplicate for one in rows(store)] == [True, True, False]


@pytest.mark.fault("D2")
def test_the_wish_of_the_service_is_honoured(store: Store) -> None:
    queue(store, told())
    channel, clock = FakeChannel([RateLimited(because("HTTP 429"), timedelta(seconds=34)), FINE]), Clock()
    for seconds, sent in ((0, 1), (33, 1), (1, 2)):
        clock.advance(seconds=seconds)
        tell(store, clock, {"packers": channel})
        assert len(channel.sent) == sent


@pytest.mark.fault("D1")
@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 5, 6.25), (2, 10, 12.5), (4, 40, 50), (9, 300, 300)])
def test_pauses_grow_from_seconds_to_minutes(attempts: int, least: float, most: float) -> None:
    spans = [pause(attempts, random.Random(seed)).total_seconds() for seed in range(20)]
    assert min(spans) >= least
    assert max(spans) <= most


@pytest.mark.fault("D1")
def test_an_hour_of_outage_loses_nothing(sqlite_store: Store) -> None:
    channel, clock = FakeChannel([Retry(because("HTTP 502"))]), Clock()
    for n in range(1, 61):
        queue(sqlite_store, replace(told(n=n), due_at=clock.at))
        tell(sqlite_store, clock, {"packers": channel})
        clock.advance(minutes=1)
    assert len(channel.sent) < 25
    channel.results = [FINE]
    clock.at += LONGEST_PAUSE
    tell(sqlite_store, clock, {"packers": channel})
    assert len(channel.told[-1]) == 60
    assert set(states(sqlite_store)) == {OutboxState.SENT}


@pytest.mark.fault("C1")
@pytest.mark.parametrize(
    "first", [Retry(because("HTTP 500")), Ambiguous(because("no answer"))], ids=["failed", "no answer"]
)
def test_a_clock_that_is_set_back_holds_no_message(store: Store, first: Retry | Ambiguous) -> None:
    queue(store, told(n=1))
    channel, clock = FakeChannel([first, first, FINE]), Clock()
    tell(store, clock, {"packers": channel})
    queue(store, told(n=2))
    clock.advance(hours=-1)
    tell(store, clock, {"packers": channel})
    assert len(channel.sent) == 2
    clock.advance(seconds=15)
    tell(store, clock, {"packers": channel})
    assert set(states(store)) == {OutboxState.SENT}


def test_what_waits_longer_than_any_service_may_wish_holds_no_other(store: Store) -> None:
    queue(store, told(n=1))
    (row,) = store.outbox.claim("packers", now=NOW, lease_until=NOW + LEASE, key="k1")
    with store.write() as tx:
        tx.outbox.settle([row.id], Settled(OutboxState.RETRY, next_try=NOW + timedelta(hours=2)), at=NOW)
    queue(store, told(n=2))
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    assert channel.told == [[("41517061-0215-1", "first")]]


@pytest.mark.parametrize("others", [0])
def test_what_cannot_be_shown_is_given_up_and_holds_no_other(
    store: Store, others: int, caplog: pytest.LogCaptureFixture
) -> None:
    fine = [told(n=n) for n in range(2, 2 + others)]
    broken = told(n=1)
    end_of_time = datetime.max.replace(tzinfo=UTC)
    far = replace(broken.alert.diagnosis, waiting_since=Interval(NOW, end_of_time), deadline=end_of_time)
    queue(store, replace(broken, alert=replace(broken.alert, diagnosis=far, opened_at=end_of_time)), *fine)
    channel = FakeChannel()
    done = tell(store, Clock(), {"packers": channel})
    assert [len(part) for part in channel.told] == ([others] if others else [])
    assert states(store) == [OutboxState.DEAD] + [OutboxState.SENT] * others
    assert english(rows(store)[0].error).startswith("cannot be shown: OverflowError: ")
    assert [record.levelname for record in caplog.records if "cannot be shown" in record.message] == ["ERROR"]
    assert done.told == ({"packers": others} if others else {})


# ---- side by side


@pytest.mark.fault("D1")
def test_a_slow_channel_delays_no_other(sqlite_store: Store) -> None:
    release = threading.Event()
    slow, fast = FakeChannel(while_sending=lambda: release.wait(20)), FakeChannel()
    late = replace(told(n=2), channel="fast", due_at=NOW + minutes(0.5))
    queue(sqlite_store, replace(told(n=1), channel="slow"), replace(told(n=3), channel="fast"), late)
    clock = Clock()
    fast.while_sending = lambda: clock.advance(seconds=30) if len(fast.sent) == 1 else release.set()
    tell(sqlite_store, clock, {"slow": slow, "fast": fast})
    assert (len(slow.sent), len(fast.sent)) == (1, 2)


def test_a_round_leaves_no_thread_behind(sqlite_store: Store) -> None:
    before = alive()
    queue(sqlite_store, told())
    tell(sqlite_store, Clock(), {"packers": FakeChannel(), "owner": FakeChannel()})
    assert alive() == before


def test_the_lock_of_a_message_holds_the_channel_for_everybody(sqlite_store: Store) -> None:
    queue(sqlite_store, told(n=1))
    clock, second = Clock(), FakeChannel()

    def meanwhile() -> None:
        if len(first.sent) == 1:
            queue(sqlite_store, told(n=2))
            tell(sqlite_store, clock, {"packers": second})

    first = FakeChannel(while_sending=meanwhile)
    tell(sqlite_store, clock, {"packers": first})
    assert (len(first.sent), second.sent) == (2, [])


def test_a_stop_before_sending_gives_everything_back(store: Store) -> None:
    queue(store, told())
    channel, stopped = FakeChannel(), threading.Event()
    tell(store, Clock(), {"packers": channel}, stop=stopped.is_set, at=lambda point: stopped.set())
    assert channel.sent == []
    assert [(one.state, one.message_key) for one in rows(store)] == [(OutboxState.PENDING, None)]
    tell(store, Clock(), {"packers": channel})
    assert len(channel.sent) == 1


def test_a_stop_while_sending_ends_the_round_after_that_message(store: Store) -> None:
    queue(store, told(n=1))
    stopped = threading.Event()

    def meanwhile() -> None:
        queue(store, told(n=2))
        stopped.set()

    channel = FakeChannel(while_sending=meanwhile)
    tell(store, Clock(), {"packers": channel}, stop=stopped.is_set)
    assert states(store) == [OutboxState.SENT, OutboxState.PENDING]


def test_a_store_that_fails_is_told_to_the_caller_after_the_others_are_done(sqlite_url: str) -> None:
    with closing(open_store(sqlite_url)) as store:
        queue(store, replace(told(n=1), channel="a"), replace(told(n=2), channel="b"))

        def fail(point: str) -> None:
            if point == "sent" and threading.current_thread().name == "tell_0":
                raise StoreError(Fault.FULL, "disk full")

        channels = {"a": FakeChannel(), "b": FakeChannel()}
        with pytest.raises(StoreError, match="disk full"):
            tell(store, Clock(), channels, at=fail)
        assert sorted(states(store, "a") + states(store, "b")) == [OutboxState.LEASED, OutboxState.SENT]


@pytest.mark.fault("P6", "P7")
def test_what_was_sent_while_the_database_took_nothing_is_marked_later_and_not_sent_again(sqlite_url: str) -> None:
    file, clock, left = sqlite_url.removeprefix("sqlite:///"), Clock(), dict[str, Callable[[], None]]()
    with (
        closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other,
        closing(open_store(f"{sqlite_url}?timeout=0.05")) as store,
    ):
        queue(store, told(n=1), replace(told(n=2), due_at=NOW + minutes(1)))
        channel = FakeChannel(while_sending=lambda: other.execute("BEGIN IMMEDIATE"))
        for _ in range(3):
            with pytest.raises(StoreError) as busy:
                tell(store, clock, {"packers": channel}, unsettled=left)
            assert busy.value.fault is Fault.BUSY
            clock.at += LEASE
        other.execute("ROLLBACK")
        channel.while_sending = lambda: None
        tell(store, clock, {"packers": channel}, unsettled=left)
        assert channel.told == [[("41517061-0214-1", "first")], [("41517061-0215-1", "first")]]
        assert states(store) == [OutboxState.SENT, OutboxState.SENT]
        assert left == {}


def test_a_note_that_the_database_will_never_take_is_not_kept(sqlite_store: Store) -> None:
    def never() -> None:
        raise StoreError(Fault.OTHER, "a row that points nowhere")

    left = {"packers": never}
    with pytest.raises(StoreError):
        tell(sqlite_store, Clock(), {"packers": FakeChannel()}, unsettled=left)
    assert left == {}


# ---- after a crash


def test_what_a_dead_process_left_goes_out_again_when_its_lease_is_over(store: Store) -> None:
    queue(store, told())
    store.outbox.claim("packers", now=NOW, lease_until=NOW + LEASE, key="k1")
    channel, clock = FakeChannel(), Clock()
    tell(store, clock, {"packers": channel})
    assert channel.sent == []
    clock.at += LEASE
    tell(store, clock, {"packers": channel})
    assert channel.keys == ["k1"]
    assert [one.possible_duplicate for one in rows(store)] == [True]


def test_who_holds_the_database_alone_need_not_wait_for_the_lease(store: Store) -> None:
    queue(store, told(n=1), told(n=2))
    store.outbox.claim("packers", now=NOW, lease_until=NOW + LEASE, key="k1")
    assert recover(store, now=NOW) == 2
    assert recover(store, now=NOW) == 0
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    assert channel.keys == ["k1"]
    assert len(channel.told[0]) == 2


def test_a_try_that_fails_for_sure_does_not_make_another_message_of_what_may_have_arrived(store: Store) -> None:
    queue(store, told(n=1))
    channel, clock = FakeChannel([Ambiguous(because("no answer")), Retry(because("HTTP 502")), FINE]), Clock()
    for _ in range(3):
        tell(store, clock, {"packers": channel})
        clock.advance(minutes=5)
    assert len(channel.keys) == 3
    assert len(set(channel.keys)) == 1


def test_what_is_overtaken_is_no_part_of_the_message_that_overtook_it(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    again(store, alert, replace(told(n=1, reason=Reason.ESCALATED), number=2))
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    (row,) = store.channels.message(channel.keys[0])
    assert row.notification.reason is Reason.ESCALATED


def test_what_a_dead_process_left_to_be_parted_goes_out_under_keys_of_its_own(store: Store) -> None:
    """It died after it had claimed a test and news together: two messages under one key would read as one."""
    queue(store, told(n=1), replace(told(n=2), reason=Reason.TEST))
    store.outbox.claim("packers", now=NOW, lease_until=NOW + LEASE, key="k1")
    recover(store, now=NOW)
    channel = FakeChannel()
    tell(store, Clock(), {"packers": channel})
    assert [reasons for ((_, reasons),) in channel.told] == ["test", "first"]
    assert channel.keys[0] == "k1" != channel.keys[1]
