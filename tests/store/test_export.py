"""What is read out to be taken elsewhere: all that was so after a time, in runs that hold up nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.posting import Interval
from labelwatch.store import Store
from labelwatch.store import export as export_module
from labelwatch.store.alerts import MADE_UP
from tests.store.build import NOW, POSTING, alert, change, put, queue, several, shop_id

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "CHUNK", 3)


def test_everything_comes_once_and_in_order_over_several_runs(store: Store) -> None:
    put(store, *several(7))
    queue(store, 7)
    assert [known.posting.number for _, known, _ in store.export.postings(NOW)] == [f"{n:05d}-1" for n in range(7)]
    assert [number for _, number, _ in store.export.history(NOW)] == [f"{n:05d}-1" for n in range(7)]
    assert [one.diagnosis.posting_number for one in store.export.alerts(NOW)] == [f"queued-{n}" for n in range(7)]
    assert len({row.id for row in store.export.outbox(NOW)}) == 7


def test_an_empty_store_has_nothing(store: Store) -> None:
    for read in (store.export.postings, store.export.history, store.export.alerts, store.export.outbox):
        assert list(read(NOW)) == []


def test_what_ended_before_is_left_out(store: Store) -> None:
    put(store, change(), change(replace(POSTING, number="gone"), digest=2, is_open=False))
    with store.write() as tx:
        tx.alerts.save(shop_id(store), [alert("over", resolved_at=NOW), alert("open"), alert(None)])
    later = NOW + DAY
    assert [known.posting.number for _, known, _ in store.export.postings(later)] == [POSTING.number]
    assert [one.diagnosis.posting_number for one in store.export.alerts(later)] == ["open", None]
    assert list(store.export.history(later)) == []
    (closed,) = [at for _, known, at in store.export.postings(NOW) if known.posting.number == "gone"]
    assert closed == NOW


def test_the_order_that_a_test_made_up_counts_nowhere(store: Store) -> None:
    main = shop_id(store)
    with store.write() as tx:
        tx.alerts.save(main, [alert(MADE_UP, resolved_at=NOW), alert("real", resolved_at=NOW)])
    everything = (*store.export.alerts(NOW), *store.alerts.find(open_only=False))
    assert [one.diagnosis.posting_number for one in everything] == ["real", "real"]
    assert sum(store.charts.opened(shops=["main"], since=NOW - DAY).values()) == 1
    (drawn,) = store.charts.open_in([Interval(NOW - DAY, NOW + DAY)], shops=["main"])
    assert drawn.counts == (1,)
