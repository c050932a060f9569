"""Charges beside what is known of their orders: told, taken, labelled, and the cutoff."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import update

from labelwatch.core.error_index import Charge
from labelwatch.core.posting import Interval, Stage
from labelwatch.store import Store
from labelwatch.store.schema import notification as told
from tests.store.build import AURORA, NOW, POSTING, alert, change, minutes, notification, put, track

CHARGE = Charge("41-0001-1", "SELLER_DELAY", NOW + minutes(400), Decimal("90.50"), "RUB", 3.0)
UNKNOWN = replace(CHARGE, posting_number="99-1-1", at=NOW + minutes(300), cost=Decimal(0), is_spared=True)
WEEK = Interval(NOW - timedelta(days=6), NOW + timedelta(days=1))


def test_a_charge_is_told_with_the_times_of_its_order(store: Store) -> None:
    labelled = track(Stage.DONE, label=Interval(NOW + minutes(338), NOW + minutes(340)))
    shop = put(store, change(replace(POSTING, cutoff=NOW + minutes(180)), seen=labelled))
    taken = alert("41-0001-1", handled_by="Anna", handled_at=NOW + minutes(10))
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop, [taken])
        tx.outbox.add([notification(replace(taken, id=id_))], created_at=NOW)
        tx.charges.put(shop, [CHARGE, UNKNOWN], since=NOW)
    with store._engine.begin() as conn:
        conn.execute(update(told).values(state="sent", sent_at=NOW + minutes(4)))
    unknown, known = store.charges.find(["main"])
    assert (unknown.charge, unknown.is_known, unknown.told_at, unknown.deadline) == (UNKNOWN, False, None, None)
    assert known.charge == CHARGE
    assert (known.told_at, known.taken_at) == (NOW + minutes(4), NOW + minutes(10))
    assert (known.labelled_at, known.deadline) == (NOW + minutes(340), NOW + minutes(180))
    assert (known.cause, known.carrier, known.is_known) == ("not_packed", AURORA.carrier, True)
    report = store.reports.read({"main": timedelta(hours=1)}, WEEK, zone="UTC")
    assert (report.total.charged, report.total.errors) == ({"RUB": Decimal("90.50")}, 2)
    assert [one.charge for one in report.charged] == [CHARGE, UNKNOWN]


def test_the_charges_since_a_time_are_replaced_and_earlier_ones_stay(store: Store) -> None:
    shop = put(store)
    old = replace(CHARGE, posting_number="41-9-1", at=NOW - timedelta(days=40))
    with store.write() as tx:
        tx.charges.put(shop, [old, CHARGE, UNKNOWN], since=NOW - timedelta(days=60))
        tx.charges.put(shop, [replace(CHARGE, cost=Decimal(30))], since=NOW)
    assert [one.charge.cost for one in store.charges.find(["main"])] == [Decimal("90.50"), Decimal(30)]
    assert [one.charge for one in store.charges.find(["main"], posting_number="41-9-1")] == [old]
    assert store.charges.find(["north"]) == store.charges.find([]) == []
    assert store.prune(NOW - timedelta(days=30)).charges == 1
