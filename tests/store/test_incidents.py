"""Incidents are alerts of no shop: one at a time of each, told like others, and in place of those they explain."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import replace
from typing import Any

import pytest

from labelwatch.core.alert import Alert, AlertState, Outcome
from labelwatch.core.lifecycle import acknowledge
from labelwatch.core.subject import Incident, IncidentId, PostingId, Scope, Shop
from labelwatch.store import Fault, OutboxRow, OutboxState, Store, StoreError
from labelwatch.store.outbox import WITHDRAWN
from labelwatch.store.values import Settled
from tests.store.build import ALERT, DIAGNOSIS, NOW, alert, minutes, notification, queue, shop_id

KEY = "carrier:Aurora Post"
ID = IncidentId(Scope.CARRIER, "Aurora Post")
PLATFORM = IncidentId(Scope.PLATFORM)
S = OutboxState


def incident(of: IncidentId = ID, **changes: Any) -> Alert:
    subject = Incident(of, late=63, total=80, shops=("main", "other"))
    return replace(ALERT, diagnosis=replace(DIAGNOSIS, subject=subject), **changes)


def save(store: Store, *alerts: Alert, shop: int | None = None) -> list[int]:
    with store.write() as tx:
        return tx.alerts.save(shop, alerts)


def open_now(store: Store) -> set[IncidentId]:
    with store.write() as tx:
        return set(tx.alerts.open_incidents())


def test_an_incident_comes_back_equal_and_under_its_key(store: Store) -> None:
    (id_,) = save(store, incident())
    saved = incident(id=id_)
    with store.write() as tx:
        assert tx.alerts.open_incidents() == {ID: saved}
    assert store.alerts.incidents() == [saved]


def test_incidents_and_the_alerts_of_shops_are_told_apart(store: Store) -> None:
    main = shop_id(store)
    other = PostingId("main", "41-0002-1")
    save(store, alert(), alert(None), shop=main)
    save(store, replace(ALERT, diagnosis=replace(DIAGNOSIS, subject=other, explained_by=ID)), shop=main)
    save(store, incident(), incident(PLATFORM))
    with store.write() as tx:
        assert tx.alerts.open_of_shop(main).keys() == {Shop("main"), DIAGNOSIS.subject, other}
        assert tx.alerts.open_incidents().keys() == {ID, PLATFORM}
    for shops in (None, ["main"]):
        numbers = [found.diagnosis.posting_number for found in store.alerts.find(shops=shops, open_only=False)]
        assert numbers == ["41-0001-1", None, "41-0002-1"]
    assert len(store.alerts.incidents()) == 2


@pytest.mark.parametrize(("shop", "wrong"), [(None, alert()), (None, alert(None)), (1, incident())])
def test_an_alert_belongs_to_a_shop_and_an_incident_to_none(
    sqlite_store: Store, shop: int | None, wrong: Alert
) -> None:
    shop_id(sqlite_store)
    with pytest.raises(ValueError, match="belongs to a shop"):
        save(sqlite_store, wrong, shop=shop)


def test_the_same_incident_is_not_open_twice(store: Store) -> None:
    save(store, incident())
    with pytest.raises(StoreError) as refused:
        save(store, incident(IncidentId(Scope.SHOP, "main")), incident())
    assert refused.value.fault is Fault.OTHER
    assert open_now(store) == {ID}


def test_an_incident_that_is_over_can_come_again(store: Store) -> None:
    (first,) = save(store, incident())
    ended = incident(id=first, state=AlertState.RESOLVED, resolved_at=NOW + minutes(9), outcome=Outcome.OVER)
    save(store, ended)
    assert open_now(store) == set()
    (second,) = save(store, incident(opened_at=NOW + minutes(20)))
    assert [found.id for found in store.alerts.incidents()] == [second]
    assert store.alerts.incidents(open_only=False) == [ended, incident(id=second, opened_at=NOW + minutes(20))]


def test_an_incident_is_told_and_acknowledged_like_any_alert(store: Store) -> None:
    (id_,) = save(store, incident())
    with store.write() as tx:
        tx.outbox.add([notification(incident(id=id_))], created_at=NOW)
    (told,) = store.outbox.claim("packers", now=NOW, lease_until=NOW + minutes(2), key="k")
    assert told.notification.alert == incident(id=id_)
    assert [row.id for row in store.outbox.find(posting_number=KEY)] == [told.id]
    (changed,) = store.alerts.change(KEY, lambda found: acknowledge(found, by="Mei", note="", now=NOW))
    assert store.alerts.incidents() == [changed]
    assert changed.state is AlertState.ACKNOWLEDGED
    assert store.alerts.change(None, lambda found: found) == []


def test_old_incidents_are_pruned_with_what_was_told_of_them(store: Store) -> None:
    (id_,) = save(store, incident(resolved_at=NOW, state=AlertState.RESOLVED))
    with store.write() as tx:
        tx.outbox.add([notification(incident(id=id_))], created_at=NOW)
    save(store, incident())
    assert store.prune(NOW + minutes(1)).alerts == 1
    assert [found.resolved_at for found in store.alerts.incidents(open_only=False)] == [None]
    assert store.outbox.find() == []


def test_two_shops_that_look_at_once_do_so_one_after_the_other(store: Store) -> None:
    def look() -> set[IncidentId]:
        with store.write() as tx:
            tx.alerts.lock_incidents()
            return set(tx.alerts.open_incidents())

    with ThreadPoolExecutor(1) as other:
        with store.write() as tx:
            tx.alerts.lock_incidents()
            assert tx.alerts.open_incidents() == {}
            seen = other.submit(look)
            with pytest.raises(StillWaiting):
                seen.result(timeout=0.3)
            tx.alerts.save(None, [incident()])
        assert seen.result(timeout=5) == {ID}


# --- an incident takes back what was to be told of the alerts it explains


def claimed(store: Store) -> list[OutboxRow]:
    return store.outbox.claim("packers", now=NOW, lease_until=NOW + minutes(2), key="k")


def settled(state: OutboxState, **kwargs: Any) -> Callable[[Store], None]:
    """Claims all that is due and settles it so."""

    def settle(store: Store) -> None:
        ids = [row.id for row in claimed(store)]
        with store.write() as tx:
            assert tx.outbox.settle(ids, Settled(state, **kwargs), at=NOW) == len(ids)

    return settle


def waits_again(store: Store) -> None:
    settled(S.RETRY, next_try=NOW)(store)


def may_have_arrived(store: Store) -> None:
    settled(S.RETRY, next_try=NOW, keep_key=True)(store)


def died_and_may_have_arrived(store: Store) -> None:
    may_have_arrived(store)
    settled(S.DEAD)(store)


def withdraw(store: Store, ids: list[int]) -> set[int]:
    with store.write() as tx:
        return tx.outbox.withdraw(ids)


@pytest.mark.parametrize(
    ("before", "state", "heard"),
    [
        (lambda store: None, S.SUPERSEDED, False),
        (waits_again, S.SUPERSEDED, False),
        (settled(S.DEAD), S.DEAD, False),
        (claimed, S.LEASED, True),
        (settled(S.SENT), S.SENT, True),
        (settled(S.UNVERIFIED), S.UNVERIFIED, True),
        (may_have_arrived, S.RETRY, True),
        (died_and_may_have_arrived, S.DEAD, True),
    ],
)
def test_what_was_never_sent_is_withdrawn(
    store: Store, before: Callable[[Store], object], state: OutboxState, heard: bool
) -> None:
    ids = queue(store, 3)
    before(store)
    assert withdraw(store, ids[:2]) == (set() if heard else set(ids[:2]))
    rows = {row.notification.alert.id: row for row in store.outbox.find()}
    assert [rows[id_].state for id_ in ids[:2]] == [state, state]
    assert all(row.error == WITHDRAWN for row in rows.values() if row.state is S.SUPERSEDED)
    assert rows[ids[2]].state is not S.SUPERSEDED


def test_an_alert_is_heard_of_when_one_channel_told_it(store: Store) -> None:
    (id_,) = queue(store, 1)
    with store.write() as tx:
        tx.outbox.add([notification(alert("queued-0", id=id_), channel="owner")], created_at=NOW)
    settled(S.SENT)(store)
    assert withdraw(store, [id_]) == set()
    assert {row.notification.channel: row.state for row in store.outbox.find()} == {
        "packers": S.SENT,
        "owner": S.SUPERSEDED,
    }


def test_an_alert_that_no_channel_wanted_was_not_heard_of(store: Store) -> None:
    (id_,) = save(store, alert(), shop=shop_id(store))
    assert withdraw(store, [id_]) == {id_}
    assert withdraw(store, []) == set()


def test_more_alerts_are_withdrawn_than_fit_into_one_query(store: Store) -> None:
    ids = queue(store, 1201)
    assert withdraw(store, ids) == set(ids)
    assert claimed(store) == []


def test_what_is_being_withdrawn_is_not_claimed_meanwhile(store: Store) -> None:
    ids = queue(store, 3)
    with ThreadPoolExecutor(1) as other:
        with store.write() as tx:
            assert tx.outbox.withdraw(ids) == set(ids)
            taken = other.submit(claimed, store)
        assert taken.result(timeout=5) == []
