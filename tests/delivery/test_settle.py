"""A channel that does not work: nothing waits in vain, somebody else says so once, and it ends by itself."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.channels.base import Ambiguous, BadMessage, Delivered, Permanent, RateLimited, Result, Retry
from labelwatch.core.alert import AlertState, Reason
from labelwatch.core.policy import AlertPolicy
from labelwatch.delivery.dispatcher import recover
from labelwatch.delivery.settle import forget_others
from labelwatch.store import ChannelState, OutboxState, Store
from tests.support.alert_builders import NOW, minutes, resolved, told
from tests.support.post import FINE, Clock, FakeChannel, again, queue, rows, states, tell
from tests.support.reasons import because, english

GONE = Permanent(because("HTTP 403: the bot was blocked"))


def titles(channel: FakeChannel) -> list[str]:
    return [message.title for message, _, _ in channel.sent]


def test_what_a_dead_channel_was_to_tell_waits_until_it_works_again(store: Store) -> None:
    queue(store, told(n=1))
    packers, owner, clock = FakeChannel([GONE, FINE]), FakeChannel(), Clock()
    done = tell(store, clock, {"packers": packers, "owner": owner})
    assert done.errors == {"packers": GONE.error}
    assert [(row.state, row.error) for row in rows(store)] == [(OutboxState.RETRY, GONE.error)]
    clock.advance(minutes=6)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert states(store) == [OutboxState.SENT]
    assert store.alerts.open_of_channels() == {}


@pytest.mark.fault("D3")
def test_the_fallback_hears_once_why_and_what_waits_and_when_it_is_over(store: Store) -> None:
    queue(store, told(n=1))
    packers, owner, other, clock = FakeChannel([GONE, GONE, FINE]), FakeChannel(), FakeChannel(), Clock()
    channels = {"packers": packers, "owner": owner, "another": other}
    for _ in range(2):
        tell(store, clock, channels, fallbacks={"packers": "owner"})
        clock.advance(minutes=6)
    ((message, (view,), _),) = owner.sent
    assert "packers" in message.title
    assert "the bot was blocked" in message.body
    assert "41517061-0214-1" in message.body
    assert (view["cause"], view["family"], view["reason"]) == ("channel_dead", "blind", "first")
    tell(store, clock, channels, fallbacks={"packers": "owner"})
    assert [views[0]["reason"] for _, views, _ in owner.sent] == ["first", "resolved"]
    assert titles(owner)[1].startswith("✅")
    assert other.sent == []


def test_without_a_fallback_that_works_any_other_channel_reports(store: Store) -> None:
    queue(store, told(n=1), replace(told(n=2), channel="owner"))
    gone, works = FakeChannel([GONE]), FakeChannel()
    channels = {"packers": gone, "owner": FakeChannel([GONE]), "zebra": works}
    clock = Clock()
    for _ in range(3):
        tell(store, clock, channels, fallbacks={"packers": "owner", "owner": "packers"})
        clock.advance(minutes=6)
    assert {name for title in titles(works) for name in ("packers", "owner") if name in title} == {"packers", "owner"}
    assert store.alerts.open_of_channels().keys() == {"packers", "owner"}


def test_the_log_says_why_a_channel_does_not_work_where_no_other_can_be_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    queue(store, told(n=1))
    tell(store, Clock(), {"packers": FakeChannel([GONE])})
    assert f"no other channel can be told: {english(GONE.error)}" in caplog.text


@pytest.mark.fault("D1")
@pytest.mark.parametrize(
    "result",
    [
        Retry(because("HTTP 502")),
        Ambiguous(because("no answer")),
        RateLimited(because("HTTP 429"), timedelta(seconds=30)),
    ],
)
def test_a_quarter_of_an_hour_of_failure_is_reported(sqlite_store: Store, result: Result) -> None:
    queue(sqlite_store, told(n=1))
    packers, owner, clock = FakeChannel([result]), FakeChannel(), Clock()
    while clock.at < NOW + minutes(14):
        tell(sqlite_store, clock, {"packers": packers, "owner": owner})
        clock.advance(seconds=20)
    assert owner.sent == []
    clock.advance(minutes=7)
    tell(sqlite_store, clock, {"packers": packers, "owner": owner})
    tell(sqlite_store, clock, {"packers": packers, "owner": owner})
    assert len(owner.sent) == 1


SILENCE = RateLimited(because("HTTP 429"), timedelta(hours=8))


def until_heard(store: Store, clock: Clock, channels: Mapping[str, FakeChannel], by: str, **more: Any) -> timedelta:
    """After how long this channel is sent something; looked at every minute of an hour."""
    began = clock.at
    while not channels[by].sent and clock.at - began < minutes(60):
        tell(store, clock, channels, **more)
        clock.advance(minutes=1)
    return clock.at - began - minutes(1)


def test_a_failure_is_not_reported_once_nothing_waits_any_more(sqlite_store: Store) -> None:
    (alert,) = queue(sqlite_store, told(n=1))
    channels, clock = {"packers": FakeChannel([Retry(because("HTTP 502"))]), "owner": FakeChannel()}, Clock()
    tell(sqlite_store, clock, channels)
    with sqlite_store.write() as tx:
        tx.outbox.supersede([row.id for row in tx.channels.waiting("packers")], why=because("labelled meanwhile"))
    until_heard(sqlite_store, clock, channels, "owner")
    assert channels["owner"].sent == []
    again(sqlite_store, alert, told(n=1, reason=Reason.REMINDER))
    channels["packers"].results = [FINE]
    tell(sqlite_store, clock, channels)
    assert channels["owner"].sent == [], "what was never tried has not failed"


def test_what_waits_behind_the_pause_of_another_channel_of_the_account_is_reported_too(sqlite_store: Store) -> None:
    queue(sqlite_store, told(n=1), replace(told(n=2), channel="night"))
    packers, night = FakeChannel([SILENCE], account="bot"), FakeChannel(account="bot")
    channels = {"night": night, "owner": FakeChannel(), "packers": packers}
    clock = Clock()
    tell(sqlite_store, clock, {"packers": packers, "owner": channels["owner"]})
    with sqlite_store.write() as tx:
        tx.channels.save(ChannelState("night", paused_until=clock.at + timedelta(hours=1)))
    assert until_heard(sqlite_store, clock, channels, "owner") == minutes(15)
    while clock.at < NOW + minutes(20):
        tell(sqlite_store, clock, channels)
        clock.advance(minutes=1)
    said = " ".join(message.title + message.body for message, _, _ in channels["owner"].sent)
    assert "packers" in said
    assert "night" in said
    assert "HTTP 429" in said
    assert night.sent == []


def test_a_report_does_not_wait_behind_the_pause_that_it_is_about(sqlite_store: Store) -> None:
    """The fallback is another chat of the same bot, which is silent as well: any channel that is not goes first."""
    queue(sqlite_store, told(n=1))
    channels = {
        "packers": FakeChannel([SILENCE], account="bot"),
        "owner": FakeChannel(account="bot"),
        "zebra": FakeChannel(),
    }
    assert until_heard(sqlite_store, Clock(), channels, "zebra", fallbacks={"packers": "owner"}) == minutes(15)


def test_a_reminder_of_a_silent_channel_does_not_wait_for_the_next_attempt(sqlite_store: Store) -> None:
    queue(sqlite_store, told(n=1))
    channels, clock = {"packers": FakeChannel([SILENCE]), "owner": FakeChannel()}, Clock()
    policy = AlertPolicy(repeat_every=minutes(30))
    while clock.at < NOW + minutes(50):
        tell(sqlite_store, clock, channels, policy=policy)
        clock.advance(minutes=1)
    assert [views[0]["reason"] for _, views, _ in channels["owner"].sent] == ["first", "reminder"]


def test_while_nobody_can_be_told_that_is_said_once(sqlite_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    queue(sqlite_store, told(n=1))
    clock, packers = Clock(), FakeChannel([SILENCE])
    while clock.at < NOW + minutes(30):
        tell(sqlite_store, clock, {"packers": packers})
        clock.advance(minutes=1)
    assert [record.levelname for record in caplog.records].count("CRITICAL") == 1
    assert sqlite_store.alerts.open_of_channels().keys() == {"packers"}


@pytest.mark.fault("D14")
def test_when_nothing_works_the_journal_cries_and_the_first_that_works_again_tells(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    queue(store, told(n=1), replace(told(n=2), channel="owner"))
    packers, owner, clock = FakeChannel([GONE]), FakeChannel([GONE, GONE, FINE]), Clock()
    for _ in range(4):
        tell(store, clock, {"packers": packers, "owner": owner})
        clock.advance(minutes=6)
    assert "CRITICAL" in {record.levelname for record in caplog.records}
    tell(store, clock, {"packers": packers, "owner": owner})
    clock.advance(minutes=6)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert any("packers" in title for title in titles(owner))


def test_what_was_to_be_said_of_another_channel_is_said_by_the_next(store: Store) -> None:
    """The fallback of a dead channel dies before it could report: whoever reports the fallback reports both."""
    queue(store, told(n=1))
    clock, works = Clock(), FakeChannel()
    packers, owner = FakeChannel([GONE]), FakeChannel([Retry(because("HTTP 502")), GONE])
    channels = {"packers": packers, "owner": owner}
    tell(store, clock, channels, fallbacks={"packers": "owner"})
    clock.advance(minutes=6)
    tell(store, clock, {**channels, "zebra": works}, fallbacks={"packers": "owner"})
    clock.advance(minutes=1)
    tell(store, clock, {**channels, "zebra": works}, fallbacks={"packers": "owner"})
    said = " ".join(titles(works))
    assert "packers" in said
    assert "owner" in said


@pytest.mark.fault("D1")
def test_what_no_longer_matters_when_the_channel_works_again_is_superseded(store: Store) -> None:
    _, first = queue(store, told(n=1), told(n=2))
    channel, clock = FakeChannel([GONE, FINE]), Clock()
    tell(store, clock, {"packers": channel})
    again(store, first, resolved(n=1))
    clock.advance(minutes=6)
    tell(store, clock, {"packers": channel})
    assert channel.told[-1] == [("41517061-0215-1", "first")]
    assert states(store) == [OutboxState.SUPERSEDED, OutboxState.SENT, OutboxState.SUPERSEDED]


def test_a_restart_tries_what_somebody_had_to_mend(store: Store) -> None:
    queue(store, told(n=1))
    clock = Clock()
    tell(store, clock, {"packers": FakeChannel([GONE])})
    recover(store, now=clock.at)
    channel = FakeChannel()
    tell(store, clock, {"packers": channel})
    assert len(channel.sent) == 1


def test_after_a_restart_that_mended_it_nobody_is_told_that_a_channel_was_dead(store: Store) -> None:
    queue(store, told(n=1))
    clock, owner = Clock(), FakeChannel([Retry(because("HTTP 502")), FINE])
    tell(store, clock, {"packers": FakeChannel([GONE]), "owner": owner})
    assert len(owner.sent) == 1
    clock.advance(seconds=10)
    recover(store, now=clock.at)
    mended = FakeChannel(while_sending=lambda: time.sleep(0.1))
    for _ in range(3):
        tell(store, clock, {"packers": mended, "owner": owner})
        clock.advance(seconds=30)
    assert (len(mended.sent), len(owner.sent)) == (1, 1)
    assert states(store) == [OutboxState.SENT]
    assert set(states(store, "owner")) == {OutboxState.SUPERSEDED}


def test_after_a_restart_that_mended_nothing_the_report_goes_out_all_the_same(store: Store) -> None:
    queue(store, told(n=1))
    clock, owner = Clock(), FakeChannel([Retry(because("HTTP 502")), FINE])
    tell(store, clock, {"packers": FakeChannel([GONE]), "owner": owner})
    clock.advance(seconds=10)
    recover(store, now=clock.at)
    tell(store, clock, {"packers": FakeChannel([GONE]), "owner": owner})
    assert len(owner.sent) == 2


@pytest.mark.fault("D13")
def test_a_channel_that_is_taken_out_of_the_config_leaves_nothing_behind(store: Store) -> None:
    queue(store, told(n=1))
    tell(store, Clock(), {"packers": FakeChannel([GONE])})
    assert forget_others(store, ["owner"], now=NOW) == 1
    assert states(store) == [OutboxState.DEAD]
    assert "no longer in the configuration" in english(rows(store)[0].error)
    assert store.alerts.open_of_channels() == {}


# ---- the account


@pytest.mark.fault("D2")
@pytest.mark.parametrize(("account", "sent"), [("bot", 0), ("", 1)], ids=["one bot", "nothing in common"])
def test_a_service_that_asks_for_silence_gets_it_from_the_whole_account(
    store: Store, account: str, sent: int
) -> None:
    queue(store, told(n=1))
    clock = Clock()
    packers = FakeChannel([RateLimited(because("HTTP 429"), timedelta(seconds=34)), FINE], account=account)
    owner = FakeChannel(account=account)
    tell(store, clock, {"packers": packers, "owner": owner})
    queue(store, replace(told(n=2), channel="owner"))
    clock.advance(seconds=33)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert len(owner.sent) == sent
    clock.advance(seconds=2)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert (len(packers.sent), len(owner.sent)) == (2, 1)


# ---- messages that are refused


class Picky(FakeChannel):
    """Takes everything but a message with one posting."""

    def send(self, outgoing: object) -> Result:
        FakeChannel.send(self, outgoing)  # type: ignore[arg-type]
        refused = any(seen["posting_number"] == "41517061-0216-1" for seen in self.outgoing_messages[-1].views)
        return BadMessage(because("HTTP 413")) if refused else Delivered("HTTP 200", verified=True)


@pytest.mark.fault("D5")
def test_one_message_that_is_refused_costs_no_other(store: Store) -> None:
    channel, clock = Picky(), Clock()
    queue(store, told(n=99))
    tell(store, clock, {"packers": channel})
    queue(store, *(told(n=n) for n in range(1, 9)))
    for _ in range(20):
        tell(store, clock, {"packers": channel})
        clock.advance(seconds=30)
    by_number = {row.notification.alert.diagnosis.posting_number: row.state for row in rows(store)}
    assert by_number.pop("41517061-0216-1") is OutboxState.DEAD
    assert set(by_number.values()) == {OutboxState.SENT}


def test_a_channel_that_never_took_anything_is_at_fault_not_its_first_message(store: Store) -> None:
    queue(store, told(n=1), told(n=2))
    owner = FakeChannel()
    tell(store, Clock(), {"packers": FakeChannel([BadMessage(because("HTTP 400"))]), "owner": owner})
    assert states(store) == [OutboxState.RETRY, OutboxState.RETRY]
    assert len(owner.sent) == 1


# ---- the trail


OUTCOMES: list[tuple[Result, str]] = [
    (Delivered("ok", verified=True), "delivered"),
    (Delivered("", verified=False), "unverified"),
    (Retry(because("HTTP 502")), "retry"),
    (RateLimited(because("HTTP 429"), timedelta(seconds=5)), "rate_limited"),
    (Ambiguous(because("no answer")), "ambiguous"),
    (GONE, "permanent"),
]


@pytest.mark.parametrize(("result", "outcome"), OUTCOMES, ids=[name for _, name in OUTCOMES])
def test_every_try_is_kept(store: Store, result: Result, outcome: str) -> None:
    queue(store, told(n=1), told(n=2))
    channel, clock = FakeChannel([result, FINE]), Clock()
    tell(store, clock, {"packers": channel})
    clock.advance(minutes=6)
    tell(store, clock, {"packers": channel})
    wanted = [outcome] if isinstance(result, Delivered) else [outcome, "delivered"]
    trail = store.channels.trail([row.id for row in rows(store)])
    assert [[one.outcome for one in tries] for tries in trail.values()] == [wanted, wanted]
    assert trail[rows(store)[0].id][0].said == (
        because(result.receipt) if isinstance(result, Delivered) else result.error
    )


@pytest.mark.fault("D4")
def test_a_moved_destination_is_remembered(store: Store) -> None:
    queue(store, told(n=1))
    tell(store, Clock(), {"packers": FakeChannel([Delivered("ok", verified=True, moved_to="-100777")])})
    assert store.channels.states()["packers"].address == "-100777"


# ---- the pace


@pytest.mark.fault("D15")
def test_a_channel_gets_one_message_in_its_interval(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    for n in range(1, 13):  # a minute of trouble, a posting every five seconds
        queue(store, replace(told(n=n), due_at=clock.at))
        tell(store, clock, {"packers": channel}, to={"group_interval": timedelta(seconds=30)})
        clock.advance(seconds=5)
    tell(store, clock, {"packers": channel}, to={"group_interval": timedelta(seconds=30)})
    assert len(channel.sent) == 3
    assert sum(len(part) for part in channel.told) == 12


def test_a_test_waits_for_nothing_and_stands_alone(store: Store) -> None:
    queue(store, told(n=1))
    channel, clock = FakeChannel([FINE, FINE, Retry(because("HTTP 502")), FINE]), Clock()
    to = {"group_interval": timedelta(hours=1)}
    tell(store, clock, {"packers": channel}, to=to)
    queue(store, told(n=2), replace(told(n=3), reason=Reason.TEST))
    tell(store, clock, {"packers": channel}, to=to)
    assert [part[0][1] for part in channel.told] == ["first", "test"]
    clock.advance(hours=1)
    tell(store, clock, {"packers": channel}, to=to)  # fails: the channel is left alone for a while
    queue(store, replace(told(n=4), reason=Reason.TEST))
    tell(store, clock, {"packers": channel}, to=to)
    assert [part[0][1] for part in channel.told] == ["first", "test", "first", "test"]


def _alert_states(store: Store) -> Sequence[AlertState]:
    return [alert.state for alert in store.alerts.find(open_only=False)]


def test_a_channels_trouble_is_no_incident_and_no_alert_of_a_shop(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    queue(store, told(n=1))
    tell(store, Clock(), {"packers": FakeChannel([GONE])})
    assert store.alerts.incidents() == []
    assert _alert_states(store) == [AlertState.FIRING]
    assert store.alerts.open_of_channels().keys() == {"packers"}


def test_the_silence_of_an_account_outlasts_what_another_channel_had_under_way(store: Store) -> None:
    """Two chats of one bot are told at once: one is taken, the other is one too many."""
    queue(store, told(n=1), replace(told(n=2), channel="owner"))
    clock, refused = Clock(), threading.Event()
    packers = FakeChannel([RateLimited(because("HTTP 429"), timedelta(seconds=34)), FINE], account="bot")
    owner = FakeChannel(account="bot", while_sending=lambda: refused.wait(10))

    def meanwhile() -> None:
        while not store.channels.states().get("packers"):
            time.sleep(0.01)
        refused.set()

    waiter = threading.Thread(target=meanwhile)
    waiter.start()
    tell(store, clock, {"packers": packers, "owner": owner})
    waiter.join()
    queue(store, replace(told(n=3), channel="owner"))
    clock.advance(seconds=33)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert len(owner.sent) == 1
    clock.advance(seconds=2)
    tell(store, clock, {"packers": packers, "owner": owner})
    assert len(owner.sent) == 2


class Broken(FakeChannel):
    """Fails as nobody foresaw."""

    def send(self, outgoing: object) -> Result:
        FakeChannel.send(self, outgoing)  # type: ignore[arg-type]
        raise KeyError("result")


@pytest.mark.fault("D14")
def test_a_channel_whose_program_fails_is_reported_and_takes_no_other_with_it(sqlite_store: Store) -> None:
    queue(sqlite_store, told(n=1), replace(told(n=2), channel="owner"))
    broken, owner, clock = Broken(), FakeChannel(), Clock()
    for _ in range(8):
        tell(sqlite_store, clock, {"packers": broken, "owner": owner})
        clock.advance(minutes=5)
    assert states(sqlite_store) == [OutboxState.RETRY]
    assert len(set(broken.keys)) == 1
    assert "KeyError" in english(rows(sqlite_store)[0].error)
    assert sum("packers" in title for title in titles(owner)) == 1
