"""The tables of labelwatch.toml as values, and what the rest of labelwatch reads from them."""

from dataclasses import dataclass, field, fields, replace
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    StrictBool,
    with_config,
)
from pydantic_core import PydanticCustomError

from labelwatch.config import resolved, values
from labelwatch.config.sentences import Sentence
from labelwatch.core.alert import Severity
from labelwatch.core.policy import AlertPolicy, DelayPolicy, Delays, Destination, QuietHours, Step
from labelwatch.core.posting import PickUp


def _lift_limits(value: object) -> object:
    """In the file the id and the limits are side by side; here the limits are one value."""
    if not isinstance(value, dict):
        return value
    limits = {key: found for key, found in value.items() if key not in OF_PLACE}
    return {"limits": limits} | {key: found for key, found in value.items() if key in OF_PLACE}


def _not_from_the_file(_: object) -> tuple[Sentence, ...]:
    raise PydanticCustomError("unexpected_keyword_argument", "filled by load() only")


Secret = Annotated[SecretStr, PlainValidator(resolved.secret)]
Zone = Annotated[str, PlainValidator(values.zone)]
Name = Annotated[str, PlainValidator(values.name)]
NumberText = Annotated[str, PlainValidator(values.number_text)]
BaseUrl = Annotated[str, PlainValidator(values.base_url)]
WebUrl = Annotated[str, PlainValidator(values.web_url)]
Site = Annotated[str, PlainValidator(values.site)]
Limit = Annotated[timedelta, PlainValidator(values.limit)]
LimitOrAuto = Annotated[timedelta | Literal["auto"], PlainValidator(values.limit_or_auto)]
Every = Annotated[timedelta, PlainValidator(values.between("1s", "1d"))]
GroupInterval = Annotated[timedelta, PlainValidator(values.between("0s", "1h"))]
Days = Annotated[frozenset[int], PlainValidator(values.working_days)]
DaysOff = Annotated[frozenset[date], PlainValidator(values.days_off)]
HandoverAt = Annotated[tuple[time, ...], PlainValidator(values.handover_at)]
Left = Annotated[timedelta, PlainValidator(values.between("1s", "30d"))]
Language = Literal["zh", "ru", "en"]

_strict = with_config(ConfigDict(extra="forbid"))


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database. After load() `url` is complete and absolute; it may contain a password."""

    url: Annotated[SecretStr, PlainValidator(resolved.store_url)] = SecretStr("")
    history: Annotated[timedelta, PlainValidator(values.between("1s", "3650d"))] = timedelta(days=180)


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Ozon:
    """Requests to Ozon; the rate is per Client-Id, `timeout` is for a whole request."""

    base_url: BaseUrl = "https://api-seller.ozon.ru"
    every: Every = timedelta(minutes=2)
    requests_per_second: Annotated[float, PlainValidator(values.rate)] = 25
    timeout: Annotated[timedelta, PlainValidator(values.between("1s", "10m"))] = timedelta(seconds=30)
    ask_label_task: StrictBool = True


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The delays that one table sets; None = as in the wider table."""

    order: Limit | None = None
    registration: LimitOrAuto | None = None
    label: LimitOrAuto | None = None
    tracking: Limit | None = None
    before_cutoff: Limit | None = None
    critical_before_cutoff: Limit | None = None

    def over(self, wider: Delays) -> Delays:
        """`wider` with what is set here. "auto" keeps the wider fixed limit as its fallback."""
        written = {one.name: found for one in fields(self) if (found := getattr(self, one.name)) is not None}
        auto = frozenset(key for key, found in written.items() if found == values.AUTO)
        fixed: dict[str, Any] = {key: found for key, found in written.items() if found != values.AUTO}
        return replace(wider, **fixed, auto=wider.auto.difference(fixed) | auto)


