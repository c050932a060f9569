"""A chat whose messages can be changed: the first one is kept up to date, and what is new comes as a short reply."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from labelwatch.channels.base import Ambiguous, BadMessage, Permanent, RateLimited, Result, Retry
from labelwatch.core.alert import AlertState, Outcome, Reason
from labelwatch.core.lifecycle import acknowledge
from labelwatch.store import Store
from tests.support.alert_builders import resolved, told
from tests.support.post import FINE, Clock, FakeChannel, FakeChat, again, queue, tell
from tests.support.reasons import because


def end(store: Store, alert_id: int, n: int) -> None:
    """The label is there: the alert is over, and that is told."""
    over = resolved(n=n)
    with store.write() as tx:
        tx.alerts.change_by_id(
            [alert_id],
            lambda alert: replace(
                alert, state=AlertState.RESOLVED, resolved_at=over.alert.resolved_at, outcome=Outcome.LABELLED
            ),
        )
    again(store, alert_id, over)


def test_what_is_over_is_a_short_reply_below_a_message_that_says_so_too(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    assert chat.board["chat/1"].buttons
    end(store, alert, 1)
    tell(store, clock, {"packers": chat})
    first, reply = chat.outgoing_messages
    assert reply.earlier[0].ref == "chat/1"
    assert reply.earlier[0].key == first.key
    assert len(reply.message.body) < len(first.message.body) / 3
    assert chat.revised == ["chat/1"]
    assert chat.board["chat/1"].message.title.startswith("✅")
    assert not chat.board["chat/1"].buttons


def test_who_takes_care_is_seen_where_the_trouble_was_told(store: Store) -> None:
    queue(store, told(n=1))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    clock.advance(minutes=3)
    store.alerts.change(
        "41517061-0214-1", lambda alert: acknowledge(alert, by="Nina", note="", now=clock.at), shop=None
    )
    tell(store, clock, {"packers": chat})
    assert len(chat.outgoing_messages) == 1
    assert "Nina" in chat.board["chat/1"].message.body
    tell(store, clock, {"packers": chat})
    assert chat.revised == ["chat/1"]


def test_a_bundle_is_kept_up_to_date_item_by_item(store: Store) -> None:
    *_, alert = queue(store, told(n=1), told(n=2), told(n=3))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    end(store, alert, 1)
    tell(store, clock, {"packers": chat})
    body = chat.board["chat/1"].message.body
    assert "Resolved · 1 posting" in body
    assert all(f"41517061-{n}-1" in body for n in ("0214", "0215", "0216"))
    assert chat.board["chat/1"].buttons
    assert chat.outgoing_messages[1].earlier[0].ref == "chat/1"


def test_a_reply_is_not_changed_later(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    again(store, alert, replace(told(reason=Reason.ESCALATED), number=2))
    tell(store, clock, {"packers": chat})
    again(store, alert, replace(told(reason=Reason.REMINDER), number=3))
    tell(store, clock, {"packers": chat})
    assert [outgoing.earlier[0].ref for outgoing in chat.outgoing_messages[1:]] == ["chat/1", "chat/1"]
    assert set(chat.revised) == {"chat/1"}


def test_what_is_told_of_several_at_once_is_a_message_of_its_own(store: Store) -> None:
    chat, clock = FakeChat(), Clock()
    (one,) = queue(store, told(n=1))
    tell(store, clock, {"packers": chat})
    (two,) = queue(store, told(n=2))
    tell(store, clock, {"packers": chat})
    again(store, one, replace(told(n=1, reason=Reason.ESCALATED), number=2))
    again(store, two, replace(told(n=2, reason=Reason.ESCALATED), number=2))
    tell(store, clock, {"packers": chat})
    assert chat.outgoing_messages[-1].earlier == ()
    assert len(chat.outgoing_messages[-1].views) == 2


def test_a_message_that_is_gone_is_told_in_full_next_time(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    chat, clock = FakeChat(revisions=[BadMessage(because("message to edit not found"))]), Clock()
    tell(store, clock, {"packers": chat})
    again(store, alert, replace(told(reason=Reason.ESCALATED), number=2))
    tell(store, clock, {"packers": chat})
    again(store, alert, replace(told(reason=Reason.REMINDER), number=3))
    tell(store, clock, {"packers": chat})
    assert chat.outgoing_messages[-1].earlier == ()
    assert "What to do" in chat.outgoing_messages[-1].message.body


@pytest.mark.parametrize(
    "result",
    [
        Retry(because("HTTP 502")),
        Ambiguous(because("no answer")),
        RateLimited(because("HTTP 429"), timedelta(seconds=30)),
    ],
)
def test_what_cannot_be_changed_now_is_changed_later(store: Store, result: Result) -> None:
    queue(store, told(n=1))
    chat, clock = FakeChat(revisions=[result]), Clock()
    tell(store, clock, {"packers": chat})
    store.alerts.change(
        "41517061-0214-1", lambda alert: acknowledge(alert, by="Nina", note="", now=clock.at), shop=None
    )
    tell(store, clock, {"packers": chat})
    tell(store, clock, {"packers": chat})
    assert len(chat.revised) == 1
    clock.advance(minutes=6)
    tell(store, clock, {"packers": chat})
    assert len(chat.revised) == 2
    assert "Nina" in chat.board["chat/1"].message.body


def test_what_changed_before_an_edit_and_is_written_after_it_is_edited_again(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    began = clock()

    def outdate(seconds: int) -> None:
        with store.write() as tx:
            tx.channels.outdate([alert], at=began + timedelta(seconds=seconds))

    outdate(1)
    chat.meanwhile = lambda: outdate(2) if len(chat.revised) == 1 else None
    clock.advance(seconds=10)
    for _ in range(3):
        tell(store, clock, {"packers": chat})
    assert chat.revised == ["chat/1"] * 2


@pytest.mark.parametrize("failure", [Retry(because("HTTP 502")), Permanent(because("HTTP 403"))])
def test_nothing_is_changed_over_a_channel_that_does_not_work(store: Store, failure: Result) -> None:
    queue(store, told(n=1))
    chat, clock = FakeChat([FINE, failure, FINE]), Clock()
    tell(store, clock, {"packers": chat})
    (alert,) = [alert.id for alert in store.alerts.find()]
    assert alert is not None
    again(store, alert, replace(told(reason=Reason.ESCALATED), number=2))
    tell(store, clock, {"packers": chat})
    assert chat.revised == []
    clock.advance(minutes=6)
    tell(store, clock, {"packers": chat})
    assert chat.revised == ["chat/1"]


# ---- what channels that only go forward get


def test_a_thread_goes_on_under_the_keys_of_its_messages(store: Store) -> None:
    (alert,) = queue(store, told(n=1))
    mail, clock = FakeChannel(), Clock()
    for telling, reason in enumerate((Reason.ESCALATED, Reason.REMINDER), 2):
        tell(store, clock, {"packers": mail})
        again(store, alert, replace(told(reason=reason), number=telling))
    tell(store, clock, {"packers": mail})
    keys: Sequence[str] = mail.keys
    assert [[one.key for one in outgoing.earlier] for outgoing in mail.outgoing_messages] == [
        [],
        [keys[0]],
        [keys[0], keys[1]],
    ]
    assert all("What to do" in outgoing.message.body for outgoing in mail.outgoing_messages)


def test_a_silence_that_is_asked_for_at_a_change_holds_the_whole_account(store: Store) -> None:
    queue(store, told(n=1), replace(told(n=2), channel="owner"))
    limited = RateLimited(because("HTTP 429"), timedelta(seconds=15))
    chats = {"packers": FakeChat(account="bot", revisions=[limited]), "owner": FakeChat(account="bot")}
    clock = Clock()
    tell(store, clock, chats)
    taken = partial(acknowledge, by="Nina", note="", now=clock.at)
    store.alerts.change("41517061-0214-1", taken, shop=None)
    tell(store, clock, chats)
    queue(store, replace(told(n=3), channel="owner"))
    store.alerts.change("41517061-0215-1", taken, shop=None)
    clock.advance(seconds=14)
    tell(store, clock, chats)
    assert (len(chats["packers"].revised), chats["owner"].revised, len(chats["owner"].outgoing_messages)) == (
        1,
        [],
        1,
    )
    clock.advance(seconds=2)
    tell(store, clock, chats)
    assert (chats["owner"].revised, len(chats["owner"].outgoing_messages)) == (["chat/1"], 2)
