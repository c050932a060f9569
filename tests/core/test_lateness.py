"""When a posting's label is late: the clocks, the stages, the flows that have no label, and how it ends."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Outcome, Severity
from labelwatch.core.baseline import Hours, LearnedLimit, MethodNormal, Normal
from labelwatch.core.lateness import Watch, delays_for, has_moved_on, outcome, track
from labelwatch.core.policy import DelayPolicy, Delays
from labelwatch.core.posting import Interval, Known, Limit, MethodHistory, Posting, Stage
from labelwatch.core.survival import Survival
from tests.support.core_builders import METHOD, NOW, finding, hours, known, posting, watch

MINUTE = timedelta(minutes=1)


def late_after(waited: timedelta, **changes: Any) -> bool:
    return finding(posting(**changes), waited=waited) is not None


@pytest.mark.parametrize(
    ("changes", "not_yet", "late", "clock"),
    [
        ({}, 14 * MINUTE, 16 * MINUTE, Limit.LABEL),
        ({"status": "awaiting_registration"}, 59 * MINUTE, 61 * MINUTE, Limit.REGISTRATION),
        ({"flow": "non_integrated"}, hours(23), hours(25), Limit.TRACKING),
        ({"flow": "3pl_tracking"}, hours(23), hours(25), Limit.TRACKING),
    ],
)
def test_each_clock_runs_from_what_was_seen(
    changes: dict[str, Any], not_yet: timedelta, late: timedelta, clock: Limit
) -> None:
    assert finding(posting(**changes), waited=not_yet) is None
    found = finding(posting(**changes), waited=late)
    assert found is not None
    assert found.clock is clock
    assert found.overdue


@pytest.mark.parametrize(
    "changes",
    [
        {"substatus": "posting_awaiting_passport_data"},
        {"substatus": "posting_registration_error", "status": "awaiting_registration"},
        {"substatus": "posting_not_in_sort_center"},
        {"status": "not_accepted"},
        {"status": "arbitration"},
    ],
)
def test_where_ozon_says_that_somebody_has_to_act_no_limit_is_waited_for(changes: dict[str, Any]) -> None:
    found = finding(posting(**changes), waited=MINUTE)
    assert found is not None
    assert not found.overdue
    assert not late_after(MINUTE, **changes, actions=("label_download",))


def test_packing_is_counted_from_the_time_ozon_names() -> None:
    at = {"status": "awaiting_packaging"}
    assert not late_after(MINUTE, **at, in_process_at=NOW - hours(23))
    assert late_after(MINUTE, **at, in_process_at=NOW - hours(25))
    assert not late_after(hours(23), **at, in_process_at=None)
    assert late_after(hours(25), **at, in_process_at=None)


@pytest.mark.parametrize("status", ["awaiting_packaging", "awaiting_registration", "awaiting_deliver"])
def test_a_cutoff_that_is_near_makes_a_finding_in_every_stage(status: str) -> None:
    fresh = {"status": status, "in_process_at": NOW - hours(1)}
    assert not late_after(2 * MINUTE, **fresh, cutoff=NOW + hours(4.1))
    assert late_after(2 * MINUTE, **fresh, cutoff=NOW + hours(3.9))


def test_a_label_is_never_judged_in_its_first_minute() -> None:
    assert not late_after(timedelta(seconds=59), cutoff=NOW + hours(1))
    assert late_after(timedelta(seconds=61), cutoff=NOW + hours(1))
    impatient = DelayPolicy(Delays(label=timedelta(seconds=5)))
    assert finding(posting(), waited=timedelta(seconds=30), policy=impatient) is None


def test_what_is_met_for_the_first_time_near_its_cutoff_is_told_at_once() -> None:
    item = posting(cutoff=NOW + hours(1), in_process_at=NOW - hours(5))
    for status in ("awaiting_deliver", "arbitration"):
        met = replace(item, status=status)
        fresh = watch().with_late_at(met, track(None, met, seen_at=NOW, not_before=None))
        assert fresh.late_at is not None
        assert fresh.late_at <= NOW
    young = replace(item, in_process_at=NOW - MINUTE)
    assert watch().with_late_at(young, track(None, young, seen_at=NOW, not_before=None)).late_at == NOW + MINUTE


def test_the_real_deadline_counts_where_ozon_tells_it() -> None:
    assert not late_after(2 * MINUTE, cutoff=NOW + hours(1), hard_cutoff=NOW + hours(50))
    assert late_after(2 * MINUTE, cutoff=NOW + hours(50), hard_cutoff=NOW + hours(1))


def test_an_express_order_is_not_late_from_its_first_minute() -> None:
    fresh = {"in_process_at": NOW - 10 * MINUTE, "cutoff": NOW + 50 * MINUTE, "status": "awaiting_packaging"}
    assert late_after(MINUTE, **fresh)
    assert not late_after(MINUTE, **fresh, is_express=True)
    fresh["cutoff"] = NOW + 5 * MINUTE
    assert late_after(MINUTE, **fresh, is_express=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": ("label_download",)},
        {"actions": ("label_download_big",)},
        {"actions": ("label_download_small",), "status": "awaiting_registration"},
        {"status": "delivering"},
        {"status": "cancelled"},
        {"flow": "FBP", "status": "awaiting_packaging"},
        {"flow": "click_and_collect"},
        {"flow": "non_integrated", "tracking_number": "RA1"},
        {"flow": "3pl_tracking", "schema": "rFBS", "tracking_number": "RA1"},
    ],
)
def test_nothing_is_late_where_the_label_is_there_or_none_is_awaited(changes: dict[str, Any]) -> None:
    assert not late_after(hours(40), **changes, cutoff=NOW - hours(1))


def test_a_domestic_method_that_once_gave_a_label_is_expected_to_give_one() -> None:
    item = posting(flow="3pl_tracking", schema="rFBS", tracking_number="RA1")
    assert finding(item, waited=hours(1)) is None
    assert finding(item, waited=hours(1), labelled={METHOD.id}) is not None


@pytest.mark.parametrize(
    ("cutoff", "waited", "severity"),
    [
        (NOW + hours(30), hours(3), Severity.NOTICE),
        (NOW + hours(4.1), hours(20), Severity.NOTICE),
        (NOW + hours(4), hours(2), Severity.WARNING),
        (NOW + hours(3), hours(4), Severity.WARNING),
        (NOW + hours(1), hours(0.5), Severity.CRITICAL),
        (NOW - hours(5), hours(6), Severity.CRITICAL),
        (None, 20 * MINUTE, Severity.NOTICE),
        (None, hours(40), Severity.NOTICE),
    ],
)
def test_severity_follows_what_is_left(cutoff: datetime | None, waited: timedelta, severity: Severity) -> None:
    found = finding(posting(cutoff=cutoff), waited=waited)
    assert found is not None
    assert found.severity is severity


def test_the_most_specific_limit_wins() -> None:
    policy = DelayPolicy(
        default=Delays(label=hours(1)),
        by_warehouse={"5": Delays(label=hours(2))},
        by_method={"77": Delays(label=hours(3))},
    )
    other = replace(METHOD, id="78")
    nowhere = replace(METHOD, id="78", warehouse_id="6")
    assert delays_for(nowhere, policy).label == hours(1)
    assert delays_for(other, policy).label == hours(2)
    assert delays_for(METHOD, policy).label == hours(3)


@pytest.mark.parametrize(
    ("auto", "learned", "limit"),
    [
        ({"label"}, 20, 20),
        ({"label"}, 1, 5),  # a label that comes in seconds is not late after a minute
        ({"label"}, 300, 60),  # and none is waited for longer than four times the fixed limit
        ({"label"}, None, 15),
        ({"registration"}, 20, 15),
        ((), 20, 15),
    ],
)
def test_where_auto_is_set_a_learned_limit_applies_within_bounds(
    auto: Iterable[str], learned: float | None, limit: float
) -> None:
    curve = Survival((), 214, 214)
    normal = MethodNormal(Normal(curve, None if learned is None else learned * MINUTE))
    policy = DelayPolicy(Delays(auto=frozenset(auto)))
    shop = Watch("main", policy, MethodHistory(learned={Stage.LABEL: {METHOD.id: normal}}))
    item = Known(None, posting(), seen(posting(), NOW), 0)
    found = shop.find(item, NOW, watched=True)
    assert found is not None
    assert (found.late_at - NOW, found.limit) == (limit * MINUTE, limit * MINUTE)
    expected = LearnedLimit(limit * MINUTE, 15 * MINUTE, 214) if "label" in auto and learned else None
    assert found.learned == expected
    assert shop.with_late_at(item.posting, item.track).late_at == found.late_at


def test_a_part_of_the_week_that_differs_has_its_own_limit() -> None:
    fast, slow = (Normal(Survival((), 100, 100), minutes * MINUTE) for minutes in (6, 12))
    normal = MethodNormal(fast, {Hours.WEEKEND: slow})
    history = MethodHistory(learned={Stage.LABEL: {METHOD.id: normal}}, timezone="Europe/Moscow")
    shop = Watch("main", DelayPolicy(), history)
    for begun, limit in ((datetime(2026, 11, 20, 20, tzinfo=UTC), 6), (datetime(2026, 11, 20, 21, tzinfo=UTC), 12)):
        item = posting(in_process_at=None)
        assert shop.with_late_at(item, seen(item, begun)).late_at == begun + limit * MINUTE


def seen(item: Posting, at: datetime, previous: Any = None, before: datetime | None = None) -> Any:
    return track(previous, item, seen_at=at, not_before=before)


def test_a_stage_is_entered_between_two_readings_and_kept_while_it_lasts() -> None:
    packing, packed = posting(status="awaiting_packaging"), posting()
    first = seen(packing, NOW)
    second = seen(packed, NOW + 4 * MINUTE, first, NOW + 2 * MINUTE)
    third = seen(packed, NOW + 6 * MINUTE, second, NOW + 4 * MINUTE)
    assert second.stage is Stage.LABEL
    assert second.since == third.since == Interval(NOW + 2 * MINUTE, NOW + 4 * MINUTE)


def test_after_three_blind_days_the_bounds_are_three_days_apart() -> None:
    first = seen(posting(status="awaiting_packaging"), NOW)
    later = seen(posting(), NOW + hours(72), first, NOW)
    assert later.since == Interval(NOW, NOW + hours(72))


def test_the_first_label_is_remembered_and_a_lost_one_is_waited_for_anew() -> None:
    first = seen(posting(), NOW)
    offered = seen(posting(actions=("label_download",)), NOW + 2 * MINUTE, first, NOW)
    lost = seen(posting(), NOW + 4 * MINUTE, offered, NOW + 2 * MINUTE)
    assert offered.label == Interval(NOW, NOW + 2 * MINUTE)
    assert offered.stage is Stage.DONE
    assert (lost.stage, lost.label) == (Stage.LABEL, offered.label)
    assert lost.since.latest == NOW + 4 * MINUTE


def test_a_dispute_after_the_label_came_is_no_late_label() -> None:
    offered = seen(posting(actions=("label_download",)), NOW)
    assert seen(posting(status="arbitration"), NOW + MINUTE, offered, NOW).stage is Stage.DONE
    assert seen(posting(status="arbitration"), NOW).stage is Stage.LABEL


@pytest.mark.fault("C1")
def test_an_interval_never_runs_backwards_when_the_clock_does() -> None:
    first = seen(posting(status="awaiting_packaging"), NOW)
    later = seen(posting(), NOW - hours(1), first, NOW)
    assert later.since.earliest <= later.since.latest


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"actions": ("label_download",)}, Outcome.LABELLED),
        ({"status": "delivering"}, Outcome.HANDED_OVER),
        ({"status": "cancelled"}, Outcome.CANCELLED),
        ({"status": "cancelled_from_split_pending"}, Outcome.SPLIT),
        ({"flow": "non_integrated", "tracking_number": "RA1"}, Outcome.TRACKING_ENTERED),
        ({"flow": "click_and_collect"}, Outcome.NOTHING_AWAITED),
        ({"flow": "fbp", "status": "awaiting_packaging"}, Outcome.NOTHING_AWAITED),
        ({}, None),
        ({"flow": "non_integrated"}, None),
    ],
)
def test_how_it_ended(changes: dict[str, Any], expected: Outcome | None) -> None:
    assert outcome(known(posting(**changes)), ()) is expected


def test_an_open_alert_is_watched_before_its_next_clock_runs_out() -> None:
    fresh = known(posting(), waited=MINUTE)
    assert watch().find(fresh, NOW) is None
    held = watch().find(fresh, NOW, watched=True)
    assert held is not None
    assert not held.is_late
    assert watch().find(known(posting(actions=("label_download",))), NOW, watched=True) is None


def test_only_forward_is_moving_on() -> None:
    assert has_moved_on(Stage.PACKING, Stage.LABEL)
    assert not has_moved_on(Stage.LABEL, Stage.LABEL)
    assert not has_moved_on(None, Stage.LABEL)
