"""Polls played through `evaluate` with everything in memory: what follows from them, as the database would hold it.

A posting is evaluated where something was read or known of it, or when a moment has come that matters for it; in
between nothing would follow, as `evaluate` says the same of the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Notification
from labelwatch.core.decision import Change, Changes
from labelwatch.core.diagnosis import explained
from labelwatch.core.enrichment import Answer, Question
from labelwatch.core.evaluate import evaluate
from labelwatch.core.incident_updates import held_changes
from labelwatch.core.incidents import AT_LEAST, COUNTED_WITHIN, GroupCount, count, most_alike
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.policy import Destination
from labelwatch.core.snapshot import Plan, Snapshot, counted_since, may_be_incident
from labelwatch.core.subject import Incident, IncidentId, PostingId, Scope
from labelwatch.replaying.moments import next_look
from labelwatch.replaying.outbox import Fate, Outbox, RowId
from labelwatch.replaying.shop import ReplayedShop, Seen

_NOTHING = Changes(())


class Replay:
    """Shops that are watched together, and what people are told about their postings.

    What a shop that cannot be read is told of does not depend on limits and is not played.
    """

    def __init__(self, fates: Mapping[RowId, Fate] | None = None, *, thorough: bool = False) -> None:
        """`thorough`: evaluate everything at each poll."""
        self.shops: dict[str, ReplayedShop] = {}
        self.incidents: dict[IncidentId, Alert] = {}
        self.ended: list[Alert] = []
        self.outbox = Outbox(fates)
        self._thorough = thorough
        self._to: dict[str, Destination] = {}
        self._ids = 0

    def plan(self, plan: Plan) -> None:
        """From now on a shop has these limits and channels."""
        shop = self.shops.setdefault(plan.shop, ReplayedShop(plan))
        shop.plan = plan
        self._to = {to.name: to for one in self.shops.values() for to in one.plan.destinations}
        every = {name: one.plan.every for name, one in self.shops.items()}
        for name, one in self.shops.items():
            others = {other: pause for other, pause in every.items() if other != name}
            one.plan = replace(one.plan, shops=others)

    def begin(self, plan: Plan, seen: Iterable[Seen], now: datetime, *, alerts: Iterable[Alert] = ()) -> None:
        """How a shop stands at the beginning: its postings and open alerts."""
        self.plan(plan)
        shop = self.shops[plan.shop]
        shop.take(seen, now)
        for alert in alerts:
            self._put(shop, replace(alert, id=None))

    def read(self, name: str, seen: Iterable[Seen], now: datetime, *, unread: Collection[str] = ()) -> Changes:
        """What one more complete poll makes of what it read; `unread`: late ones that could not be looked up."""
        shop = self.shops[name]
        shop.take(seen, now)
        shop.read_at, shop.is_failing = now, False
        numbers = (shop.late | shop.alerts.keys()).difference(unread)
        due = {number for number in numbers if self._is_due(shop, number, now)}
        changes = self._evaluated(shop, numbers, due, now=now, unread=unread)
        self._save(shop, changes, now)
        for number in numbers if self.incidents or changes.incidents else due:
            self._plan_look(shop, number, now)
        for number in unread:
            shop.looks.pop(number, None)
        return changes

    def look(self, name: str, now: datetime, *, failed: bool = False) -> Changes:
        """What follows from the clock alone, while the shop is not read."""
        shop = self.shops[name]
        shop.is_failing |= failed
        unread = [alert for number, alert in shop.alerts.items() if self._is_due(shop, number, now)]
        changes = evaluate(Snapshot(shop.plan, now, unread=unread)) if unread else _NOTHING
        self._save(shop, changes, now)
        for alert in unread:  # what the clock alone does not decide is left to the next poll
            shop.looks.pop(str(alert.diagnosis.subject), None)
        return changes

    def hold(self, name: str, now: datetime, *, is_round_over: bool) -> None:
        """Notify of the incidents that wait for their size to be known."""
        snapshot = Snapshot(
            self._whole(self.shops[name].plan),
            now,
            incidents=self.incidents,
            last_told=self._last(),
            read_at=self._read_at(),
        )
        self._write(None, held_changes(snapshot, is_round_over=is_round_over), now)

    def handle(self, name: str, key: str, state: AlertState, until: datetime | None, now: datetime) -> None:
        """Somebody acknowledged or snoozed an alert: the key of a posting, or without a shop of an incident."""
        if name not in self.shops:
            for id_, alert in self.incidents.items():
                if str(id_) == key:
                    self.incidents[id_] = _handled(alert, state, until, now)
            return
        alerts = self.shops[name].alerts
        if key in alerts:
            alerts[key] = _handled(alerts[key], state, until, now)
            self.shops[name].looks.pop(key, None)

    def answer(self, name: str, question: Question, answer: Answer) -> None:
        """Ozon says something else from now on."""
        self.shops[name].answer(question, answer)

    # --- one evaluation

    def _evaluated(
        self,
        shop: ReplayedShop,
        numbers: AbstractSet[str],
        due: AbstractSet[str],
        *,
        now: datetime,
        unread: Collection[str],
    ) -> Changes:
        if not self.incidents and not self._thorough:
            rest = (shop.alerts[number].diagnosis for number in shop.alerts.keys() & numbers - due)
            waiting = [*self._waiting(shop, now), *count(rest, since=counted_since({}, now))]
            by_clock = [number for number in unread if number in shop.alerts]
            if not due and not by_clock and most_alike(waiting) < AT_LEAST:
                return _NOTHING
            changes = evaluate(self._snapshot(shop, due, now, waiting, by_clock))
            if not changes.incidents:
                return changes
        by_clock = [number for number in unread if number in shop.alerts]
        return evaluate(self._snapshot(shop, numbers, now, self._waiting(shop, now), by_clock))

    def _snapshot(
        self,
        shop: ReplayedShop,
        numbers: Collection[str],
        now: datetime,
        waiting: list[GroupCount],
        unread: Collection[str],
    ) -> Snapshot:
        postings = [(shop.known[number], shop.alerts.get(number)) for number in sorted(numbers)]
        counts = may_be_incident(self.incidents, waiting, postings)
        return Snapshot(
            self._whole(shop.plan),
            now,
            watch=replace(shop.watch, slower=shop.slower),
            knowledge=shop.knowledge(),
            postings=postings,
            unread=[shop.alerts[number] for number in unread],
            incidents=self.incidents,
            last_told=self._last(),
            waiting=waiting,
            fine=list(self._fine(now)) if counts else [],
            read_at=self._read_at() if counts else {},
        )

    def _fine(self, now: datetime) -> Iterator[GroupCount]:
        return (one for each in self.shops.values() if each.read_at for one in each.fine(now - COUNTED_WITHIN))

    def _read_at(self) -> dict[str, datetime]:
        """When each shop was last read, of those that did not fail since."""
        return {one.plan.shop: one.read_at for one in self.shops.values() if one.read_at and not one.is_failing}

    def _whole(self, plan: Plan) -> Plan:
        """With the channels of the other shops, for incidents."""
        return replace(plan, destinations=tuple(self._to.values()))

    def _waiting(self, own: ReplayedShop, now: datetime) -> list[GroupCount]:
        since = counted_since(self.incidents, now)
        others = (shop for shop in self.shops.values() if shop is not own)
        return [one for shop in others for one in count(map(_diagnosis, shop.alerts.values()), since=since)]

    def _last(self) -> dict[int, dict[str, Notification]]:
        return {id_: self.outbox.last_told(id_) for one in self.incidents.values() if (id_ := one.id) is not None}

    def _is_due(self, shop: ReplayedShop, number: str, now: datetime) -> bool:
        if self._thorough or number not in shop.looks:
            return True
        at = shop.looks[number]
        return at is not None and at <= now

    def _plan_look(self, shop: ReplayedShop, number: str, now: datetime) -> None:
        if self._is_due(shop, number, now):
            alert = shop.alerts.get(number)
            known = shop.known.get(number)
            shop.looks.pop(number, None)
            if alert is not None and known is not None:
                policy = shop.plan.alerts
                shop.looks[number] = next_look(known, alert, watch=shop.watch, policy=policy, now=now)

    # --- what follows, as labelwatch.polling.saving writes it

    def _save(self, shop: ReplayedShop, changes: Changes, now: datetime) -> None:
        self._write(None, changes.incidents, now)
        for incident, shops in changes.explained:
            for name in shops:
                self._explain(self.shops[name], incident, now)
        self._write(shop, [self._sent_or_not(one, now) for one in changes.own], now)

    def _sent_or_not(self, change: Change, now: datetime) -> Change:
        id_, instead = change.alert.id, change.if_unsent
        return instead if instead is not None and id_ is not None and self.outbox.withdraw(id_, now) else change

    def _write(self, shop: ReplayedShop | None, changes: Iterable[Change], now: datetime) -> None:
        for change in changes:
            if change.is_news:
                alert = self._put(shop, change.alert)
                for one in change.notifications:
                    told = replace(one, alert=replace(one.alert, id=alert.id))
                    self.outbox.add(told, self._to[one.channel], now)

    def _put(self, shop: ReplayedShop | None, alert: Alert) -> Alert:
        if alert.id is None:
            self._ids += 1
            alert = replace(alert, id=self._ids)
        subject, is_over = alert.diagnosis.subject, alert.resolved_at is not None
        if is_over:
            self.ended.append(alert)
        if isinstance(subject, Incident):
            self.incidents.pop(subject.id, None)
            if not is_over:
                self.incidents[subject.id] = alert
            else:
                for one in self.shops.values():
                    one.looks.clear()
        elif shop is not None and isinstance(subject, PostingId):
            shop.alerts.pop(subject.number, None)
            if not is_over:
                shop.alerts[subject.number] = alert
        return alert

    def _explain(self, shop: ReplayedShop, incident: Incident, now: datetime) -> None:
        """Link the alerts of another shop to the incident that explains them."""
        for number, alert in shop.alerts.items():
            own = alert.diagnosis
            is_meant = incident.id.scope is not Scope.CARRIER or own.method.carrier == incident.id.name
            if not (own.kind and own.is_late and is_meant) or own.explained_by == incident.id:
                continue
            told = alert.told
            if told is not None and own.explained_by is None and alert.id is not None:
                told = None if self.outbox.withdraw(alert.id, now) else told
            linked = explained(own, incident, now=now)
            shop.alerts[number] = replace(alert, diagnosis=linked, cause_since=now, told=told)
            shop.looks.pop(number, None)


def _diagnosis(alert: Alert) -> Diagnosis:
    return alert.diagnosis


def _handled(alert: Alert, state: AlertState, until: datetime | None, now: datetime) -> Alert:
    if state is AlertState.SNOOZED and until is not None:
        return snooze(alert, until=until, by="", note="", now=now) or alert
    return acknowledge(alert, by="", note="", now=now) or alert if state is AlertState.ACKNOWLEDGED else alert
