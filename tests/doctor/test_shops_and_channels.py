"""Shops and channels: how reading and telling went, and what Ozon and the services say now."""

from datetime import timedelta
from pathlib import Path

import pytest

from labelwatch.channels.base import Delivered, Permanent, Retry
from labelwatch.channels.email.smtp import Server, Tls, log_in
from labelwatch.channels.http import HttpOptions
from labelwatch.config import Config
from labelwatch.core.text import Text
from labelwatch.doctor import Level
from labelwatch.doctor.channels import channels, heartbeat
from labelwatch.doctor.service import service
from labelwatch.doctor.shops import shops
from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios.stage import STAR, both_shops
from labelwatch.store import ChannelState, OutboxState, Store
from labelwatch.store.values import Settled
from tests.doctor.patients import ENVIRON, ago, context, found, settings, told
from tests.store.build import AURORA, NOW, change, put_waits, queue, several
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.http_server import Hook, answer, closed_port
from tests.support.reasons import because
from tests.support.smtp_server import PostOffice, trusting
from tests.support.telegram_wire import good, refused

CHAT = "-1001234567890"


def test_a_shop_that_was_never_read_is_not_watched(folder: Path, base: Store) -> None:
    with context(settings(folder)) as one:
        assert found(shops, one) == {"shop_never": Level.WARNING}


@pytest.mark.parametrize(("minutes", "what", "level"), [(2, "shop_read", Level.OK), (6, "shop_overdue", Level.WRONG)])
def test_a_shop_is_overdue_after_three_intervals(
    folder: Path, base: Store, minutes: int, what: str, level: Level
) -> None:
    state = base.shops.named("star")
    assert state is not None
    with base.write() as tx:
        tx.shops.mark_read(state.id, started_at=ago(minutes=minutes), finished_at=ago(minutes=minutes))
    with context(settings(folder)) as one:
        assert found(shops, one) == {what: level}


def test_nobody_watching_is_wrong_only_when_shops_are_read_no_more(folder: Path, base: Store) -> None:
    state = base.shops.named("star")
    assert state is not None
    for minutes, level in ((2, Level.WARNING), (6, Level.WRONG)):
        with base.write() as tx:
            tx.shops.mark_read(state.id, started_at=ago(minutes=minutes), finished_at=ago(minutes=minutes))
        with context(settings(folder)) as one:
            assert found(service, one) == {"service_none": level}


@pytest.mark.fault("C1")
def test_a_reading_that_is_yet_to_come_is_a_wrong_clock(folder: Path, base: Store) -> None:
    state = base.shops.named("star")
    assert state is not None
    with base.write() as tx:
        tx.shops.mark_read(state.id, started_at=ago(minutes=-60), finished_at=ago(minutes=-60))
    with context(settings(folder)) as one:
        assert found(shops, one) == {"shop_future": Level.WRONG}


@pytest.mark.fault("O11")
def test_a_status_that_nobody_knows_is_named_and_counted(folder: Path, base: Store) -> None:
    state = base.shops.named("star")
    assert state is not None
    with base.write() as tx:
        tx.postings.put(state.id, several(3, status="awaiting_the_moon"))
        tx.postings.put(state.id, [change()])
    with context(settings(folder)) as one:
        told_of = told(shops, one, "shop_status")
    assert (told_of.level, dict(told_of.values)) == (Level.WARNING, {"status": "awaiting_the_moon", "count": 3})


@pytest.mark.parametrize(("text", "is_said"), [("", True), ('[delays]\nlabel = "15m"\n', False)])
def test_a_limit_that_was_learned_is_named_with_the_fixed_one(
    folder: Path, base: Store, text: str, is_said: bool
) -> None:
    put_waits(base, "star", until=NOW)
    with context(settings(folder, text)) as one:
        said = [dict(one.values) for one in shops(one) if one.what == "shop_limit_label"]
    minute = timedelta(minutes=1)
    expected = {"method": AURORA.name, "limit": 30 * minute, "fixed": 15 * minute, "count": 100}
    assert said == ([expected] if is_said else [])


