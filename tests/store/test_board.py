"""What the board asks of the store: counts that add up, and the most urgent first, on both databases."""

from dataclasses import replace
from typing import Any

from labelwatch.core.alert import AlertState, Severity
from labelwatch.core.posting import DeliveryMethod
from labelwatch.core.subject import IncidentId, Scope
from labelwatch.store import OutboxState, Store
from labelwatch.store.board import Count, Hands, Wanted
from labelwatch.store.values import Settled
from tests.store.build import NOW, alert, minutes, notification, queue, shop_id
from tests.support.reasons import because

SHOPS = ("main", "north")


def save(
    store: Store, number: str | None, *, shop: str = "main", state: AlertState = AlertState.FIRING, **changes: Any
) -> None:
    about, id_ = replace(alert(number, shop=shop).diagnosis, **changes), shop_id(store, shop)
    with store.write() as tx:
        tx.alerts.save(id_, [replace(alert(), state=state, diagnosis=about)])


def numbers(store: Store, *, limit: int = 50, offset: int = 0, **wanted: str) -> list[str | None]:
    found = store.board.urgent(SHOPS, Wanted(**wanted), limit=limit, offset=offset)
    return [one.diagnosis.posting_number for one in found]


def test_the_order_is_by_deadline_with_what_an_incident_explains_last(store: Store) -> None:
    save(store, "5", explained_by=IncidentId(Scope.CARRIER, "Aurora"), severity=Severity.WARNING, deadline=NOW)
    save(store, "4", severity=Severity.WARNING)
    save(store, "3", severity=Severity.CRITICAL, deadline=NOW + minutes(50))
    save(store, "2", severity=Severity.NOTICE, deadline=NOW + minutes(40), shop="north")
    save(store, "1", state=AlertState.SNOOZED, severity=Severity.WARNING, deadline=NOW - minutes(5))
    assert numbers(store) == ["1", "2", "3", "4", "5"]
    assert numbers(store, limit=2, offset=3) == ["4", "5"]


def test_filters_narrow_down_what_is_shown(store: Store) -> None:
    save(store, "1", cause="label_overdue", method=DeliveryMethod(carrier="Aurora"))
    save(store, "2", cause="label_overdue", shop="north")
    save(store, "3")
    assert numbers(store, cause="label_overdue") == ["1", "2"]
    assert numbers(store, carrier="Aurora") == ["1"]
    assert numbers(store, shop="north") == ["2"]
    assert numbers(store, shop="north", carrier="Aurora") == []


def test_counts_tell_alerts_of_postings_apart_and_leave_the_rest_out(store: Store) -> None:
    save(store, "1")
    save(store, "2")
    save(store, "3", state=AlertState.ACKNOWLEDGED, cause="label_overdue", severity=Severity.NOTICE)
    save(store, None, cause="key_rejected")
    save(store, "4", shop="gone")
    resolved = alert("5", state=AlertState.RESOLVED, resolved_at=NOW)
    main = shop_id(store)
    with store.write() as tx:
        tx.alerts.save(main, [resolved])
    counts = sorted(store.board.counts(SHOPS), key=lambda one: one.number)
    assert counts == [
        Count("main", "", "label_overdue", Severity.NOTICE, Hands.SOMEBODY, 1),
        Count("main", "", "not_packed", Severity.WARNING, Hands.NOBODY, 2),
    ]


def test_what_waits_is_counted_for_each_channel(store: Store) -> None:
    queue(store, 3)
    late, main = alert("late"), shop_id(store)
    with store.write() as tx:
        (id_,) = tx.alerts.save(main, [late])
        tx.outbox.add([notification(replace(late, id=id_), channel="owner")], created_at=NOW)
    assert store.board.waiting() == {"packers": 3, "owner": 1}


def test_what_ended_badly_is_found_latest_first(store: Store) -> None:
    queue(store, 3)
    rows = store.outbox.claim("packers", now=NOW, lease_until=NOW + minutes(1), key="k")
    with store.write() as tx:
        tx.outbox.settle([rows[0].id, rows[1].id], Settled(OutboxState.DEAD, error=because("HTTP 400")), at=NOW)
        tx.outbox.settle([rows[2].id], Settled(OutboxState.SENT), at=NOW)
    assert [row.id for row in store.board.failed(limit=10)] == [rows[1].id, rows[0].id]
    assert [row.id for row in store.board.failed(limit=1)] == [rows[1].id]
