"""One open alert for each posting, as it was saved, changed by one hand at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import Alert, AlertState, LastNotified, Outcome, Proof, RuledOut, Severity
from labelwatch.core.posting import Interval, Product, Stage
from labelwatch.core.subject import PostingId
from labelwatch.core.text import Text
from labelwatch.store import Store, StoreError
from tests.store.build import ALERT, AURORA, DIAGNOSIS, NOW, alert, minutes, shop_id

FULL = replace(
    ALERT,
    state=AlertState.ACKNOWLEDGED,
    diagnosis=replace(
        DIAGNOSIS,
        wait_until=NOW + minutes(5),
        evidence=(Proof("status", "awaiting_packaging", NOW), Proof("flow", "ozon")),
        ruled_out=(RuledOut("not_accepted", Text("is", {"field": "substatus", "value": "empty"})),),
        stage=Stage.PACKING,
        method=AURORA,
        requirements=(("products_requiring_gtd", ("1", "2")),),
        products=(Product("1", "a", "Кружка 杯子", 2),),
        waiting_since=Interval(NOW - minutes(2), NOW),
        deadline=NOW + timedelta(hours=4),
        as_of=NOW,
    ),
    told=LastNotified(NOW, 2, Severity.CRITICAL, "not_packed"),
    handled_by="Li",
    note="on it",
    handled_at=NOW,
    snoozed_until=NOW + minutes(60),
    resolved_at=NOW + minutes(70),
    outcome=Outcome.LABELLED,
)


def save(store: Store, *alerts: Alert, shop: str = "main") -> list[int]:
    with store.write() as tx:
        return tx.alerts.save(shop_id(store, shop), alerts)


@pytest.mark.parametrize("saved", [ALERT, FULL], ids=["bare", "full"])
def test_an_alert_comes_back_equal(store: Store, saved: Alert) -> None:
    shop_id(store)
    (id_,) = save(store, saved)
    assert store.alerts.find(open_only=False) == [replace(saved, id=id_)]


def test_ids_are_told_in_the_order_of_the_alerts(store: Store) -> None:
    shop = shop_id(store)
    old = save(store, alert("b"))
    mixed = [alert("c"), alert("b", id=old[0], note="changed"), alert("a"), alert(None)]
    ids = save(store, *mixed)
    assert ids[1] == old[0]
    with store.write() as tx:
        found = tx.alerts.open_of_shop(shop)
    assert {str(about): a.id for about, a in found.items()} == {"c": ids[0], "b": ids[1], "a": ids[2], "": ids[3]}
    assert found[PostingId("main", "b")].note == "changed"


def test_a_posting_has_one_open_alert_at_most(store: Store) -> None:
    shop_id(store)
    (first,) = save(store, alert())
    with pytest.raises(StoreError):
        save(store, alert())
    save(store, alert(id=first, resolved_at=NOW, state=AlertState.RESOLVED))
    (second,) = save(store, alert())
    assert [a.id for a in store.alerts.find()] == [second]


def test_two_shops_may_each_have_an_alert_for_the_same_number(store: Store) -> None:
    shop_id(store, "main"), shop_id(store, "other")
    save(store, alert(), shop="main")
    save(store, alert(), shop="other")
    assert len(store.alerts.find(posting_number="41-0001-1")) == 2
    assert len(store.alerts.find(shops=["other"])) == 1
    assert store.alerts.find(shops=[]) == []


def test_alerts_are_found_by_what_is_asked_for(store: Store) -> None:
    shop_id(store)
    open_, old, recent = save(
        store, alert("open"), alert("old", resolved_at=NOW), alert("recent", resolved_at=NOW + minutes(10))
    )
    assert [a.id for a in store.alerts.find()] == [open_]
    assert [a.id for a in store.alerts.find(open_only=False)] == [open_, old, recent]
    assert [a.id for a in store.alerts.find(open_only=False, resolved_since=NOW + minutes(5))] == [open_, recent]
    assert store.alerts.find(posting_number="") == []


def test_an_alert_is_changed_where_it_is_open(store: Store) -> None:
    shop_id(store, "main"), shop_id(store, "other")
    save(store, alert(), shop="main")
    save(store, alert(), alert("another"), shop="other")
    changed = store.alerts.change("41-0001-1", lambda a: replace(a, handled_by="Li"), shop="other")
    assert [a.handled_by for a in changed] == ["Li"]
    assert sorted(a.handled_by for a in store.alerts.find()) == ["", "", "Li"]
    assert len(store.alerts.change("41-0001-1", lambda a: replace(a, note="both"))) == 2


def test_an_alert_that_is_to_stay_as_it_is_is_not_saved(store: Store) -> None:
    shop_id(store)
    save(store, alert(), alert("over", resolved_at=NOW))
    assert store.alerts.change("41-0001-1", lambda _: None) == []
    assert store.alerts.change("over", lambda a: a) == []
    assert store.alerts.change("unheard of", lambda a: a) == []


def test_a_shop_has_an_alert_of_its_own(store: Store) -> None:
    shop_id(store)
    save(store, alert(None), alert())
    assert [a.diagnosis.posting_number for a in store.alerts.find(posting_number="")] == [None]
    assert len(store.alerts.change(None, lambda a: replace(a, note="seen"))) == 1
