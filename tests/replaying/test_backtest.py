"""Days that real polls recorded: played again they come out as they were, and other limits say what they change."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, event

from labelwatch.core.alert import Alert, Severity
from labelwatch.core.baseline import Learned, MethodNormal, Normal
from labelwatch.core.enrichment import MethodStates, Question, Topic
from labelwatch.core.facts import Detail, LabelTask, MethodState, TaskState
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.policy import AlertPolicy, DelayPolicy, Delays, QuietHours, Step
from labelwatch.core.posting import Posting, Stage
from labelwatch.core.snapshot import Plan
from labelwatch.core.survival import Wait, product_limit
from labelwatch.replaying.backtest import Limits, backtest, suggest
from labelwatch.replaying.outbox import key_of
from labelwatch.replaying.recording import Recording, Slowed, play, recorded
from labelwatch.sources import Trouble
from labelwatch.store import OutboxState, Store
from labelwatch.store.decision_inputs import Input, InputTopic, written
from labelwatch.store.schema_settings import decision_input
from labelwatch.store.values import Settled
from tests.support.poll_world import EVERY, START, Story, channel, labelled, of_carrier, posting, unpacked

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DELAYS = Delays(label=15 * MINUTE, registration=HOUR)
PLAN = Plan(
    "main",
    EVERY,
    delays=DelayPolicy(DELAYS),
    alerts=AlertPolicy(repeat_every=4 * HOUR, escalation=(Step(2 * HOUR, "owner"),)),
    destinations=(
        channel("packers", calm_interval=HOUR),
        channel("owner", severity=Severity.CRITICAL, quiet=QuietHours(time(22), time(7))),
    ),
)
CHANGES: tuple[dict[str, Any], ...] = (
    {"status": "awaiting_registration", "flow": "aggregator"},
    {"status": "awaiting_deliver", "substatus": "posting_created"},
    {"status": "awaiting_packaging", "actions": ("ship",)},
    {"substatus": "posting_registration_error"},
    {"actions": ("cancel", "label_download")},
    {"actions": ("cancel",)},
    {"requirements": (("products_requiring_gtd", ("1",)),)},
    {"is_multibox": True, "boxes": 0},
    {"boxes": 2},
    {"tracking_number": "LP1"},
    {"hard_cutoff": START + 30 * HOUR},
    {"hard_cutoff": START + 60 * HOUR},
    {"cutoff": START + 20 * HOUR},
    {"cutoff": START + 50 * HOUR},
    {"status": "delivering"},
)


def live(story: Story, dice: Random, polls: int) -> None:
    """What a shop, Ozon and people may do, with a poll after each of it."""
    orders = {f"0101-{n:04}-1": _arrival(f"0101-{n:04}-1", dice) for n in range(14)}
    for _ in range(polls):
        for number in dice.sample(sorted(orders), dice.choice([0, 1, 2, 4])):
            orders[number] = replace(orders[number], **dice.choice(CHANGES))
        story.source.knows = {
            **{Question(Topic.LABEL_TASK, number): _task(story, dice) for number in orders},
            **{Question(Topic.DETAIL, number): Detail("", dice.choice(["", "sent"])) for number in orders},
            Question(Topic.METHODS): MethodStates({"77": MethodState(dice.choice(["ACTIVE", "ACTIVE", "BROKEN"]))}),
        }
        gone = dice.sample(sorted(orders), 2)
        story.lists(*(one for number, one in orders.items() if number not in gone and one.status != "delivering"))
        story.source.elsewhere, story.source.lookup_fails = orders, dice.random() < 0.2
        story.source.trouble = Trouble.OZON_DOWN if dice.random() < 0.1 else None
        if dice.random() < 0.05:
            limits = replace(DELAYS, label=dice.choice([10, 20]) * MINUTE)
            story.plan = replace(story.plan, delays=DelayPolicy(limits))
        story.poll(dice.choice([1, 2, 2, 6, 16, 45]))
        _people(story, dice, sorted(orders))
        if dice.random() < 0.1:
            story.silence(dice.choice([1, 30]))


def _arrival(number: str, dice: Random) -> Posting:
    return dice.choice([posting, unpacked])(number, cutoff=START + dice.choice([6, 20, 40]) * HOUR)


def _task(story: Story, dice: Random) -> LabelTask:
    state = dice.choice([TaskState.PENDING, TaskState.PENDING, TaskState.REFUSED, TaskState.PRINTED])
    return LabelTask(state, story.at, "no data" if state is TaskState.REFUSED else "", tasks=(1,))


def _people(story: Story, dice: Random, numbers: list[str]) -> None:
    """Messages are sent, and somebody takes an order."""
    store, now = story.store, story.at + timedelta(seconds=30)
    for name in ("packers", "owner"):
        if dice.random() < 0.7:
            rows = store.outbox.claim(name, now=now, lease_until=now + MINUTE, key=f"{name} {now}")
            store.outbox.settle([row.id for row in rows], Settled(OutboxState.SENT), at=now)
    if dice.random() < 0.2:
        how = partial(acknowledge, by="anna", note="", now=now)
        if dice.random() < 0.5:
            how = partial(snooze, until=now + HOUR, by="anna", note="", now=now)
        store.alerts.change(dice.choice(numbers), how)


def tape(story: Story) -> Recording:
    return recorded(story.store, {"main": story.plan}, START - HOUR, story.at + HOUR)


def differences(recording: Recording, *, thorough: bool = False) -> list[Any]:
    """What was told and is not when it is played again, and the other way round."""
    told = Counter(
        _said(one.alert, one.created_at, one.channel, one.reason) for one in recording.told if not one.is_withdrawn
    )
    rows = play(recording, thorough=thorough).outbox.rows()
    again = Counter(_said(row.told.alert, row.created_at, row.told.channel, row.told.reason) for row in rows)
    return [("told", *one) for one in told - again] + [("again", *one) for one in again - told]


def _said(alert: Alert, at: datetime, channel: str, reason: str) -> tuple[Any, ...]:
    diagnosis = alert.diagnosis
    return at, key_of(diagnosis.subject), channel, str(reason), diagnosis.severity.value, diagnosis.cause


def test_what_was_told_comes_out_again(store: Store) -> None:
    story = Story(store, plan=PLAN)
    live(story, Random(1), polls=45)
    recording = tape(story)
    assert differences(recording) == []
    found = backtest(recording, Limits())
    assert found.notifications == found.reproduced > 40
    assert found.invented == 0
    assert {one.reason for one in recording.told} >= {"first", "resolved", "escalated", "cause_changed", "missed"}
    assert recording.kept_since is not None


def test_many_labels_that_stop_are_one_incident_again(store: Store) -> None:
    story = Story(store, plan=replace(PLAN, delays=DelayPolicy(replace(DELAYS, before_cutoff=HOUR))))
    aurora = [of_carrier("Aurora", f"0101-{n:04}-1", cutoff=START + 90 * HOUR) for n in range(30)]
    silk = [labelled(of_carrier("Silk", f"0202-{n:04}-1", cutoff=START + 90 * HOUR)) for n in range(60)]
    for minutes in (2, 2, 14, 2, 2):
        story.lists(*aurora, *silk)
        story.poll(minutes)
    for ready in (20, 28, 30):
        story.lists(*map(labelled, aurora[:ready]), *aurora[ready:], *silk)
        story.poll(4)
    recording = tape(story)
    assert ("", "carrier:Aurora") in {key_of(one.alert.diagnosis.subject) for one in recording.told}
    assert differences(recording) == []


CURVE = product_limit(Wait(n * MINUTE / 10, n * MINUTE / 10) for n in range(1, 101))
"""Labels come evenly from none to ten minutes."""
LEARNED: Learned = {Stage.LABEL: {"77": MethodNormal(Normal(CURVE, 10 * MINUTE))}}
AUTO = replace(PLAN, delays=DelayPolicy(replace(DELAYS, auto=frozenset({"label"}))), learned=LEARNED)


def come_slowly(story: Story) -> list[int]:
    """Forty orders whose labels take up to 24 minutes, and how many alerts each poll leaves."""
    orders = [posting(f"0101-{n:04}-1", cutoff=START + 90 * HOUR) for n in range(40)]
    alerts = []
    for minutes in range(0, 28, 2):
        ready = min(40, minutes * 40 // 24)
        story.lists(*map(labelled, orders[:ready]), *orders[ready:])
        story.poll(2)
        alerts.append(len(story.alerts()))
    return alerts


def slowed(recording: Recording) -> list[Slowed]:
    return [one for one in recording.events if isinstance(one, Slowed)]


def test_at_a_peak_few_are_told_of_and_so_again(store: Store) -> None:
    story = Story(store, plan=AUTO)
    alerts = come_slowly(story)
    recording = tape(story)
    assert 0 < max(alerts) < 15
    assert alerts[:8] == [0] * 8, "the learned limit passed at the sixth poll"
    assert differences(recording) == []
    assert differences(recording, thorough=True) == []
    noted = slowed(recording)
    recording.events = [one for one in recording.events if not isinstance(one, Slowed)]
    assert len(noted) > 1
    assert differences(recording) != [], "the peak was decided from"


def test_a_poll_in_which_nothing_is_newly_late_asks_nothing_of_a_peak(sqlite_store: Store) -> None:
    story = Story(sqlite_store, plan=AUTO)
    come_slowly(story)
    story.poll(2)
    story.lists(posting("0101-0098-1", cutoff=START + 90 * HOUR))
    story.poll(2)
    story.poll(100)
    assert story.alerts().keys() == {"0101-0098-1"}
    before = slowed(tape(story))
    asked: list[str] = []
    event.listen(sqlite_store._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    story.poll(2)
    story.lists(*(posting(f"0101-00{n}-1", cutoff=START + 90 * HOUR) for n in (98, 99)))
    story.poll(2)
    assert asked
    assert not [one for one in asked if "stage_wait" in one and one.startswith("SELECT")]
    assert slowed(tape(story)) == before


def test_what_was_learned_in_an_earlier_form_is_not_known(sqlite_store: Store) -> None:
    story = Story(sqlite_store, plan=PLAN)
    polled(story, (30, PACKED), (10, labelled(PACKED)))
    earlier = {"label": {"77": 10 * MINUTE}, "registration": {}}
    with sqlite_store.write() as tx:
        tx.inputs.note(Input(1, InputTopic.LEARNED, "", START + MINUTE, written(earlier)))
    assert differences(tape(story)) == []


def polled(story: Story, *spans: tuple[float, Posting]) -> None:
    """One order as it was for so many minutes each, with a poll every five."""
    for minutes, one in spans:
        story.lists(one)
        for _ in range(int(minutes / 5)):
            story.poll(5)


PACKED = posting(cutoff=START + 90 * HOUR)
UNPACKED = unpacked("0101-0001-1", cutoff=START + 3 * HOUR, in_process_at=START)
LATE_WARNING = replace(DELAYS, before_cutoff=30 * MINUTE)
CASES: dict[str, tuple[Delays, Limits, tuple[tuple[float, Posting], ...], list[int]]] = {
    "a longer limit does not tell of a label that comes by itself": (
        DELAYS,
        Limits(label=40 * MINUTE),
        ((30, PACKED), (10, labelled(PACKED))),
        [1, 0, 0, 0, 0, 1],
    ),
    "a shorter one tells of it earlier": (
        DELAYS,
        Limits(label=8 * MINUTE),
        ((30, PACKED), (10, labelled(PACKED))),
        [1, 1, 1, 0, 0, 1],
    ),
    "an earlier warning would have told in time what was missed": (
        LATE_WARNING,
        Limits(before_cutoff=2 * HOUR),
        ((200, UNPACKED),),
        [1, 1, 1, 0, 1, 0],
    ),
    "a later one tells too late": (
        DELAYS,
        Limits(before_cutoff=30 * MINUTE),
        ((200, UNPACKED),),
        [1, 1, 0, 1, 0, 0],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_other_limits_say_what_they_change(sqlite_store: Store, case: Any) -> None:
    delays, limits, spans, expected = case
    story = Story(sqlite_store, plan=replace(PLAN, delays=DelayPolicy(delays)))
    polled(story, *spans)
    found = backtest(tape(story), limits)
    told = [len(found.now.told), len(found.then.told), len(found.earlier), len(found.later)]
    assert [*told, len(found.rescuable), len(found.now.resolved_alone)] == expected
    assert backtest(tape(story), Limits(**dict.fromkeys(limits.given(), None))).then == found.now


def test_a_place_with_a_limit_of_its_own_keeps_it_and_what_was_learned_gives_way() -> None:
    auto = replace(DELAYS, auto=frozenset({"label", "registration"}))
    policy = DelayPolicy(auto, by_warehouse={"5": auto, "6": replace(auto, label=HOUR)})
    other = Limits(label=40 * MINUTE).over(replace(PLAN, delays=policy)).delays
    assert (other.default.label, other.by_warehouse["5"].label, other.by_warehouse["6"].label) == (
        40 * MINUTE,
        40 * MINUTE,
        HOUR,
    )
    assert other.default.auto == {"registration"}


def test_what_is_suggested_is_not_beaten_by_any_other(sqlite_store: Store) -> None:
    story = Story(sqlite_store, plan=PLAN)
    polled(story, (30, PACKED), (10, labelled(PACKED)), (400, replace(UNPACKED, cutoff=START + 8 * HOUR)))
    found = suggest(tape(story))
    assert [one.messages for one in found] == sorted({one.messages for one in found})
    assert [one.ahead for one in found] == sorted(one.ahead for one in found)


def test_what_was_not_kept_is_said(sqlite_store: Store) -> None:
    """A database from before: the limits of that time are not known."""
    story = Story(sqlite_store, plan=PLAN)
    polled(story, (30, PACKED), (10, labelled(PACKED)))
    with sqlite_store._write() as conn:
        conn.execute(delete(decision_input))
    changed = replace(PLAN, delays=DelayPolicy(replace(DELAYS, label=HOUR)))
    recording = recorded(sqlite_store, {"main": changed}, START - HOUR, story.at)
    found = backtest(recording, Limits())
    assert recording.kept_since is None
    assert (found.notifications, found.reproduced) == (3, 0)
