"""Who took or snoozed what is told over every channel that told of it: grouped, once, and never at night."""

from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import Channel, EditableChannel, Retry
from labelwatch.core.alert import AlertState, Outcome, Reason, Severity
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.policy import QuietHours
from labelwatch.delivery.follow_ups import changed, message
from labelwatch.delivery.handled import GATHER, can_edit
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.render import LIMIT
from labelwatch.store import OutboxState, Store
from tests.support.alert_builders import NOW, destination, incident, minutes, resolved, told
from tests.support.post import Clock, FakeChannel, FakeChat, again, queue, rows, states, tell
from tests.support.reasons import because


@dataclass
class Shift:
    """Three postings that a chat and a mailbox told of."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    chat: FakeChat = field(default_factory=FakeChat)
    mail: FakeChannel = field(default_factory=FakeChannel)
    to: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    alerts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = [
            replace(one, channel=name)
            for name in ("chat", "mail")
            for one in (told(n=n, **self.about) for n in (1, 2, 3))
        ]
        self.alerts = queue(self.store, *first)[::-1]
        self.tell()

    @property
    def channels(self) -> dict[str, Channel]:
        return {"chat": self.chat, "mail": self.mail}

    def tell(self, **later: float) -> None:
        self.clock.advance(**later)
        tell(self.store, self.clock, self.channels, to=self.to)

    def take(self, *places: int, by: str = "Anna", for_: timedelta | None = None) -> None:
        now, routes = self.clock.at, {name: (destination(**self.to), one) for name, one in self.channels.items()}
        ids = [self.alerts[place - 1] for place in places]

        def how(alert: Any) -> Any:
            if for_ is not None:
                return snooze(alert, until=now + for_, by=by, note="", now=now)
            return acknowledge(alert, by=by, note="", now=now)

        with self.store.write() as tx:
            changed(tx, lambda noted: tx.alerts.change_by_id(ids, noted), how, channels=routes, now=now)

    @property
    def followed(self) -> list[str]:
        return [outgoing.message.title for outgoing in self.mail.outgoing_messages[1:]]


@pytest.fixture
def shift(sqlite_store: Store) -> Shift:
    return Shift(sqlite_store)


def test_a_channel_that_cannot_change_its_messages_hears_who_took_what(shift: Shift) -> None:
    shift.take(2)
    shift.tell(seconds=59)
    assert shift.followed == []
    shift.tell(seconds=2)
    assert shift.followed == ["👤 Anna takes care of 41517061-0215-1."]
    outgoing = shift.mail.outgoing_messages[1]
    assert [(one["posting_number"], one["reason"], one["handled_by"]) for one in outgoing.views] == [
        ("41517061-0215-1", "acknowledged", "Anna")
    ]
    assert outgoing.message.body == "• 41517061-0215-1 · due in 51 min · not assembled"
    assert (outgoing.quiet, outgoing.buttons, outgoing.about) == (True, False, "handled")
    assert outgoing.earlier[0].key == shift.mail.keys[0]


def test_a_channel_that_can_change_its_message_does_just_that(shift: Shift) -> None:
    shift.take(2)
    shift.tell(minutes=2)
    assert len(shift.chat.outgoing_messages) == 1
    assert "41517061-0215-1 · due in 50 min · Anna is on it" in shift.chat.board["chat/1"].message.body
    assert [row.notification.reason for row in rows(shift.store, "chat")] == [Reason.FIRST] * 3


def test_a_chat_whose_message_is_gone_is_told_anew(shift: Shift) -> None:
    (key,) = set(shift.chat.keys)
    with shift.store.write() as tx:
        tx.channels.outdate(shift.alerts, at=NOW)
        tx.channels.revised("chat", key, seen=NOW, gone=True, again_at=None)
    shift.take(1)
    shift.tell(minutes=2)
    assert shift.chat.outgoing_messages[1].message.title == "👤 Anna takes care of 41517061-0214-1."
    shift.take(1, by="Boris")
    shift.tell(minutes=2)
    assert [outgoing.message.title for outgoing in shift.chat.outgoing_messages[2:]] == [
        "👤 Boris takes care of 41517061-0214-1."
    ]


def test_what_happens_within_a_minute_is_one_message(shift: Shift) -> None:
    shift.take(1)
    shift.tell(seconds=30)
    shift.take(2, by="Boris", for_=timedelta(hours=1))
    shift.tell(seconds=20)
    shift.take(3)
    shift.tell(seconds=11)
    assert shift.followed == ["👤 Anna takes care of 41517061-0214-1, 41517061-0216-1."]
    said = shift.mail.outgoing_messages[1].message
    assert said.sections[0].lines == ("41517061-0215-1: quiet until 20:08 (Boris).",)
    assert {one["reason"] for one in shift.mail.outgoing_messages[1].views} == {"acknowledged", "snoozed"}
    shift.tell(minutes=10)
    assert len(shift.followed) == 1


def test_it_is_never_repeated_and_who_takes_over_is_news(shift: Shift) -> None:
    for _ in range(3):
        shift.take(1)
        shift.tell(minutes=2)
    assert len(shift.followed) == 1
    shift.take(1, by="Boris")
    shift.tell(minutes=2)
    assert shift.followed[1:] == ["👤 Boris takes care of 41517061-0214-1."]


def test_of_two_who_take_the_same_only_the_last_is_told(shift: Shift) -> None:
    shift.take(1)
    shift.take(1, by="Boris")
    shift.tell(minutes=2)
    assert shift.followed == ["👤 Boris takes care of 41517061-0214-1."]
    assert states(shift.store, "mail").count(OutboxState.SUPERSEDED) == 1


def test_what_is_over_before_it_could_be_told_is_told_as_over_only(shift: Shift) -> None:
    shift.take(1)
    with shift.store.write() as tx:
        ended = {"state": AlertState.RESOLVED, "resolved_at": NOW, "outcome": Outcome.LABELLED}
        tx.alerts.change_by_id(shift.alerts[:1], lambda alert: replace(alert, **ended))  # type: ignore[arg-type]
    shift.tell(minutes=2)
    assert shift.followed == []
    assert OutboxState.SUPERSEDED in states(shift.store, "mail")


def test_newer_news_says_who_has_it_and_nothing_follows(shift: Shift) -> None:
    shift.take(1)
    news = replace(told(reason=Reason.ESCALATED), number=3, channel="mail")
    again(shift.store, shift.alerts[0], news)
    shift.tell(seconds=10)
    assert "Anna is on it" in shift.mail.outgoing_messages[1].message.body
    shift.tell(minutes=2)
    assert len(shift.mail.outgoing_messages) == 2


def test_a_channel_that_still_has_to_tell_of_it_says_it_then(sqlite_store: Store) -> None:
    shift = Shift(sqlite_store, mail=FakeChannel(results=(Retry(because("down")),)))
    shift.take(1)
    shift.mail.results = ()
    shift.mail = FakeChannel()
    shift.tell(minutes=10)
    (only,) = shift.mail.outgoing_messages
    assert "41517061-0214-1 · due in 42 min · Anna is on it" in only.message.body


def test_nobody_is_woken_by_it_and_in_the_morning_it_is_told_if_it_still_holds(sqlite_store: Store) -> None:
    night = QuietHours(time(19, 8), time(21))  # the clock of the channel shows 19:08
    shift = Shift(sqlite_store)
    shift.to = {"quiet": night}
    shift.take(1, 2)
    shift.tell(minutes=5)
    assert shift.followed == []
    shift.take(2, by="Boris")
    shift.tell(minutes=106)
    assert shift.followed == []
    shift.tell(minutes=2)
    assert shift.followed == ["👤 Anna takes care of 41517061-0214-1."]
    assert shift.mail.outgoing_messages[1].message.sections[0].lines == ("Boris takes care of 41517061-0215-1.",)


def test_the_name_of_one_who_took_it_back_to_nobody_is_not_told(shift: Shift) -> None:
    shift.take(1, for_=minutes(3))
    shift.clock.advance(minutes=4)
    shift.tell()
    assert shift.followed == []


def test_a_channel_that_is_not_in_the_configuration_gets_nothing(shift: Shift) -> None:
    with shift.store.write() as tx:
        changed(
            tx,
            lambda noted: tx.alerts.change_by_id(shift.alerts, noted),
            lambda alert: acknowledge(alert, by="Anna", note="", now=NOW),
            channels={"chat": (destination(), shift.chat)},
            now=NOW,
        )
    assert states(shift.store, "mail") == [OutboxState.SENT] * 3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [1, 2, 6, 7, 200])
def test_a_message_counts_what_it_does_not_list(language: str, number: int) -> None:
    taken = [
        replace(one.alert, state=AlertState.ACKNOWLEDGED, handled_by="Anna")
        for one in (told(n=n) for n in range(number))
    ]
    about = [replace(told(reason=Reason.ACKNOWLEDGED), alert=alert) for alert in taken]
    said = message(about, destination(language), now=NOW, limit=LIMIT)
    listed = sum(len(section.rows) for section in said.sections)
    assert listed == min(number, 10)
    hidden = [line for line in said.body.splitlines() if line and not line.startswith("•")]
    assert [str(number - 10) in line for line in hidden] == [True] * (number > 10)
    assert "Anna" in said.title


def test_an_alert_that_is_over_is_no_follow_up(shift: Shift) -> None:
    again(shift.store, shift.alerts[0], replace(resolved(), channel="mail", number=5))
    shift.tell(minutes=1)
    assert [one["reason"] for one in shift.mail.outgoing_messages[1].views] == ["resolved"]


def test_it_waits_no_longer_than_a_minute_for_others(shift: Shift) -> None:
    for n in range(1, 4):
        shift.take(n)
        shift.tell(seconds=25)
    assert len(shift.followed) == 1
    assert timedelta(minutes=1) == GATHER


CALM = {"calm_interval": timedelta(minutes=15)}
EARLY: dict[str, Any] = {
    "severity": Severity.NOTICE,
    "act_by": NOW + timedelta(hours=9),
    "deadline": NOW + timedelta(hours=10),
}


def test_where_nothing_is_critical_it_is_told_after_four_intervals(sqlite_store: Store) -> None:
    shift = Shift(sqlite_store, to=CALM, about=EARLY)
    shift.take(1)
    shift.tell(minutes=59)
    assert shift.followed == []
    shift.tell(minutes=2)
    assert shift.followed == ["👤 Anna takes care of 41517061-0214-1."]


def test_what_is_critical_does_not_wait_for_it(sqlite_store: Store) -> None:
    shift = Shift(sqlite_store, to=CALM, about={"severity": Severity.CRITICAL})
    shift.take(1)
    shift.tell(seconds=61)
    assert shift.followed == ["👤 Anna takes care of 41517061-0214-1."]


def test_it_goes_with_other_news(sqlite_store: Store) -> None:
    shift = Shift(sqlite_store, to=CALM, about=EARLY)
    shift.take(1)
    shift.take(2, for_=timedelta(hours=1))
    queue(sqlite_store, *(replace(told(n=n, **EARLY), channel="mail") for n in (4, 5)))
    shift.tell(minutes=14)
    assert len(shift.mail.outgoing_messages) == 1
    shift.tell(minutes=1)
    outgoing = shift.mail.outgoing_messages[1]
    assert sorted(one["reason"] for one in outgoing.views) == ["acknowledged", "first", "first", "snoozed"]
    assert (outgoing.about, outgoing.buttons, outgoing.quiet) == ("alerts", True, False)
    assert [one.id for one in outgoing.targets] == [5, 4]
    head, *taken = outgoing.message.body.partition("👤 In somebody's hands · 2 postings")[2].strip().splitlines()
    assert head == "• 41517061-0214-1 · due in 9 hr 45 min · Anna is on it"
    assert taken[0].startswith("• 41517061-0215-1 · due in 9 hr 45 min · Quiet until")
    shift.tell(hours=1)
    assert len(shift.mail.outgoing_messages) == 2


def test_of_an_incident_a_channel_is_told_of_no_shop_that_it_may_not_see() -> None:
    wide = incident(reason=Reason.ACKNOWLEDGED)
    alert = replace(wide.alert, state=AlertState.ACKNOWLEDGED, handled_by="Anna")
    to = destination(shops=frozenset({"north"}))
    said = message([replace(wide, alert=alert)], to, now=NOW, limit=LIMIT)
    assert "in 4 shops" not in said.title + said.body
    assert "in 4 shops" in message([replace(wide, alert=alert)], destination(), now=NOW, limit=LIMIT).title


@pytest.mark.parametrize(
    "url",
    [
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        " TGRAM://123456789:abcdefg_hijklmnop/12315544/",
        "https://api.telegram.org/bot123456789:abcdefg_hijklmnop/sendMessage?chat_id=12315544",
        "json://127.0.0.1/hook",
        "mailto://anna:password@example.com",
        "wecombot://key",
        "feishu://token",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    ],
)
def test_which_channels_edit_their_messages_is_known_without_opening_them(url: str) -> None:
    try:
        opened = open_channel(url)
    except ValueError:
        pytest.skip("Apprise does not read this URL")
    assert can_edit(url) == isinstance(opened, EditableChannel)
