"""What the time left decides: which deadline counts, severity, when a wait ends, and that missing it is told once."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome, Reason, Severity, Verdict
from labelwatch.core.deadline import Phase, alert_at, at, deadline_of, in_time, is_nearer, phase
from labelwatch.core.diagnosis import diagnose
from labelwatch.core.facts import Facts
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch
from labelwatch.core.lifecycle import acknowledge, close, snooze
from labelwatch.core.policy import DelayPolicy, Delays
from labelwatch.core.posting import MethodHistory, PickUp, Posting
from labelwatch.core.subject import Incident, IncidentId, Scope
from tests.core.test_lifecycle import CALM, MINUTE, firing, ill, look
from tests.support.core_builders import NOW, finding, hours, known, posting

DELAYS = Delays()
WAITING: dict[str, dict[str, Any]] = {
    "registration_pending": {"status": "awaiting_registration", "flow": "aggregator"},
    "label_pending": {},
    "assembly_running": {"status": "awaiting_packaging", "actions": ("ship_async_in_process",)},
    "ozon_accepting": {"status": "awaiting_approve"},
    "marking_missing": {
        "status": "awaiting_packaging",
        "requirements": (("products_requiring_mandatory_mark", ("1",)),),
    },
}
FACTS = {"marking_missing": Facts(exemplars="validation_in_process")}


def seen(
    cause: str, *, left: timedelta, waited: timedelta = 2 * MINUTE, warned: timedelta = DELAYS.before_cutoff
) -> Diagnosis:
    """The diagnosis of a posting with so much time left, of which people are warned so long before the cutoff."""
    policy = DelayPolicy(replace(DELAYS, before_cutoff=warned))
    found = finding(posting(**WAITING[cause], cutoff=NOW + left), waited=waited, policy=policy)
    assert found is not None
    return diagnose(found, FACTS.get(cause) or Knowledge().facts(found), as_of=NOW)


@pytest.mark.parametrize("cause", WAITING)
def test_a_wait_ends_when_there_is_only_time_left_to_act(cause: str) -> None:
    early, late = seen(cause, left=hours(2)), seen(cause, left=3 * MINUTE)
    assert (early.cause, early.verdict) == (cause, Verdict.WAIT)
    assert early.wait_until is not None
    assert early.wait_until <= NOW + hours(1)
    assert (late.cause, late.verdict, late.wait_until) == (cause, Verdict.ACT, None)


@pytest.mark.parametrize("cause", ["assembly_running", "ozon_accepting", "marking_missing"])
def test_where_ozon_names_no_usual_time_half_an_hour_is_waited_and_then_the_steps_begin_with_the_letter(
    cause: str,
) -> None:
    waits = seen(cause, left=hours(9))
    alert, _ = look(None, waits)
    assert (alert.diagnosis.verdict, alert.diagnosis.wait_until) == (Verdict.WAIT, NOW + 30 * MINUTE)
    for minutes, verdict, near, reason in (
        (29, Verdict.WAIT, Phase.NORMAL, None),
        (30, Verdict.ACT, Phase.URGENT, Reason.ESCALATED),
        (60, Verdict.ACT, Phase.URGENT, None),
    ):
        alert, told = look(alert, waits, minutes)
        assert (alert.diagnosis.verdict, phase(alert.diagnosis, NOW + minutes * MINUTE)) == (verdict, near)
        assert told is reason


@pytest.mark.parametrize(
    ("left", "waited", "limit"),
    [(360, 2, 60), (290, 10, 60), (270, 10, 40), (250, 10, 30), (239, 29, 30), (90, 5, 30)],
)
def test_a_registration_gets_half_of_its_time_where_an_answer_would_come_too_late(
    left: int, waited: int, limit: int
) -> None:
    about = seen("registration_pending", left=left * MINUTE, waited=waited * MINUTE, warned=hours(8))
    wait_until = min(NOW + (limit - waited) * MINUTE, NOW + (left - 60) * MINUTE)
    assert (about.verdict, about.wait_until) == (Verdict.WAIT, wait_until)
    assert phase(about, NOW) is Phase.NORMAL
    assert phase(about, wait_until) is (Phase.URGENT if wait_until >= NOW + (left - 240) * MINUTE else Phase.NORMAL)


@pytest.mark.parametrize(("left", "near"), [(241, Phase.NORMAL), (239, Phase.URGENT), (61, Phase.URGENT)])
def test_with_four_hours_left_an_answer_may_come_too_late_so_the_steps_begin_with_the_letter(
    left: int, near: Phase
) -> None:
    about = seen("registration_pending", left=left * MINUTE, waited=hours(1), warned=hours(8))
    assert (about.verdict, phase(about, NOW)) == (Verdict.ACT, near)


@pytest.mark.parametrize("scope", [Scope.CARRIER, Scope.PLATFORM])
def test_an_incident_is_not_waited_for_either(scope: Scope) -> None:
    id_ = IncidentId(scope, "Aurora" if scope is Scope.CARRIER else "")
    incident = Incident(id_, 20, 20, shops=("main",), carriers=("Aurora",), since=NOW)
    for left, verdict in ((hours(2), Verdict.WAIT), (59 * MINUTE, Verdict.ACT)):
        found = finding(posting(cutoff=NOW + left), waited=hours(1))
        assert found is not None
        assert diagnose(found, Facts(incident=incident), as_of=NOW).verdict is verdict


@given(
    left=st.timedeltas(timedelta(days=-2), timedelta(days=3)),
    limit=st.timedeltas(timedelta(0), timedelta(days=2)),
    later=st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_no_wait_outlasts_the_time_to_act_now_or_later(left: timedelta, limit: timedelta, later: timedelta) -> None:
    deadline = deadline_of(posting(cutoff=NOW + left), DELAYS)
    assert deadline is not None
    verdict, until = in_time(Verdict.WAIT, NOW + limit, deadline.act_by, NOW)
    diagnosis = ill(
        verdict=verdict,
        wait_until=until,
        deadline=deadline.at,
        warn_from=deadline.warn_from,
        act_by=deadline.act_by,
    )
    now = NOW + later
    after = at(diagnosis, now)
    if after.verdict is Verdict.WAIT:
        assert after.wait_until is not None
        assert now < after.wait_until <= deadline.at - DELAYS.critical_before_cutoff
        assert phase(after, now) is Phase.NORMAL


@given(st.lists(st.timedeltas(timedelta(days=-1), timedelta(days=2)), min_size=2, max_size=2), st.booleans())
def test_severity_is_a_function_of_the_time_left(lefts: list[timedelta], express: bool) -> None:
    nearer, farther = sorted(lefts)
    found = [
        finding(posting(cutoff=NOW + left, is_express=express, in_process_at=NOW - hours(50)), waited=hours(49))
        for left in (nearer, farther)
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].severity.rank >= found[1].severity.rank
    if farther <= DELAYS.before_cutoff:
        assert found[1].severity is not Severity.NOTICE


def test_a_diagnosis_that_nobody_renewed_grows_more_severe_by_the_clock_alone() -> None:
    alert = firing(
        replace(seen("registration_pending", left=hours(4)), severity=Severity.NOTICE, wait_until=NOW + hours(1))
    )
    alert = replace(
        alert,
        diagnosis=replace(
            alert.diagnosis,
            deadline=NOW + hours(5),
            warn_from=NOW + hours(1),
            act_by=NOW + hours(4),
            answer_by=NOW + hours(3),
        ),
    )
    then = [alert_at(alert, NOW + hours(later)).diagnosis for later in (0, 1.5, 4.5, 6)]
    assert [one.severity for one in then] == [Severity.NOTICE, Severity.WARNING, Severity.CRITICAL, Severity.CRITICAL]
    assert [one.verdict for one in then] == [Verdict.WAIT, Verdict.ACT, Verdict.ACT, Verdict.ACT]
    assert [phase(one, NOW + hours(later)) for one, later in zip(then, (0, 1.5, 4.5, 6), strict=True)] == [
        Phase.NORMAL,
        Phase.NORMAL,
        Phase.URGENT,
        Phase.MISSED,
    ]
    assert not is_nearer(alert.diagnosis, NOW)
    assert is_nearer(alert.diagnosis, NOW + hours(1.5))
    ended = close(alert, Outcome.LABELLED, policy=CALM, now=NOW)[0]
    assert alert_at(ended, NOW + hours(6)) == ended


def taken(alert: Alert, how: str) -> Alert:
    if how == "acknowledged":
        after = acknowledge(alert, by="Li", note="", now=NOW)
    elif how == "snoozed":
        after = snooze(alert, until=NOW + hours(40), by="Li", note="", now=NOW)
    else:
        after = alert
    assert after is not None
    return after


@pytest.mark.parametrize("how", ["", "acknowledged", "snoozed"])
def test_a_missed_deadline_is_told_once_whoever_takes_care_of_it(how: str) -> None:
    critical = ill(Severity.CRITICAL, deadline=NOW + 3 * MINUTE)
    alert = taken(firing(critical), how)
    looks = []
    for minute in (1, 3, 4, 60):
        alert, reason = look(alert, critical, minute)
        looks.append(reason)
    assert looks == [None, Reason.MISSED, None, None]
    assert alert.state is AlertState.FIRING


def test_what_is_first_seen_after_its_deadline_is_told_once() -> None:
    late = ill(Severity.CRITICAL, deadline=NOW - MINUTE)
    alert, reason = look(None, late)
    assert reason is Reason.FIRST
    assert look(alert, late, 5)[1] is None


def test_a_missed_deadline_is_told_of_each_posting_that_an_incident_explains() -> None:
    explained = ill(Severity.CRITICAL, explained_by=IncidentId(Scope.CARRIER, "Aurora"), deadline=NOW + MINUTE)
    alert, reason = look(None, explained)
    assert (alert.told, reason) == (None, None)
    alert, reason = look(alert, explained, 1)
    assert reason is Reason.MISSED
    assert look(alert, explained, 500)[1] is None


def test_a_deadline_that_was_moved_can_be_missed_again() -> None:
    alert = look(firing(ill(Severity.CRITICAL, deadline=NOW)), ill(Severity.CRITICAL, deadline=NOW), 1)[0]
    looks = []
    for minute, severity in (
        (2, Severity.NOTICE),
        (600, Severity.WARNING),
        (700, Severity.CRITICAL),
        (720, Severity.CRITICAL),
    ):
        alert, reason = look(alert, ill(severity, deadline=NOW + 720 * MINUTE), minute)
        looks.append(reason)
    assert looks == [None, Reason.ESCALATED, Reason.ESCALATED, Reason.MISSED]


def test_the_end_of_a_wait_is_told() -> None:
    waits = ill(cause="registration_pending", verdict=Verdict.WAIT, wait_until=NOW + hours(1))
    alert, reason = look(firing(waits), replace(waits, verdict=Verdict.ACT, wait_until=None), 60)
    assert reason is Reason.ESCALATED
    assert look(alert, ill(cause="registration_pending"), 61)[1] is None


FRIDAY = datetime(2026, 11, 27, 21, tzinfo=UTC)  # midnight in Moscow, where Saturday begins
AT_FOUR = PickUp((time(16),), "Asia/Shanghai")  # 08:00 UTC


@pytest.mark.parametrize(
    ("pick_up", "ordered", "cutoff", "deadline"),
    [
        (AT_FOUR, FRIDAY - hours(30), FRIDAY, datetime(2026, 11, 27, 8, tzinfo=UTC)),
        (AT_FOUR, FRIDAY - hours(30), datetime(2026, 11, 27, 8, tzinfo=UTC), datetime(2026, 11, 27, 8, tzinfo=UTC)),
        # The courier had left before the order came: Ozon's cutoff is all there is.
        (AT_FOUR, FRIDAY - hours(5), FRIDAY, FRIDAY),
        (None, FRIDAY - hours(30), FRIDAY, FRIDAY),
        (
            replace(AT_FOUR, handover=(time(11), time(16))),
            FRIDAY - hours(30),
            datetime(2026, 11, 27, 7, tzinfo=UTC),
            datetime(2026, 11, 27, 3, tzinfo=UTC),
        ),
        # Not on a Friday, nor on a day off.
        (
            replace(AT_FOUR, working_days=frozenset(range(4))),
            FRIDAY - hours(90),
            FRIDAY,
            datetime(2026, 11, 26, 8, tzinfo=UTC),
        ),
        (
            replace(AT_FOUR, days_off=frozenset({date(2026, 11, 27)})),
            FRIDAY - hours(90),
            FRIDAY,
            datetime(2026, 11, 26, 8, tzinfo=UTC),
        ),
    ],
)
def test_what_counts_is_the_last_pick_up_before_the_cutoff(
    pick_up: PickUp | None, ordered: datetime, cutoff: datetime, deadline: datetime
) -> None:
    found = deadline_of(posting(in_process_at=ordered, cutoff=cutoff), replace(DELAYS, pick_up=pick_up))
    assert found is not None
    assert (found.at, found.cutoff) == (deadline, cutoff)
    assert found.act_by == deadline - DELAYS.critical_before_cutoff


@pytest.mark.parametrize(("cutoff", "ordered"), [(None, NOW), (datetime(9999, 12, 31, 23, tzinfo=UTC), None)])
def test_a_cutoff_that_is_not_known_or_never_comes_has_no_pick_up(
    cutoff: datetime | None, ordered: datetime | None
) -> None:
    found = deadline_of(posting(in_process_at=ordered, cutoff=cutoff), replace(DELAYS, pick_up=AT_FOUR))
    assert (found.at if found else None) == cutoff


def test_a_posting_is_late_by_its_pick_up() -> None:
    picked_up = Watch("main", DelayPolicy(replace(DELAYS, pick_up=PickUp((time(12),), "UTC"))), MethodHistory())
    item: Posting = posting(cutoff=NOW + hours(30), in_process_at=NOW - hours(1), status="awaiting_packaging")
    tomorrow_noon = NOW.replace(hour=12) + timedelta(days=1)
    stored = known(item)
    track = picked_up.with_late_at(item, stored.track)
    assert track.late_at == NOW - hours(1) + DELAYS.order
    found = picked_up.find(replace(stored, track=track), NOW + hours(23.5))
    assert found is not None
    assert (found.severity, found.deadline and found.deadline.at) == (Severity.WARNING, tomorrow_noon)
    diagnosis = diagnose(found, Knowledge().facts(found), as_of=NOW)
    assert (diagnosis.deadline, diagnosis.cutoff) == (tomorrow_noon, NOW + hours(30))