@pytest.mark.fault("O10")
def test_an_order_that_cannot_be_understood_is_shown(folder: Path, base: Store) -> None:
    state = base.shops.named("star")
    assert state is not None
    with base.write() as tx:
        tx.shops.quarantine(
            state.id, path="$.postings[3].cutoff", number="41-1-1", problem="no time", at=ago(minutes=90)
        )
        tx.shops.quarantine(
            state.id, path="$.postings[5].cutoff", number="41-2-1", problem="no time", at=ago(minutes=1)
        )
        tx.shops.mark_read(state.id, started_at=ago(minutes=1), finished_at=NOW)
    with context(settings(folder)) as one:
        broken = told(shops, one, "shop_unreadable")
    assert broken.level is Level.WARNING
    # The other one is understood by now, or gone.
    assert (broken.values["count"], broken.values["posting"]) == (1, "41-2-1")


def test_a_shop_that_cannot_be_read_is_wrong_for_the_cause_that_ozon_gave(folder: Path, base: Store) -> None:
    state = base.shops.named("star")
    assert state is not None
    with base.write() as tx:
        tx.shops.mark_failed(state.id, at=ago(hours=1), cause="key_rejected", detail="no such key", retry_at=None)
    with context(settings(folder)) as one:
        blind = told(shops, one, "shop_blind")
    assert (blind.level, blind.cause, blind.values["said"]) == (Level.WRONG, "key_rejected", "no such key")


@pytest.mark.parametrize(
    ("key", "days", "what", "cause"),
    [
        (STAR.api_key, 0, "key_good_until", ""),
        (STAR.api_key, 45, "key_good_until", ""),
        (STAR.api_key, 47, "key_ends_soon", ""),
        ("another-key", 0, "key_refused", "key_rejected"),
    ],
)
def test_a_key_is_tried_and_warned_of_two_weeks_before_its_end(
    folder: Path, key: str, days: int, what: str, cause: str
) -> None:
    with Sandbox(both_shops(NOW), TellableClock(NOW), requests_a_second=None) as sandbox:
        config = settings(folder, f'[ozon]\nbase_url = "{sandbox.base_url}"', ENVIRON | {"KEY": key})
        with context(config, online=True, now=NOW + timedelta(days=days)) as one:
            finding = told(shops, one, what)
    assert finding.cause == cause
    assert key not in str(finding)


def test_no_key_is_tried_where_there_is_no_way_to_ozon(folder: Path, base: Store) -> None:
    config = settings(folder, f'[ozon]\nbase_url = "http://127.0.0.1:{closed_port()}"')
    with context(config, online=True) as one:
        assert found(shops, one) == {"shop_never": Level.WARNING}


def over(folder: Path, url: str, more: str = "") -> Config:
    """A configuration whose channel has this URL, and a way to Ozon that is closed."""
    ozon = f'[ozon]\nbase_url = "http://127.0.0.1:{closed_port()}"'
    return settings(folder, ozon, ENVIRON | {"URL": url}, channel=more)


def test_a_channel_is_knocked_at_and_nothing_is_sent(folder: Path) -> None:
    with Hook([answer(200)]) as hook, context(over(folder, hook.url()), online=True) as one:
        assert found(channels, one) == {"channel_reached": Level.OK}
    assert hook.requests == []
    gone = over(folder, f"json://127.0.0.1:{closed_port()}/hook")
    with context(gone, online=True) as one:
        assert found(channels, one) == {"channel_unreachable": Level.WRONG}
    with context(gone) as offline:
        assert found(channels, offline) == {}


def test_telegram_is_asked_for_its_bot_and_its_chat(folder: Path) -> None:
    bot, chat = (lambda take: good({"username": "a_bot"})), (lambda take: good({"id": -1001234567890}))
    with FakeTelegram() as telegram:
        config = over(folder, telegram.url(CHAT), f'api_base = "{telegram.base}"\n')
        for answers, expected in (
            ((bot, chat), {"channel_knows_bot": Level.OK}),
            ((refused(401, "Unauthorized"),), {"channel_refuses": Level.WRONG}),
            ((bot, refused(400, "Bad Request: chat not found")), {"channel_refuses": Level.WRONG}),
        ):
            telegram.next(*answers)
            with context(config, online=True) as one:
                assert found(channels, one) == expected
        assert telegram.asked("sendMessage") == []


