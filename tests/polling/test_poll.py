"""What a poll writes, and what it must not: stories of one shop on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import AlertState, Outcome, Reason
from labelwatch.core.policy import DelayPolicy, Delays
from labelwatch.polling.sweep import Abandoned
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests import conftest
from tests.support.poll_world import START, Story, channel, labelled, numbered, posting, unpacked

kind = conftest.kind  # on both databases

A, B, C = "0101-0001-1", "0101-0002-1", "0101-0003-1"


@pytest.fixture
def story(store: Store) -> Story:
    return Story(store)


def test_a_late_label_is_told_once_and_its_end_once(story: Story) -> None:
    story.lists(posting(A), labelled(posting(B)))
    assert story.poll().late == 0
    assert story.poll(16).late == 1
    assert story.told() == [(A, "first")]
    assert story.poll(2).told == 0
    story.lists(labelled(posting(A)), labelled(posting(B)))
    report = story.poll(2)
    assert (report.late, report.told) == (0, 1)
    assert story.told() == [(A, "first"), (A, "resolved")]
    assert story.alerts() == {}
    assert story.alerts(open_only=False)[A].outcome is Outcome.LABELLED


def test_the_notification_waits_for_its_bundle(story: Story) -> None:
    story.lists(unpacked(A))
    story.poll()
    (row,) = story.rows()
    assert row.notification.due_at == START + timedelta(seconds=20)
    assert row.notification.alert.id is not None


def test_an_unchanged_page_is_not_even_decoded(story: Story) -> None:
    story.lists(*numbered(7))
    assert story.poll().changed == 7
    before = story.source.decoded
    report = story.poll(2)
    assert (report.postings, report.changed, story.source.decoded - before) == (7, 0, 0)


def test_every_change_is_kept_with_when_it_was_last_seen_otherwise(story: Story) -> None:
    story.lists(posting(A, status="awaiting_packaging", actions=("ship",)))
    story.poll()
    story.poll(2)
    story.lists(posting(A, tracking_number="RA1"))
    story.poll(2)
    (known,) = story.store.postings.find(A).values()
    assert known.id is not None
    rows = story.store.postings.history(known.id)
    assert [(row.status, row.tracking_number) for row in rows] == [
        ("awaiting_packaging", ""),
        ("awaiting_deliver", "RA1"),
    ]
    assert [row.not_before for row in rows] == [None, START + timedelta(minutes=2)]
    assert rows[1].seen_at == START + timedelta(minutes=4)


@pytest.mark.fault("O3", "O4")
@pytest.mark.parametrize("trouble", [Trouble.OZON_DOWN, Trouble.NOT_UNDERSTOOD, Trouble.RATE_LIMITED])
def test_half_a_sweep_changes_nothing(story: Story, trouble: Trouble) -> None:
    story.lists(*numbered(9, unpacked))
    story.poll()
    before = story.told(), story.alerts(), story.store.shops.open_counts()
    story.lists(*(labelled(one) for one in numbered(9)))
    story.source.trouble, story.source.fails_after = trouble, 6
    report = story.poll(2)
    assert (report.complete, report.cause) == (False, trouble)
    assert (story.told(), story.alerts(), story.store.shops.open_counts()) == before
    assert story.store.shops.last_polls()["main"].complete is False


@pytest.mark.fault("O3", "O7")
def test_an_empty_list_after_a_full_one_resolves_nothing_that_is_still_there(story: Story) -> None:
    story.lists(unpacked(A))
    story.poll()
    story.lists()
    story.source.elsewhere = {A: unpacked(A)}
    story.poll(2)
    assert story.told() == [(A, "first")]
    assert set(story.alerts()) == {A}


@pytest.mark.fault("O14")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("delivering", Outcome.HANDED_OVER),
        ("cancelled", Outcome.CANCELLED),
        ("cancelled_from_split_pending", Outcome.SPLIT),
    ],
)
def test_a_posting_that_left_the_list_is_looked_up_before_its_alert_is_closed(
    story: Story, status: str, outcome: Outcome
) -> None:
    story.lists(unpacked(A), posting(B))
    story.poll()
    story.lists(posting(B))
    story.source.elsewhere = {A: posting(A, status=status)}
    story.poll(2)
    assert story.told() == [(A, "first"), (A, "resolved")]
    assert story.alerts(open_only=False)[A].outcome is outcome
    assert story.store.shops.open_counts() == {"main": 1}


@pytest.mark.fault("O7")
def test_an_alert_whose_posting_cannot_be_looked_up_stays_as_it_is(story: Story) -> None:
    story.lists(unpacked(A), posting(B))
    story.poll()
    before = story.alerts()[A]
    story.lists(labelled(posting(B)))
    story.poll(600)
    story.source.lookup_fails = True
    story.poll(600)
    assert story.alerts() == {A: before}
    assert story.told() == [(A, "first")]


def test_an_alert_is_as_fresh_as_the_last_look_at_its_posting(story: Story) -> None:
    def ages() -> dict[str | None, timedelta]:
        (shop,) = story.store.shops.all()
        assert shop.read_at is not None
        seen = {alert.diagnosis.posting_number: alert.diagnosis.as_of for alert in story.store.alerts.find()}
        return {number: shop.read_at - (at or shop.read_at) for number, at in seen.items()}

    story.lists(unpacked(A), unpacked(B))
    story.poll()
    story.poll(10)
    assert ages() == {A: timedelta(0), B: timedelta(0)}
    story.source.lookup_fails = True
    story.lists(unpacked(A))
    story.poll(10)
    story.poll(10)
    assert ages() == {A: timedelta(0), B: timedelta(minutes=20)}
    story.lists(unpacked(A), unpacked(B))
    story.poll(10)
    assert ages() == {A: timedelta(0), B: timedelta(0)}


def test_a_posting_that_was_looked_up_is_read_anew_when_it_is_listed_again(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    story.lists()
    story.source.elsewhere = {A: posting(A, status="arbitration")}
    story.poll(2)
    story.lists(posting(A))
    story.poll(2)
    (known,) = story.store.postings.find(A).values()
    assert known.posting.status == "awaiting_deliver"


def test_a_posting_asked_for_singly_keeps_its_schema(story: Story) -> None:
    story.lists(posting(A, schema="Crossborder"))
    story.poll()
    story.lists()
    story.source.elsewhere = {A: posting(A, schema="", status="arbitration")}
    story.poll(2)
    (known,) = story.store.postings.find(A).values()
    assert (known.posting.status, known.posting.schema) == ("arbitration", "Crossborder")


@pytest.mark.fault("O10")
def test_one_broken_posting_is_set_aside_and_the_others_are_read(story: Story) -> None:
    story.source.unreadable = {B}
    story.lists(unpacked(A), unpacked(B), unpacked(C))
    report = story.poll()
    assert (report.complete, report.quarantined, report.late) == (True, 1, 2)
    (row,) = story.store.shops.quarantined(START - timedelta(days=1))
    assert (row.number, row.path, row.problem) == (B, "$.postings[1].shipment_date", "no time")


def test_a_known_posting_that_breaks_keeps_its_alert(story: Story) -> None:
    story.lists(unpacked(A))
    story.poll()
    story.source.unreadable = {A}
    story.lists(posting(A, status="delivering"), posting(B))
    story.poll(2)
    assert set(story.alerts()) == {A, None}


@pytest.mark.fault("O10", "O18")
def test_what_cannot_be_read_is_told_once_with_its_field_and_its_end_too(story: Story) -> None:
    story.source.unreadable = {B, C}
    story.lists(posting(A), posting(B), posting(C))
    for _ in range(4):
        assert story.poll(60 * 5).late <= 1
    notice = story.alerts()[None].diagnosis
    assert (notice.cause, notice.evidence[0].value) == ("posting_unreadable", f"{B}, {C}: shipment_date: no time")
    assert [told for told in story.told() if told[0] is None] == [(None, "first")]
    story.source.unreadable = set()
    story.lists(posting(A), posting(B, tracking_number="1"), posting(C, tracking_number="1"))
    story.poll(2)
    assert [told for told in story.told() if told[0] is None] == [(None, "first"), (None, "resolved")]


@pytest.mark.fault("O11")
def test_a_status_that_nobody_knows_is_kept_watched_and_told_of_once_word_for_word(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    story.lists()
    story.source.elsewhere = {A: posting(A, status="awaiting_the_moon", substatus="waxing")}
    for _ in range(12):
        story.poll(2)
    assert story.told() == [(A, "first")]
    about = story.alerts()[A].diagnosis
    assert (about.cause, about.status, about.substatus) == ("unknown_state", "awaiting_the_moon", "waxing")


@pytest.mark.fault("O14")
def test_a_cutoff_that_ozon_moves_moves_the_alert_and_one_that_is_far_ends_it(story: Story) -> None:
    def due_in(hours: float) -> None:
        story.lists(unpacked(A, in_process_at=START, cutoff=story.at + timedelta(hours=hours)))
        story.poll(2)

    due_in(30)
    assert story.told() == []
    due_in(3)
    due_in(2)
    assert story.alerts()[A].diagnosis.deadline == story.at - timedelta(minutes=2) + timedelta(hours=2)
    due_in(0.5)
    assert story.told() == [(A, "first"), (A, "escalated")]
    due_in(40)
    assert story.told()[2:] == [(A, "resolved")]
    assert story.alerts(open_only=False)[A].outcome is Outcome.DEADLINE_MOVED


@pytest.mark.fault("O10")
def test_a_shop_that_goes_dark_is_told_of_though_something_in_it_could_not_be_read(story: Story) -> None:
    story.source.unreadable = {B}
    story.lists(posting(A), posting(B))
    story.poll()
    story.source.trouble = Trouble.OZON_DOWN
    for _ in range(3):
        story.poll(2)
    assert story.told() == [(None, "first"), (None, "cause_changed")]
    story.source.trouble = None
    story.poll(2)
    assert story.told()[2:] == [(None, "resolved"), (None, "first")]


@pytest.mark.fault("O10")
def test_when_most_of_it_is_broken_the_answer_is_not_understood(story: Story) -> None:
    story.lists(*numbered(40))
    story.source.unreadable = {f"0101-{index:04}-1" for index in range(30)}
    report = story.poll()
    assert (report.complete, report.cause) == (False, Trouble.NOT_UNDERSTOOD)
    assert story.store.shops.open_counts() == {"main": 0}


@pytest.mark.fault("O10")
@pytest.mark.parametrize("count", [1, 3])
def test_a_shop_of_which_nothing_can_be_read_was_not_read(story: Story, count: int) -> None:
    story.lists(*numbered(count))
    story.source.unreadable = {one.number for one in numbered(count)}
    report = story.poll()
    assert (report.complete, report.cause) == (False, Trouble.NOT_UNDERSTOOD)


@pytest.mark.fault("O8")
def test_a_posting_that_comes_on_two_pages_is_one_posting(story: Story) -> None:
    story.lists(posting(A), posting(B), posting(C), posting(A))
    report = story.poll()
    assert (report.changed, story.store.shops.open_counts()["main"]) == (3, 3)


@pytest.mark.fault("O2", "O15")
def test_a_shop_dark_for_three_intervals_is_told_and_so_is_its_return(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    story.source.trouble = Trouble.OZON_DOWN
    for _ in range(2):
        story.poll(2)
    assert story.told() == []
    story.poll(2)
    assert story.told() == [(None, "first")]
    assert story.alerts()[None].diagnosis.cause == "ozon_down"
    story.source.trouble = None
    story.poll(2)
    assert story.told() == [(None, "first"), (None, "resolved")]


@pytest.mark.fault("O13")
@pytest.mark.parametrize("trouble", [Trouble.KEY_REJECTED, Trouble.ACCOUNT_BLOCKED])
def test_what_only_a_person_can_put_right_is_told_at_once_and_tried_ever_more_seldom(
    story: Story, trouble: Trouble
) -> None:
    story.source.trouble = trouble
    pauses = []
    for _ in range(6):
        story.poll(2)
        state = story.store.shops.named("main")
        assert state is not None
        assert state.retry_at is not None
        pauses.append((state.retry_at - story.at) / timedelta(minutes=1))
    assert story.told() == [(None, "first")]
    assert pauses == [1, 2, 5, 10, 15, 15]


@pytest.mark.fault("O1")
def test_a_shop_that_is_left_alone_as_ozon_wishes_is_told_of_all_the_same_once_it_is_dark(story: Story) -> None:
    story.poll()
    story.source.trouble, story.source.retry_after = Trouble.RATE_LIMITED, 1800
    story.poll(2)
    state = story.store.shops.named("main")
    assert state is not None
    assert state.retry_at == story.at + timedelta(minutes=30)
    assert not story.silence(3)
    assert story.silence(1)
    assert not story.silence(1)
    assert story.alerts()[None].diagnosis.cause == "rate_limited"


def test_silence_without_a_failed_poll_is_noticed_too(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    assert not story.silence(5)
    assert story.silence(1)
    assert story.alerts()[None].diagnosis.cause == "stale_data"
    story.poll(1)
    assert None not in story.alerts()


@pytest.mark.fault("C2", "C6")
def test_what_nobody_listened_for_is_no_silence(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    story.at += timedelta(days=3)
    story.listening_since = story.at
    assert not story.silence(1)
    assert story.silence(6)


def test_a_shop_that_was_never_read_is_noticed_too(story: Story) -> None:
    story.listening_since = START
    assert not story.silence(5)
    assert story.silence(1)


def test_an_order_just_seen_cancelled_is_not_asked_about(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    story.poll(16)
    before = len(story.source.asked)
    story.lists()
    story.source.elsewhere = {A: posting(A, status="cancelled")}
    story.poll(30)
    assert story.source.asked[before:] == []


def test_an_acknowledgement_during_a_poll_is_not_lost(story: Story) -> None:
    story.lists(*numbered(4, unpacked))
    story.poll()

    def meanwhile() -> bool:
        story.store.alerts.change("0101-0001-1", lambda alert: replace(alert, state=AlertState.ACKNOWLEDGED))
        return False

    story.stop = meanwhile
    story.lists(*numbered(4, lambda number: unpacked(number, substatus="ship_failed")))
    story.poll(2)
    assert {alert.state for alert in story.alerts().values()} == {AlertState.FIRING}
    # Another cause is news and reopens it; who had acknowledged it is not forgotten. Nothing was sent before.
    reopened = [row for row in story.rows() if row.notification.alert.diagnosis.posting_number == "0101-0001-1"]
    assert [row.notification.reason for row in reopened] == [Reason.FIRST]
    assert reopened[0].notification.alert.diagnosis.cause == "assembly_failed"


@pytest.mark.fault("P4", "P17")
def test_a_poll_that_is_given_up_has_written_nothing(story: Story) -> None:
    story.lists(*numbered(9, unpacked))
    story.stop = lambda: True
    with pytest.raises(Abandoned):
        story.poll()
    assert story.store.shops.open_counts() == {"main": 0}
    assert story.store.shops.last_polls() == {}


def test_other_limits_are_applied_to_what_is_already_known(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    assert story.poll(10).late == 0
    story.plan = replace(story.plan, delays=DelayPolicy(Delays(label=timedelta(minutes=5))))
    assert story.poll(1).late == 1
    story.plan = replace(story.plan, delays=DelayPolicy(Delays(label=timedelta(hours=5))))
    assert story.poll(1).late == 0
    assert story.alerts(open_only=False)[A].outcome is Outcome.LIMITS_CHANGED


def test_a_channel_hears_only_of_what_it_wants(story: Story) -> None:
    other = channel("other", shops=frozenset({"second"}))
    story.plan = replace(story.plan, destinations=(channel("packers"), other))
    story.lists(unpacked(A))
    story.poll()
    assert [row.notification.channel for row in story.rows()] == ["packers"]


def test_what_nobody_was_there_to_hear_is_news_to_the_first_channel(story: Story) -> None:
    nobody = replace(story.plan, destinations=())
    everybody, story.plan = story.plan, nobody
    story.lists(unpacked(A))
    assert story.poll().told == 0
    assert story.alerts()[A].told is None
    story.plan = everybody
    assert story.poll(2).told == 1
    assert story.told() == [(A, "first")]


@pytest.mark.fault("O16")
def test_after_three_blind_days_there_is_one_catch_up_and_the_gap_is_kept(story: Story) -> None:
    story.lists(*numbered(6, lambda number: posting(number, status="awaiting_packaging")))
    story.poll()
    story.lists(*numbered(6))
    assert story.poll(3 * 24 * 60).told == 6
    (known,) = story.store.postings.find("0101-0000-1").values()
    assert known.id is not None
    last = story.store.postings.history(known.id)[-1]
    assert last.not_before == START
    assert last.seen_at - START == timedelta(days=3)
    assert {row.notification.due_at for row in story.rows()} == {story.at + timedelta(seconds=20)}
