"""The audit of one shop: reads its settings at Ozon, compares them with those read before, and stores them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from labelwatch.core.alert import Severity
from labelwatch.core.enrichment import MethodStates, Question, Topic, WarehouseStates
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


def audit_shop(plan: Plan, *, store: Store, source: Source, now: Callable[[], datetime]) -> Audit:
    """Read the settings of a shop and store what has changed. The first audit of a shop has nothing to compare with.

    Raises StoreError; what Ozon refuses is in the result.
    """
    name = plan.shop
    shop = store.shops.named(name)
    assert shop is not None, "the shops of the configuration are stored at start"
    try:
        read = _read(source)
    except SourceError as error:
        log.warning("%s: the settings cannot be read: %s", name, error)
        return Audit(name, cause=error.trouble, error=error.detail)
    with store.write() as tx:
        at = now()
        before = next(iter(tx.settings.snapshots(name, limit=1)), None)
        after = completed(read, before.settings if before else None)
        by_method, by_warehouse = tx.settings.waiting_orders(shop.id)
        changes = (
            differences(before.settings, after, by_method=by_method, by_warehouse=by_warehouse) if before else ()
        )
        reminded_at = before.reminded_at if before and _same_key(before.settings, after) else None
        reminder = key_reminder(after.key_expires_at, reminded_at, now=at)
        reminded_at = reminded_at if reminder is None else reminder
        if before is None or changes:
            tx.settings.add(shop.id, after, changes, reminded_at=reminded_at, at=at)
        else:
            tx.settings.confirm(before.id, after, reminded_at=reminded_at, at=at)
        found = Audit(name, changes, after.key_expires_at, reminder, is_first=before is None)
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


def _read(source: Source) -> ShopSettings:
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
    return ShopSettings(methods, houses, roles, expires_at)
