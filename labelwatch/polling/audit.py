"""The audit of one shop: reads its settings at Ozon, compares them with those read before, and stores them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from labelwatch.core.alert import Severity
from labelwatch.core.enrichment import MethodStates, Question, Topic, WarehouseStates
from labelwatch.core.error_index import ErrorIndex, IndexReading, ZoneAhead, warned
from labelwatch.core.routing import WORTH_TELLING_FOR, is_subscribed, quiet_until
from labelwatch.core.settings import SettingChange, ShopSettings, completed, differences, key_reminder
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import Summary, SummaryKind
from labelwatch.core.summaries import summary
from labelwatch.sources import Source, SourceError, Trouble
from labelwatch.store import Store, Transaction

log = logging.getLogger(__name__)

REQUESTS = 30
"""The requests that the lists of one audit may cost, retries included."""
CHARGES_FOR = timedelta(days=30)
"""How far back the orders are read that moved the error index."""
NOTHING_RETIRES: Mapping[str, date] = {}
_UNANSWERED = frozenset((Trouble.ROLE_MISSING, Trouble.METHOD_RETIRED, Trouble.NOT_UNDERSTOOD))


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of one shop found; `error` says why it could not be done, in Ozon's words."""

    shop: str
    changes: tuple[SettingChange, ...] = ()
    key_expires_at: datetime | None = None
    reminder: int | None = None
    """A reminder is due because the key expires in this many days."""
    cause: Trouble | None = None
    error: str = ""
    is_first: bool = False
    """There was no earlier reading to compare with."""
    index: ErrorIndex | None = None
    ahead: ZoneAhead | None = None


def audit_shop(
    plan: Plan,
    *,
    store: Store,
    source: Source,
    now: Callable[[], datetime],
    retiring: Mapping[str, date] = NOTHING_RETIRES,
) -> Audit:
    """Read the settings of a shop and store what has changed. The first audit of a shop has nothing to compare with.

    `retiring`: methods of Ozon's that labelwatch uses -> when Ozon switches them off. Raises StoreError; what Ozon
    refuses is in the result.
    """
    name = plan.shop
    shop = store.shops.named(name)
    assert shop is not None, "the shops of the configuration are stored at start"
    since = now() - CHARGES_FOR
    try:
        read, moved = _read(source, since)
    except SourceError as error:
        log.warning("%s: the settings cannot be read: %s", name, error)
        return Audit(name, cause=error.trouble, error=error.detail)
    with store.write() as tx:
        at = now()
        if moved is not None:
            tx.charges.put(shop.id, moved.charges, since=since)
        return _stored(plan, tx, shop.id, replace(read, retiring=retiring), at)


def _stored(plan: Plan, tx: Transaction, shop_id: int, read: ShopSettings, at: datetime) -> Audit:
    """Compare what was read with the last snapshot, store it, and queue what people are told."""
    before = next(iter(tx.settings.snapshots(plan.shop, limit=1)), None)
    last = before.settings if before else ShopSettings()
    ahead = warned(read.index, last.index, last.zone_ahead, today=at.date()) if read.index else last.zone_ahead
    after = replace(completed(read, last), zone_ahead=ahead)
    by_method, by_warehouse = tx.settings.waiting_orders(shop_id)
    changes = differences(last, after, by_method=by_method, by_warehouse=by_warehouse)
    reminded_at = before.reminded_at if before and _same_key(last, after) else None
    reminder = key_reminder(after.key_expires_at, reminded_at, now=at)
    reminded_at = reminded_at if reminder is None else reminder
    if before is None or changes:
        tx.settings.add(shop_id, after, changes, reminded_at=reminded_at, at=at)
    else:
        tx.settings.confirm(before.id, after, reminded_at=reminded_at, at=at)
    found = Audit(
        plan.shop,
        changes,
        after.key_expires_at,
        reminder,
        is_first=before is None,
        index=after.index,
        ahead=after.zone_ahead,
    )
    _queue(plan, tx, found, before.seen_at if before else at, at)
    return found


def _queue(plan: Plan, tx: Transaction, found: Audit, since: datetime, at: datetime) -> None:
    """Queue the summary of an audit that found something, for each channel of the shop."""
    if not found.changes and found.reminder is None:
        return
    is_pressing = found.reminder is not None or any(one.is_harmful for one in found.changes)
    severity = Severity.WARNING if is_pressing else Severity.NOTICE
    expires_at = None if found.reminder is None else found.key_expires_at
    for to in plan.destinations:
        if is_subscribed(to, (found.shop,)) and severity.rank >= to.severity.rank:
            about = Summary(to.name, SummaryKind.AUDIT, found.shop, expires_at)
            made = summary(about, since=since, at=at, severity=severity)
            due_at = quiet_until(to, at + plan.group_wait)
            tx.add_summary(made, due_at=due_at, expires_at=due_at + WORTH_TELLING_FOR, now=at)


def _same_key(before: ShopSettings, after: ShopSettings) -> bool:
    return before.key_expires_at == after.key_expires_at


def _read(source: Source, since: datetime) -> tuple[ShopSettings, IndexReading | None]:
    """Raises SourceError for what concerns the whole key; a list that cannot be read is None."""
    roles, expires_at = None, None
    try:
        key = source.key_info()
        roles, expires_at = tuple(sorted(key.roles)), key.expires_at
    except SourceError as error:
        if error.trouble not in _UNANSWERED:
            raise
        log.info("The roles of the key cannot be read: %s", error)
    answers = source.ask([Question(Topic.METHODS), Question(Topic.WAREHOUSES)], {}, budget=REQUESTS)
    found = [answer.substance for answer in answers.values()]
    methods = next((one.by_id for one in found if isinstance(one, MethodStates)), None)
    houses = next((one.by_id for one in found if isinstance(one, WarehouseStates)), None)
    moved, is_refused = _index(source, since)
    index = moved.index if moved else None
    return ShopSettings(methods, houses, roles, expires_at, index, index_refused=is_refused), moved


def _index(source: Source, since: datetime) -> tuple[IndexReading | None, bool]:
    """The error index, and whether the key lacks the role for it; no failure of it spoils the audit."""
    try:
        return source.error_index(since), False
    except SourceError as error:
        log.info("The error index cannot be read: %s", error)
        return None, error.trouble is Trouble.ROLE_MISSING
