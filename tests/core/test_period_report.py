"""What is rescued, missed and recurring, and the one thing to change first."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from labelwatch.core.alert import Alert, AlertState, Outcome
from labelwatch.core.error_index import Charged
from labelwatch.core.league import Times
from labelwatch.core.period_report import Change, PeriodReport, Recurring, ShopFacts, report
from labelwatch.core.posting import DeliveryMethod, Interval, TariffStep
from labelwatch.core.quiet_hours import days_of
from labelwatch.core.subject import PostingId
from tests.store.build import ALERT, DIAGNOSIS

END = datetime(2026, 3, 9, 6, tzinfo=UTC)
WEEK = Interval(END - timedelta(days=7), END)
HOUR = timedelta(hours=1)
SENT_AFTER = timedelta(minutes=5)
NOTHING: Mapping[tuple[str, str], int] = {}


def alert(n: int, cause: str = "not_packed", *, left: float = 3, lasted: float | None = 1, **about: Any) -> Alert:
    """The n-th alert, a day after the other; `left` hours to its deadline, resolved after `lasted` hours."""
    opened = WEEK.earliest + (n % 6) * 24 * HOUR + HOUR
    diagnosis = replace(
        DIAGNOSIS,
        subject=PostingId("main", f"{n}-1"),
        cause=cause,
        deadline=opened + left * HOUR,
        next_tariff=TariffStep(opened + left * HOUR, 1.0, "commission", "50", "RUB"),
        **about,
    )
    made = replace(ALERT, id=n, opened_at=opened, cause_since=opened, diagnosis=diagnosis)
    if lasted is None:
        return made
    return replace(made, state=AlertState.RESOLVED, resolved_at=opened + lasted * HOUR, outcome=Outcome.LABELLED)


def made(
    *alerts: Alert,
    unwatched: tuple[Interval, ...] = (),
    told: bool = True,
    needed: Mapping[tuple[str, str], int] = NOTHING,
    first_read: datetime | None = None,
    charged: tuple[Charged, ...] = (),
) -> PeriodReport:
    first_read = first_read or WEEK.earliest - HOUR
    sent = {one.id: one.opened_at + SENT_AFTER for one in alerts if one.id is not None} if told else {}
    facts = ShopFacts("main", 10, 9, alerts, sent, unwatched, first_read, charged)
    return report([facts], WEEK, days=days_of(WEEK, "UTC"), needed=needed, label=Times(), label_before=Times())


def test_rescued_is_told_and_done_before_the_deadline_and_missed_is_not_done_by_then() -> None:
    cancelled = replace(alert(3, lasted=5), outcome=Outcome.CANCELLED)
    found = made(alert(1), alert(2, lasted=5), cancelled, alert(4, lasted=None)).total
    assert (found.late, found.told, found.rescued, found.missed) == (4, 4, 1, 2)
    assert found.at_stake == {"RUB": Decimal(200)}
    assert found.lost == {"RUB": Decimal(100)}
    untold = made(alert(1), told=False).total
    assert (untold.told, untold.rescued) == (0, 0)


def test_an_order_counts_once_however_many_alerts_it_had() -> None:
    again = replace(alert(1, "label_overdue"), id=9, opened_at=alert(1).opened_at + 2 * HOUR)
    found = made(alert(1), again).total
    assert (found.late, found.by_cause) == (1, {"label_overdue": 1})


AURORA = DeliveryMethod("1", "Aurora to the door", "", "", "", "Aurora Post")
SKU = (("products_requiring_gtd", ("777",)),)
CASES: dict[Change, list[Alert]] = {
    Change.NOTHING: [],
    Change.PACK: [alert(1), alert(2), alert(3, "label_overdue")],
    Change.CARRIER: [alert(n, "registration_pending", method=AURORA) for n in range(1, 4)],
    Change.OZON: [alert(1, "label_overdue"), alert(2, "label_pending"), alert(3)],
    Change.PRODUCT: [alert(n, "customs_number_missing", requirements=SKU) for n in range(1, 4)],
    Change.METHOD: [alert(n, "method_broken", method=AURORA) for n in range(1, 3)],
    Change.CAUSE: [alert(n, "passport_data_missing") for n in range(1, 3)],
    Change.TAKE: [alert(n, lasted=9) for n in range(1, 4)],
}


@pytest.mark.parametrize("change", CASES)
def test_the_first_thing_to_change_follows_from_what_was_late(change: Change) -> None:
    found = made(*CASES[change]).advice
    assert found.change is change
    assert 0 <= found.n <= found.of


def test_what_missed_its_deadline_weighs_more_than_what_was_only_late() -> None:
    taken = replace(alert(9, "label_overdue", lasted=9), handled_by="Anna")
    assert made(alert(1), alert(2), taken).advice.change is Change.OZON


def test_watching_comes_first_where_nobody_watched() -> None:
    dark = Interval(WEEK.earliest, WEEK.earliest + timedelta(days=3))
    found = made(alert(1), unwatched=(dark,))
    assert found.advice.change is Change.WATCH
    assert [day.day for day in found.dark_days] == [2, 3, 4]


def test_what_comes_back_three_times_recurs_with_its_product_or_carrier() -> None:
    found = made(*CASES[Change.PRODUCT], *(alert(n, "registration_pending", method=AURORA) for n in (4, 5)))
    assert found.recurring == (Recurring("customs_number_missing", "777", 3),)


def test_what_new_orders_need_again_and_again_is_worth_a_sentence_though_none_was_late() -> None:
    found = made(needed={("customs_number_missing", "777"): 14, ("marking_missing", "888"): 2})
    assert found.recurring == (Recurring("customs_number_missing", "777", 14),)
    assert (found.advice.change, found.advice.name, found.advice.n) == (Change.PRODUCT, "777", 14)


def test_what_comes_back_without_a_name_is_said_by_the_causes_alone() -> None:
    assert made(*(alert(n) for n in range(1, 6))).recurring == ()


def test_the_time_before_a_shop_was_first_read_is_not_watched_but_no_reason_to_watch_more() -> None:
    first = WEEK.latest - timedelta(days=2)
    found = made(alert(5), unwatched=(Interval(WEEK.earliest, first),), first_read=first)
    assert found.total.unwatched == timedelta(days=5)
    assert (found.idle_share, found.advice.change) == (0.0, Change.PACK)
    assert len(found.dark_days) == 5
