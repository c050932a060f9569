"""One poll of one shop, top to bottom; it decides nothing.

    sweep | lookup | track | detect | ask | diagnose | reconcile | save
       sweep.py            |          core/review.py          | here

Ozon is asked first and everything is written last, in one transaction: a poll that fails anywhere has written
nothing but the fact that it failed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from labelwatch.core.causes.blind import UNREADABLE
from labelwatch.core.detect import Watch
from labelwatch.core.diagnose import BLIND_AFTER_INTERVALS, blindness, event, pause_after, unreadable
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.core.incidents import AT_LEAST, COUNTED_WITHIN, Incident, Scope, count, find, most_alike, restored
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lifecycle import close
from labelwatch.core.model import (
    Alert,
    AlertPolicy,
    DelayPolicy,
    Destination,
    Diagnosis,
    MethodHistory,
    Outcome,
    Reason,
)
from labelwatch.core.questions import ANSWERS_KEPT, BUDGET, Answers, settled, urgency, worth_asking
from labelwatch.core.review import Decision, look, renew, review
from labelwatch.core.telling import tellings, why_told
from labelwatch.sources import Source, SourceError, Trouble
from labelwatch.spool import Spool
from labelwatch.store import Change, EvidenceLevel, PollRow, ShopState, Store, Transaction
from labelwatch.sweep import Abandoned, Catch, fingerprint

BATCH = 500
"""Rows written per statement."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be known of a shop before it is polled."""

    shop: str
    every: timedelta
    delays: DelayPolicy = field(default_factory=DelayPolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    incidents: AlertPolicy = field(default_factory=AlertPolicy)
    """For what is of several shops."""
    destinations: tuple[Destination, ...] = ()
    group_wait: timedelta = timedelta(seconds=20)
    normal_label: Mapping[str, timedelta] = field(default_factory=dict)
    normal_registration: Mapping[str, timedelta] = field(default_factory=dict)
    ask_label_task: bool = True
    shops: Mapping[str, timedelta] = field(default_factory=dict)
    """The other shops that are watched and how often: incidents are looked for over all of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one poll did; `error` None = the shop was read completely."""

    shop: str
    complete: bool
    postings: int = 0
    changed: int = 0
    quarantined: int = 0
    late: int = 0
    told: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str | None = None
    cause: str | None = None


def poll_shop(
    plan: Plan, *, store: Store, source: Source, now: Callable[[], datetime], stop: Callable[[], bool]
) -> Report:
    """Read the shop once and write what follows from it.

    Raises Abandoned when `stop` says so in between, and StoreError; trouble with the marketplace is in the report.
    """
    started, asked_before = now(), source.requests
    shop = store.shop(plan.shop)
    assert shop is not None, "the shops of the config are made known to the store at start"
    history = MethodHistory(store.labelled_methods(shop.id), plan.normal_label, plan.normal_registration)
    watch = Watch(plan.shop, plan.delays, history, plan.destinations)
    with Spool(Change) as spool:
        catch = Catch(shop=shop, watch=watch, store=store, source=source, spool=spool)
        try:
            catch.sweep(now, stop)
        except SourceError as error:
            if stop():  # the question was broken off, not refused
                raise Abandoned from error
            asked = source.requests - asked_before
            return _fail(plan, shop, error, store=store, started=started, finished=now(), requests=asked)
        catch.lookup(now, stop)
        knowledge, fresh = _ask(plan, catch, now())
        if stop():
            raise Abandoned
        report = Report(
            shop=plan.shop,
            complete=True,
            postings=catch.postings,
            changed=len(spool),
            quarantined=len(catch.broken),
            requests=source.requests - asked_before,
        )
        return _save(plan, catch, report, knowledge=knowledge, fresh=fresh, started=started, now=now)


def _ask(plan: Plan, catch: Catch, now: datetime) -> tuple[Knowledge, Answers]:
    """Ask Ozon a little more about what is late; everything that is known then, and the answers that are new."""
    shop, store, late = catch.shop, catch.store, dict(catch.late)
    for known in store.due(shop.id, now):
        if known.id not in catch.unseen and hash(known.posting.number) not in catch.met:
            late[known.posting.number] = known
    found = [finding for known in late.values() if (finding := catch.watch.find(known, now)) is not None]
    if not found:
        return Knowledge(catch.watch.history), {}
    before = store.answers(shop.id, list(late), since=now - ANSWERS_KEPT)
    wanted = worth_asking(sorted(found, key=urgency), before, now=now, ask_label_task=plan.ask_label_task)
    fresh = settled(before, catch.source.ask(wanted, before, budget=BUDGET) if wanted else {})
    labelled, handed_over = store.method_names(shop.id), store.handed_over_unlabelled(shop.id)
    return Knowledge(catch.watch.history, {**before, **fresh}, labelled, handed_over), fresh


def _save(
    plan: Plan,
    catch: Catch,
    report: Report,
    *,
    knowledge: Knowledge,
    fresh: Answers,
    started: datetime,
    now: Callable[[], datetime],
) -> Report:
    """Write the sweep and everything that follows from it, in one transaction."""
    shop = catch.shop
    with catch.store.write() as tx:
        for changes in catch.spool.batches(BATCH):
            tx.put(shop.id, changes)
        rules = fingerprint(catch.watch)
        if shop.policy not in ("", rules):
            _judge_anew(tx, shop.id, catch.watch)
        tx.set_policy(shop.id, rules)
        tx.put_answers(shop.id, fresh)
        _note_printed(tx, shop.id, fresh)
        finished = now()
        decisions = _decide(plan, catch, tx, knowledge, finished)
        told = _write(plan, tx, shop.id, decisions, finished)
        for broken in catch.broken:
            tx.quarantine(shop.id, path=broken.path, number=broken.number, problem=broken.problem, at=finished)
        tx.shop_read(shop.id, started_at=started, finished_at=finished)
        done = replace(
            report,
            late=sum(_is_late(decision) for decision in decisions),
            told=told,
            seconds=_seconds(started, finished),
        )
        tx.record_poll(shop.id, _row(done, started, finished))
    return done


def _note_printed(tx: Transaction, shop_id: int, fresh: Answers) -> None:
    """A label task that ended well proves more than the offer of a label does."""
    printed = {
        question.subject: answer.asked_at
        for question, answer in fresh.items()
        if isinstance(answer.substance, LabelTask) and answer.substance.state is TaskState.PRINTED
    }
    for number, known in tx.known(shop_id, list(printed)).items():
        assert known.id is not None, "what is stored has an id"
        tx.add_evidence(known.id, EvidenceLevel.PRINTED, not_before=None, seen_at=printed[number])


def _watch_incidents(plan: Plan, tx: Transaction, own: Iterable[Diagnosis], now: datetime) -> tuple[Incident, ...]:
    """Look over all shops for what is one event: open, renew and close its alert; the incidents there are now.

    An incident is over only when all of its shops were looked at; until then it stays as it was.
    """
    tx.lock_incidents()
    before = tx.open_incidents()
    # An open incident goes on counting what it was opened for, however long it lasts.
    since = min((alert.opened_at for alert in before.values()), default=now) - COUNTED_WITHIN
    late = [*count(own, since=since), *(one for one in tx.waiting(since=since) if one.shop != plan.shop)]
    if not before and most_alike(late) < AT_LEAST:  # nearly always, whatever the number of shops
        return ()
    seen = {plan.shop} | {shop for shop, at in tx.read_at().items() if _is_in_sight(plan, shop, at, now)}
    late = [one for one in late if one.shop in seen]
    fine = tx.fine(since=now - COUNTED_WITHIN, shops=seen)
    dark = {key: alert for key, alert in before.items() if not seen.issuperset(alert.diagnosis.shops)}
    events = find([*late, *fine], before.keys(), whole=seen.issuperset(plan.shops))
    found = [one for one in events if one.key not in dark]
    decisions = [renew(before.get(one.key), event(one, now=now), policy=plan.incidents, now=now) for one in found]
    over = before.keys() - dark.keys() - {one.key for one in found}
    decisions += [Decision(*close(before[key], Outcome.OVER, policy=plan.incidents, now=now)) for key in sorted(over)]
    _write(replace(plan, alerts=plan.incidents), tx, None, decisions, now)
    for one in found:
        tx.take_back(shops=set(one.shops) - {plan.shop}, carrier=one.name if one.scope is Scope.CARRIER else None)
    return (*found, *(restored(key, alert.diagnosis) for key, alert in dark.items()))


def _is_in_sight(plan: Plan, shop: str, read_at: datetime, now: datetime) -> bool:
    every = plan.shops.get(shop)
    return every is not None and now - read_at < BLIND_AFTER_INTERVALS * every


def _decide(plan: Plan, catch: Catch, tx: Transaction, knowledge: Knowledge, now: datetime) -> list[Decision]:
    """Look at what is late by now and at what has an open alert, save what could not be seen."""
    shop, alerts = catch.shop, tx.open_alerts(catch.shop.id)
    decisions = list(_about_the_shop(plan, catch, alerts.pop(None, None), now))
    seen = {known.posting.number: known for known in tx.due(shop.id, now)}
    seen |= tx.known(shop.id, [number for number in alerts if number and number not in seen])
    looked_at = [(known, alerts.get(number)) for number, known in seen.items() if known.id not in catch.unseen]
    unseen = {number for number, known in seen.items() if known.id in catch.unseen}
    tx.sight(shop.id, unseen=unseen, since=shop.read_at)
    watch = catch.watch
    alone = (look(known, before, watch=watch, knowledge=knowledge, now=now) for known, before in looked_at)
    own = [verdict for verdict in alone if isinstance(verdict, Diagnosis)]
    knowledge = replace(knowledge, incidents=_watch_incidents(plan, tx, own, now))
    for known, before in looked_at:
        decision = review(known, before, watch=watch, knowledge=knowledge, policy=plan.alerts, now=now)
        if decision is not None:
            decisions.append(_replaced(tx, before, decision))
    return decisions


def _about_the_shop(plan: Plan, catch: Catch, before: Alert | None, now: datetime) -> Iterator[Decision]:
    """The shop is in sight, whatever was wrong; but what makes no sense in it is told of."""
    complaints = catch.complaints()
    if before is not None and not (complaints and before.diagnosis.cause == UNREADABLE):
        yield Decision(*close(before, Outcome.SEEN_AGAIN, policy=plan.alerts, now=now))
        before = None
    if complaints:
        yield renew(before, unreadable(plan.shop, complaints, now=now), policy=plan.alerts, now=now)


def _replaced(tx: Transaction, before: Alert | None, decision: Decision) -> Decision:
    """An alert that an incident has just come to explain takes back what nobody has been told yet."""
    alert = decision.alert
    if before is None or before.id is None or before.told is None:
        return decision
    if alert.diagnosis.incident is None or before.diagnosis.incident is not None:
        return decision
    unheard = tx.withdraw([before.id])
    return replace(decision, alert=replace(alert, told=None), is_news=True) if unheard else decision


def _write(plan: Plan, tx: Transaction, shop_id: int | None, decisions: Sequence[Decision], now: datetime) -> int:
    """Write the alerts that changed and, in the same transaction, the notifications that follow from them; how many
    alerts people are told of."""
    news = [_heard(plan, decision) for decision in decisions if decision.is_news]
    ids, told = tx.save_alerts(shop_id, [decision.alert for decision in news]), 0
    for decision, id_ in zip(news, ids, strict=True):
        if decision.reason is not None or decision.steps:
            rows = tellings(
                replace(decision.alert, id=id_),
                decision.reason,
                plan.destinations,
                steps=decision.steps,
                policy=plan.alerts,
                now=now,
                group_wait=plan.group_wait,
            )
            tx.add_notifications(rows, created_at=now)
            told += bool(rows)
    ended = [id_ for decision, id_ in zip(news, ids, strict=True) if decision.alert.resolved_at is not None]
    tx.outdate(ended, at=now)
    return told


def _heard(plan: Plan, decision: Decision) -> Decision:
    """What no channel wants to hear of, or none was there for, was not told: it is first news to the next one."""
    alert = decision.alert
    if decision.reason is not Reason.FIRST or any(
        why_told(to, alert, Reason.FIRST, steps=decision.steps, policy=plan.alerts) for to in plan.destinations
    ):
        return decision
    return replace(decision, alert=replace(alert, told=None), reason=None, steps=())


def _judge_anew(tx: Transaction, shop_id: int, watch: Watch) -> None:
    """The limits changed: when each open posting will be late is worked out again, and written where it differs."""
    for some in tx.all_open(shop_id):
        anew = [(known, watch.with_late_at(known.posting, known.track)) for known in some]
        tx.set_late_at((old.id, new.late_at) for old, new in anew if old.id and new.late_at != old.track.late_at)


def _is_late(decision: Decision) -> bool:
    return decision.alert.resolved_at is None and decision.alert.diagnosis.is_late


def _seconds(started: datetime, finished: datetime) -> float:
    return round((finished - started).total_seconds(), 3)


def _fail(
    plan: Plan,
    shop: ShopState,
    error: SourceError,
    *,
    store: Store,
    started: datetime,
    finished: datetime,
    requests: int,
) -> Report:
    """Write that the shop could not be read, and tell people once it has been dark for too long."""
    cause, final = error.trouble, error.trouble.is_final
    pause = pause_after(shop.failures + 1, final=final, wished=error.retry_after)
    with store.write() as tx:
        tx.shop_failed(
            shop.id, at=finished, cause=cause, detail=error.detail, retry_at=finished + pause if pause else None
        )
        told = _darken(
            plan,
            shop,
            tx,
            cause=cause,
            detail=error.detail,
            since=shop.failing_since or finished,
            final=final,
            now=finished,
        )
        report = Report(
            shop=plan.shop,
            complete=False,
            told=told,
            requests=requests,
            seconds=_seconds(started, finished),
            error=error.detail,
            cause=error.trouble,
        )
        tx.record_poll(shop.id, _row(report, started, finished))
    return report


def _darken(
    plan: Plan,
    shop: ShopState,
    tx: Transaction,
    *,
    cause: str,
    detail: str,
    since: datetime,
    final: bool,
    now: datetime,
) -> int:
    """Open or renew the alert of a shop that has not been read for too long; how many people are told of."""
    diagnosis = blindness(
        plan.shop,
        cause,
        detail,
        read_at=shop.read_at,
        since=since,
        every=plan.every,
        final=final,
        now=now,
    )
    if diagnosis is None:
        return 0
    before = tx.open_alerts(shop.id).get(None)
    return _write(plan, tx, shop.id, [renew(before, diagnosis, policy=plan.alerts, now=now)], now)


def notice_silence(plan: Plan, shop: ShopState, *, store: Store, watching_since: datetime, now: datetime) -> bool:
    """Open an alert when nothing at all was heard of a shop for too long, though no poll failed; True if so.

    Counted from `watching_since` at the earliest: what nobody listened for is no silence. For a shop that is left
    alone as Ozon wished no poll does this.
    """
    is_left_alone = shop.retry_at is not None and not Trouble(shop.cause).is_final
    if shop.failing_since is not None and not is_left_alone:
        return False
    heard = max(shop.read_at or watching_since, watching_since)
    if (silent := now - heard) < BLIND_AFTER_INTERVALS * plan.every:
        return False
    cause, since = shop.cause or "stale_data", shop.failing_since or heard
    with store.write() as tx:
        detail = shop.detail or f"not read for {int(silent.total_seconds())} s"
        return bool(_darken(plan, shop, tx, cause=cause, detail=detail, since=since, final=False, now=now))


def _row(report: Report, started: datetime, finished: datetime) -> PollRow:
    return PollRow(
        started_at=started,
        finished_at=finished,
        complete=report.complete,
        postings=report.postings,
        changed=report.changed,
        late=report.late,
        told=report.told,
        requests=report.requests,
        trouble=report.cause or "",
        detail=report.error or "",
    )
