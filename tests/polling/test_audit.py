"""The audit of a shop against the sandbox: each change is found once, and what cannot be read changes nothing."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest

from labelwatch.core.snapshot import Plan
from labelwatch.polling.audit import audit_shop
from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios.stage import AURORA, BAOAN, SILK, STAR, shops_with
from labelwatch.sandbox.shops import POSTINGS, RATINGS, WAREHOUSES, error_row
from labelwatch.sandbox.world import At
from labelwatch.sources import Trouble
from labelwatch.sources.ozon.client import Access, OzonSource
from labelwatch.store import Store
from tests.support.poll_world import EVERY, START, channel


class Audited:
    """A shop of the sandbox and the audits of it; time goes on as it is told."""

    retiring: Mapping[str, date] = {}

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self.sandbox, self.store, self.world = sandbox, store, sandbox.world
        self.plan = Plan(shop="star", every=EVERY, destinations=(channel("packers"),))
        store.shops.sync([("star", STAR.client_id)])

    def after(self, hours: float = 24, **change: object) -> list[tuple[str, str, str]]:
        """What an audit finds some hours later: the kind of each change, before and after."""
        assert isinstance(self.sandbox.clock, TellableClock)
        self.sandbox.clock.advance(timedelta(hours=hours))
        source = OzonSource(
            Access(
                STAR.client_id,
                STAR.api_key,
                base_url=self.sandbox.base_url,
                requests_per_second=1000,
                timeout=timedelta(seconds=30),
                user_agent="test",
            ),
            clock=self.sandbox.clock,
            sleep=lambda seconds: None,
        )
        self.found = audit_shop(
            self.plan, store=self.store, source=source, now=self.sandbox.clock, retiring=self.retiring
        )
        source.close()
        return [(one.what, one.before, one.after) for one in self.found.changes]

    def change(self, **event: object) -> None:
        with self.world.lock:
            self.world.later(At(minutes=0, **event))  # type: ignore[arg-type]


@pytest.fixture
def audited(sqlite_store: Store) -> Iterator[Audited]:
    world = shops_with((AURORA, SILK), start=START)
    with Sandbox(world, TellableClock(START), requests_a_second=None) as sandbox:
        yield Audited(sandbox, sqlite_store)


def test_the_first_reading_is_only_remembered_and_each_change_is_found_once(audited: Audited) -> None:
    assert audited.after() == []
    first = audited.found
    assert audited.after() == []
    assert (first.is_first, audited.found.is_first) == (True, False)
    audited.change(method=AURORA.id, change={"status": "BROKEN"})
    audited.change(warehouse=BAOAN.id, change={"status": "disabled"})
    assert audited.after() == [("method_status", "ACTIVE", "BROKEN"), ("warehouse_status", "created", "disabled")]
    assert audited.after() == []
    audited.change(method=AURORA.id, change={"status": "ACTIVE"})
    assert audited.after() == [("method_status", "BROKEN", "ACTIVE")]
    taken = [one.taken_at for one in audited.store.settings.snapshots("star")]
    assert len(taken) == 3
    assert taken == sorted(taken, reverse=True)


def test_a_role_that_is_gone_is_named_and_the_settings_it_hides_are_not_missed(audited: Audited) -> None:
    audited.change(shop=STAR.client_id, change={"roles": (POSTINGS, WAREHOUSES, RATINGS)})
    audited.after()
    audited.change(shop=STAR.client_id, change={"roles": (POSTINGS, RATINGS)})
    assert audited.after() == [("role_removed", "", "")]
    assert audited.after() == []
    audited.change(shop=STAR.client_id, change={"roles": (POSTINGS, WAREHOUSES, RATINGS)})
    audited.change(method=SILK.id, change={"status": "DISABLED"})
    assert audited.after() == [("method_status", "ACTIVE", "DISABLED"), ("role_added", "", "")]


def test_a_shop_that_cannot_be_read_keeps_its_last_settings(audited: Audited) -> None:
    audited.after()
    audited.change(shop=STAR.client_id, change={"api_key": "another"})
    assert audited.after() == []
    assert audited.found.cause is Trouble.KEY_REJECTED
    audited.change(shop=STAR.client_id, change={"api_key": STAR.api_key})
    audited.change(method=SILK.id, change={"status": "DISABLED"})
    assert audited.after() == [("method_status", "ACTIVE", "DISABLED")]


def test_people_are_reminded_of_a_key_on_four_days_and_again_of_the_next_key(audited: Audited) -> None:
    audited.change(shop=STAR.client_id, change={"key_expires_at": START + timedelta(days=16)})
    reminders = []
    for _ in range(15):
        audited.after()
        reminders.append(audited.found.reminder)
    assert [days for days in reminders if days] == [14, 7, 3, 1]
    assert reminders.index(14) == 1
    audited.change(shop=STAR.client_id, change={"key_expires_at": START + timedelta(days=29)})
    audited.after()
    assert audited.found.reminder == 14
    assert audited.store.settings.key_expiries() == {"star": START + timedelta(days=29)}
    assert audited.found.changes == ()


def test_a_zone_that_is_near_or_reached_is_found_once_and_orders_are_kept_that_moved_it(audited: Audited) -> None:
    errors = tuple(error_row(f"41-{n}-1", at=START + timedelta(days=n), cost=90) for n in range(-40, 1, 5))
    audited.change(shop=STAR.client_id, change={"index_days": (1.0, 1.6, 2.2, 2.8), "errors": errors})
    assert audited.after(hours=1) == [("index_ahead", "green", "blue")]
    assert audited.after() == []
    audited.change(shop=STAR.client_id, change={"index_days": (2.2, 2.8, 3.4, 4.2)})
    assert audited.after() == [("index_zone", "green", "blue")]
    assert audited.after() == []
    kept = audited.store.charges.find(["star"])
    assert [one.charge.posting_number for one in kept] == [f"41-{n}-1" for n in range(-25, 1, 5)]
    audited.change(shop=STAR.client_id, change={"errors": errors[:-1]})
    audited.after()
    assert len(audited.store.charges.find(["star"])) == len(kept) - 1
    audited.store.prune(START + timedelta(days=1))
    assert audited.store.charges.find(["star"]) == []


def test_a_key_without_the_role_for_the_index_is_told_so_once(audited: Audited) -> None:
    audited.change(shop=STAR.client_id, change={"roles": (POSTINGS, WAREHOUSES)})
    assert [audited.after(), audited.after()] == [[("index_refused", "", "")], []]
    assert len(audited.store.outbox.find(channel="packers")) == 1


def test_what_ozon_switches_off_is_found_once(audited: Audited) -> None:
    audited.after()
    audited.retiring = {"/v1/roles": date(2027, 2, 1)}
    assert [audited.after(), audited.after()] == [[("api_retires", "", "2027-02-01")], []]
