"""What people say a cause really was is kept once per posting and cause, and counted."""

from datetime import timedelta

from labelwatch.store import Store
from labelwatch.store.verdicts import Verdict
from tests.store.build import NOW, change, put, shop_id


def judge(store: Store, number: str, said: str, really: str, *, shop: str = "main", note: str = "") -> None:
    store.verdicts.record(shop_id(store, shop), number, Verdict(said, really, by="Mei", note=note, at=NOW))


def test_nobody_has_judged_yet(store: Store) -> None:
    assert store.verdicts.counts() == []


def test_verdicts_are_counted_by_what_was_said_and_what_it_was(store: Store) -> None:
    judge(store, "A", "label_overdue", "label_overdue")
    judge(store, "B", "label_overdue", "method_broken", note="面单 «nobody» told us; -- '")
    judge(store, "C", "label_overdue", "method_broken")
    judge(store, "C", "not_packed", "not_packed")
    judge(store, "C", "label_overdue", "method_broken", shop="other")
    assert store.verdicts.counts() == [
        ("label_overdue", "label_overdue", 1),
        ("label_overdue", "method_broken", 3),
        ("not_packed", "not_packed", 1),
    ]


def test_who_judges_again_corrects_it(store: Store) -> None:
    judge(store, "A", "label_overdue", "method_broken")
    judge(store, "A", "label_overdue", "warehouse_paused")
    assert store.verdicts.counts() == [("label_overdue", "warehouse_paused", 1)]


def test_a_verdict_outlives_the_posting(store: Store) -> None:
    put(store, change(is_open=False))
    judge(store, "41-0001-1", "label_overdue", "method_broken")
    assert store.prune(NOW + timedelta(days=1)).postings == 1
    assert store.verdicts.counts() == [("label_overdue", "method_broken", 1)]
