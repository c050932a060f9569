"""The life of an alert against a simple model: what people were told, and who has it, decide what they hear next.

The model knows nothing of states: an alert is there or not, somebody has it or not, and people know what they were
told last.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from labelwatch.core.alert import Alert, AlertState, Outcome, Reason, Severity
from labelwatch.core.decision import renew
from labelwatch.core.lifecycle import acknowledge, close, snooze
from labelwatch.core.policy import AlertPolicy
from tests.support.alert_builders import NOW, diagnosis
from tests.support.examples import examples

MINUTE = timedelta(minutes=1)
CAUSES = st.sampled_from(("not_packed", "assembly_failed", "unexplained"))
SEVERITIES = st.sampled_from(list(Severity))
NEVER = datetime.max.replace(tzinfo=NOW.tzinfo)


@dataclass
class Heard:
    """What people were told last."""

    severity: Severity
    cause: str
    at: datetime


@dataclass
class Life:
    """One episode of trouble, as people see it."""

    began: datetime
    cause: str
    cause_since: datetime
    has_lasted: bool = False
    heard: Heard | None = None
    quiet_until: datetime | None = None
    """Somebody has it until then; NEVER = until it gets worse."""

    def news(self, policy: AlertPolicy, severity: Severity, now: datetime, *, is_late: bool) -> Reason | None:
        """Why people hear of it at this look."""
        is_quiet = self.quiet_until is not None and now < self.quiet_until
        heard = self.heard
        if heard is None:
            is_due = severity is Severity.CRITICAL or (self.has_lasted and is_late and not is_quiet)
            return Reason.FIRST if is_due else None
        if severity.rank > heard.severity.rank:
            return Reason.ESCALATED
        if not is_late or (is_quiet and self.quiet_until != NEVER):
            return None
        if self.cause != heard.cause and now - self.cause_since >= policy.pending_for:
            return Reason.CAUSE_CHANGED
        has_slept = self.quiet_until is not None and self.quiet_until <= now
        is_old = self.quiet_until is None and now - heard.at >= policy.repeat_every
        return Reason.REMINDER if has_slept or is_old else None


class AlertLife(RuleBasedStateMachine):
    """A posting that is looked at again and again, and people who handle it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.policy = AlertPolicy()
        self.alert: Alert | None = None
        self.life: Life | None = None
        self.tellings = 0

    @initialize(pending=st.sampled_from((0, 5)), repeat=st.sampled_from((30, 240)), resolved=st.booleans())
    def begins(self, pending: int, repeat: int, resolved: bool) -> None:
        self.policy = AlertPolicy(pending * MINUTE, repeat * MINUTE, resolved)

    @rule(minutes=st.sampled_from((1, 2, 5, 31, 241)))
    def nobody_looks(self, minutes: int) -> None:
        """Also what happens to a posting that vanished and cannot be looked up: its alert stays as it is."""
        self.now += minutes * MINUTE

    @rule(minutes=st.sampled_from((0, 1, 4, 6, 35)), severity=SEVERITIES, cause=CAUSES, is_late=st.booleans())
    def is_seen(self, minutes: int, severity: Severity, cause: str, is_late: bool) -> None:
        """It is late, or it moved on in time and is held open until the label is there."""
        self.now += minutes * MINUTE
        is_late = is_late or self.alert is None
        before, life = self.alert, self._seen(severity, cause)
        wanted = life.news(self.policy, severity, self.now, is_late=is_late)
        about = replace(diagnosis(cause), severity=severity, is_late=is_late, as_of=self.now, deadline=None)
        decision = renew(before, about, policy=self.policy, now=self.now)
        assert decision.reason is wanted
        self.alert = decision.alert
        if not decision.is_news:
            assert before is not None
            assert replace(self.alert, diagnosis=replace(about, as_of=None)) == replace(
                before, diagnosis=replace(before.diagnosis, as_of=None)
            )
        if wanted is not None:
            life.heard, life.quiet_until = Heard(severity, cause, self.now), None
            self.tellings += 1

    @precondition(lambda self: self.alert is not None)
    @rule()
    def somebody_takes_it(self) -> None:
        assert self.alert is not None
        self.alert = acknowledge(self.alert, by="Anna", note="", now=self.now)
        self._is_handled(NEVER)

    @precondition(lambda self: self.alert is not None)
    @rule(minutes=st.sampled_from((3, 40)))
    def somebody_silences_it(self, minutes: int) -> None:
        assert self.alert is not None
        until = self.now + minutes * MINUTE
        self.alert = snooze(self.alert, until=until, by="Anna", note="", now=self.now)
        self._is_handled(until)

    @precondition(lambda self: self.alert is not None)
    @rule(outcome=st.sampled_from(list(Outcome)))
    def it_is_over(self, outcome: Outcome) -> None:
        """It ends once, and never moves again; the next trouble is another alert."""
        assert self.alert is not None
        assert self.life is not None
        ended, reason = close(self.alert, outcome, policy=self.policy, now=self.now)
        is_told = self.life.heard is not None and self.policy.resolved
        assert reason is (Reason.RESOLVED if is_told else None)
        self.tellings += is_told
        self._counts(ended)
        assert (ended.state, ended.outcome, ended.resolved_at) == (AlertState.RESOLVED, outcome, self.now)
        assert close(ended, outcome, policy=self.policy, now=self.now + MINUTE) == (ended, None)
        assert acknowledge(ended, by="Anna", note="", now=self.now) is None
        assert snooze(ended, until=NEVER, by="Anna", note="", now=self.now) is None
        self.alert, self.life, self.tellings = None, None, 0

    def teardown(self) -> None:
        if self.alert is not None:
            self._counts(self.alert)

    def _seen(self, severity: Severity, cause: str) -> Life:
        life = self.life = self.life or Life(self.now, cause, self.now)
        if life.cause != cause:
            life.cause, life.cause_since = cause, self.now
        lasted = self.now - life.began >= self.policy.pending_for
        life.has_lasted = life.has_lasted or lasted or severity is Severity.CRITICAL
        return life

    def _is_handled(self, until: datetime) -> None:
        assert self.life is not None
        assert self.alert is not None
        assert self.alert.handled_by == "Anna"
        # Whoever handles it knows that it lasts.
        self.life.has_lasted, self.life.quiet_until = True, until

    def _counts(self, alert: Alert) -> None:
        assert (alert.told.count if alert.told else 0) == self.tellings


def test_people_hear_of_an_alert_what_they_do_not_know_yet_and_nothing_else() -> None:
    run_state_machine_as_test(AlertLife, settings=examples(60, steps=25))
