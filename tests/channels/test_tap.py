"""One-tap links in messages: where there are no buttons, while there is something to do, if there is a board."""

import pytest

from labelwatch.core.alert import Reason
from labelwatch.delivery.action_links import Act, Links, opened
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.plain import size
from labelwatch.store import Store
from tests.support.alert_builders import resolved, told
from tests.support.post import Clock, FakeChannel, FakeChat, again, queue, tell

LINKS = Links("https://watch.example.org", "secret")


def acts(channel: FakeChannel, message: int = 0) -> list[str]:
    """What the links of a message do, as the board reads them."""
    outgoing = channel.outgoing_messages[message]
    found = [opened(link.rpartition("/")[2], LINKS.secret) for link in outgoing.links.values()]
    assert {one.key for one in found if isinstance(one, Act)} <= {outgoing.key}
    return [one.verb for one in found if isinstance(one, Act)]


def test_a_message_that_is_read_without_buttons_can_be_acted_on_with_a_tap(sqlite_store: Store) -> None:
    (alert,) = queue(sqlite_store, told())
    mail, clock = FakeChannel(), Clock()
    tell(sqlite_store, clock, {"packers": mail}, links=LINKS)
    assert acts(mail) == ["ack", "snooze"]
    body = mail.outgoing_messages[0].message.body
    assert all(link in body for link in mail.outgoing_messages[0].links.values())
    again(sqlite_store, alert, resolved())
    tell(sqlite_store, clock, {"packers": mail}, links=LINKS)
    assert acts(mail, 1) == []
    assert LINKS.board + "/a/" not in mail.outgoing_messages[1].message.body


@pytest.mark.parametrize(
    "channel", [FakeChat(), FakeChannel(limit=SizeLimit(682))], ids=["has buttons", "has no room"]
)
def test_other_messages_carry_none(sqlite_store: Store, channel: FakeChannel) -> None:
    queue(sqlite_store, told())
    tell(sqlite_store, Clock(), {"packers": channel}, links=LINKS)
    assert acts(channel) == []


def test_without_a_board_there_is_nowhere_to_lead_to(sqlite_store: Store) -> None:
    queue(sqlite_store, told())
    channel = FakeChannel()
    tell(sqlite_store, Clock(), {"packers": channel})
    assert acts(channel) == []


def test_a_full_message_has_its_links_and_leads_to_the_whole_list(sqlite_store: Store) -> None:
    queue(sqlite_store, *(told(n=n) for n in range(1, 201)))
    channel = FakeChannel()
    tell(sqlite_store, Clock(), {"packers": channel}, links=LINKS)
    message = channel.outgoing_messages[0].message
    assert acts(channel) == ["ack", "snooze"]
    assert "https://watch.example.org/\n" in message.body
    assert size(message.title + "\n\n" + message.body) <= channel.limit.most


def test_a_test_has_none(sqlite_store: Store) -> None:
    queue(sqlite_store, told(reason=Reason.TEST))
    channel = FakeChannel()
    tell(sqlite_store, Clock(), {"packers": channel}, links=LINKS)
    assert acts(channel) == []
