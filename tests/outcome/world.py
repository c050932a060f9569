"""The world of all arms: four shops, some days of orders, what goes wrong with them, and three incidents.

Everything is drawn from the seed when the world is planned. Times are minutes since the start, which is midnight in
Moscow; what people do changes the world only through the sandbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from labelwatch.sandbox import At, Effect, Fault, Kind, Stall, World
from labelwatch.sandbox.bodies import GOODS, posting, state
from labelwatch.sandbox.scenarios.past import JADE
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, KHIMKI, LANTERN, OWN, OZON, POLAR, SILK, STAR, from_yiwu
from labelwatch.sandbox.shops import Method, Shop, stamp
from tests.outcome.fates import DAY, Case, Fate, answer, carriers_label, done, fate_of, well, with_effect

START = datetime(2026, 11, 22, 21, tzinfo=UTC)
"""Monday, midnight in Moscow."""
BEIJING, MOSCOW = "Asia/Shanghai", "Europe/Moscow"
TIGHT = 0.02
"""The share of orders that have but hours."""
EXCUSED = 0.6
"""How often Ozon moves a date when it is warned in time."""

RIVER = Shop(
    client_id="400004",
    api_key="19d7b1c2-rive-4b61-8a10-sandbox00004",
    name="Дом у реки",
    legal_name="ООО «Дом у реки»",
)
TULA = replace(KHIMKI, id=KHIMKI.id + 1000, name="Тула")
BY_RIVER = replace(OZON, id=TULA.id, warehouse=TULA, name="Доставка Ozon самостоятельно, Тула")


@dataclass(frozen=True, slots=True)
class Site:
    """A shop and its ways: when Ozon wants its orders, when the forwarder comes, in its own time."""

    shop: Shop
    zone: str
    methods: tuple[tuple[Method, float], ...]
    """With the share of orders that go by it."""
    cutoff: time
    pick_up: time | None = None

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def next(self, clock: time, after: datetime) -> datetime:
        """The next time it is so late on the shop's clock."""
        local = self.local(after)
        found = local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
        return (found if found > local else found + timedelta(days=1)).astimezone(UTC)


