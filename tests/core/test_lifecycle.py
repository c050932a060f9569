"""The life of an alert: what is told, when, and what never happens whatever the history."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import Alert, AlertState, Diagnosis, LastNotified, Outcome, Reason, Severity, Verdict
from labelwatch.core.decision import renew
from labelwatch.core.diagnosis import diagnose
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lifecycle import acknowledge, close, reconcile, snooze
from labelwatch.core.policy import AlertPolicy, Step
from labelwatch.core.subject import Incident, IncidentId, Scope, Shop
from tests.support.core_builders import NOW, finding, hours, posting

MINUTE = timedelta(minutes=1)
CALM = AlertPolicy()
SLOW = AlertPolicy(pending_for=5 * MINUTE)


def ill(severity: Severity = Severity.NOTICE, cause: str = "label_overdue", **changes: Any) -> Diagnosis:
    found = finding(posting(), waited=hours(1))
    assert found is not None
    diagnosis = diagnose(found, Knowledge().facts(found), as_of=NOW)
    return replace(diagnosis, severity=severity, cause=cause, **changes)


def look(
    alert: Alert | None, diagnosis: Diagnosis, minutes: float = 0, policy: AlertPolicy = CALM
) -> tuple[Alert, Reason | None]:
    return reconcile(alert, diagnosis, policy=policy, now=NOW + minutes * MINUTE)


def firing(diagnosis: Diagnosis | None = None) -> Alert:
    return look(None, diagnosis or ill())[0]


def test_what_moved_on_to_where_one_only_waits_is_no_news_until_there_is_something_to_do_again() -> None:
    waits = ill(cause="registration_pending", verdict=Verdict.WAIT)
    alert, eased = look(firing(ill(cause="not_packed")), waits, 10)
    alert, worse = look(alert, replace(waits, verdict=Verdict.ACT), 70)
    assert (eased, worse) == (None, Reason.CAUSE_CHANGED)


def test_what_moved_on_to_where_one_only_waits_is_told_when_it_becomes_critical() -> None:
    waits = ill(cause="registration_pending", verdict=Verdict.WAIT)
    alert, _ = look(firing(ill(cause="not_packed")), waits, 10)
    critical = replace(waits, verdict=Verdict.ACT, severity=Severity.CRITICAL)
    assert look(alert, critical, 20)[1] is Reason.ESCALATED


def test_trouble_is_told_once_and_then_only_reminded_of() -> None:
    alert, first = look(None, ill())
    alert, again = look(alert, ill(), 2)
    alert, later = look(alert, ill(), 239)
    alert, reminder = look(alert, ill(), 240)
    assert (first, again, later, reminder) == (Reason.FIRST, None, None, Reason.REMINDER)
    assert alert.told is not None
    assert alert.told.count == 2


def test_a_blip_shorter_than_pending_for_is_never_told() -> None:
    alert, reason = look(None, ill(), policy=SLOW)
    assert (alert.state, reason) == (AlertState.PENDING, None)
    ended, reason = close(alert, Outcome.LABELLED, policy=SLOW, now=NOW + MINUTE)
    assert (ended.state, reason) == (AlertState.RESOLVED, None)


def test_trouble_that_lasts_or_is_critical_leaves_pending() -> None:
    alert, _ = look(None, ill(), policy=SLOW)
    assert look(alert, ill(), 4, SLOW)[1] is None
    assert look(alert, ill(), 5, SLOW)[1] is Reason.FIRST
    assert look(alert, ill(Severity.CRITICAL), 1, SLOW)[1] is Reason.FIRST


def test_worse_than_told_is_news_even_to_an_acknowledged_or_snoozed_alert() -> None:
    for quieted in (
        acknowledge(firing(), by="Li", note="", now=NOW),
        snooze(firing(), until=NOW + hours(9), by="Li", note="", now=NOW),
    ):
        alert, reason = look(quieted, ill(Severity.WARNING), 2)
        assert reason is Reason.ESCALATED
        assert (alert.state, alert.handled_by) == (AlertState.FIRING, "Li")


def test_less_severe_than_told_is_no_news_and_neither_is_the_way_back() -> None:
    alert = firing(ill(Severity.CRITICAL))
    alert, down = look(alert, ill(Severity.NOTICE), 1)
    _, up = look(alert, ill(Severity.CRITICAL), 2)
    assert (down, up) == (None, None)


def test_another_cause_is_news_once_it_has_lasted() -> None:
    alert = look(look(None, ill(), 0, SLOW)[0], ill(), 5, SLOW)[0]
    alert, early = look(alert, ill(cause="registration_pending"), 6, SLOW)
    alert, still = look(alert, ill(cause="registration_pending"), 10, SLOW)
    alert, told = look(alert, ill(cause="registration_pending"), 11, SLOW)
    assert (early, still, told) == (None, None, Reason.CAUSE_CHANGED)


def test_a_cause_that_flaps_back_is_no_news() -> None:
    alert = look(look(None, ill(), 0, SLOW)[0], ill(), 5, SLOW)[0]
    alert, away = look(alert, ill(cause="registration_pending"), 6, SLOW)
    alert, back = look(alert, ill(), 7, SLOW)
    assert (away, back) == (None, None)


def test_acknowledged_is_not_reminded() -> None:
    alert = acknowledge(firing(), by="Li", note="calling them", now=NOW)
    assert alert is not None
    assert look(alert, ill(), 2_000)[1] is None
    assert alert.note == "calling them"


@pytest.mark.parametrize(("second", "kept"), [("", "calling them"), ("they come at 5", "they come at 5")])
def test_who_takes_over_without_a_word_keeps_the_note(second: str, kept: str) -> None:
    first = acknowledge(firing(), by="Li", note="calling them", now=NOW)
    assert first is not None
    for again in (
        acknowledge(first, by="Nina", note=second, now=NOW),
        snooze(first, until=NOW + hours(1), by="Nina", note=second, now=NOW),
    ):
        assert again is not None
        assert (again.handled_by, again.note) == ("Nina", kept)


def test_who_takes_care_before_anybody_is_told_is_left_in_peace_until_it_is_critical() -> None:
    pending = look(None, ill(), policy=SLOW)[0]
    for quieted in (
        acknowledge(pending, by="Li", note="", now=NOW),
        snooze(pending, until=NOW + hours(9), by="Li", note="", now=NOW),
    ):
        assert quieted is not None
        alert, calm = look(quieted, ill(), 60, SLOW)
        assert (calm, alert.state) == (None, quieted.state)
        assert look(alert, ill(Severity.CRITICAL), 61, SLOW)[1] is Reason.FIRST


def test_an_outage_that_answers_now_this_way_and_now_that_is_told_once() -> None:
    def dark(cause: str) -> Diagnosis:
        return ill(cause=cause, subject=Shop("main"))

    alert, told = look(None, dark("ozon_down"))
    reasons = [told]
    for minute in range(2, 30, 2):
        alert, told = look(alert, dark("rate_limited" if minute % 4 else "ozon_down"), minute)
        reasons.append(told)
    assert reasons == [Reason.FIRST] + [None] * 14
    alert, _ = look(alert, dark("rate_limited"), 40)
    assert look(alert, dark("rate_limited"), 50)[1] is Reason.CAUSE_CHANGED


def test_a_snooze_ends_by_itself_with_a_reminder() -> None:
    alert = snooze(firing(), until=NOW + 60 * MINUTE, by="Li", note="", now=NOW)
    assert alert is not None
    alert, asleep = look(alert, ill(), 59)
    alert, awake = look(alert, ill(), 60)
    assert (asleep, awake, alert.state) == (None, Reason.REMINDER, AlertState.FIRING)
    assert (alert.snoozed_until, alert.handled_by) == (NOW + 60 * MINUTE, "Li")
    alert, later = look(alert, ill(), 300)
    assert (later, alert.snoozed_until, alert.handled_by) == (Reason.REMINDER, None, "Li")


def test_a_snooze_that_is_cut_short_by_worse_has_not_ended_by_itself() -> None:
    alert = snooze(firing(), until=NOW + 60 * MINUTE, by="Li", note="", now=NOW)
    alert, reason = look(alert, ill(Severity.CRITICAL), 30)
    assert (reason, alert.state, alert.snoozed_until) == (Reason.ESCALATED, AlertState.FIRING, None)


def test_a_deadline_that_passes_in_a_snooze_is_told_all_the_same() -> None:
    alert = snooze(firing(), until=NOW + hours(40), by="Li", note="", now=NOW)
    assert alert is not None
    late = finding(posting(cutoff=NOW - MINUTE), waited=hours(1))
    assert late is not None
    alert, reason = look(alert, diagnose(late, Knowledge().facts(late), as_of=NOW), 1)
    assert (reason, alert.diagnosis.severity) == (Reason.MISSED, Severity.CRITICAL)


def test_a_posting_that_moved_on_in_time_is_held_open_in_silence() -> None:
    alert, reason = look(firing(), ill(cause="label_pending", is_late=False), 500)
    assert (reason, alert.state, alert.diagnosis.cause) == (None, AlertState.FIRING, "label_pending")


def test_what_moved_on_in_time_before_anybody_was_told_is_not_told_until_it_is_late_again() -> None:
    alert, reasons = look(None, ill(), policy=SLOW)[0], []
    for minute, is_late in ((1, False), (6, False), (7, True)):
        alert, reason = look(alert, ill(is_late=is_late), minute, SLOW)
        reasons.append(reason)
    assert reasons == [None, None, Reason.FIRST]


def test_an_incident_speaks_for_the_postings_it_explains_until_it_is_over() -> None:
    explained = ill(Severity.CRITICAL, explained_by=IncidentId(Scope.CARRIER, "Aurora"))
    alert, silent = look(None, explained)
    alert, still = look(alert, explained, 500)
    alert, alone = look(alert, ill(Severity.CRITICAL), 501)
    assert (silent, still, alone) == (None, None, Reason.FIRST)


@pytest.mark.fault("O16")
def test_the_end_is_told_only_to_those_who_heard_of_the_trouble() -> None:
    assert close(firing(), Outcome.LABELLED, policy=CALM, now=NOW)[1] is Reason.RESOLVED
    assert close(firing(), Outcome.LABELLED, policy=AlertPolicy(resolved=False), now=NOW)[1] is None
    assert close(replace(firing(), told=None), Outcome.LABELLED, policy=CALM, now=NOW)[1] is None


def test_what_is_resolved_never_moves_again() -> None:
    ended = close(firing(), Outcome.LABELLED, policy=CALM, now=NOW)[0]
    assert close(ended, Outcome.CANCELLED, policy=CALM, now=NOW + MINUTE) == (ended, None)
    assert acknowledge(ended, by="Li", note="", now=NOW) is None
    assert snooze(ended, until=NOW, by="Li", note="", now=NOW) is None


OWNER, BOSS = Step(90 * MINUTE, "owner"), Step(30 * MINUTE, "boss")
STEPPED = AlertPolicy(escalation=(OWNER, BOSS))
DUE = NOW + 200 * MINUTE


class Escalating:
    """An alert whose posting is due in 200 minutes, looked at again and again."""

    def __init__(self, policy: AlertPolicy = STEPPED) -> None:
        self.alert: Alert | None = None
        self.policy = policy

    def look(self, minute: int, **changes: Any) -> tuple[Reason | None, list[str]]:
        """Why everybody hears of it, and the channels that only a step of escalation tells."""
        diagnosis = ill(**{"deadline": DUE} | changes)
        decision = renew(self.alert, diagnosis, policy=self.policy, now=NOW + minute * MINUTE)
        self.alert = decision.alert
        assert decision.is_news or not (decision.reason or decision.steps)
        return decision.reason, [step.channel for step in decision.steps]

    def told(self) -> LastNotified:
        assert self.alert is not None
        assert self.alert.told is not None
        return self.alert.told


def test_each_step_is_told_once_when_so_little_is_left_and_is_no_telling_to_the_others() -> None:
    story = Escalating()
    looks = [story.look(minute) for minute in (0, 109, 110, 112, 169, 170, 172)]
    assert looks == [
        (Reason.FIRST, []),
        (None, []),
        (None, ["owner"]),
        (None, []),
        (None, []),
        (None, ["boss"]),
        (None, []),
    ]
    assert story.told() == LastNotified(NOW, 3, Severity.NOTICE, "label_overdue", BOSS.left, Verdict.ACT)
    assert story.look(200) == (Reason.MISSED, [])


def test_a_reminder_is_counted_from_what_everybody_was_told_not_from_the_last_step() -> None:
    story = Escalating(replace(STEPPED, repeat_every=180 * MINUTE))
    looks = [story.look(minute)[0] for minute in (0, 110, 170, 179, 180)]
    assert looks == [Reason.FIRST, None, None, None, Reason.REMINDER]


def test_a_step_swallows_no_cause_that_the_others_have_yet_to_hear_of() -> None:
    story = Escalating(replace(STEPPED, pending_for=5 * MINUTE))
    story.look(0)
    assert story.look(5) == (Reason.FIRST, [])
    assert story.look(109, cause="not_packed") == (None, [])
    assert story.look(110, cause="not_packed") == (None, ["owner"])
    assert story.look(114, cause="not_packed") == (Reason.CAUSE_CHANGED, [])


def test_a_step_and_news_at_the_same_look_go_out_together() -> None:
    story = Escalating()
    story.look(0)
    assert story.look(110, severity=Severity.WARNING) == (Reason.ESCALATED, ["owner"])
    assert story.told().count == 2


def test_what_appears_with_little_left_reaches_all_its_steps_at_once() -> None:
    assert Escalating().look(160) == (Reason.FIRST, ["owner"])
    assert Escalating().look(190) == (Reason.FIRST, ["owner", "boss"])


def test_two_steps_that_were_slept_through_are_told_together() -> None:
    story = Escalating()
    story.look(0)
    assert story.look(180) == (None, ["owner", "boss"])


@pytest.mark.parametrize("quieted", ["acknowledged", "snoozed"])
def test_what_somebody_takes_care_of_does_not_escalate_until_it_gets_worse(quieted: str) -> None:
    story = Escalating()
    story.look(0)
    assert story.alert is not None
    who: dict[str, Any] = {"by": "Li", "note": "", "now": NOW}
    story.alert = (
        acknowledge(story.alert, **who)
        if quieted == "acknowledged"
        else snooze(story.alert, until=DUE + hours(1), **who)
    )
    assert story.look(115) == (None, [])
    assert story.look(140, severity=Severity.CRITICAL) == (Reason.ESCALATED, ["owner"])
    assert story.look(170, severity=Severity.CRITICAL) == (None, ["boss"])


def test_a_snooze_that_ends_brings_the_steps_that_were_reached_meanwhile() -> None:
    story = Escalating()
    story.look(0)
    assert story.alert is not None
    story.alert = snooze(story.alert, until=NOW + 130 * MINUTE, by="Li", note="", now=NOW)
    assert [story.look(minute) for minute in (115, 130)] == [(None, []), (Reason.REMINDER, ["owner"])]


@pytest.mark.parametrize(
    "changes",
    [{"deadline": None}, {"is_late": False}, {"explained_by": IncidentId(Scope.CARRIER, "Aurora")}],
)
def test_nothing_escalates_without_a_deadline_or_while_it_is_in_time_or_part_of_an_incident(
    changes: dict[str, Any],
) -> None:
    story = Escalating()
    story.look(0)
    assert story.look(199, **changes) == (None, [])
    assert story.look(199) == (None, ["owner", "boss"])


def test_an_incident_escalates_itself() -> None:
    story, event = Escalating(), Incident(IncidentId(Scope.CARRIER, "Aurora"))
    story.look(0, subject=event)
    assert story.look(111, subject=event) == (None, ["owner"])


def test_a_blip_escalates_to_nobody() -> None:
    story = Escalating(replace(STEPPED, pending_for=5 * MINUTE))
    assert story.look(180) == (None, [])
    assert story.look(185) == (Reason.FIRST, ["owner", "boss"])


@pytest.mark.fault("O14")
def test_with_a_later_deadline_the_steps_lie_ahead_once_more() -> None:
    story = Escalating()
    story.look(0)
    assert story.look(180) == (None, ["owner", "boss"])
    later = {"deadline": DUE + 60 * MINUTE}
    assert [story.look(minute, **later) for minute in (182, 229, 230)] == [(None, []), (None, []), (None, ["boss"])]
    far = {"deadline": DUE + hours(24)}
    assert [story.look(232, **far), story.look(200 + 24 * 60 - 90, **far)] == [
        (None, []),
        (Reason.REMINDER, ["owner"]),
    ]


@pytest.mark.fault("C1")
def test_a_clock_that_is_set_back_repeats_no_step() -> None:
    story = Escalating()
    story.look(0)
    assert [story.look(minute) for minute in (111, 51, 115)] == [(None, ["owner"]), (None, []), (None, [])]


STEP = st.tuples(
    st.sampled_from(["late", "held", "ack", "snooze"]),
    st.sampled_from(list(Severity)),
    st.sampled_from(["label_overdue", "registration_pending", "not_packed"]),
    st.integers(min_value=-30, max_value=300),
)


@pytest.mark.parametrize("policy", [CALM, SLOW, STEPPED])
@given(steps=st.lists(STEP, max_size=40), end=st.sampled_from(list(Outcome)))
def test_whatever_happens_the_tellings_make_sense(policy: AlertPolicy, steps: list[Any], end: Outcome) -> None:
    alert: Alert | None = None
    told: list[tuple[datetime, Reason, Alert]] = []
    escalated: list[Step] = []
    tellings = 0
    now = NOW
    for what, severity, cause, minutes in steps:
        now += minutes * MINUTE
        if what in ("late", "held"):
            diagnosis = ill(severity, cause, is_late=what == "late", deadline=DUE)
            decision = renew(alert, diagnosis, policy=policy, now=now)
            alert, reason = decision.alert, decision.reason
            escalated += decision.steps
            tellings += bool(reason or decision.steps)
            assert (alert.told.count if alert.told else 0) == tellings
            assert all(DUE - now <= step.left for step in decision.steps)
            if reason:
                told.append((now, reason, alert))
        elif alert:
            quieted = acknowledge(alert, by="x", note="", now=now)
            alert = quieted if what == "ack" else snooze(alert, until=now + hours(1), by="x", note="", now=now)
    if alert is None:
        return
    ended, reason = close(alert, end, policy=policy, now=now)
    reasons = [item[1] for item in told]
    assert reasons.count(Reason.FIRST) == (1 if told else 0)
    assert reasons[:1] in ([], [Reason.FIRST])
    assert len(set(escalated)) == len(escalated)
    assert (reason is Reason.RESOLVED) == bool(told)
    assert ended.state is AlertState.RESOLVED
    for (_, _, before), (_, why, after) in pairwise(told):
        assert before.told is not None
        if why is Reason.ESCALATED:
            assert after.diagnosis.severity.rank > before.told.severity.rank
        if why is Reason.CAUSE_CHANGED:
            assert after.diagnosis.cause != before.told.cause
