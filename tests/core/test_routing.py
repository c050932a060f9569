"""Who is told and when: shops, severities, and quiet hours where the clocks change."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from labelwatch.core.alert import (
    Alert,
    AlertState,
    Family,
    LastNotified,
    Notification,
    Outcome,
    Reason,
    Severity,
    Verdict,
)
from labelwatch.core.lifecycle import close, reconcile
from labelwatch.core.policy import AlertPolicy, Destination, QuietHours, Step
from labelwatch.core.routing import Decision, due_at, gathers_until, notifications_for
from labelwatch.core.subject import Shop
from tests.core.test_lifecycle import ill

NIGHT = QuietHours(time(22), time(8))
WAIT = timedelta(seconds=20)
MINUTE = timedelta(minutes=1)


def alert(
    severity: Severity = Severity.NOTICE, deadline: datetime | None = None, now: datetime | None = None
) -> Alert:
    at = now or datetime(2026, 11, 22, 9, tzinfo=UTC)
    return reconcile(None, ill(severity, deadline=deadline), policy=AlertPolicy(), now=at)[0]


def channel(name: str = "packers", **changes: object) -> Destination:
    return Destination(**{"name": name, "language": "en", "timezone": "Europe/Berlin"} | changes)  # type: ignore[arg-type]


def told(item: Alert, *channels: Destination, now: datetime, reason: Reason = Reason.FIRST) -> dict[str, datetime]:
    rows = notifications_for(Decision(item, reason), channels, policy=AlertPolicy(), now=now, group_wait=WAIT)
    return {row.channel: row.due_at for row in rows}


def test_a_channel_hears_of_its_shops_and_from_its_severity_up() -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    all_of_it, other_shop = channel("all"), channel("other", shops=frozenset({"second"}))
    owner = channel("owner", severity=Severity.CRITICAL)
    assert told(alert(), all_of_it, other_shop, owner, now=now) == {"all": now + WAIT}
    assert set(told(alert(Severity.CRITICAL), all_of_it, other_shop, owner, now=now)) == {"all", "owner"}


def test_the_end_is_offered_to_every_channel_of_the_shop() -> None:
    ended, reason = close(alert(), Outcome.LABELLED, policy=AlertPolicy(), now=datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert reason is Reason.RESOLVED
    channels = channel("owner", severity=Severity.CRITICAL), channel("other", shops=frozenset({"second"}))
    assert set(told(ended, *channels, now=datetime(2026, 11, 22, 9, tzinfo=UTC), reason=reason)) == {"owner"}


CALM = timedelta(minutes=30)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

# (what the order was that is over, until when others may join)
OVER = [
    ({}, NOON + CALM),
    ({"act_by": NOON + timedelta(hours=3)}, NOON + CALM),
    ({"act_by": NOON + timedelta(minutes=12)}, NOON + timedelta(minutes=12)),
    ({"act_by": NOON + timedelta(seconds=5)}, NOON + WAIT),
    ({"severity": Severity.CRITICAL}, NOON + WAIT),
    ({"subject": Shop("main")}, NOON + WAIT),
    # It was missed, so that nothing presses any more.
    ({"severity": Severity.CRITICAL, "act_by": NOON - CALM, "deadline": NOON}, NOON + CALM),
]


@pytest.mark.parametrize(("about", "due"), OVER)
def test_that_an_order_is_over_waits_for_another_message_but_not_into_its_last_hour(
    about: dict[str, Any], due: datetime
) -> None:
    late = reconcile(None, ill(**about), policy=AlertPolicy(), now=NOON)[0]
    over, reason = close(late, Outcome.LABELLED, policy=AlertPolicy(), now=NOON)
    assert reason is Reason.RESOLVED
    assert told(over, channel(calm_interval=CALM / 4), now=NOON, reason=reason) == {"packers": due}
    assert told(over, channel(), now=NOON, reason=reason) == {"packers": NOON + WAIT}
    assert told(late, channel(calm_interval=CALM / 4), now=NOON) == {"packers": NOON + WAIT}


HOUR = timedelta(hours=1)

# (what is told, why, until when it is gathered after a message ten minutes ago)
GATHERED = [
    ({}, Reason.FIRST, NOON + 50 * MINUTE),
    ({}, Reason.RESOLVED, NOON + 50 * MINUTE),
    ({"severity": Severity.WARNING}, Reason.CAUSE_CHANGED, NOON),
    ({"severity": Severity.WARNING}, Reason.RESOLVED, NOON + 50 * MINUTE),
    ({"warn_from": NOON + 20 * MINUTE}, Reason.FIRST, NOON + 20 * MINUTE),
    ({"act_by": NOON + 20 * MINUTE}, Reason.RESOLVED, NOON + 20 * MINUTE),
    # Ozon says that somebody has to act, and an answer may take hours.
    ({"family": Family.ANOMALY, "cause": "passport_data_missing"}, Reason.FIRST, NOON + 5 * MINUTE),
    ({"cause": "registration_declined"}, Reason.FIRST, NOON + 5 * MINUTE),
    ({"family": Family.ANOMALY, "cause": "passport_data_missing"}, Reason.RESOLVED, NOON + 50 * MINUTE),
    ({"family": Family.ANOMALY, "verdict": Verdict.WAIT}, Reason.FIRST, NOON + 50 * MINUTE),
    ({"severity": Severity.CRITICAL}, Reason.ESCALATED, NOON),
    ({"act_by": NOON}, Reason.ESCALATED, NOON),
    ({"subject": Shop("main")}, Reason.FIRST, NOON),
    ({"deadline": NOON}, Reason.MISSED, NOON),
]


@pytest.mark.parametrize(("about", "reason", "until"), GATHERED)
def test_only_what_nobody_has_to_hurry_for_is_gathered(
    about: dict[str, Any], reason: Reason, until: datetime
) -> None:
    item = reconcile(
        None,
        ill(**{"deadline": NOON + 9 * HOUR, "warn_from": None, "act_by": None} | about),
        policy=AlertPolicy(),
        now=NOON,
    )[0]
    news = Notification(item, 1, reason, "packers", NOON, NOON + HOUR)
    spoke = NOON - 10 * MINUTE
    assert item.told is not None
    stepped = replace(item, told=replace(item.told, left=HOUR))
    assert gathers_until(replace(news, alert=stepped), channel(calm_interval=HOUR), spoke, NOON) == NOON
    assert gathers_until(news, channel(calm_interval=HOUR), spoke, NOON) == until
    assert gathers_until(news, channel(), spoke, NOON) == NOON
    assert gathers_until(news, channel(calm_interval=HOUR), spoke, NOON + 2 * HOUR) == NOON + 2 * HOUR


def test_nothing_is_gathered_into_the_quiet_time() -> None:
    evening = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)  # 21:30 in Berlin
    news = Notification(alert(now=evening), 1, Reason.FIRST, "packers", evening, evening + HOUR)
    assert gathers_until(news, channel(calm_interval=HOUR, quiet=NIGHT), evening, evening) == evening
    assert gathers_until(news, channel(calm_interval=HOUR / 3, quiet=NIGHT), evening, evening) == evening + HOUR / 3


def test_quiet_hours_hold_back_what_can_wait() -> None:
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    morning = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 08:00 in Berlin
    assert told(alert(), channel(quiet=NIGHT), now=midnight) == {"packers": morning}
    late_cutoff = alert(deadline=morning + timedelta(hours=1))
    assert told(late_cutoff, channel(quiet=NIGHT), now=midnight) == {"packers": morning}
    early_cutoff = alert(deadline=morning - timedelta(hours=1))
    assert told(early_cutoff, channel(quiet=NIGHT), now=midnight) == {"packers": midnight + WAIT}


def test_a_deadline_that_is_past_wakes_nobody() -> None:
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    missed = alert(deadline=midnight - timedelta(days=3))
    assert told(missed, channel(quiet=NIGHT), now=midnight) == {"packers": datetime(2026, 11, 23, 7, tzinfo=UTC)}


MIDNIGHT, DAWN, MORNING = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((22, 23), (23, 6), (23, 7)))

SOON = timedelta(minutes=10)

# (what the alert is, when it may go out)
AT_NIGHT = [
    ({"deadline": DAWN}, {}, MIDNIGHT),
    ({"deadline": MORNING}, {}, MIDNIGHT),
    ({"deadline": MORNING + timedelta(seconds=1)}, {}, MORNING),
    ({"deadline": MIDNIGHT - timedelta(seconds=1)}, {}, MORNING),
    ({"deadline": None}, {}, MORNING),
    # Told before: only what is critical or was escalated to somebody is told again in the night.
    ({"deadline": DAWN}, {"count": 2}, MORNING),
    ({"deadline": DAWN, "severity": Severity.CRITICAL}, {"count": 2}, MIDNIGHT),
    ({"deadline": DAWN}, {"count": 2, "left": timedelta(hours=3)}, MIDNIGHT),
    # Critical, and in the morning it would be too late to act.
    ({"deadline": MORNING + SOON, "severity": Severity.CRITICAL, "act_by": MORNING}, {"count": 2}, MIDNIGHT),
    ({"deadline": MORNING + SOON, "severity": Severity.CRITICAL, "act_by": MORNING + SOON}, {"count": 2}, MORNING),
    ({"deadline": MORNING + SOON, "act_by": MORNING}, {"count": 2}, MORNING),
    # A shop that cannot be read.
    ({"subject": Shop("main"), "deadline": None, "severity": Severity.WARNING}, {}, MORNING),
    ({"subject": Shop("main"), "deadline": None, "severity": Severity.CRITICAL}, {"count": 2}, MIDNIGHT),
]


@pytest.mark.parametrize(("about", "told_before", "due"), AT_NIGHT)
def test_only_what_cannot_wait_is_told_at_night(
    about: dict[str, Any], told_before: dict[str, Any], due: datetime
) -> None:
    item = reconcile(None, ill(**about), policy=AlertPolicy(), now=MIDNIGHT)[0]
    assert item.told is not None
    item = replace(item, told=replace(item.told, **told_before))
    reason = Reason.ESCALATED if "count" in told_before else Reason.FIRST
    assert due_at(item, reason, channel(quiet=NIGHT), MIDNIGHT) == due
    assert due_at(item, reason, channel(), MIDNIGHT) == MIDNIGHT
    ended = close(item, Outcome.LABELLED, policy=AlertPolicy(), now=MIDNIGHT)[0]
    dark_and_critical = ended.diagnosis.posting_number is None and due == MIDNIGHT
    assert due_at(ended, Reason.RESOLVED, channel(quiet=NIGHT), MIDNIGHT) == (
        MIDNIGHT if dark_and_critical else MORNING
    )


@pytest.mark.parametrize(("passed", "due"), [(timedelta(minutes=1), MIDNIGHT), (timedelta(hours=3), MORNING)])
def test_a_deadline_that_passes_in_the_night_is_told_then_and_one_that_passed_before_waits(
    passed: timedelta, due: datetime
) -> None:
    item = reconcile(None, ill(deadline=MIDNIGHT - passed), policy=AlertPolicy(), now=MIDNIGHT)[0]
    assert due_at(item, Reason.MISSED, channel(quiet=NIGHT), MIDNIGHT) == due


def test_what_falls_due_at_night_is_heard_before_it_by_a_channel_that_waits_for_warnings() -> None:
    evening = datetime(2026, 11, 22, 20, tzinfo=UTC)
    channels = channel("packers", severity=Severity.WARNING, quiet=NIGHT), channel("day", severity=Severity.WARNING)
    owner = channel("owner", severity=Severity.CRITICAL, quiet=NIGHT)
    assert set(told(alert(deadline=DAWN, now=evening), *channels, owner, now=evening)) == {"packers"}
    assert told(alert(deadline=MORNING + timedelta(hours=2), now=evening), *channels, owner, now=evening) == {}


def test_a_missed_deadline_reaches_who_was_told_and_the_last_step_of_escalation() -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    heard = LastNotified(at=now, count=2, severity=Severity.WARNING, cause="label_overdue", missed=True)
    item = replace(alert(Severity.CRITICAL, deadline=now), told=heard, state=AlertState.FIRING)
    rows = notifications_for(Decision(item, Reason.MISSED), CREW, policy=STEPPED, now=now, group_wait=WAIT)
    assert {row.channel: row.reason for row in rows} == {"packers": Reason.MISSED, "boss": Reason.MISSED}
    at_once = notifications_for(
        Decision(item, Reason.MISSED, steps=(OWNER_STEP,)), CREW, policy=STEPPED, now=now, group_wait=WAIT
    )
    assert {row.channel: row.reason for row in at_once}["owner"] is Reason.MISSED


def test_what_comes_up_on_a_weekend_waits_for_monday() -> None:
    saturday, monday = datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)
    office = channel(quiet=NIGHT, working_days=frozenset(range(5)))
    assert told(alert(), office, now=saturday) == {"packers": monday}


OWNER_STEP, BOSS_STEP = Step(timedelta(minutes=90), "owner"), Step(timedelta(minutes=30), "boss")
STEPPED = AlertPolicy(escalation=(OWNER_STEP, BOSS_STEP))
CREW = (
    channel("packers"),
    channel("owner", severity=Severity.CRITICAL, shops=frozenset({"second"})),
    channel("boss", severity=Severity.CRITICAL),
    channel("other", shops=frozenset({"second"})),
)


def reasons(reason: Reason | None, *steps: Step, left: timedelta | None) -> dict[str, tuple[Reason, bool]]:
    """Who hears of it, why, and whether at once."""
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    heard = LastNotified(at=now, count=3, severity=Severity.NOTICE, cause="label_overdue", left=left)
    item = replace(alert(), told=heard, state=AlertState.FIRING)
    rows = notifications_for(
        Decision(item, reason, steps=tuple(steps)), CREW, policy=STEPPED, now=now, group_wait=WAIT
    )
    return {row.channel: (row.reason, row.due_at == now) for row in rows}


def test_a_step_of_escalation_is_told_to_its_own_channel_at_once() -> None:
    assert reasons(None, OWNER_STEP, left=OWNER_STEP.left) == {"owner": (Reason.ESCALATED, True)}
    assert reasons(None, OWNER_STEP, BOSS_STEP, left=BOSS_STEP.left) == {
        "owner": (Reason.ESCALATED, True),
        "boss": (Reason.ESCALATED, True),
    }
    assert reasons(None, left=OWNER_STEP.left) == {}


def test_a_step_beside_news_for_all_leaves_the_others_their_own_reason() -> None:
    assert reasons(Reason.CAUSE_CHANGED, OWNER_STEP, left=OWNER_STEP.left) == {
        "packers": (Reason.CAUSE_CHANGED, False),
        "owner": (Reason.ESCALATED, True),
    }
    assert reasons(Reason.FIRST, OWNER_STEP, left=OWNER_STEP.left) == {
        "packers": (Reason.FIRST, False),
        "owner": (Reason.FIRST, True),
    }


def test_who_was_escalated_to_hears_the_rest_of_it_too() -> None:
    for reason in (Reason.REMINDER, Reason.CAUSE_CHANGED, Reason.ESCALATED):
        assert set(reasons(reason, left=None)) == {"packers"}
        assert set(reasons(reason, left=OWNER_STEP.left)) == {"packers", "owner"}
        assert set(reasons(reason, left=BOSS_STEP.left)) == {"packers", "owner", "boss"}
    assert set(reasons(Reason.RESOLVED, left=None)) == {"packers", "owner", "boss"}
