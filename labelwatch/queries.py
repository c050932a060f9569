"""Read models for people: the overview, the details of a posting, the health of the shops."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from labelwatch.config import Config, Shop
from labelwatch.core.alert import Alert
from labelwatch.core.baseline import LEARN_WITHIN
from labelwatch.core.deadline import alert_at
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.dispute import Change, Pack, Told, answers, course
from labelwatch.core.lateness import LABEL_ACTIONS
from labelwatch.core.league import Standing, league
from labelwatch.core.period_report import PeriodReport
from labelwatch.core.posting import Interval, Known, Stage
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.store import Evidence, EvidenceLevel, HistoryRow, OutboxRow, ShopState, Store


@dataclass(frozen=True, slots=True)
class ShopHealth:
    """Whether a shop is fresh, stale (not read for three intervals) or blind (it cannot be read)."""

    name: str
    state: str
    read_at: datetime | None
    postings: int
    cause: str | None
    detail: str | None


def shop_health(name: str, every: timedelta, state: ShopState | None, postings: int, *, now: datetime) -> ShopHealth:
    """The health of a shop with this poll interval; `postings` are the open ones."""
    if state is None:  # new in the configuration, and not polled yet
        return ShopHealth(name, "stale", None, 0, None, None)
    overdue = state.read_at is None or now - state.read_at >= BLIND_AFTER_INTERVALS * every
    blind = bool(state.failing_since) and (overdue or state.retry_at is not None)
    return ShopHealth(
        name=name,
        state="blind" if blind else "stale" if overdue or state.failing_since else "fresh",
        read_at=state.read_at,
        postings=postings,
        cause=state.cause or None if blind else None,
        detail=state.detail or None if blind else None,
    )


@dataclass(frozen=True, slots=True)
class ChannelTrouble:
    """A channel that does not work: since when, and why in its service's own words."""

    name: str
    since: datetime
    reason: str | Text


@dataclass(frozen=True, slots=True)
class Overview:
    """The open alerts of all shops, most urgent first."""

    as_of: datetime
    shops: tuple[ShopHealth, ...]
    alerts: tuple[Alert, ...]
    incidents: tuple[Alert, ...] = ()
    troubles: tuple[ChannelTrouble, ...] = ()
    """What prevents notifications."""


def channel_trouble(name: str, alert: Alert) -> ChannelTrouble:
    """The problem that an alert about a channel reports."""
    about = alert.diagnosis
    since = about.waiting_since.earliest if about.waiting_since else alert.opened_at
    return ChannelTrouble(name, since, next((proof.value for proof in about.evidence), ""))


def urgency(alert: Alert) -> tuple[datetime, datetime]:
    """Sorts alerts by deadline, then by age; those without a deadline last."""
    return alert.diagnosis.deadline or datetime.max.replace(tzinfo=UTC), alert.opened_at


@dataclass(frozen=True, slots=True)
class PostingDetails:
    """Everything known about one posting of one shop; `alerts` oldest first, resolved ones too."""

    shop: str
    known: Known
    history: tuple[HistoryRow, ...]
    evidence: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """How long shops were watched in a period, summed over them; a gap of three poll intervals was not."""

    watched: timedelta
    unwatched: timedelta

    @property
    def share(self) -> float:
        """Of the time, 0 to 1."""
        whole = self.watched + self.unwatched
        return self.watched / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class League:
    """The league table of carriers over some days, and how well these were watched."""

    days: int
    within: Interval
    shops: tuple[str, ...]
    lines: tuple[Standing, ...]
    watched: Watched


