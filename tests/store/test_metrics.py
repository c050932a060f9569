"""What is measured: what waits for each channel, since when, and how big the files are."""

from datetime import timedelta

from labelwatch.store import OutboxState, Store
from labelwatch.store.values import Settled
from tests.store.build import NOW, minutes, queue
from tests.support.reasons import because


def test_what_waits_and_what_was_given_up_is_counted_by_channel(store: Store) -> None:
    queue(store, 3)
    rows = store.outbox.claim("packers", now=NOW, lease_until=NOW + minutes(1), key="one", limit=2)
    with store.write() as tx:
        tx.outbox.settle([rows[0].id], Settled(OutboxState.DEAD, error=because("no such chat")), at=NOW)
        tx.outbox.settle([rows[1].id], Settled(OutboxState.SENT, receipt="ok"), at=NOW)
    assert store.gauges.outbox() == {("packers", "pending"): 1, ("packers", "dead"): 1}


def test_the_oldest_that_is_due_is_told_and_what_is_held_back_is_not(store: Store) -> None:
    queue(store, 1, due_at=NOW + timedelta(hours=8))
    assert store.gauges.oldest_due(NOW) == {}
    assert store.gauges.oldest_due(NOW + timedelta(hours=9)) == {"packers": NOW + timedelta(hours=8)}


def test_a_file_of_ours_has_a_size(store: Store, kind: str) -> None:
    files = store.gauges.files()
    assert set(files) == ({"database", "wal"} if kind == "sqlite" else set())
    assert all(size >= 0 for size in files.values())
    assert files.get("database", 1) > 0
