"""What a button does, over a real store: the alerts of that message, and no others."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import AlertState, Outcome, RuledOut
from labelwatch.core.report import Report
from labelwatch.core.text import Text
from labelwatch.delivery.alert_actions import JUST_READ, StoredAlertActions
from labelwatch.messages.interactions import Press, answered
from labelwatch.store import Store
from tests.support.alert_builders import destination, incident, minutes, told
from tests.support.post import Clock, FakeChat, queue, tell


@dataclass
class Desk:
    """An office over a store in which a message was told of two postings, and another of a third."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    chat: FakeChat = field(default_factory=FakeChat)
    polled: list[str] = field(default_factory=list)
    poll: Callable[[str], Report | None] = lambda shop: Report(shop, complete=True)

    def __post_init__(self) -> None:
        queue(self.store, told(n=1), told(n=2))
        tell(self.store, self.clock, {"packers": self.chat})
        queue(self.store, told(n=3))
        tell(self.store, self.clock, {"packers": self.chat})

    def press(self, verb: str, *, message: int = 0, alert: int | None = None) -> str:
        office = StoredAlertActions(self.store, now=self.clock, poll=self._poll)
        key = self.chat.keys[message] if alert is None else f"{self.chat.keys[message]}:{alert}"
        press = Press("1", "-100", 5, verb, key, "Nina")
        reply = answered(press, office, destination(), now=self.clock)
        said = reply.then() if reply.then else reply.message
        return f"{reply.toast} {said.title} {said.body}" if said else reply.toast

    @property
    def states(self) -> list[AlertState]:
        return [
            alert.state
            for alert in sorted(self.store.alerts.find(), key=lambda one: str(one.diagnosis.posting_number))
        ]

    def _poll(self, shop: str) -> Report | None:
        self.polled.append(shop)
        return self.poll(shop)


F, A, Z = AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED


@pytest.mark.parametrize(
    ("verb", "message", "states"),
    [("all", 0, [A, A, F]), ("ack", 1, [F, F, A]), ("snooze", 1, [F, F, Z])],
)
def test_a_press_handles_what_its_message_told_of(
    store: Store, verb: str, message: int, states: list[AlertState]
) -> None:
    delivery = Desk(store)
    assert "Nina" in delivery.press(verb, message=message)
    assert delivery.states == states
    handled = [alert.handled_by for alert in store.alerts.find() if alert.state is not F]
    assert set(handled) == {"Nina"}


def test_one_button_takes_one_posting_and_the_key_of_a_message_opens_no_other(store: Store) -> None:
    delivery = Desk(store)
    own, foreign = delivery.chat.outgoing_messages[0].targets, delivery.chat.outgoing_messages[1].targets
    assert [one.subject for one in own] == ["41517061-0214-1", "41517061-0215-1"]
    assert "Nina takes care of 41517061-0215-1." in delivery.press("ack", alert=own[1].id)
    assert delivery.states == [F, A, F]
    assert "Nina" not in delivery.press("ack", alert=foreign[0].id)
    assert delivery.states == [F, A, F]


def test_check_reads_the_shop_and_says_what_is_so_now(store: Store) -> None:
    delivery = Desk(store)
    assert "still no label" in delivery.press("check", message=1)
    assert delivery.polled == ["main"]

    def labelled(shop: str) -> Report:
        with store.write() as tx:
            ids = [alert.id for alert in store.alerts.find() if alert.id is not None]
            over = {"state": AlertState.RESOLVED, "resolved_at": delivery.clock.at, "outcome": Outcome.LABELLED}
            tx.alerts.change_by_id(ids, lambda alert: replace(alert, **over))  # type: ignore[arg-type]
        return Report(shop, complete=True)

    delivery.poll = labelled
    assert "the label is there" in delivery.press("check", message=1)


def test_check_says_why_ozon_could_not_be_asked(store: Store) -> None:
    delivery = Desk(store, poll=lambda shop: Report(shop, complete=False, error="HTTP 502"))
    assert "HTTP 502" in delivery.press("check", message=1)


def test_a_shop_that_was_just_read_is_not_asked_again(store: Store) -> None:
    delivery = Desk(store)
    shop = store.shops.named("main")
    assert shop is not None
    with store.write() as tx:
        tx.shops.mark_read(shop.id, started_at=delivery.clock.at, finished_at=delivery.clock.at)
    delivery.clock.at += JUST_READ / 2
    assert "still no label" in delivery.press("check", message=1)
    assert delivery.polled == []
    delivery.clock.at += JUST_READ
    delivery.press("check", message=1)
    assert delivery.polled == ["main"]