class Queries:
    """Queries for people, answered from the database as of `now()`."""

    def __init__(self, config: Config, store: Store, *, now: Callable[[], datetime]) -> None:
        self.config = config
        self.store = store
        self.now = now

    def shops(self) -> tuple[ShopHealth, ...]:
        """The health of each enabled shop."""
        now, counts = self.now(), self.store.shops.open_counts()
        states = {state.name: state for state in self.store.shops.all()}
        enabled = (shop for shop in self.config.shops if shop.enabled)
        return tuple(
            shop_health(shop.name, self.config.every(shop), states.get(shop.name), counts.get(shop.name, 0), now=now)
            for shop in enabled
        )

    def overview(self) -> Overview:
        """Every enabled shop, every open alert, most urgent first, and every channel that does not work."""
        now, views = self.now(), self.shops()
        alerts = self.store.alerts.find(shops=[shop.name for shop in views])
        incidents = [alert_at(one, now) for one in sorted(self.store.alerts.incidents(), key=urgency)]
        troubles = (channel_trouble(*one) for one in sorted(self.store.alerts.open_of_channels().items()))
        as_now = (alert_at(alert, now) for alert in sorted(alerts, key=urgency))
        return Overview(now, views, tuple(as_now), tuple(incidents), troubles=tuple(troubles))

    def posting_details(self, number: str) -> list[PostingDetails]:
        """What is known about a posting, for each shop that has one with this number."""
        now = self.now()
        return [
            PostingDetails(
                shop=shop,
                known=known,
                history=tuple(self.store.postings.history(known.id)) if known.id else (),
                evidence=tuple(self.store.postings.evidence(known.id)) if known.id else (),
                alerts=tuple(
                    alert_at(alert, now)
                    for alert in self.store.alerts.find(shops=[shop], posting_number=number, open_only=False)
                ),
            )
            for shop, known in self.store.postings.find(number).items()
        ]

    def dispute_packs(self, number: str) -> list[Pack]:
        """Everything stored about a posting, to be shown to Ozon, for each shop that has one with this number."""
        found, rows = self.posting_details(number), self.store.outbox.find(posting_number=number)
        return [self._pack(one, [row for row in rows if _shop_of(row) == one.shop]) for one in found]

    def _pack(self, found: PostingDetails, rows: Sequence[OutboxRow]) -> Pack:
        state = self.store.shops.named(found.shop)
        changes, told = tuple(map(_change, found.history)), tuple(_told(row) for row in reversed(rows))
        alerts = (*found.alerts, *(row.notification.alert for row in reversed(rows)))
        charged = tuple(self.store.charges.find([found.shop], posting_number=found.known.posting.number))
        is_open = found.known.track.stage is not Stage.DONE
        moments = [found.known.track.since.latest, *(one.at for one in changes), *(one.at for one in told)]
        moments += [one.resolved_at for one in found.alerts if one.resolved_at]
        moments += [one.charge.at for one in charged]
        moments += [state.read_at] if is_open and state and state.read_at else []
        as_of = max(moments)
        every = next((self.config.every(shop) for shop in self.config.shops if shop.name == found.shop), None)
        whole = Interval(min(moments), as_of)
        return Pack(
            shop=found.shop,
            client_id=state.client_id if state else "",
            posting=found.known.posting,
            changes=changes,
            answers=answers(alerts),
            alerts=found.alerts,
            told=told,
            printed=tuple(
                (str(one.level), one.seen_at) for one in found.evidence if one.level is not EvidenceLevel.OFFERED
            ),
            unwatched=tuple(
                self.store.charts.gaps(
                    found.shop, whole, longer_than=BLIND_AFTER_INTERVALS * (every or self.config.ozon.every)
                )
            ),
            as_of=as_of,
            course=course(changes, deadline=found.known.posting.last_cutoff, as_of=as_of),
            charged=charged,
        )

    def league(self, days: int, *, shops: Collection[str] = ()) -> League:
        """The league table of carriers over the last days; of these shops (none = all enabled ones)."""
        now, names = self.now(), self._named(shops)
        within, before = (
            Interval(now - back * timedelta(days=days), now - (back - 1) * timedelta(days=days)) for back in (1, 2)
        )
        error = max([LEARN_WITHIN, *(3 * self.config.every(shop) for shop in names)])
        counted, earlier = (
            self.store.carriers.period(one, shops=[s.name for s in names]) for one in (within, before)
        )
        lines = league(counted, earlier, zone=ZoneInfo(self.config.timezone), error=error)
        return League(days, within, tuple(one.name for one in names), lines, self.watched(names, within))

    def report(self, length: timedelta, *, shops: Collection[str] = ()) -> PeriodReport:
        """The report of the time up to now; of these shops (none = all enabled ones)."""
        now, every = self.now(), {shop.name: self.config.every(shop) for shop in self._named(shops)}
        return self.store.reports.read(every, Interval(now - length, now), zone=self.config.timezone)

    def watched(self, shops: Sequence[Shop], within: Interval) -> Watched:
        """How long these shops were watched in a period."""
        unwatched = timedelta(0)
        for shop in shops:
            limit = BLIND_AFTER_INTERVALS * self.config.every(shop)
            found = self.store.charts.unwatched(shop.name, within, longer_than=limit)
            unwatched += sum((one.latest - one.earliest for one in found), timedelta(0))
        return Watched(len(shops) * (within.latest - within.earliest) - unwatched, unwatched)

    def _named(self, names: Collection[str]) -> list[Shop]:
        return [shop for shop in self.config.shops if shop.enabled and (not names or shop.name in names)]


def _shop_of(row: OutboxRow) -> str:
    return row.notification.alert.diagnosis.shop


def _change(row: HistoryRow) -> Change:
    return Change(
        at=row.seen_at,
        not_before=row.not_before,
        status=row.status,
        substatus=row.substatus,
        has_label=not LABEL_ACTIONS.isdisjoint(row.actions),
        tracking_number=row.tracking_number,
        cutoff=row.cutoff,
        actions=row.actions,
        requirements=row.requirements,
    )


def _told(row: OutboxRow) -> Told:
    told = row.notification
    return Told(
        at=row.sent_at or told.due_at,
        channel=told.channel,
        reason=str(told.reason),
        cause=told.alert.diagnosis.cause,
        state=str(row.state),
        said=translate(row.error, "en") if row.error else row.receipt,
    )
