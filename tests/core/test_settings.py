"""What counts as a change of a shop's settings, and when people are reminded that its key expires."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.core.facts import MethodState, WarehouseState
from labelwatch.core.settings import ShopSettings, completed, differences, key_reminder

NOW = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
METHOD = MethodState("ACTIVE", "Aurora", "7", NOW, flow="aggregator", cutoff="13:00")
HOUSE = WarehouseState("created", name="Bao'an", working_days=("MONDAY", "TUESDAY"), first_mile="DROP_OFF")
BEFORE = ShopSettings({"1": METHOD}, {"7": HOUSE}, ("Posting FBS", "Warehouse"), NOW + timedelta(days=60))


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ({}, []),
        ({"methods": {"1": replace(METHOD, changed_at=NOW + timedelta(days=1))}}, []),
        (
            {"methods": {"1": replace(METHOD, status="BROKEN")}},
            [("method_status", "1", "ACTIVE", "BROKEN", 12, True)],
        ),
        ({"methods": {"1": replace(METHOD, cutoff="11:00")}}, [("method_cutoff", "1", "13:00", "11:00", 12, False)]),
        (
            {"methods": {"1": replace(METHOD, flow="non_integrated")}},
            [("method_flow", "1", "aggregator", "non_integrated", 12, True)],
        ),
        (
            {"methods": {"1": METHOD, "2": MethodState("ACTIVE", "Own", "7", flow="non_integrated")}},
            [("method_added", "2", "", "non_integrated", 0, True)],
        ),
        (
            {"methods": {"1": METHOD, "2": MethodState("ACTIVE", "Silk", "7", flow="aggregator")}},
            [("method_added", "2", "", "aggregator", 0, False)],
        ),
        ({"methods": {}}, [("method_removed", "1", "ACTIVE", "", 12, True)]),
        (
            {"warehouses": {"7": replace(HOUSE, paused_at=NOW)}},
            [("warehouse_pause", "7", "", NOW.isoformat(), 20, True)],
        ),
        (
            {"warehouses": {"7": replace(HOUSE, status="disabled")}},
            [("warehouse_status", "7", "created", "disabled", 20, True)],
        ),
        (
            {"warehouses": {"7": replace(HOUSE, working_days=("MONDAY",))}},
            [("warehouse_working_days", "7", "MONDAY TUESDAY", "MONDAY", 20, False)],
        ),
        ({"roles": ("Posting FBS",)}, [("role_removed", "Warehouse", "", "", 0, True)]),
        ({"methods": None, "warehouses": None, "roles": None}, []),
        ({"key_expires_at": NOW + timedelta(days=150)}, []),
    ],
)
def test_each_change_is_named_with_the_orders_that_it_concerns(after: dict[str, object], found: list[object]) -> None:
    changes = differences(
        BEFORE,
        replace(BEFORE, **after),  # type: ignore[arg-type]
        by_method={"1": 12},
        by_warehouse={"7": 20},
    )
    assert [(one.what, one.id, one.before, one.after, one.orders, one.is_harmful) for one in changes] == found


def test_a_resumed_warehouse_is_good_news_and_stands_last() -> None:
    paused = replace(BEFORE, warehouses={"7": replace(HOUSE, paused_at=NOW)})
    after = replace(BEFORE, methods={"1": replace(METHOD, status="DISABLED")})
    changes = differences(paused, after)
    assert [(one.what, one.is_harmful) for one in changes] == [("method_status", True), ("warehouse_pause", False)]


def test_what_cannot_be_read_stays_as_it_was() -> None:
    read = ShopSettings(None, {}, None, None)
    assert completed(read, BEFORE) == replace(BEFORE, warehouses={})
    assert completed(read, None) == read


@pytest.mark.parametrize(
    ("left", "reminded", "due"),
    [
        (20, None, None),
        (14, None, 14),
        (13.9, 14, None),
        (7, 14, 7),
        (6, None, 7),
        (3, 7, 3),
        (1, 3, 1),
        (0.2, 3, 1),
        (0.2, 1, None),
        (0, None, None),
        (-1, 1, None),
    ],
)
def test_a_key_is_reminded_of_once_on_each_of_its_last_days(
    left: float, reminded: int | None, due: int | None
) -> None:
    assert key_reminder(NOW + timedelta(days=left), reminded, now=NOW) == due


def test_a_key_that_never_expires_needs_no_reminder() -> None:
    assert key_reminder(None, None, now=NOW) is None
