"""The daily and the weekly report: queued for each channel at their time, and composed when they are sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from labelwatch.core.policy import Destination
from labelwatch.core.quiet_hours import handovers_between, weekdays_between
from labelwatch.core.subject import Summary, SummaryKind
from labelwatch.core.summaries import summary
from labelwatch.delivery.schedule import has_begun, latest
from labelwatch.store import Store, Transaction

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WORTH_READING_FOR = {DAY: timedelta(hours=4), WEEK: timedelta(days=2)}
"""A report that is later than this is skipped."""


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What one channel is reported, and when, in local time of its zone; None = never."""

    to: Destination
    group: str
    """The group of shops that it is about; empty = the shops of the channel."""
    shops: tuple[str, ...]
    language: str
    weekly: tuple[int, time] | None = None
    """Day of the week, Monday being 0, and time."""
    daily: time | None = None

    def name(self, length: timedelta) -> str:
        """The name of its schedule, unique in the database."""
        return f"report:{length.days}d:{self.to.name}:{self.group}"

    def times(self, length: timedelta, after: datetime, until: datetime) -> list[datetime]:
        """When a report of this length is due after a time and up to another, on working days; oldest first."""
        if length == WEEK:
            return weekdays_between(self.to, *self.weekly, after=after, until=until) if self.weekly else []
        return handovers_between(self.to, after, until, at=(self.daily,)) if self.daily else []


def queue_reports(store: Store, plans: Iterable[ReportPlan], *, now: datetime) -> int:
    """Queue the reports that are due; returns their number. A new channel or group starts with the next one."""
    last, queued = store.schedules.all(), 0
    for plan, length in _scheduled(plans):
        name = plan.name(length)
        before = last.get(name)
        if not has_begun(before, now) or plan.times(length, before or now, now):
            queued += _queue(store, plan, length, now)
    return queued


def _scheduled(plans: Iterable[ReportPlan]) -> Iterator[tuple[ReportPlan, timedelta]]:
    for plan in plans:
        if plan.weekly is not None:
            yield plan, WEEK
        if plan.daily is not None:
            yield plan, DAY


def _queue(store: Store, plan: ReportPlan, length: timedelta, now: datetime) -> int:
    """In one transaction, so that no other process queues the same."""
    with store.write() as tx:
        name, worth = plan.name(length), WORTH_READING_FOR[length]
        last = tx.schedules.last(name)
        if last is None or not has_begun(last, now):
            tx.schedules.mark(name, now)
            return 0
        times = plan.times(length, last, now)
        if not times:
            return 0
        tx.schedules.mark(name, times[-1])
        at = latest(times, now, worth)
        if at is None:
            return 0
        add_report(tx, plan, length, at=at, now=now)
        return 1


def add_report(tx: Transaction, plan: ReportPlan, length: timedelta, *, at: datetime, now: datetime) -> int:
    """Queue the report of the time before `at`; returns the id of its alert."""
    about = Summary(plan.to.name, SummaryKind.REPORT, shops=plan.shops, group=plan.group, language=plan.language)
    made = summary(about, since=at - length, at=at)
    return tx.add_summary(made, due_at=at, expires_at=at + WORTH_READING_FOR[length], now=now)
