"""What new orders need is found when they arrive, against a database, and every end of it is noticed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import SUMMARIES
from labelwatch.core.enrichment import MethodStates, Question, Topic, WarehouseStates
from labelwatch.core.facts import Detail, DropoffLimits, MethodState, WarehouseState
from labelwatch.core.policy import DelayPolicy, Delays, QuietHours
from labelwatch.core.posting import DeliveryMethod, PickUp, Posting, Product
from labelwatch.store import Store
from tests.support.poll_world import START, Story, channel, labelled, posting

A, B = "0101-0001-1", "0101-0002-1"
GTD = (("products_requiring_gtd", ("1001", "1002")),)
METHODS, WAREHOUSES = Question(Topic.METHODS), Question(Topic.WAREHOUSES)


@pytest.fixture
def story(store: Store) -> Story:
    return Story(store)


def unpacked(number: str, **changes: Any) -> Posting:
    """An order that came a minute ago."""
    new = {"status": "awaiting_packaging", "actions": ("ship",), "in_process_at": START - timedelta(minutes=1)}
    return posting(number, **new | changes)


def needed(story: Story) -> list[tuple[str, str]]:
    return [(one.posting_number or "", one.cause) for one in story.store.needs.open_needs()]


def abroad(number: str, **changes: Any) -> Posting:
    method = DeliveryMethod(id="88", name="Economy", warehouse_id="5", warehouse="Main", carrier="Aurora")
    return replace(unpacked(number), flow="aggregator", schema="Crossborder", method=method, **changes)


def test_a_customs_number_is_known_to_be_missing_at_arrival_until_it_is_there(story: Story) -> None:
    story.lists(unpacked(A, requirements=GTD), unpacked(B))
    story.poll()
    (need,) = story.store.needs.open_needs()
    assert (need.shop, need.posting_number, need.cause) == ("main", A, "customs_number_missing")
    assert (need.as_of, need.is_late) == (START, False)
    assert story.told() == []
    story.lists(unpacked(A), unpacked(B))
    story.poll(2)
    assert needed(story) == []


def test_what_is_packed_or_gone_needs_nothing_more(story: Story) -> None:
    story.lists(unpacked(A, requirements=GTD), unpacked(B, requirements=GTD))
    story.poll()
    assert needed(story) == [(A, "customs_number_missing"), (B, "customs_number_missing")]
    story.lists(posting(A, requirements=GTD))
    story.source.elsewhere[B] = posting(B, status="cancelled", substatus="posting_canceled")
    story.poll(2)
    assert needed(story) == []


def test_everything_that_an_order_needs_is_named_and_an_order_with_a_label_needs_nothing(story: Story) -> None:
    both = (("products_requiring_country", ("7",)), ("products_requiring_mandatory_mark", ("9",)))
    story.lists(unpacked(A, requirements=both, is_multibox=True), labelled(unpacked(B, requirements=both)))
    story.poll()
    assert needed(story) == [(A, "box_count_missing"), (A, "country_missing"), (A, "marking_missing")]


@pytest.mark.parametrize(
    ("methods", "houses", "cause"),
    [
        ({"88": MethodState("BROKEN")}, {}, "method_broken"),
        ({"88": MethodState("DISABLED")}, {}, "method_disabled"),
        ({"88": MethodState("ACTIVE")}, {"5": WarehouseState("disabled")}, "warehouse_archived"),
        ({"88": MethodState("ACTIVE")}, {"5": WarehouseState("created", paused_at=START)}, "warehouse_paused"),
        ({"88": MethodState("ACTIVE")}, {"5": WarehouseState("created")}, None),
    ],
)
def test_a_method_that_does_not_work_is_named_before_anything_is_packed(
    story: Story, methods: dict[str, MethodState], houses: dict[str, WarehouseState], cause: str | None
) -> None:
    story.source.knows = {METHODS: MethodStates(methods), WAREHOUSES: WarehouseStates(houses)}
    story.lists(abroad(A))
    story.poll()
    assert needed(story) == ([(A, cause)] if cause else [])
    assert story.source.asked == [[METHODS, WAREHOUSES]]


def test_a_flow_without_labels_is_named_at_arrival(story: Story) -> None:
    story.lists(replace(abroad(A), flow="non_integrated"))
    story.poll()
    assert needed(story) == [(A, "no_label_in_this_flow")]


def test_an_unchanged_poll_asks_nothing_and_settings_are_asked_for_once_an_hour(story: Story) -> None:
    story.source.knows = {METHODS: MethodStates({"88": MethodState("ACTIVE")}), WAREHOUSES: WarehouseStates({})}
    story.lists(abroad(A))
    story.poll()
    story.poll(2)
    story.lists(abroad(A), abroad(B))
    story.poll(2)
    assert len(story.source.asked) == 1
    story.lists(abroad(A), abroad(B), abroad("0101-0003-1"))
    story.poll(60)
    assert len(story.source.asked) == 2


def test_a_parcel_that_is_too_heavy_is_found_with_the_next_poll(story: Story) -> None:
    heavy = Product("1", "o", "Kettlebell", 2, weight=16.0, price=100, currency="RUB")
    story.lists(unpacked(A, products=(heavy,)), unpacked(B))
    limits = DropoffLimits(max_weight=25_000)
    for number in (A, B):
        story.source.knows |= {Question(Topic.LIMITS, number): limits, Question(Topic.DETAIL, number): Detail()}
    story.poll()
    assert needed(story) == []
    story.poll(2)
    assert needed(story) == [(A, "over_dropoff_limits")]
    asked = len(story.source.asked)
    story.poll(2)
    assert len(story.source.asked) == asked


def test_limits_that_ozon_does_not_give_are_asked_for_an_hour(story: Story) -> None:
    story.lists(unpacked(A))
    story.source.knows = {Question(Topic.LIMITS, A): None}
    story.poll()
    for _ in range(20):
        story.poll(6)
    asked = sum(Question(Topic.LIMITS, A) in questions for questions in story.source.asked)
    assert 8 <= asked <= 11


@pytest.mark.parametrize(("hour", "found"), [(16, "no_pick_up"), (11, None)])
def test_an_order_that_no_pick_up_can_reach_is_named(story: Story, hour: int, found: str | None) -> None:
    pick_up = PickUp((START.replace(hour=hour).time(),), "UTC")
    story.plan = replace(story.plan, delays=DelayPolicy(Delays(pick_up=pick_up)))
    story.lists(unpacked(A, cutoff=START + timedelta(hours=4), hard_cutoff=None))
    story.poll()
    assert needed(story) == ([(A, found)] if found else [])


def test_a_cutoff_on_a_day_on_which_the_warehouse_is_closed_is_named(story: Story) -> None:
    closed = WarehouseState("created", working_days=("MONDAY", "TUESDAY"))
    story.source.knows = {METHODS: MethodStates({}), WAREHOUSES: WarehouseStates({"5": closed})}
    monday = START + timedelta(days=1)
    story.lists(
        unpacked(A, cutoff=monday, hard_cutoff=None),
        unpacked(B, cutoff=monday + timedelta(days=2), hard_cutoff=None),
    )
    story.poll()
    assert needed(story) == [(B, "day_off")]


def test_switched_off_nothing_is_asked_and_nothing_is_found(story: Story) -> None:
    story.plan = replace(story.plan, arrival="off")
    story.lists(unpacked(A, requirements=GTD), abroad(B))
    story.poll()
    assert (needed(story), story.source.asked) == ([], [])


def test_products_that_need_something_again_and_again_are_counted(story: Story) -> None:
    for n in range(5):
        story.lists(*(unpacked(f"0101-{m:04}-1", requirements=GTD) for m in range(n + 1)))
        story.poll(60)
    counts = story.store.needs.recurring((), since=START)
    assert counts == {("main", "customs_number_missing", sku): 5 for sku in ("1001", "1002")}
    assert story.store.needs.recurring(("other",), since=START) == {}
    assert story.store.needs.recurring(("main",), since=START + timedelta(days=1)) == {}


def summaries(story: Story) -> list[tuple[str, str, timedelta]]:
    """Channel, reason and due time of each summary that was queued."""
    told = [row.notification for row in story.rows()]
    return [(one.channel, str(one.reason), one.due_at - START) for one in told if one.reason in SUMMARIES]


def test_at_once_people_are_told_with_the_poll_that_finds_it_and_never_again(story: Story) -> None:
    story.plan = replace(story.plan, arrival="at_once", destinations=(channel("packers"), channel("owner")))
    story.lists(unpacked(A, requirements=GTD))
    story.poll()
    soon = timedelta(seconds=20)
    assert summaries(story) == [("packers", "arrival", soon), ("owner", "arrival", soon)]
    story.lists(unpacked(A, requirements=GTD), unpacked(B))
    story.poll(2)
    story.lists(unpacked(A), unpacked(B))
    story.poll(2)
    story.lists(unpacked(A, requirements=GTD), unpacked(B))
    story.poll(2)
    assert len(summaries(story)) == 2
    (need,) = story.store.needs.told_at((), START)
    assert need.posting_number == A


def test_by_default_people_are_told_when_two_working_hours_are_left(story: Story) -> None:
    story.plan = replace(story.plan, delays=DelayPolicy(Delays(before_cutoff=timedelta(minutes=5))))
    story.lists(unpacked(A, requirements=GTD, cutoff=START + timedelta(hours=6), hard_cutoff=None))
    story.poll()
    story.poll(3.9 * 60)
    assert summaries(story) == []
    story.poll(7)
    (told,) = summaries(story)
    assert told[:2] == ("packers", "arrival")
    story.poll(60)
    assert len(summaries(story)) == 1


def test_quiet_hours_are_no_working_hours(story: Story) -> None:
    night = QuietHours((START + timedelta(hours=2)).time(), (START + timedelta(hours=10)).time())
    delays = Delays(before_cutoff=timedelta(minutes=5), critical_before_cutoff=timedelta(minutes=1))
    story.plan = replace(story.plan, delays=DelayPolicy(delays), destinations=(channel("packers", quiet=night),))
    story.lists(unpacked(A, requirements=GTD, cutoff=START + timedelta(hours=11), hard_cutoff=None))
    story.poll()
    story.poll(45)
    assert summaries(story) == []
    story.poll(20)
    assert [channel for channel, _, _ in summaries(story)] == ["packers"]


def test_what_an_alert_has_told_is_not_told_again(story: Story) -> None:
    story.lists(unpacked(A, requirements=GTD, cutoff=START + timedelta(hours=5), hard_cutoff=None))
    story.poll()
    story.poll(90)
    assert story.told() == [(A, "first")]
    story.poll(120)
    assert summaries(story) == []


def test_a_shift_summary_lists_it_once_for_each_channel(story: Story) -> None:
    story.lists(unpacked(A, requirements=GTD, cutoff=START + timedelta(hours=40)))
    story.poll()
    later = START + timedelta(hours=1)
    with story.store.write() as tx:
        tx.needs.list_since((), START - timedelta(hours=1), later)
        tx.needs.list_since((), START - timedelta(hours=1), later + timedelta(hours=1))
    both = [story.store.needs.listed(shops, START - timedelta(hours=1), later) for shops in ((), ("main",))]
    assert [[one.posting_number for one in each] for each in both] == [[A], [A]]
    assert story.store.needs.listed((), START, later) == []
    assert story.store.needs.listed(("other",), START - timedelta(hours=1), later) == []
    story.poll(39 * 60)
    assert summaries(story) == []