def test_what_telegram_refuses_is_said_with_what_to_change_and_without_the_token(folder: Path) -> None:
    with FakeTelegram() as telegram:
        config = over(folder, telegram.url(CHAT), f'api_base = "{telegram.base}"\n')
        telegram.next(refused(401, "Unauthorized"))
        with context(config, online=True) as one:
            finding = told(channels, one, "channel_refuses")
    assert finding.values["said"] == Text("tg_token", {"status": 401, "raw": "Unauthorized"})
    assert TOKEN not in str(finding)


def test_a_mail_server_is_greeted_and_handed_nothing(folder: Path) -> None:
    with PostOffice() as office:
        config = over(folder, f"mailto://127.0.0.1:{office.port}?from=watch@example.com&to=packer@example.com")
        with context(config, online=True) as one:
            assert found(channels, one) == {"channel_reached": Level.OK}
    assert (office.letters, office.heard) == ([], [])


@pytest.mark.parametrize(("password", "expected"), [("right", Delivered), ("wrong", Permanent)])
def test_a_login_is_tried_as_for_a_letter(password: str, expected: type[Delivered | Permanent]) -> None:
    with PostOffice(password="right", tls_at_once=True) as office:
        server = Server("localhost", office.port, Tls.AT_ONCE, trusting, "watch", password)
        assert isinstance(log_in(server, HttpOptions(timedelta(seconds=5))), expected)
    assert "MAIL" not in office.heard


def test_a_mail_server_that_is_gone_is_no_login() -> None:
    server = Server("localhost", closed_port(), Tls.AT_ONCE, trusting, "watch", "right")
    assert isinstance(log_in(server, HttpOptions(timedelta(seconds=5))), Retry)


def test_what_failed_died_and_waits_is_told_of_each_channel(folder: Path, base: Store) -> None:
    with base.write() as tx:
        tx.channels.save(
            ChannelState("packers", failing_since=ago(hours=2), is_final=True, error=because("no such bot"))
        )
    queue(base, 1, due_at=ago(minutes=20))
    with context(settings(folder), now=ago(minutes=10)) as early:
        assert found(channels, early) == {"channel_failing": Level.WRONG}
    with context(settings(folder)) as one:
        assert found(channels, one) == {"channel_failing": Level.WRONG, "channel_waiting": Level.WARNING}
        waiting = told(channels, one, "channel_waiting")
    assert (waiting.values["count"], waiting.values["since"]) == (1, ago(minutes=20))


def test_what_died_lately_is_told_with_the_last_reason(folder: Path, base: Store) -> None:
    queue(base, 2)
    rows = base.outbox.claim("packers", now=NOW, lease_until=NOW + timedelta(minutes=2), key="k")
    with base.write() as tx:
        for number, row in enumerate(rows):
            tx.outbox.settle([row.id], Settled(OutboxState.DEAD, error=because(f"reason {number}")), at=NOW)
    with context(settings(folder)) as one:
        dead = told(channels, one, "channel_dead")
    assert (dead.values["count"], dead.values["said"]) == (2, because("reason 1"))
    with context(settings(folder), now=NOW + timedelta(days=8)) as later:
        assert found(channels, later) == {}


@pytest.mark.parametrize(
    ("text", "online", "expected"),
    [
        ("", True, {"heartbeat_none": Level.OK}),
        ("{url}", True, {"heartbeat_reached": Level.OK}),
        ("{url}", False, {"heartbeat_set": Level.OK}),
        ("http://127.0.0.1:{closed}/ping", True, {"heartbeat_unreachable": Level.WRONG}),
    ],
)
def test_the_heartbeat_is_looked_at_and_never_pinged(
    folder: Path, text: str, online: bool, expected: dict[str, Level]
) -> None:
    with Hook([answer(200)]) as hook:
        url = text.format(url=f"http://127.0.0.1:{hook.port}/ping", closed=closed_port())
        config = settings(folder, f'[heartbeat]\nurl = "{url}"' if url else "")
        with context(config, online=online) as one:
            assert found(heartbeat, one) == expected
    assert hook.requests == []
