"""The repositories: what can be read and written, by noun. The SQL is in the module of the same name.

Each method runs in a transaction of its own on `Store`, and in the open one on `Transaction`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.posting import Known
from labelwatch.store import (
    activity,
    alerts,
    answers,
    board,
    carriers,
    changes,
    channels,
    charges,
    charts,
    decision_inputs,
    group_counts,
    needs,
    outbox,
    outbox_reads,
    period_reports,
    polls,
    postings,
    recorded,
    schedules,
    settings,
    shops,
    verdicts,
    waits,
)
from labelwatch.store.dedup import Deduplicated
from labelwatch.store.recorded import State
from labelwatch.store.repository import Repository, reads, writes
from labelwatch.store.values import Change


class Postings(Repository):
    """Postings, their history, their label evidence and how long each stage takes."""

    _dedup: Deduplicated | None = None

    unchanged = reads(postings.unchanged)
    known = reads(postings.known)
    known_by_id = reads(postings.known_by_id)
    find = reads(postings.find)
    open_ids = reads(postings.open_ids)
    history = reads(postings.history_of)
    evidence = reads(postings.evidence_of)
    labelled_methods = reads(postings.labelled_methods)
    methods = reads(postings.methods)
    handed_over_unlabelled = reads(postings.handed_over_unlabelled)
    recent_waits = reads(waits.recent_waits)
    waits = reads(waits.waits)
    set_late_at = writes(changes.set_late_at)
    add_evidence = writes(changes.add_evidence)

    def due(self, shop_id: int, now: datetime) -> Iterator[Known]:
        """The open postings that are late at `now`; costs what it finds, not what is open."""
        with self._read() as conn:
            late = postings.due_ids(conn, shop_id, now)
        for ids in postings.chunks(late):
            yield from self.known_by_id(ids)

    def all_open(self, shop_id: int) -> Iterator[list[Known]]:
        """All open postings of a shop, some hundreds at a time; no transaction stays open in between."""
        for ids in postings.chunks(self.open_ids(shop_id)):
            yield self.known_by_id(ids)

    def put(self, shop_id: int, batch: Iterable[Change]) -> None:
        """Store postings as they are now, new or known; some hundreds at a time keep memory low.

        Adds history where status, substatus, flow, actions, requirement keys, method, cutoff or tracking number
        differ from what was stored; label evidence and the method's first label when `track.label` is new; and how
        long the previous stage took. Of a number that comes twice the last one counts.
        """
        with self._write() as conn:
            if self._dedup is None or self._dedup.conn is not conn:
                self._dedup = Deduplicated(conn)
            changes.put(conn, self._dedup, shop_id, batch)


class Shops(Repository):
    """Shops, their polls and the postings that could not be read."""

    all = reads(shops.every)
    activity = reads(activity.activity)
    failing = reads(shops.failing)
    read_at = reads(shops.read_at)
    named = reads(shops.named)
    last_polls = reads(polls.last_polls)
    open_counts = reads(shops.open_counts)
    quarantined = reads(shops.quarantined)
    sync = writes(shops.sync)
    mark_read = writes(shops.mark_read)
    mark_failed = writes(shops.mark_failed)
    set_policy = writes(shops.set_policy)
    record_poll = writes(polls.record_poll)
    record_unchanged = writes(polls.record_unchanged)
    quarantine = writes(shops.put_aside)


class Alerts(Repository):
    """Alerts of postings, shops, incidents and channels."""

    find = reads(alerts.find)
    incidents = reads(alerts.incidents)
    of_shops_themselves = reads(alerts.of_shops_themselves)
    by_id = reads(alerts.by_id)
    has_missed = reads(alerts.has_missed)
    shops_with_missed = reads(alerts.shops_with_missed)
    open_of_shop = reads(alerts.open_of_shop)
    open_incidents = reads(alerts.open_incidents)
    open_of_channels = reads(alerts.open_of_channels)
    unexplained = reads(alerts.unexplained)
    lock_incidents = writes(alerts.lock_incidents)
    mark_unseen = writes(alerts.mark_unseen)
    save = writes(alerts.save)

    def change(
        self, posting_number: str | None, how: Callable[[Alert], Alert | None], *, shop: str | None = None
    ) -> list[Alert]:
        """Apply `how` to the open alerts of a posting or of an incident's key (None: of shops), and save the results.

        Returns what was saved; empty when there is no such alert or `how` returned None. Messages about a saved
        alert are out of date from its `handled_at` on.
        """
        with self._write() as conn:
            return _outdate(conn, alerts.change(conn, posting_number, how, shop_name=shop))

    def change_by_id(self, ids: Sequence[int], how: Callable[[Alert], Alert | None]) -> list[Alert]:
        """The same for those of the alerts with these ids that are open."""
        with self._write() as conn:
            return _outdate(conn, alerts.change_by_id(conn, ids, how))


def _outdate(conn: Connection, changed: list[Alert]) -> list[Alert]:
    for one in changed:
        if one.id is not None and one.handled_at is not None:
            channels.outdate(conn, [one.id], at=one.handled_at)
    return changed


class Answers(Repository):
    """Ozon's answers to the questions about late postings."""

    read = reads(answers.read)
    put = writes(answers.put)


