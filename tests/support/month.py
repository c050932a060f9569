"""Two months of two shops, stored as polls would have stored them: for tables, reports, and what recomputes them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from labelwatch.core.alert import Alert, AlertState, Family, LastNotified, Notification, Outcome, Reason, Severity
from labelwatch.core.lateness import track
from labelwatch.core.posting import DeliveryMethod, Interval, Known, Posting, Stage, TariffStep
from labelwatch.core.subject import PostingId
from labelwatch.store import Change, OutboxState, PollRow, Store
from labelwatch.store.values import Settled
from tests.store.build import DIAGNOSIS, NOW, POSTING

EVERY = timedelta(minutes=2)
BACK = timedelta(days=60)
HOURLY = timedelta(hours=1)
LIMIT = {Stage.REGISTRATION: timedelta(hours=1), Stage.LABEL: timedelta(minutes=15)}
AURORA = DeliveryMethod("77", "Aurora to the door", "5", "North", "9", "Aurora Post")
AURORA_POINT = DeliveryMethod("79", "Aurora to a pick-up point", "5", "North", "9", "Aurora Post")
SILK = DeliveryMethod("78", "Silk Road", "5", "North", "8", "Silk Road Express")
CAUSE = {
    Stage.PACKING: ("not_packed", Family.NOT_PROCESSED),
    Stage.REGISTRATION: ("registration_pending", Family.CARRIER),
    Stage.LABEL: ("label_overdue", Family.SYNC_LAG),
}
METHODS = (AURORA, AURORA, AURORA_POINT, SILK)
ACTIONS = {"awaiting_packaging": ("ship",), "label": ("label_download",)}


@dataclass(frozen=True)
class Step:
    """A state that Ozon reported from a time on."""

    at: datetime
    status: str
    substatus: str = ""
    has_label: bool = False


@dataclass(frozen=True)
class Order:
    shop: str
    posting: Posting
    steps: tuple[Step, ...]


def furnish(
    store: Store, *, orders: int = 600, seed: int = 1, now: datetime = NOW, polled: timedelta = HOURLY
) -> None:
    """Store the orders of two months of the shops `main` and `north`, their alerts and what was told of them."""
    store.shops.sync([("main", "1001"), ("north", "1002")])
    ids = {state.name: state.id for state in store.shops.all()}
    random, month = Random(1), Month(now)
    with store.write() as tx:
        for name, id_ in ids.items():
            for at in month.polls(name, polled):
                tx.shops.record_poll(id_, PollRow(at - timedelta(seconds=5), at, True, 10, 1, 0, 0, 1))
            tx.shops.mark_read(id_, started_at=now - timedelta(seconds=65), finished_at=now - timedelta(seconds=60))
        made = [month.order(n, random) for n in range(orders)]
        seen = {order.posting.number: list(month.seen(order)) for order in made}
        for n in range(max(map(len, seen.values()))):
            for name, id_ in ids.items():
                changes = (seen[order.posting.number] for order in made if order.shop == name)
                tx.postings.put(id_, [some[n] for some in changes if n < len(some)])
        alerts = [month.alert(order, seen[order.posting.number], random) for order in made]
        told = [replace(alert, id=tx.alerts.save(ids[alert.diagnosis.shop], [alert])[0]) for alert in alerts if alert]
    _tell(store, [one for one in told if one.told is not None])


@dataclass(frozen=True)
class Month:
    """Two months that end now."""

    now: datetime

    @property
    def outage(self) -> Interval:
        """When nobody watched `main`."""
        return Interval(self.now - timedelta(days=5, hours=6), self.now - timedelta(days=5))

    def polls(self, shop: str, every: timedelta) -> Iterator[datetime]:
        """The rows of the polls: fewer than there were, as far as a test watches with longer intervals."""
        at = self.now - BACK if every >= HOURLY else self.now - timedelta(days=8)
        while at <= self.now:
            if shop != "main" or not self.outage.earliest < at < self.outage.latest:
                yield at
            at += every

    def order(self, n: int, random: Random) -> Order:
        method, came = (
            random.choice(METHODS),
            self.now - timedelta(minutes=random.uniform(5, BACK.total_seconds() / 60)),
        )
        is_slow = method is SILK and 14 <= came.hour < 17
        packed = came + timedelta(minutes=random.uniform(10, 300 if random.random() < 0.95 else 2000))
        registered = packed + timedelta(minutes=random.expovariate(1 / (150 if is_slow else 12)))
        labelled = registered + timedelta(minutes=0.5 + random.expovariate(1 / (20 if is_slow else 2)))
        steps = [Step(came, "awaiting_packaging", "posting_created")]
        steps.append(Step(packed, "awaiting_registration", "posting_awaiting_registration"))
        fate = random.random()
        if fate < 0.03:
            steps += [
                Step(packed + timedelta(minutes=40), "awaiting_registration", "posting_registration_error"),
                Step(packed + timedelta(hours=9), "cancelled", "posting_canceled"),
            ]
        elif fate < 0.05:
            steps += [Step(registered, "awaiting_deliver"), Step(registered + timedelta(hours=5), "cancelled")]
        else:
            steps += [
                Step(registered, "awaiting_deliver"),
                Step(labelled, "awaiting_deliver", has_label=True),
                Step(labelled + timedelta(hours=20), "delivering", has_label=True),
            ]
        number = f"{41000000 + n}-{n % 7 + 1:04}-1"
        posting = replace(
            POSTING,
            number=number,
            order_number=number.rpartition("-")[0],
            method=method,
            in_process_at=came,
            cutoff=came + timedelta(hours=24),
            tracking_number=f"RR{n:09}CN" if fate >= 0.05 else "",
            tariff=(TariffStep(came + timedelta(hours=24), 1.0, "commission", "50", "RUB"),),
        )
        return Order(
            "main" if n % 3 else "north", posting, tuple(step for step in steps if step.at < self.now - EVERY)
        )

    def seen(self, order: Order) -> Iterator[Change]:
        """What the polls of its shop, every two minutes but for the outage, store of an order."""
        known: Known | None = None
        for step, following in zip(order.steps, (*order.steps[1:], None), strict=True):
            at = self._next_poll(order.shop, step.at)
            if following is not None and self._next_poll(order.shop, following.at) == at:
                continue  # the next state came before anybody looked
            actions = ACTIONS["label"] if step.has_label else ACTIONS.get(step.status, ())
            posting = replace(order.posting, status=step.status, substatus=step.substatus, actions=actions)
            before = self._poll_before(order.shop, at)
            seen = track(known.track if known else None, posting, seen_at=at, not_before=before)
            if seen.stage is not Stage.DONE:
                seen = replace(seen, late_at=seen.since.latest + LIMIT.get(seen.stage, timedelta(hours=24)))
            is_open = step.status not in ("delivering", "cancelled")
            known = Known(None, posting, seen, 1)
            yield Change(posting, seen, 1, is_open, at, before)

    def _next_poll(self, shop: str, at: datetime) -> datetime:
        ahead = -(-(at - (self.now - BACK)) // EVERY)
        poll = self.now - BACK + ahead * EVERY
        return self.outage.latest if shop == "main" and self.outage.earliest < poll < self.outage.latest else poll

    def _poll_before(self, shop: str, at: datetime) -> datetime:
        return self.outage.earliest if shop == "main" and at == self.outage.latest else at - EVERY

    def alert(self, order: Order, changes: list[Change], random: Random) -> Alert | None:
        """The alert of an order that was in one stage for too long."""
        for change, following in zip(changes, (*changes[1:], None), strict=True):
            stage, entered = change.track.stage, change.track.since.latest
            limit = {**LIMIT, Stage.PACKING: timedelta(hours=20)}.get(stage)
            until = following.seen_at if following else self.now
            if limit is None or until - entered <= limit:
                continue
            cause, family = CAUSE[stage]
            if "error" in change.posting.substatus:
                cause = "registration_declined"
            posting, opened = change.posting, entered + limit
            diagnosis = replace(
                DIAGNOSIS,
                subject=PostingId(order.shop, posting.number),
                cause=cause,
                family=family,
                stage=stage,
                method=posting.method,
                status=posting.status,
                substatus=posting.substatus,
                waiting_since=change.track.since,
                deadline=posting.cutoff,
                cutoff=posting.cutoff,
                next_tariff=posting.tariff[0],
            )
            told = LastNotified(opened, 1, Severity.WARNING, cause) if random.random() < 0.9 else None
            alert = Alert(None, AlertState.FIRING, opened, diagnosis, opened, told=told)
            ended = next((one for one in changes if one.seen_at > opened and one.track.stage is Stage.DONE), None)
            if ended is None:
                return alert
            outcome = Outcome.CANCELLED if ended.posting.status == "cancelled" else Outcome.LABELLED
            return replace(alert, state=AlertState.RESOLVED, resolved_at=ended.seen_at, outcome=outcome)
        return None


def _tell(store: Store, alerts: list[Alert]) -> None:
    """Each was told in a message of its own, which arrived at once."""
    for alert in sorted(alerts, key=lambda one: one.opened_at):
        at = alert.opened_at
        store.outbox.queue(
            [Notification(alert, 1, Reason.FIRST, "packers", at, at + timedelta(days=1))], created_at=at
        )
        key = f"message-{alert.id}"
        rows = store.outbox.claim("packers", now=at, lease_until=at + timedelta(minutes=1), key=key)
        sent = at + timedelta(seconds=1)
        store.outbox.settle([row.id for row in rows], Settled(OutboxState.SENT, receipt="HTTP 200"), at=sent)
