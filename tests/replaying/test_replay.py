"""Whatever a shop goes through, what `evaluate` makes of it is consistent: lives of alerts, and incidents."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import AlertState, Notification, Outcome, Reason
from labelwatch.core.policy import AlertPolicy, Destination, Step
from labelwatch.core.posting import Posting
from labelwatch.core.snapshot import Plan
from labelwatch.replaying.replay import Replay
from tests.support.alert_builders import CHINA_POST, incident
from tests.support.core_builders import METHOD, NOW, hours, posting
from tests.support.examples import examples
from tests.support.replay import Polls

MINUTE = timedelta(minutes=1)
TO = (Destination("packers", "en", "UTC"), Destination("owner", "en", "UTC", shops=frozenset({"another"})))
STATES: dict[str, dict[str, Any]] = {
    "packing": {"status": "awaiting_packaging", "in_process_at": NOW - hours(30)},
    "registration": {"status": "awaiting_registration", "flow": "aggregator"},
    "label": {"status": "awaiting_deliver"},
    "labelled": {"status": "awaiting_deliver", "actions": ("label_download",)},
    "cancelled": {"status": "cancelled"},
    "delivering": {"status": "delivering"},
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from([2, 9, 31, 250]),
        st.dictionaries(st.integers(0, 2), st.tuples(st.sampled_from(list(STATES)), st.sampled_from([3, 9, 50]))),
    ),
    max_size=12,
)
POLICIES = st.builds(
    AlertPolicy,
    pending_for=st.sampled_from([timedelta(0), 5 * MINUTE]),
    repeat_every=st.sampled_from([30 * MINUTE, hours(4)]),
    resolved=st.booleans(),
    escalation=st.sampled_from(
        [(), (Step(hours(2), "owner"),), (Step(hours(6), "packers"), Step(hours(1), "owner"))]
    ),
)


def plan(policy: AlertPolicy = AlertPolicy()) -> Plan:  # noqa: B008 - frozen
    return Plan("main", 2 * MINUTE, alerts=policy, incidents=policy, destinations=TO)


@examples(20)
@given(policy=POLICIES, steps=STEPS)
def test_every_alert_lives_once_and_is_told_in_order(
    policy: AlertPolicy, steps: list[tuple[int, dict[int, tuple[str, int]]]]
) -> None:
    replay, shop = Polls(plan(policy), NOW), dict[int, Posting]()
    for minutes, moved in steps:
        for n, (state, left) in moved.items():
            shop[n] = posting(number=f"1-{n}-1", cutoff=NOW + hours(left), **STATES[state])
        changes = replay.poll(shop.values(), after=minutes * MINUTE)
        for change in changes.own:
            before = replay.alerts.get(str(change.alert.diagnosis.subject))
            assert change.is_news or (not change.notifications and before is not None)
    by_alert = defaultdict[int | None, list[Notification]](list)
    for one in replay.told:
        by_alert[one.alert.id].append(one)
    for told in by_alert.values():
        numbers = list(dict.fromkeys(one.number for one in told))
        assert numbers == sorted(numbers), "each later notification has a higher number"
        assert len({(one.number, one.channel) for one in told}) == len(told)
        assert told[0].reason in (Reason.FIRST, Reason.MISSED, Reason.ESCALATED)
        assert Reason.RESOLVED not in [one.reason for one in told[:-1] if one.channel == told[-1].channel]
    for alert in replay.ended:
        is_told = any(one.reason is Reason.RESOLVED for one in by_alert[alert.id])
        assert alert.state is AlertState.RESOLVED
        assert is_told <= (alert.told is not None and policy.resolved)
    cancelled = {number for number, one in replay.known.items() if one.posting.status == "cancelled"}
    assert not cancelled & replay.alerts.keys()


@examples(10)
@given(
    sizes=st.lists(st.integers(0, 40), min_size=2, max_size=8),
    fine=st.integers(0, 120),
    wait=st.sampled_from([2, 7, 16, 45]),
)
def test_an_incident_begins_beyond_chance_and_ends_with_its_labels(sizes: list[int], fine: int, wait: int) -> None:
    """`sizes`: how many labels of one carrier are stuck at each poll; another one's come."""
    replay = Polls(plan(), NOW)
    numbered: dict[str, Any] = {"flow": "aggregator", "tracking_number": "LP1", "cutoff": NOW + hours(90)}
    silk = replace(METHOD, carrier="Silk")
    others = [posting(number=f"2-{n}-1", method=silk, actions=("label_download",), **numbered) for n in range(fine)]
    for stuck in (*sizes, 0):
        mine = [
            posting(number=f"1-{n}-1", actions=() if n < stuck else ("label_download",), **numbered)
            for n in range(max(sizes))
        ]
        replay.poll([*mine, *others], after=wait * MINUTE)
        assert len(replay.incidents) <= 1
        for alert in replay.alerts.values():
            assert alert.diagnosis.explained_by is None or alert.diagnosis.explained_by in replay.incidents
    assert (replay.incidents, replay.alerts) == ({}, {}), "every label came"
    over = [one for one in replay.ended if one.diagnosis.incident]
    assert all(one.outcome is Outcome.OVER for one in over)
    assert max(sizes) >= 10 or not over


def test_labels_that_are_stuck_together_are_told_of_as_one_incident() -> None:
    replay = Polls(plan(), NOW)
    numbered: dict[str, Any] = {"flow": "aggregator", "tracking_number": "LP1", "cutoff": NOW + hours(90)}
    silk = replace(METHOD, carrier="Silk")
    others = [posting(number=f"2-{n}-1", method=silk, actions=("label_download",), **numbered) for n in range(90)]
    stuck = [posting(number=f"1-{n}-1", actions=(), **numbered) for n in range(40)]
    for _ in range(3):
        replay.poll([*stuck, *others], after=16 * MINUTE)
    assert [(str(one.alert.diagnosis.subject), one.reason) for one in replay.told] == [
        ("carrier:Aurora", Reason.FIRST)
    ]
    replay.poll([replace(one, actions=("label_download",)) for one in stuck], after=2 * MINUTE)
    assert [one.reason for one in replay.told] == [Reason.FIRST, Reason.RESOLVED]
    assert len(replay.ended) == 41


def test_a_held_incident_is_told_as_soon_as_all_shops_were_read() -> None:
    held = replace(incident().alert, id=None, state=AlertState.PENDING, opened_at=NOW, told=None)
    told = []
    for read_at in (NOW - MINUTE, NOW + MINUTE):
        replay = Replay()
        for name in ("main", "north"):
            replay.plan(Plan(name, timedelta(hours=1), destinations=TO[:1]))
            replay.shops[name].read_at = read_at
        replay.incidents[CHINA_POST] = replace(held, id=1)
        replay.hold("main", NOW + 2 * MINUTE, is_round_over=False)
        told.append([row.told.reason for row in replay.outbox.rows()])
    assert told == [[], [Reason.FIRST]]