class DecisionInputs(Repository):
    """What polls decided from beside the postings."""

    between = reads(decision_inputs.between)
    note = writes(decision_inputs.note)
    keep_plan = writes(decision_inputs.keep_plan)
    keep_slower = writes(decision_inputs.keep_slower)


class Recorded(Repository):
    """What was recorded of some time, to be played again."""

    span = reads(recorded.span)
    polls = reads(recorded.polls)
    labelled = reads(recorded.labelled)
    handed_over = reads(recorded.handed_over)
    told = reads(recorded.told)
    open_at = reads(recorded.open_at)
    inputs = reads(decision_inputs.between)

    def states(self, shop_id: int, since: datetime) -> Iterator[list[State]]:
        """Of each posting of a shop that was open after `since`: everything that it was, oldest first."""
        with self._read() as conn:
            yield from recorded.states(conn, shop_id, since)


class Settings(Repository):
    """The settings of the shops at Ozon, as they were read."""

    snapshots = reads(settings.snapshots)
    key_expiries = reads(settings.key_expiries)
    waiting_orders = reads(settings.waiting_orders)
    add = writes(settings.add)
    confirm = writes(settings.confirm)


class Charges(Repository):
    """What Ozon charged for single orders."""

    find = reads(charges.find)
    put = writes(charges.put)


class Schedules(Repository):
    """When each scheduled message was last due."""

    all = reads(schedules.every)
    last = reads(schedules.last)
    mark = writes(schedules.mark)


class Needs(Repository):
    """What new orders need before they are packed."""

    unchecked = reads(needs.unchecked)
    listed = reads(needs.listed)
    told_at = reads(needs.told_at)
    open_needs = reads(needs.open_needs)
    count = reads(needs.count)
    recurring = reads(needs.recurring)
    put = writes(needs.put)
    leave_unchecked = writes(needs.leave_unchecked)
    checked = writes(needs.checked)
    due = writes(needs.due)
    list_since = writes(needs.list_since)


class GroupCounts(Repository):
    """Late and fine postings per carrier over several shops, for the detection of incidents."""

    waiting = reads(group_counts.waiting)
    fine = reads(group_counts.fine)


class Verdicts(Repository):
    """What people said the cause really was."""

    record = writes(verdicts.record)
    counts = reads(verdicts.counts)


class Outbox(Repository):
    """Notifications to be sent to channels."""

    find = reads(outbox_reads.find)
    by_id = reads(outbox_reads.by_id)
    told_before = reads(outbox_reads.told_before)
    last_told = reads(outbox_reads.last_told)
    next_due = reads(outbox_reads.next_due)
    due_channels = reads(outbox_reads.due_channels)
    queue = writes(outbox.add)
    claim = writes(outbox.claim)
    join = writes(outbox.join)
    settle = writes(outbox.settle)
    supersede = writes(outbox.supersede)
    postpone = writes(outbox.postpone)
    detach = writes(outbox.detach)
    release = writes(outbox.release)
    retry = writes(outbox.retry)
    hurry = writes(outbox.hurry)
    withdraw = writes(outbox.withdraw)
    abandon = writes(outbox.abandon)

    def add(self, batch: Iterable[Notification], *, created_at: datetime) -> None:
        """Queue notifications of saved alerts; one that exists already (alert, number, channel) is left as it is,
        unless it was withdrawn. Earlier messages about these alerts that can be edited are out of date from now on;
        `queue` does the same without that.
        """
        batch = list(batch)
        with self._write() as conn:
            outbox.add(conn, batch, created_at=created_at)
            alert_ids = {one.alert.id for one in batch if one.alert.id is not None}
            channels.outdate(conn, sorted(alert_ids), at=created_at)


class Channels(Repository):
    """The state of channels, every attempt to send, and messages that are out of date."""

    states = reads(channels.states)
    trail = reads(channels.trail)
    sent = reads(channels.sent)
    message = reads(channels.message)
    outdated = reads(channels.outdated)
    waiting = reads(channels.waiting)
    heard = reads(channels.heard)
    gathering = reads(channels.gathering)
    told_of = reads(channels.told_of)
    state = writes(channels.state)
    save = writes(channels.save)
    note = writes(channels.note)
    outdate = writes(channels.outdate)
    outdate_later = writes(channels.outdate_later)
    revised = writes(channels.revised)


class Board(Repository):
    """What the board lists of shops; others are not counted."""

    counts = reads(board.counts)
    urgent = reads(board.urgent)
    waiting = reads(board.waiting)
    failed = reads(board.failed)


class Charts(Repository):
    """What the charts count of shops."""

    label_times = reads(charts.label_times)
    opened = reads(charts.opened)
    open_in = reads(charts.open_in)
    gaps = reads(charts.gaps)
    unwatched = reads(charts.unwatched)


class Carriers(Repository):
    """What the league table of carriers counts of shops."""

    period = reads(carriers.period)
    longest_waits = reads(carriers.longest_waits)


class PeriodReports(Repository):
    """The reports of days and weeks."""

    read = reads(period_reports.read)
