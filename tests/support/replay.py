"""Polls of one shop through the replay: no database and no Ozon."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.decision import Changes
from labelwatch.core.lateness import track
from labelwatch.core.posting import Known, Posting
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import IncidentId
from labelwatch.replaying.replay import Replay


class Polls:
    """The polls of a shop that is watched alone, played twice: one evaluates everything at each poll, and both must
    tell the same."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self.now = now
        self._shop = plan.shop
        self._quick, self._thorough = Replay(), Replay(thorough=True)
        for replay in self._both:
            replay.plan(plan)

    @property
    def _both(self) -> tuple[Replay, Replay]:
        return self._quick, self._thorough

    @property
    def known(self) -> Mapping[str, Known]:
        return self._quick.shops[self._shop].known

    @property
    def alerts(self) -> Mapping[str, Alert]:
        return self._quick.shops[self._shop].alerts

    @property
    def incidents(self) -> Mapping[IncidentId, Alert]:
        return self._quick.incidents

    @property
    def ended(self) -> list[Alert]:
        return self._quick.ended

    @property
    def told(self) -> list[Notification]:
        return [row.told for row in sorted(self._quick.outbox.rows(), key=lambda row: row.created_at)]

    def poll(self, postings: Iterable[Posting], *, after: timedelta) -> Changes:
        """What one more poll makes of these postings."""
        before, self.now = self.now, self.now + after
        seen = []
        for one in postings:
            old = self.known.get(one.number)
            if old is None or old.posting != one:
                known = track(old.track if old else None, one, seen_at=self.now, not_before=before)
                seen.append((one, known))
        changes, _ = (replay.read(self._shop, seen, self.now) for replay in self._both)
        quick, thorough = (
            [(row.id, row.created_at, row.told.reason) for row in one.outbox.rows()] for one in self._both
        )
        assert set(quick) == set(thorough), "nothing was missed in between"
        return changes
