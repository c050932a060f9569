"""One poll of one shop, top to bottom; the decisions are made in the core.

    sweep | arrivals | lookup | track | detect | ask | diagnose | reconcile | save
       sweep.py                       |         core/evaluate.py         | here

Ozon is asked first and everything is written last, in one transaction: a poll that fails anywhere has written
only the fact that it failed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Alert, Diagnosis, Outcome, Reason
from labelwatch.core.diagnosis import unreadable_postings
from labelwatch.core.enrichment import ANSWERS_KEPT, BUDGET, Answers, settled, urgency, worth_asking
from labelwatch.core.evaluate import Decision, by_the_clock, look, renew, review
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch
from labelwatch.core.lifecycle import close
from labelwatch.core.posting import MethodHistory
from labelwatch.core.report import Report
from labelwatch.core.rules.blind import UNREADABLE
from labelwatch.core.subject import Shop
from labelwatch.polling.buffer import Buffer
from labelwatch.polling.failures import record_failure
from labelwatch.polling.incidents import update_incidents
from labelwatch.polling.needs import ArrivalNeeds
from labelwatch.polling.outages import update_outage
from labelwatch.polling.plan import Plan
from labelwatch.polling.saving import next_due, row, save_decisions, seconds
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
    history = MethodHistory(
        frozenset(store.postings.labelled_methods(shop.id)), plan.normal_label, plan.normal_registration
    )
    watch = Watch(plan.shop, plan.delays, history, plan.destinations)
    with Buffer(Change) as buffer:
        swept = SweepResult(shop=shop, watch=watch, store=store, source=source, buffer=buffer)
        try:
            swept.sweep(now, stop)
        except SourceError as error:
            if stop():  # the request was aborted, not refused
                raise Abandoned from error
            asked = source.requests - asked_before
            return record_failure(plan, shop, error, store=store, started=started, finished=now(), requests=asked)
        if plan.thorough or arrivals_are_due(shop.read_at, started, every=plan.every):
            swept.arrivals(now, stop)
        swept.lookup(now, stop)
        knowledge, fresh = _ask(plan, swept, now())
        arriving = ArrivalNeeds(plan, swept, fresh, now())
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
        return _save(plan, swept, arriving, report, knowledge=knowledge, fresh=fresh, started=started, now=now)


def _ask(plan: Plan, swept: SweepResult, now: datetime) -> tuple[Knowledge, Answers]:
    """Ask Ozon a little more about what is late; returns everything then known, and the new answers."""
    shop, store, late = swept.shop, swept.store, dict(swept.late)
    for known in store.postings.due(shop.id, now):
        if known.id not in swept.unseen and hash(known.posting.number) not in swept.met:
            late[known.posting.number] = known
    found = [finding for known in late.values() if (finding := swept.watch.find(known, now)) is not None]
    if not found:
        return Knowledge(swept.watch.history), {}
    before = store.answers.read(shop.id, list(late), since=now - ANSWERS_KEPT)
    wanted = worth_asking(sorted(found, key=urgency), before, now=now, ask_label_task=plan.ask_label_task)
    fresh = settled(before, swept.source.ask(wanted, before, budget=BUDGET) if wanted else {})
    labelled, handed_over = store.postings.labelled_methods(shop.id), store.postings.handed_over_unlabelled(shop.id)
    return Knowledge(swept.watch.history, {**before, **fresh}, labelled, handed_over), fresh


def _save(
    plan: Plan,
    swept: SweepResult,
    arriving: ArrivalNeeds,
    report: Report,
    *,
    knowledge: Knowledge,
    fresh: Answers,
    started: datetime,
    now: Callable[[], datetime],
) -> Report:
    """Write the sweep and everything that follows from it, in one transaction."""
    shop = swept.shop
    with swept.store.write() as tx:
        for changes in swept.buffer.batches(BATCH):
            tx.postings.put(shop.id, changes)
            arriving.note(tx, changes, now())
        rules = fingerprint(swept.watch)
        if shop.policy not in ("", rules):
            _update_late_at(tx, shop.id, swept.watch)
        tx.shops.set_policy(shop.id, rules)
        tx.answers.put(shop.id, {**fresh, **arriving.fresh})
        _note_printed(tx, shop.id, fresh)
        finished = now()
        decisions = _decide(plan, swept, tx, knowledge, finished)
        told = save_decisions(plan, tx, shop.id, decisions, finished)
        arriving.save(tx, finished)
        for broken in (*swept.broken, *swept.odd.values()):
            tx.shops.quarantine(shop.id, path=broken.path, number=broken.number, problem=broken.problem, at=finished)
        tx.shops.mark_read(shop.id, started_at=started, finished_at=finished)
        update_outage(plan, tx, finished, opens=False)
        done = replace(
            report,
            late=sum(_is_late(decision) for decision in decisions),
            told=told,
            seconds=seconds(started, finished),
            next_due_in=next_due((decision.alert for decision in decisions), finished, plan.alerts, fresh),
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


def _decide(plan: Plan, swept: SweepResult, tx: Transaction, knowledge: Knowledge, now: datetime) -> list[Decision]:
    """Evaluate what is late and what has an open alert; skip postings that could not be read."""
    shop, alerts = swept.shop, tx.alerts.open_of_shop(swept.shop.id)
    decisions = list(_about_the_shop(plan, swept, alerts.pop(Shop(plan.shop), None), now))
    open_ones = {str(about): alert for about, alert in alerts.items()}
    seen = {known.posting.number: known for known in tx.postings.due(shop.id, now)}
    seen |= tx.postings.known(shop.id, [number for number in open_ones if number not in seen])
    looked_at = [(known, open_ones.get(number)) for number, known in seen.items() if known.id not in swept.unseen]
    unseen = {number for number, known in seen.items() if known.id in swept.unseen}
    tx.alerts.mark_unseen(shop.id, unseen=unseen, since=shop.read_at)
    watch = swept.watch
    alone = (look(known, before, watch=watch, knowledge=knowledge, now=now) for known, before in looked_at)
    own = [verdict for verdict in alone if isinstance(verdict, Diagnosis)]
    knowledge = replace(knowledge, incidents=update_incidents(plan, tx, own, now))
    for known, before in looked_at:
        decision = review(known, before, watch=watch, knowledge=knowledge, policy=plan.alerts, now=now)
        if decision is not None:
            decisions.append(_replaced(tx, before, decision))
    by_time = (by_the_clock(open_ones[number], policy=plan.alerts, now=now) for number in unseen & open_ones.keys())
    return [*decisions, *(decision for decision in by_time if decision is not None)]


def _about_the_shop(plan: Plan, swept: SweepResult, before: Alert | None, now: datetime) -> Iterator[Decision]:
    """The shop is readable again; data in it that cannot be read is notified."""
    complaints = swept.complaints()
    if before is not None and not (complaints and before.diagnosis.cause == UNREADABLE):
        yield Decision(*close(before, Outcome.SEEN_AGAIN, policy=plan.alerts, now=now))
        before = None
    if complaints:
        yield renew(before, unreadable_postings(plan.shop, complaints, now=now), policy=plan.alerts, now=now)


def _replaced(tx: Transaction, before: Alert | None, decision: Decision) -> Decision:
    """Notifications that were not sent yet are withdrawn when an incident explains the alert, and replaced by a first
    one when another cause was found: people are told once, with what is known by then."""
    alert = decision.alert
    if before is None or before.id is None or before.told is None or alert.told is None:
        return decision
    is_explained = alert.diagnosis.explained_by is not None and before.diagnosis.explained_by is None
    if not is_explained and decision.reason is not Reason.CAUSE_CHANGED:
        return decision
    if not tx.outbox.withdraw([before.id]):
        return decision
    if is_explained:
        return replace(decision, alert=replace(alert, told=None), is_news=True)
    return replace(decision, alert=replace(alert, told=replace(alert.told, count=1)), reason=Reason.FIRST)


def _update_late_at(tx: Transaction, shop_id: int, watch: Watch) -> None:
    """The limits changed: compute again when each open posting will be late, and write what differs."""
    for some in tx.postings.all_open(shop_id):
        updated = [(known, watch.with_late_at(known.posting, known.track)) for known in some]
        tx.postings.set_late_at(
            (old.id, new.late_at) for old, new in updated if old.id and new.late_at != old.track.late_at
        )


def _is_late(decision: Decision) -> bool:
    return decision.alert.resolved_at is None and decision.alert.diagnosis.is_late
