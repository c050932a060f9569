"""One poll of one shop, top to bottom; the decisions are made in the core.

    sweep | arrivals | lookup | ask |  read a snapshot  |     evaluate     |   save
              sweep.py        |here |   snapshots.py    | core/evaluate.py | saving.py

Ozon is asked first and everything is written last, in one transaction: a poll that fails anywhere has written
only the fact that it failed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from labelwatch.core.decision import Changes
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.enrichment import ANSWERS_KEPT, BUDGET, Answers, settled, urgency, worth_asking
from labelwatch.core.evaluate import evaluate
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.core.lateness import Watch
from labelwatch.core.posting import Interval, MethodHistory
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.polling.buffer import Buffer
from labelwatch.polling.failures import record_failure
from labelwatch.polling.needs import ArrivalNeeds
from labelwatch.polling.saving import next_due, row, save, seconds
from labelwatch.polling.snapshots import of_reading
from labelwatch.polling.sweep import Abandoned, SweepResult, arrivals_are_due, fingerprint
from labelwatch.polling.unchanged import UnchangedPolls
from labelwatch.sources import Source, SourceError
from labelwatch.store import Change, EvidenceLevel, ShopState, Store, Transaction

BATCH = 500
"""Rows written per statement."""


def poll_shop(
    plan: Plan,
    *,
    store: Store,
    source: Source,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    unchanged: UnchangedPolls | None = None,
) -> Report:
    """Read the shop once and write what follows from it; if nothing does, that is left to `unchanged`.

    Raises Abandoned when `stop` returns True in between, and StoreError; marketplace errors are in the report.
    """
    started, asked_before = now(), source.requests
    shop, labelled = _known(plan.shop, store, unchanged := unchanged or UnchangedPolls(store))
    history = MethodHistory(labelled, plan.learned, plan.timezone)
    watch = Watch(plan.shop, plan.delays, history, plan.destinations)
    with Buffer(Change) as buffer:
        swept = SweepResult(shop=shop, watch=watch, store=store, source=source, buffer=buffer)
        try:
            swept.sweep(now, stop)
        except SourceError as error:
            if stop():  # the request was aborted, not refused
                raise Abandoned from error
            asked = source.requests - asked_before
            unchanged.settle(shop.id)
            return record_failure(plan, shop, error, store=store, lasted=Interval(started, now()), requests=asked)
        if plan.thorough or arrivals_are_due(shop.read_at, started, every=plan.every):
            swept.arrivals(now, stop)
        swept.lookup(now, stop)
        if stop():
            raise Abandoned
        polled = _Polled(plan, swept, started, asked_before, now, fingerprint(watch), unchanged)
        if (report := _unchanged(polled)) is not None:
            return report
        unchanged.settle(shop.id)
        return _decided(polled, stop)


@dataclass(frozen=True, slots=True)
class _Polled:
    """A shop that was read, and what is needed to conclude the poll."""

    plan: Plan
    swept: SweepResult
    started: datetime
    asked_before: int
    now: Callable[[], datetime]
    rules: str
    """The fingerprint of what decides when a posting is late."""
    unchanged: UnchangedPolls

    @property
    def report(self) -> Report:
        """What is known before anything was decided."""
        swept = self.swept
        return Report(
            shop=self.plan.shop,
            complete=True,
            postings=swept.postings,
            changed=len(swept.buffer),
            quarantined=len(swept.broken),
            requests=swept.source.requests - self.asked_before,
        )


def _unchanged(polled: _Polled) -> Report | None:
    """The report of a poll after which there is nothing to write but that it took place; None = there is."""
    plan, swept, finished = polled.plan, polled.swept, polled.now()
    is_known = polled.rules == swept.shop.policy and polled.unchanged.knows(swept.shop.id, plan)
    if len(swept.buffer) or not is_known or not _is_quiet(polled, finished):
        return None
    report = replace(polled.report, seconds=seconds(polled.started, finished))
    done = row(report, polled.started, finished)
    polled.unchanged.note(swept.shop.id, done, joins_within=BLIND_AFTER_INTERVALS * plan.every)
    return report


def _decided(polled: _Polled, stop: Callable[[], bool]) -> Report:
    """Ask a little more, decide, and save."""
    plan, swept, now = polled.plan, polled.swept, polled.now
    read, is_quiet = swept.source.requests, _is_quiet(polled, now())
    fresh = {} if is_quiet else _ask(plan, swept, now())
    arriving = ArrivalNeeds(plan, swept, fresh, now(), budget=BUDGET - (swept.source.requests - read))
    if stop():
        raise Abandoned
    return _save(_Reading(plan, swept, arriving, fresh, is_quiet), polled)


def _known(name: str, store: Store, unchanged: UnchangedPolls) -> tuple[ShopState, frozenset[str]]:
    """The shop, and its delivery methods that have offered a label."""
    with store.read() as found:
        shop = found.shops.named(name)
        assert shop is not None, "the shops of the configuration are stored at start"
        return unchanged.of(shop), frozenset(found.postings.labelled_methods(shop.id))


def _is_quiet(polled: _Polled, now: datetime) -> bool:
    """Whether nothing is late and nothing was, and the shop could be read before: then there is nothing to decide,
    but for the incidents of other shops, which the plan may leave to a later poll."""
    swept, shop = polled.swept, polled.swept.shop
    if swept.late or swept.broken or swept.odd or shop.failing_since or shop.policy not in ("", polled.rules):
        return False
    found = swept.store.shops.activity(shop.id, now)
    return not found.is_busy and not (polled.plan.searches and found.has_incidents)


def _ask(plan: Plan, swept: SweepResult, now: datetime) -> Answers:
    """Ask Ozon a little more about what is late; returns the new answers."""
    shop, store, late = swept.shop, swept.store, dict(swept.late)
    for known in store.postings.due(shop.id, now):
        if known.id not in swept.unseen and hash(known.posting.number) not in swept.met:
            late[known.posting.number] = known
    found = [finding for known in late.values() if (finding := swept.watch.find(known, now)) is not None]
    if not found:
        return {}
    before = store.answers.read(shop.id, list(late), since=now - ANSWERS_KEPT)
    wanted = worth_asking(sorted(found, key=urgency), before, now=now, ask_label_task=plan.ask_label_task)
    return settled(before, swept.source.ask(wanted, before, budget=BUDGET) if wanted else {})


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a poll has read, and what Ozon answered."""

    plan: Plan
    swept: SweepResult
    arriving: ArrivalNeeds
    fresh: Answers
    is_quiet: bool