SITES = (
    Site(
        STAR,
        BEIJING,
        ((AURORA, 0.4), (SILK, 0.25), (POLAR, 0.25), (OWN, 0.07), (JADE, 0.03)),
        cutoff=time(22),
        pick_up=time(16),
    ),
    Site(
        LANTERN, BEIJING, ((from_yiwu(AURORA), 0.4), (from_yiwu(SILK), 0.3), (from_yiwu(POLAR), 0.3)), cutoff=time(18)
    ),
    Site(HOME, MOSCOW, ((OZON, 1.0),), cutoff=time(15)),
    Site(RIVER, MOSCOW, ((BY_RIVER, 1.0),), cutoff=time(20)),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is true of a posting from the start on."""

    number: str
    site: Site
    method: Method
    came: datetime
    cutoff: datetime
    deadline: datetime
    """The earlier of Ozon's cutoff and the last pick-up before it."""
    fate: Fate


@dataclass(frozen=True, slots=True)
class Truth:
    """A fresh world and everything that will be so in it."""

    world: World
    orders: dict[str, Order]
    sites: tuple[Site, ...]
    lasts: timedelta
    seed: int

    @property
    def end(self) -> datetime:
        return self.world.start + self.lasts


def planned(seed: int, *, days: float, per_day: int, sites: tuple[Site, ...] = SITES) -> Truth:
    """The world of this seed; each call makes the same one afresh. Orders stop to come on the last day but one."""
    world = World(START)
    truth = Truth(world, {}, sites, timedelta(days=days), seed)
    for place, site in enumerate(sites):
        methods = [method for method, _ in site.methods]
        world.open(replace(site.shop, key_expires_at=START + timedelta(days=80)), methods=methods)
        for order in _orders(truth, site, place, days=days, per_day=per_day):
            _plan(truth, order)
    _incidents(truth, days)
    return truth


def _orders(truth: Truth, site: Site, place: int, *, days: float, per_day: int) -> Iterator[Order]:
    dice = Random(f"{truth.seed} {site.shop.client_id}")
    for i in range(int(per_day * max(days - 1, 0.6))):
        came = START + timedelta(days=dice.random() * max(days - 1, 0.6))
        number = f"{50_000_000 + place * 1_000_000 + i}-{dice.randrange(10_000):04d}-1"
        method = dice.choices([m for m, _ in site.methods], [share for _, share in site.methods])[0]
        fate_dice = Random(f"{truth.seed} {number}")
        case = Case(number, method, fate_dice)
        fate = carriers_label(case) if method.carrier == JADE.carrier else fate_of(case)
        yield _order(site, case, came, fate, is_tight=dice.random() < TIGHT)


def _order(site: Site, case: Case, came: datetime, fate: Fate, *, is_tight: bool) -> Order:
    cutoff = site.next(site.cutoff, came + timedelta(hours=18))
    if is_tight:
        cutoff = (came + timedelta(minutes=case.minutes(180, 420))).replace(second=0, microsecond=0)
    deadline = cutoff
    if site.pick_up is not None:
        last = site.next(site.pick_up, cutoff - timedelta(days=1) - timedelta(seconds=1))
        deadline = last if last > came else cutoff
    return Order(case.number, site, case.method, came, cutoff, deadline, _with_warning(case, fate, cutoff))


def _with_warning(case: Case, fate: Fate, cutoff: datetime) -> Fate:
    """Warned before the cutoff, support moves the date by a day, or does not."""
    later = stamp(cutoff + timedelta(days=1))
    moved = {"shipment_date": later, "shipment_date_without_delay": later}
    return with_effect(fate, "warn_support", answer(case, EXCUSED, (15, 60), moved))


def _plan(truth: Truth, order: Order) -> None:
    world, fate, number = truth.world, order.fate, order.number
    came = (order.came - START) / timedelta(minutes=1)
    change = {**fate.arrives, "_ship": [list(step) for step in fate.ship]}
    body = posting(
        number,
        method=order.method,
        at=order.came,
        cutoff=order.cutoff,
        currency=order.site.shop.currency,
        product=GOODS[0],
        change=change,
    )
    world.plan(At(minutes=came, shop=order.site.shop.client_id, posting=number, change=body))
    world.plan(*(At(minutes=came + at, posting=number, change=step, when=fate.unless) for at, step in fate.later))
    for action, effect in fate.effects.items():
        world.effects[number, action] = [effect]
    truth.orders[number] = order
    if fate.cause == "split_pending":
        _plan_parts(truth, order, came + fate.later[0][0])


def _plan_parts(truth: Truth, order: Order, at: float) -> None:
    """The new postings of a split; nothing is wrong with them."""
    for part in (2, 3):
        number = f"{order.number.rpartition('-')[0]}-{part}"
        case = Case(number, order.method, Random(f"{truth.seed} {number}"))
        came = START + timedelta(minutes=at)
        if came < order.deadline:
            _plan(truth, replace(order, number=number, came=came, fate=well(case)))


def _incidents(truth: Truth, days: float) -> None:
    """A carrier that stands still, Ozon down, a method with an error, a key that ends, and the platform standing
    still; as many of them as the days have room for."""
    world, dice = truth.world, Random(f"{truth.seed} incidents")
    noon = 10 * 60.0 + dice.uniform(-60, 60)
    if days >= 2:
        world.stalls.append(Stall(AURORA.carrier, noon - 300, noon + 60))
        _ozon_down(truth, DAY + noon + 150, dice.uniform(30, 60))
    if days >= 3:
        _method_fails(truth, from_yiwu(POLAR), DAY + noon - 200)
        _key_ends(truth, RIVER, DAY + noon)
    if days >= 4:
        world.stalls.append(Stall("", DAY * 2 + noon - 30, DAY * 2 + noon + dice.uniform(60, 120)))


def _ozon_down(truth: Truth, at: float, lasts: float) -> None:
    truth.world.plan(At(minutes=at, fault=Fault(kind=Kind.HTML, status=502, seconds=lasts * 60)))


def _method_fails(truth: Truth, method: Method, at: float) -> None:
    """Until it is repaired its carrier gets no parcels; then all that waits is labelled, one by one."""
    if all(method not in dict(site.methods) for site in truth.sites):
        return
    truth.world.plan(At(minutes=at, method=method.id, change={"status": "BROKEN"}))
    own = [order for order in truth.orders.values() if order.method == method and _ends_labelled(order.fate)]
    labels = tuple(
        At(
            minutes=10 + place * 0.2,
            posting=order.number,
            change=done(Case(order.number, method, Random())),
            when=state(method.flow, "awaiting_deliver"),
        )
        for place, order in enumerate(own)
    )
    events = (At(minutes=8, method=method.id, change={"status": "ACTIVE"}), *labels)
    truth.world.effects[str(method.id), "repair_method"] = [Effect(events)]


def _ends_labelled(fate: Fate) -> bool:
    return bool(fate.ship) and "label_download" in fate.ship[-1][1].get("available_actions", ())


def _key_ends(truth: Truth, shop: Shop, at: float) -> None:
    if all(site.shop is not shop for site in truth.sites):
        return
    truth.world.plan(At(minutes=at, shop=shop.client_id, change={"api_key": f"{shop.api_key}-renewed"}))
