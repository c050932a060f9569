"""The only part that uses SQL: takes and returns values of the core, on SQLite and PostgreSQL alike.

    with single_instance(url):              # the service; commands that only read do without
        store = open_store(url)
        store.upgrade()
        known = store.postings.known(shop.id, numbers)
        with store.write() as tx:           # all or nothing
            tx.postings.put(shop.id, changes)

Times are arguments and never read from a clock. Every method may raise StoreError.
"""

from labelwatch.store.errors import AlreadyRunning, Fault, StoreError
from labelwatch.store.lock import single_instance
from labelwatch.store.polls import Polled, joined
from labelwatch.store.store import Store, open_store
from labelwatch.store.transaction import Transaction
from labelwatch.store.values import (
    WAITING,
    Attempt,
    Change,
    ChannelState,
    ClockSkew,
    Evidence,
    EvidenceLevel,
    HistoryRow,
    OutboxRow,
    OutboxState,
    PollRow,
    Pruned,
    QuarantineRow,
    Sent,
    ShopState,
    Statistics,
)

__all__ = [
    "WAITING",
    "AlreadyRunning",
    "Attempt",
    "Change",
    "ChannelState",
    "ClockSkew",
    "Evidence",
    "EvidenceLevel",
    "Fault",
    "HistoryRow",
    "OutboxRow",
    "OutboxState",
    "PollRow",
    "Polled",
    "Pruned",
    "QuarantineRow",
    "Sent",
    "ShopState",
    "Statistics",
    "Store",
    "StoreError",
    "Transaction",
    "joined",
    "open_store",
    "single_instance",
]