CALM_WAITS = 180
"""`calm_interval` as a multiple of `group_wait`: an hour by default, and nothing if that is 0."""
OF_PLACE = ("id", "handover_at", "timezone", "working_days", "days_off")
"""Keys of a warehouse or a delivery method beside its delays."""


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLimits:
    """The delays and pick-ups of one warehouse or one delivery method, by Ozon's id; None = as in the shop."""

    id: NumberText
    limits: Limits
    handover_at: HandoverAt | None = None
    timezone: Zone | None = None
    working_days: Days | None = None
    days_off: DaysOff | None = None


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """When people are notified. Only `repeat_every` may not be zero; `calm_interval` None = by CALM_WAITS."""

    pending_for: Annotated[timedelta, PlainValidator(values.between("0s", "1d"))] = timedelta(0)
    group_wait: Annotated[timedelta, PlainValidator(values.between("0s", "1h"))] = timedelta(seconds=20)
    group_interval: GroupInterval = timedelta(seconds=30)
    calm_interval: Annotated[timedelta, PlainValidator(values.between("0s", "12h"))] | None = None
    repeat_every: Annotated[timedelta, PlainValidator(values.between("1s", "30d"))] = timedelta(hours=4)
    resolved: StrictBool = True


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEscalation:
    """With so little time `left` to the deadline of one shop's posting, another channel is notified as well."""

    left: Left
    channel: Name


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The same for several shops; `shops` None = all."""

    left: Left
    channel: Name
    shops: tuple[Name, ...] | None = None


Place = Annotated[PlaceLimits, BeforeValidator(_lift_limits)]


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One seller cabinet. `every` None = as [ozon] says; `channels` None = every channel that wants it.

    A courier or forwarder collects at `handover_at` on the `working_days` without the `days_off`, in the zone
    `timezone` (None = the file's own).
    """

    name: Name
    client_id: NumberText
    api_key: Annotated[SecretStr, PlainValidator(resolved.api_key)]
    enabled: StrictBool = True
    every: Every | None = None
    channels: tuple[Name, ...] | None = None
    handover_at: HandoverAt | None = None
    timezone: Zone | None = None
    working_days: Days | None = None
    days_off: DaysOff | None = None
    delays: Limits = Limits()
    warehouses: Annotated[tuple[Place, ...], Field(alias="warehouse")] = ()
    delivery_methods: Annotated[tuple[Place, ...], Field(alias="delivery_method")] = ()
    escalations: Annotated[tuple[OwnEscalation, ...], Field(alias="escalation")] = ()


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One destination. `language`, `timezone` and `group_interval` None = the file's own; `shops` None = all.

    `api_base` replaces the service's own address; `proxy` may contain a password. `allow_private` lets names in both
    URLs resolve to addresses of a private network. `signing_secret` signs webhooks; several, the newest first, are
    separated by spaces.
    """

    name: Name
    url: Annotated[SecretStr, PlainValidator(resolved.channel_url)]
    language: Language | None = None
    timezone: Zone | None = None
    shops: tuple[Name, ...] | None = None
    severity: Severity = Severity.NOTICE
    quiet_hours: Annotated[QuietHours, PlainValidator(values.quiet_hours)] | None = None
    working_days: Days = frozenset(range(7))
    days_off: DaysOff = frozenset()
    handover: Annotated[tuple[time, ...], PlainValidator(values.handover)] = ()
    group_interval: GroupInterval | None = None
    fallback: Name | None = None
    api_base: Annotated[str, PlainValidator(resolved.api_base)] | None = None
    proxy: Annotated[SecretStr, PlainValidator(resolved.proxy)] | None = None
    allow_private: StrictBool = False
    signing_secret: Annotated[SecretStr, PlainValidator(resolved.signing_secret)] | None = None
    attach_label: StrictBool = False
    enabled: StrictBool = True


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The board. `password` is None only if nobody but this machine can reach it."""

    listen: Annotated[values.Address, PlainValidator(values.address)] = values.Address("127.0.0.1", 8765)
    password: Secret | None = None
    public_url: Site | None = None


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The address that is pinged after each complete round over all shops."""

    url: Annotated[SecretStr, PlainValidator(resolved.ping_url)]


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """[arrival]: what new orders need before packing."""

    tell: Literal["digest", "at_once", "off"] = "digest"


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """[audit]: the daily check of each shop's settings at Ozon."""

    at: Annotated[time | None, PlainValidator(values.time_of_day)] = time(7, 30)


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """[report]: when each channel gets the report of its shops, in its own zone; None = never."""

    weekly: Annotated[tuple[int, time] | None, PlainValidator(values.weekly)] = (0, time(9))
    daily: Annotated[time | None, PlainValidator(values.time_of_day)] = None


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Shops that belong together, like those of one client. Its `channels` are told about these shops only, and get
    one report of all of them; `language` None = the channel's own."""

    name: Name
    shops: tuple[Name, ...]
    channels: tuple[Name, ...] = ()
    language: Language | None = None


