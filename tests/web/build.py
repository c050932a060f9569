"""What the tests of the board look at: shops, postings, alerts and what was told of them."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.config import Address, Channel, Config, Shop, Web
from labelwatch.core.alert import Alert, AlertState, Diagnosis, LastNotified, Severity, Verdict
from labelwatch.core.arrival import Need
from labelwatch.core.facts import MethodState, WarehouseState
from labelwatch.core.posting import Interval, Posting, Stage, TariffStep, Track
from labelwatch.core.settings import ShopSettings, differences
from labelwatch.service.clock import Clock
from labelwatch.store import Change, Store
from tests.support.alert_builders import CHINA_POST, NOW, diagnosis, incident, minutes, of_posting

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ADDRESS = "http://127.0.0.1:8765"
WEB = Web(listen=Address("127.0.0.1", 8765))
LATE, SOON, WAITS, TAKEN, EXPLAINED = (f"41517061-{n:04}-1" for n in range(214, 219))
NASTY = '<script>alert("x")</script>'


@dataclass
class Hands:
    at: datetime = NOW


@dataclass(frozen=True)
class Board:
    """The board and the app behind it."""

    app: App
    client: "TestClient"

    def page(self, path: str, **kwargs: Any) -> str:
        """The page that a browser shows."""
        answer = self.client.get(path, **kwargs)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        text: str = answer.text
        return text

    def text(self, path: str, **kwargs: Any) -> str:
        """The words of a page, without its marks."""
        main = self.page(path, **kwargs).partition("<main")[2].partition("</main>")[0]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def clock(hands: Hands) -> Clock:
    return Clock(now=lambda: hands.at, monotonic=lambda: hands.at.timestamp(), sleep=lambda _: None)


def config(**changes: Any) -> Config:
    """Two shops, `main` and `north`, and two channels that nobody listens at."""
    shops = tuple(
        Shop(name=name, client_id=client_id, api_key=SecretStr("k"))
        for name, client_id in (("main", "1001"), ("north", "1002"))
    )
    channels = tuple(
        Channel(name=name, url=SecretStr(f"json://127.0.0.1:9/{name}"), language="en")
        for name in ("packers", "owner")
    )
    return replace(Config(language="en", timezone="Europe/Moscow", shops=shops, channels=channels), **changes)


def furnish(store: Store) -> None:
    """Of `main` five late postings, one of which an incident explains and one is taken; `north` has lost its key."""
    ids = {state.name: state.id for state in store.shops.all()}
    with store.write() as tx:
        tx.postings.put(ids["main"], [_change(number) for number in (LATE, SOON, WAITS, TAKEN, EXPLAINED)])
        tx.shops.mark_read(ids["main"], started_at=NOW - minutes(1.2), finished_at=NOW - minutes(1))
        tx.shops.mark_failed(
            ids["north"], at=NOW - minutes(9), cause="key_rejected", detail="HTTP 404: Invalid Api-Key", retry_at=None
        )
        tx.alerts.save(ids["main"], _alerts())
        tx.alerts.save(ids["north"], [alert(diagnosis("key_rejected", shop="north"))])
        tx.alerts.save(None, [replace(incident().alert, id=None)])


def furnish_beforehand(store: Store) -> None:
    """Two new orders of `main` that need something, a product that needed it before, and settings that changed."""
    (shop,) = (state.id for state in store.shops.all() if state.name == "main")
    about = diagnosis("customs_number_missing", severity=Severity.NOTICE, stage=Stage.PACKING, is_late=False)
    numbers = [f"41517070-{n:04}-1" for n in range(4)]
    found = {
        number: [Need(of_posting(about, number, deadline=NOW + timedelta(hours=5), as_of=NOW), ("1001",))]
        for number in numbers
    }
    working = ShopSettings(
        {"7": MethodState("ACTIVE", "Aurora Economy", "5", flow="aggregator", cutoff="13:00")},
        {"5": WarehouseState("created", name="Bao'an", working_days=("MONDAY", "FRIDAY"), first_mile="DROP_OFF")},
        ("Posting FBS", "Warehouse"),
        NOW + timedelta(days=9),
    )
    broken = replace(working, methods={"7": MethodState("BROKEN", "Aurora Economy", "5", flow="aggregator")})
    with store.write() as tx:
        tx.postings.put(shop, [_change(number) for number in numbers])
        tx.needs.put(shop, found, at=NOW, tell_at={})
        tx.needs.put(shop, {number: [] for number in numbers[2:]}, at=NOW, tell_at={})
        tx.settings.add(shop, working, (), reminded_at=None, at=NOW - timedelta(days=3))
        changes = differences(working, broken, by_method={"7": 12})
        tx.settings.add(shop, broken, changes, reminded_at=None, at=NOW - timedelta(hours=2))


def _alerts() -> list[Alert]:
    packing = diagnosis("not_packed", next_tariff=TariffStep(NOW + minutes(36), 1.0, "commission", "50", "RUB"))
    overdue = diagnosis("label_overdue", status="awaiting_deliver", substatus="posting_created", stage=Stage.LABEL)
    late = of_posting(packing, LATE, deadline=NOW - minutes(25))
    soon = of_posting(packing, SOON, deadline=NOW + minutes(52.5))
    waits = of_posting(
        overdue,
        WAITS,
        cause="label_pending",
        verdict=Verdict.WAIT,
        wait_until=NOW + minutes(14),
        severity=Severity.NOTICE,
        deadline=NOW + timedelta(hours=20),
        method=replace(overdue.method, carrier="China Post"),
    )
    taken = of_posting(overdue, TAKEN, severity=Severity.WARNING, deadline=NOW + timedelta(hours=3))
    explained = of_posting(overdue, EXPLAINED, explained_by=CHINA_POST, severity=Severity.WARNING)
    return [
        alert(explained),
        alert(waits),
        alert(taken, state=AlertState.ACKNOWLEDGED, handled_by="Anna", handled_at=NOW - minutes(5)),
        alert(soon),
        alert(late),
    ]


def alert(about: Diagnosis, **changes: Any) -> Alert:
    """An alert that was told once, an hour after it began."""
    opened = NOW - minutes(65)
    told = LastNotified(NOW - minutes(60), 1, about.severity, about.cause)
    return replace(Alert(None, AlertState.FIRING, opened, about, opened, told=told), **changes)


def _change(number: str) -> Change:
    about = diagnosis()
    posting = Posting(
        number=number,
        order_number=number.rpartition("-")[0],
        status="awaiting_packaging",
        substatus="posting_created",
        flow="ozon",
        schema="fbs",
        method=about.method,
        in_process_at=NOW - timedelta(hours=26),
        cutoff=NOW + timedelta(hours=1),
        products=about.products,
    )
    since = Interval(NOW - timedelta(hours=25, minutes=2), NOW - timedelta(hours=25))
    seen = Track(Stage.PACKING, since, first_seen=since.latest, late_at=NOW - minutes(65))
    digest = int(number.split("-")[1])
    return Change(posting, seen, digest, is_open=True, seen_at=since.latest, not_before=since.earliest)
