"""Replays polls through `evaluate` alone, with alerts in memory: no database and no Ozon."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.decision import Change, Changes
from labelwatch.core.diagnosis import explained
from labelwatch.core.evaluate import evaluate
from labelwatch.core.incidents import GroupCount
from labelwatch.core.lateness import LABEL_ACTIONS, Watch, track
from labelwatch.core.posting import Known, MethodHistory, Posting
from labelwatch.core.snapshot import Plan, Snapshot
from labelwatch.core.subject import IncidentId, PostingId, Subject


@dataclass
class Replay:
    """The polls of one shop, which is watched alone."""

    plan: Plan
    now: datetime
    known: dict[str, Known] = field(default_factory=dict)
    alerts: dict[Subject, Alert] = field(default_factory=dict)
    incidents: dict[IncidentId, Alert] = field(default_factory=dict)
    last_told: dict[int, dict[str, Notification]] = field(default_factory=dict)
    told: list[Notification] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    _ids: int = 0

    def poll(self, postings: Iterable[Posting], *, after: timedelta) -> Changes:
        """What one more poll makes of these postings."""
        before, self.now = self.now, self.now + after
        watch = Watch(self.plan.shop, self.plan.delays, MethodHistory(), self.plan.destinations)
        for one in postings:
            old = self.known.get(one.number)
            seen = track(old.track if old else None, one, seen_at=self.now, not_before=before)
            self.known[one.number] = Known(None, one, watch.with_late_at(one, seen), 0)
        snapshot = self._snapshot(watch)
        changes = evaluate(snapshot)
        assert evaluate(snapshot) == changes, "it is a pure function"
        self._save(changes)
        return changes

    def _snapshot(self, watch: Watch) -> Snapshot:
        subjects = {number: PostingId(self.plan.shop, number) for number in self.known}
        postings = [
            (known, self.alerts.get(subjects[number]))
            for number, known in self.known.items()
            if subjects[number] in self.alerts or (known.track.late_at and known.track.late_at <= self.now)
        ]
        fine = Counter(
            one.posting.method.carrier
            for one in self.known.values()
            if not LABEL_ACTIONS.isdisjoint(one.posting.actions)
        )
        return Snapshot(
            self.plan,
            self.now,
            watch=watch,
            postings=postings,
            incidents=dict(self.incidents),
            last_told={id_: dict(one) for id_, one in self.last_told.items()},
            fine=[GroupCount(self.plan.shop, carrier, 0, number) for carrier, number in fine.items()],
        )

    def _save(self, changes: Changes) -> None:
        for change in changes.incidents:
            alert = self._written(change)
            incident = alert.diagnosis.incident
            assert incident is not None
            self.incidents[incident.id] = alert
            if alert.resolved_at is not None:
                self.ended.append(self.incidents.pop(incident.id))
        for change in changes.own:
            alert = self._written(change)
            self.alerts[alert.diagnosis.subject] = alert
            if alert.resolved_at is not None:
                self.ended.append(self.alerts.pop(alert.diagnosis.subject))
        for incident, shops in changes.explained:
            for subject, alert in self.alerts.items():
                if alert.diagnosis.shop in shops:
                    self.alerts[subject] = replace(
                        alert, diagnosis=explained(alert.diagnosis, incident, now=self.now)
                    )

    def _written(self, change: Change) -> Alert:
        alert = change.alert
        if alert.id is None:
            self._ids += 1
            alert = replace(alert, id=self._ids)
        assert alert.id is not None
        for one in change.notifications:
            self.told.append(replace(one, alert=replace(one.alert, id=alert.id)))
            self.last_told.setdefault(alert.id, {})[one.channel] = one
        return alert