@_strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """labelwatch.toml, whole and checked. `warnings` are about what works but should be better."""

    language: Language = "zh"
    timezone: Zone = "Asia/Shanghai"
    store: Store = Store()
    ozon: Ozon = Ozon()
    delays: Limits = Limits()
    alerts: Alerts = Alerts()
    escalations: Annotated[tuple[Escalation, ...], Field(alias="escalation")] = ()
    shops: Annotated[tuple[Shop, ...], Field(alias="shop")] = ()
    channels: Annotated[tuple[Channel, ...], Field(alias="channel")] = ()
    web: Web | None = None
    heartbeat: Heartbeat | None = None
    arrival: Arrival = Arrival()
    audit: Audit = Audit()
    report: Report = Report()
    groups: Annotated[tuple[Group, ...], Field(alias="group")] = ()
    warnings: Annotated[tuple[Sentence, ...], PlainValidator(_not_from_the_file)] = field(default=())

    def shop(self, name: str) -> Shop:
        """The shop of this name."""
        return next(shop for shop in self.shops if shop.name == name)

    def group(self, name: str) -> Group:
        """The group of this name."""
        return next(group for group in self.groups if group.name == name)

    def every(self, shop: Shop) -> timedelta:
        """How often this shop is polled while nothing is late."""
        return shop.every or self.ozon.every

    def delay_policy(self, shop: Shop) -> DelayPolicy:
        """The limits for each posting of this shop."""
        default = shop.delays.over(self.delays.over(Delays()))
        default = replace(default, pick_up=self._pick_up(shop, None))

        def at(place: PlaceLimits) -> Delays:
            return replace(place.limits.over(default), pick_up=self._pick_up(place, default.pick_up))

        return DelayPolicy(
            default=default,
            by_warehouse={place.id: at(place) for place in shop.warehouses},
            by_method={place.id: at(place) for place in shop.delivery_methods},
        )

    def _pick_up(self, place: Shop | PlaceLimits, wider: PickUp | None) -> PickUp | None:
        """When parcels of a place are collected; missing values are those of the `wider` place."""
        usual = wider or PickUp((), self.timezone)
        found = PickUp(
            handover=usual.handover if place.handover_at is None else place.handover_at,
            timezone=place.timezone or usual.timezone,
            working_days=usual.working_days if place.working_days is None else place.working_days,
            days_off=usual.days_off if place.days_off is None else place.days_off,
        )
        return found if found.handover else None

    def alert_policy(self, shop: Shop | None = None) -> AlertPolicy:
        """The policy of notifications; without a shop, with the escalation for all of them."""
        alerts = self.alerts
        steps = {Step(one.left, one.channel) for one in shop.escalations} if shop else set()
        steps |= {Step(one.left, one.channel) for one in self.escalations if _holds_for(one, shop)}
        return AlertPolicy(
            pending_for=alerts.pending_for,
            repeat_every=alerts.repeat_every,
            resolved=alerts.resolved,
            escalation=tuple(sorted(steps, key=lambda step: (-step.left, step.channel))),
        )

    @property
    def calm_interval(self) -> timedelta:
        """How long news that is not urgent is gathered after a message."""
        alerts = self.alerts
        return CALM_WAITS * alerts.group_wait if alerts.calm_interval is None else alerts.calm_interval

    def destinations(self) -> tuple[Destination, ...]:
        """The channels in use, each with the shops it is notified about."""
        return tuple(
            Destination(
                name=channel.name,
                language=channel.language or self.language,
                timezone=channel.timezone or self.timezone,
                shops=self._shops_of(channel),
                severity=channel.severity,
                quiet=channel.quiet_hours,
                working_days=channel.working_days,
                days_off=channel.days_off,
                handover=channel.handover,
                group_interval=self.alerts.group_interval
                if channel.group_interval is None
                else channel.group_interval,
                # Wait for the label that comes with it.
                calm_interval=timedelta(0) if channel.attach_label else self.calm_interval,
            )
            for channel in self.channels
            if channel.enabled
        )

    def _shops_of(self, channel: Channel) -> frozenset[str]:
        groups = [set(group.shops) for group in self.groups if channel.name in group.channels]
        own = set().union(*groups) if groups else {shop.name for shop in self.shops}
        if channel.shops is not None:
            own &= set(channel.shops)
        told = frozenset(
            shop.name
            for shop in self.shops
            if shop.name in own and (shop.channels is None or channel.name in shop.channels)
        )
        if len(told) == len(self.shops):
            return frozenset()
        # A Destination without shops is notified about all of them. The empty name belongs to no shop, so it
        # marks a channel that is notified about none and is only a fallback.
        return told or frozenset({""})


def _holds_for(escalation: Escalation, shop: Shop | None) -> bool:
    return escalation.shops is None or (shop is not None and shop.name in escalation.shops)
