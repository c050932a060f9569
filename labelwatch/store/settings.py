"""The settings of each shop at Ozon as they were read: a row for each state, with the time it was last confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select, update

from labelwatch.core.posting import Stage
from labelwatch.core.settings import SettingChange, ShopSettings
from labelwatch.store.mapping import to_json
from labelwatch.store.schema import delivery_method, posting, shop
from labelwatch.store.schema_settings import settings_snapshot

_read = msgspec.json.Decoder(ShopSettings).decode
_read_changes = msgspec.json.Decoder(tuple[SettingChange, ...]).decode


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The settings of a shop from `taken_at` on; `seen_at` is when they were last read and the same."""

    id: int
    shop: str
    taken_at: datetime
    seen_at: datetime
    reminded_at: int | None
    """The days of the last reminder that the key expires, as in `core.settings.key_reminder`."""
    settings: ShopSettings
    changes: tuple[SettingChange, ...]
    """What differs from the snapshot before, with the open orders of that time."""


def snapshots(conn: Connection, shop_name: str, *, limit: int = 50, until: datetime | None = None) -> list[Snapshot]:
    """The newest snapshots of a shop, newest first; `until`: only those taken by then."""
    query = (
        select(settings_snapshot, shop.c.name)
        .join(shop, shop.c.id == settings_snapshot.c.shop_id)
        .where(shop.c.name == shop_name)
        .order_by(settings_snapshot.c.id.desc())
        .limit(limit)
    )
    if until is not None:
        query = query.where(settings_snapshot.c.taken_at <= until)
    return [
        Snapshot(
            row.id, row.name, row.taken_at, row.seen_at, row.reminded_at, _read(row.body), _read_changes(row.changes)
        )
        for row in conn.execute(query)
    ]


def key_expiries(conn: Connection) -> dict[str, datetime]:
    """Shop -> when its key expires, as far as that is known."""
    newest = select(func.max(settings_snapshot.c.id)).group_by(settings_snapshot.c.shop_id).scalar_subquery()
    query = (
        select(shop.c.name, settings_snapshot.c.key_expires_at)
        .join(shop, shop.c.id == settings_snapshot.c.shop_id)
        .where(settings_snapshot.c.id.in_(newest), settings_snapshot.c.key_expires_at.is_not(None))
    )
    return {row.name: row.key_expires_at for row in conn.execute(query)}


def add(
    conn: Connection,
    shop_id: int,
    settings: ShopSettings,
    changes: Sequence[SettingChange],
    *,
    reminded_at: int | None,
    at: datetime,
) -> None:
    """Store settings that differ from the newest ones of the shop, and how."""
    values = {"shop_id": shop_id, "taken_at": at, "seen_at": at, "reminded_at": reminded_at}
    row = {
        **values,
        "key_expires_at": settings.key_expires_at,
        "body": to_json(settings),
        "changes": to_json(changes),
    }
    conn.execute(settings_snapshot.insert().values(row))


def confirm(conn: Connection, id_: int, settings: ShopSettings, *, reminded_at: int | None, at: datetime) -> None:
    """Note that a snapshot was read again: the settings are the same, except for the expiry of the key."""
    values = {"seen_at": at, "reminded_at": reminded_at, "key_expires_at": settings.key_expires_at}
    where = settings_snapshot.c.id == id_
    conn.execute(update(settings_snapshot).where(where).values(**values, body=to_json(settings)))


def waiting_orders(conn: Connection, shop_id: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """How many open orders without a label each delivery method and each warehouse has, by Ozon's ids."""
    query = (
        select(delivery_method.c.ozon_id, delivery_method.c.warehouse_id, func.count())
        .select_from(posting)
        .join(delivery_method, delivery_method.c.id == posting.c.method_id)
        .where(posting.c.shop_id == shop_id, posting.c.closed_at.is_(None), posting.c.stage != Stage.DONE.value)
        .group_by(delivery_method.c.ozon_id, delivery_method.c.warehouse_id)
    )
    methods: dict[str, int] = {}
    houses: dict[str, int] = {}
    for method, house, count in conn.execute(query):
        methods[method] = methods.get(method, 0) + count
        houses[house] = houses.get(house, 0) + count
    return methods, houses