def test_details_tell_what_was_ruled_out_and_carry_the_letter(store: Store) -> None:
    store.shops.sync([("main", "123456")])
    about = told(
        "registration_pending",
        n=9,
        ruled_out=(RuledOut("not_packed", Text("is", {"field": "status", "value": "awaiting_registration"})),),
    )
    queue(store, about)
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    message = StoredAlertActions(store, now=clock, poll=lambda shop: None).details(chat.keys[0], destination())
    assert "Ruled out" in message.body
    assert "(awaiting_registration)" in message.body
    assert "Aurora Post" in message.body
    assert len(message.sections) > 5


@pytest.mark.parametrize(("every", "is_dated"), [(2, True), (30, False)])
def test_details_are_dated_when_they_are_older_than_two_intervals(store: Store, every: int, is_dated: bool) -> None:
    delivery = Desk(store)
    delivery.clock.advance(minutes=20)
    office = StoredAlertActions(store, now=delivery.clock, poll=lambda shop: None, intervals={"main": minutes(every)})
    assert ("Data as of" in office.details(delivery.chat.keys[0], destination()).body) == is_dated


def test_details_of_one_of_several_are_in_full_with_its_letter(store: Store) -> None:
    store.shops.sync([("main", "123456")])
    queue(store, told("registration_pending", n=8), told("registration_pending", n=9))
    chat, clock = FakeChat(), Clock()
    tell(store, clock, {"packers": chat})
    office = StoredAlertActions(store, now=clock, poll=lambda shop: None)
    one = office.alerts_of(chat.keys[0])[1]
    body = office.details(chat.keys[0], destination(), only=[one.id or 0]).body
    assert str(one.diagnosis.posting_number) in body
    assert "41517061-0221-1" not in body
    assert body.index("Ready to paste, for Ozon support:") < body.index("Ready to paste, for Aurora Post:")
    assert "Здравствуйте!" in body


def test_details_of_a_bundle_list_its_postings(store: Store) -> None:
    delivery = Desk(store)
    said = delivery.press("details")
    assert "41517061-0214-1" in said
    assert "41517061-0215-1" in said
    assert "41517061-0216-1" not in said


def test_a_message_that_was_pruned_is_not_known_any_more(store: Store) -> None:
    delivery = Desk(store)
    delivery.clock.at += timedelta(days=1) + minutes(1)
    office = StoredAlertActions(store, now=delivery.clock, poll=lambda shop: None)
    assert office.alerts_of("0" * 32) == []


def test_a_key_opens_nothing_in_another_chat(store: Store) -> None:
    delivery = Desk(store)
    key = delivery.chat.keys[0]
    whole = StoredAlertActions(store, now=delivery.clock, poll=delivery._poll)
    elsewhere, here = whole.at(["others"], "Mallory"), whole.at(["packers"], "Nina")
    for verb in ("ack", "all", "snooze", "pick", "check", "details"):
        reply = answered(Press("1", "-200", 5, verb, key, "Mallory"), elsewhere, destination(), now=delivery.clock)
        assert (reply.message, reply.then, reply.buttons) == (None, None, ())
    assert not elsewhere.alerts_of(key)
    assert not elsewhere.acknowledge(key, by="Mallory", only=[1, 2])
    assert not elsewhere.snooze(key, span=minutes(60), by="Mallory", only=[1, 2])
    assert delivery.polled == []
    assert delivery.states == [F, F, F]
    assert [alert.handled_by for alert in here.acknowledge(key, by="Nina", only=[1, 2])] == ["Nina", "Nina"]


def test_a_check_below_a_shared_incident_asks_and_quotes_only_the_shops_of_its_channel(store: Store) -> None:
    clock, chat, polled = Clock(), FakeChat(), list[str]()
    store.shops.sync([(name, str(number)) for number, name in enumerate(("main", "north", "south", "west"))])
    one = incident()
    with store.write() as tx:
        (id_,) = tx.alerts.save(None, [replace(one.alert, id=None)])
        tx.outbox.add([replace(one, alert=replace(one.alert, id=id_))], created_at=clock.at)
    tell(store, clock, {"packers": chat})
    to = destination(shops=frozenset({"north"}))

    def poll(shop: str) -> Report:
        polled.append(shop)
        return Report(shop, complete=shop == "north", error="" if shop == "north" else f"{shop}: key rejected")

    office = StoredAlertActions(store, now=clock, poll=poll, channels={"packers": (to, chat)}).at(["packers"], "Nina")
    reply = answered(Press("1", "-100", 5, "check", chat.keys[0], "Nina"), office, to, now=clock)
    assert reply.then is not None
    said = reply.then()
    assert polled == ["north"]
    assert "rejected" not in f"{said.title} {said.body}"
