"""One poll of one shop, top to bottom; the decisions are made in the core.

    sweep | arrivals | lookup | ask |  read a snapshot  |     evaluate     |   save
              sweep.py        |here |   snapshots.py    | core/evaluate.py | saving.py

Ozon is asked first and everything is written last, in one transaction: a poll that fails anywhere has written
only the fact that it failed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

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
from labelwatch.sources import Source, SourceError
from labelwatch.store import Change, EvidenceLevel, Store, Transaction

BATCH = 500
"""Rows written per statement."""


def poll_shop(
    plan: Plan, *, store: Store, source: Source, now: Callable[[], datetime], stop: Callable[[], bool]
) -> Report:
    """Read the shop once and write what follows from it.

    Raises Abandoned when `stop` returns True in between, and StoreError; marketplace errors are in the report.
    """
    started, asked_before = now(), source.requests
    shop = store.shops.named(plan.shop)
    assert shop is not None, "the shops of the configuration are stored at start"
    labelled = frozenset(store.postings.labelled_methods(shop.id))
    history = MethodHistory(labelled, plan.normal_label, plan.normal_registration, plan.curves)
    watch = Watch(plan.shop, plan.delays, history, plan.destinations)
    with Buffer(Change) as buffer:
        swept = SweepResult(shop=shop, watch=watch, store=store, source=source, buffer=buffer)
        try:
            swept.sweep(now, stop)
        except SourceError as error:
            if stop():  # the request was aborted, not refused
                raise Abandoned from error
            asked = source.requests - asked_before
            return record_failure(plan, shop, error, store=store, lasted=Interval(started, now()), requests=asked)
        if plan.thorough or arrivals_are_due(shop.read_at, started, every=plan.every):
            swept.arrivals(now, stop)
        swept.lookup(now, stop)
        read = source.requests
        fresh = _ask(plan, swept, now())
        arriving = ArrivalNeeds(plan, swept, fresh, now(), budget=BUDGET - (source.requests - read))
        if stop():
            raise Abandoned
        report = Report(
            shop=plan.shop,
            complete=True,
            postings=swept.postings,
            changed=len(buffer),
            quarantined=len(swept.broken),
            requests=source.requests - asked_before,
        )
        return _save(_Reading(plan, swept, arriving, fresh), report, started=started, now=now)


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


def _save(reading: _Reading, report: Report, *, started: datetime, now: Callable[[], datetime]) -> Report:
    """Write the sweep and everything that follows from it, in one transaction."""
    plan, swept, arriving, fresh = reading.plan, reading.swept, reading.arriving, reading.fresh
    shop = swept.shop
    with swept.store.write() as tx:
        for changes in swept.buffer.batches(BATCH):
            tx.postings.put(shop.id, changes)
            arriving.note(tx, changes, now())
        rules = fingerprint(swept.watch)
        if shop.policy not in ("", rules):
            _update_late_at(tx, shop.id, swept.watch)
        tx.shops.set_policy(shop.id, rules)
        tx.inputs.keep_plan(shop.id, plan, at=started)
        tx.answers.put(shop.id, {**fresh, **arriving.fresh})
        _note_printed(tx, shop.id, fresh)
        finished = now()
        for broken in (*swept.broken, *swept.odd.values()):
            tx.shops.quarantine(shop.id, path=broken.path, number=broken.number, problem=broken.problem, at=finished)
        tx.shops.mark_read(shop.id, started_at=started, finished_at=finished)
        own = save(tx, shop.id, evaluate(of_reading(plan, tx, swept, finished)), finished)
        arriving.save(tx, finished)
        done = replace(
            report,
            late=sum(one.alert.resolved_at is None and one.alert.diagnosis.is_late for one in own),
            told=sum(bool(one.notifications) for one in own),
            seconds=seconds(started, finished),
            next_due_in=next_due((one.alert for one in own), finished, plan.alerts, fresh),
        )
        tx.shops.record_poll(shop.id, row(done, started, finished))
    return done


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
