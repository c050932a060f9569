"""The settings of a shop at Ozon that decide whether its orders get labels, and what has changed in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from labelwatch.core.error_index import ErrorIndex, ZoneAhead, is_worse
from labelwatch.core.facts import MethodState, WarehouseState
from labelwatch.core.lateness import OWN_CARRIER_FLOWS

KEY_EXPIRY_DAYS = (14, 7, 3, 1)
"""Days before the key of a shop expires at which people are reminded."""

_OF_METHOD = ("status", "flow", "warehouse_id", "cutoff", "name")
_OF_WAREHOUSE = ("status", "pause", "working_days", "first_mile", "label_size", "name")
_RUNNING = frozenset({"ACTIVE", "created"})


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What Ozon has on record for a shop. None = it could not be read, for example for want of a role."""

    methods: Mapping[str, MethodState] | None = None
    warehouses: Mapping[str, WarehouseState] | None = None
    roles: tuple[str, ...] | None = None
    key_expires_at: datetime | None = None
    index: ErrorIndex | None = None
    zone_ahead: ZoneAhead | None = None
    index_refused: bool = False
    """The key lacks the role for the error index."""
    retiring: Mapping[str, date] = field(default_factory=dict)
    """Methods of Ozon's that labelwatch uses -> when Ozon switches them off."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One difference between two readings of the settings.

    `what` is `method_`, `warehouse_` or `role_` with `added`, `removed` or the name of the field; `index_zone`,
    `index_ahead` (a worse zone is near, on the day in `id`) or `index_refused`; or `api_retires`, with the day in
    `after`. `id` and `name` are Ozon's. An empty `before` or `after` means that there was or is none.
    """

    what: str
    id: str
    name: str
    before: str = ""
    after: str = ""
    orders: int = 0
    """Open orders without a label that go through this method or warehouse."""

    @property
    def is_harmful(self) -> bool:
        """Whether orders get no label, or cannot be watched, because of it."""
        if self.what in ("method_status", "warehouse_status"):
            return self.after not in _RUNNING
        if self.what == "warehouse_pause":
            return bool(self.after)
        if self.what in ("index_zone", "index_ahead"):
            return is_worse(self.after, self.before)
        if self.what.endswith("_removed") or self.what == "api_retires":
            return True
        return self.what in ("method_added", "method_flow") and self.after.lower() in OWN_CARRIER_FLOWS


def completed(read: ShopSettings, before: ShopSettings | None) -> ShopSettings:
    """The settings as read, with what could not be read this time taken from the reading before."""
    if before is None:
        return read
    return replace(
        read,
        methods=before.methods if read.methods is None else read.methods,
        warehouses=before.warehouses if read.warehouses is None else read.warehouses,
        roles=before.roles if read.roles is None else read.roles,
        key_expires_at=read.key_expires_at or before.key_expires_at,
        index=None if read.index_refused else read.index or before.index,
        index_refused=read.index_refused or (read.index is None and before.index_refused),
    )


def differences(
    before: ShopSettings,
    after: ShopSettings,
    *,
    by_method: Mapping[str, int] | None = None,
    by_warehouse: Mapping[str, int] | None = None,
) -> tuple[SettingChange, ...]:
    """What has changed, the harmful changes first; nothing for a part that was not read both times.

    `by_method` and `by_warehouse` count the open orders without a label, by id.
    """
    methods, houses = by_method or {}, by_warehouse or {}
    found = [
        *_changed("method", _methods(before), _methods(after), methods),
        *_changed("warehouse", _warehouses(before), _warehouses(after), houses),
        *_changed("role", _roles(before), _roles(after), {}),
        *_of_index(before, after),
        *(
            SettingChange("api_retires", path, path, "", day.isoformat())
            for path, day in after.retiring.items()
            if before.retiring.get(path) != day
        ),
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_harmful, -one.orders)))


def key_reminder(expires_at: datetime | None, reminded_at: int | None, *, now: datetime) -> int | None:
    """The smallest of KEY_EXPIRY_DAYS that has been reached and was not reminded of; None = no reminder is due.

    `reminded_at` is the number of days of the last reminder about this expiry.
    """
    if expires_at is None or now >= expires_at:
        return None
    reached = [days for days in KEY_EXPIRY_DAYS if expires_at - now <= timedelta(days=days)]
    if not reached or (reminded_at is not None and reminded_at <= reached[-1]):
        return None
    return reached[-1]


Rows = Mapping[str, Mapping[str, str]] | None
"""Id -> field -> its value as text."""


def _methods(settings: ShopSettings) -> Rows:
    if settings.methods is None:
        return None
    return {id_: {name: str(getattr(one, name)) for name in _OF_METHOD} for id_, one in settings.methods.items()}


def _warehouses(settings: ShopSettings) -> Rows:
    if settings.warehouses is None:
        return None
    return {
        id_: {
            **{name: str(getattr(one, name)) for name in _OF_WAREHOUSE if name not in ("pause", "working_days")},
            "pause": one.paused_at.isoformat() if one.paused_at else "",
            "working_days": " ".join(one.working_days),
        }
        for id_, one in settings.warehouses.items()
    }


def _roles(settings: ShopSettings) -> Rows:
    return None if settings.roles is None else {role: {"name": role} for role in settings.roles}


def _of_index(before: ShopSettings, after: ShopSettings) -> Iterator[SettingChange]:
    if after.index_refused and not before.index_refused:
        yield SettingChange("index_refused", "", "")
    if after.index is None:
        return
    now = after.index.zone
    if before.index is not None and before.index.zone is not now:
        yield SettingChange("index_zone", "", "", before.index.zone, now)
    ahead = after.zone_ahead
    if ahead is not None and (before.zone_ahead is None or before.zone_ahead.warned_on != ahead.warned_on):
        yield SettingChange("index_ahead", ahead.on.isoformat(), "", now, ahead.zone)


def _changed(kind: str, before: Rows, after: Rows, orders: Mapping[str, int]) -> Iterator[SettingChange]:
    if before is None or after is None:
        return
    for id_ in sorted(before.keys() | after.keys()):
        old, new = before.get(id_, {}), after.get(id_, {})
        name, count = (new or old)["name"], orders.get(id_, 0)
        if not old:
            yield SettingChange(f"{kind}_added", id_, name, "", new.get("flow") or new.get("status", ""), count)
        elif not new:
            yield SettingChange(f"{kind}_removed", id_, name, old.get("status", ""), "", count)
        else:
            changed = (field for field, was in old.items() if was != new[field])
            yield from (SettingChange(f"{kind}_{one}", id_, name, old[one], new[one], count) for one in changed)