def _save(reading: _Reading, polled: _Polled) -> Report:
    """Write the sweep and everything that follows from it, in one transaction."""
    plan, swept, arriving, fresh = reading.plan, reading.swept, reading.arriving, reading.fresh
    shop, started, now, report = swept.shop, polled.started, polled.now, polled.report
    with swept.store.write() as tx:
        for changes in swept.buffer.batches(BATCH):
            tx.postings.put(shop.id, changes)
            arriving.note(tx, changes, now())
        if shop.policy not in ("", polled.rules):
            _update_late_at(tx, shop.id, swept.watch)
        if shop.policy != polled.rules:
            tx.shops.set_policy(shop.id, polled.rules)
        if not polled.unchanged.knows(shop.id, plan):
            tx.inputs.keep_plan(shop.id, plan, at=started)
        tx.answers.put(shop.id, {**fresh, **arriving.fresh})
        _note_printed(tx, shop.id, fresh)
        finished = now()
        for broken in (*swept.broken, *swept.odd.values()):
            tx.shops.quarantine(shop.id, path=broken.path, number=broken.number, problem=broken.problem, at=finished)
        tx.shops.mark_read(shop.id, started_at=started, finished_at=finished)
        decided = Changes(()) if reading.is_quiet else _evaluated(reading, tx, finished)
        own = save(tx, shop.id, decided, finished)
        arriving.save(tx, finished)
        done = replace(
            report,
            late=sum(one.alert.resolved_at is None and one.alert.diagnosis.is_late for one in own),
            told=sum(bool(one.notifications) for one in own),
            seconds=seconds(started, finished),
            next_due_in=next_due((one.alert for one in own), finished, plan.alerts, fresh),
        )
        tx.shops.record_poll(shop.id, row(done, started, finished))
    polled.unchanged.know(shop.id, plan)
    return done


def _evaluated(reading: _Reading, tx: Transaction, now: datetime) -> Changes:
    return evaluate(of_reading(reading.plan, tx, reading.swept, now))


def _note_printed(tx: Transaction, shop_id: int, fresh: Answers) -> None:
    """A label task that succeeded is stronger evidence than the offer of a label."""
    printed = {
        question.subject: answer.asked_at
        for question, answer in fresh.items()
        if isinstance(answer.substance, LabelTask) and answer.substance.state is TaskState.PRINTED
    }
    for number, known in tx.postings.known(shop_id, list(printed)).items():
        assert known.id is not None, "a stored posting has an id"
        tx.postings.add_evidence(known.id, EvidenceLevel.PRINTED, not_before=None, seen_at=printed[number])


def _update_late_at(tx: Transaction, shop_id: int, watch: Watch) -> None:
    """The limits changed: compute again when each open posting will be late, and write what differs."""
    for some in tx.postings.all_open(shop_id):
        updated = [(known, watch.with_late_at(known.posting, known.track)) for known in some]
        tx.postings.set_late_at(
            (old.id, new.late_at) for old, new in updated if old.id and new.late_at != old.track.late_at
        )
