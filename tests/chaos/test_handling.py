"""A running service and people who answer it: buttons in a chat, commands, and what little time is left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox import World, state
from labelwatch.sandbox.scenarios.stage import AURORA, OZON, arrival, both_shops
from labelwatch.sandbox.shops import stamp
from tests.chaos.births import Life, serving
from tests.chaos.ears import chat, configure, robot
from tests.support.fake_telegram import FakeTelegram, Sent
from tests.support.http_server import Hook, answer
from tests.support.place import Place, now, place_for

pytestmark = pytest.mark.lengthy

TAKEN, LEFT = "76000001-0001-1", "76000002-0001-1"
METHODS = {TAKEN: AURORA, LEFT: OZON}
CHATS = {TAKEN: "-1001", LEFT: "-1002"}
"""Each shop has a chat of its own, so that no message tells of both."""
STRANGERS = "-666"
LAST_CALL = timedelta(hours=2)
ALERTS = 'group_wait = "0s"\ngroup_interval = "0s"\nrepeat_every = "1s"'
OWNER = '[[escalation]]\nleft = "2h"\nchannel = "owner"\n'


@dataclass(frozen=True, slots=True)
class Shift:
    """A service with a crew in a chat, an owner who hears of what is urgent, and a webhook that hears everything."""

    place: Place
    service: Life
    telegram: FakeTelegram
    owner: Hook

    def first(self, number: str) -> Sent:
        """The message about a posting in the chat of its shop."""
        self.service.until(lambda: bool(self.telegram.said(CHATS[number])))
        return self.telegram.said(CHATS[number])[0]

    def hears(self, to: Sent, words: str) -> None:
        """A reply below this message says so."""
        said = self.telegram.said
        self.service.until(lambda: any(words in one.text for one in said(to.chat) if one.answers == to.id))

    def reads(self, message: Sent, words: str) -> None:
        """The message itself was changed to say so."""
        self.service.until(lambda: words in message.text and bool(message.edits))

    def late(self, number: str) -> dict[str, Any]:
        """What `labelwatch late` says of it."""
        alerts = self.place.run("late", "--json").json["alerts"]
        return next(dict(alert) for alert in alerts if alert["posting_number"] == number)

    def told(self, number: str, *reasons: str) -> int:
        """How often the webhook was told of it for these reasons."""
        return self.place.told(*reasons).count(number)

    def told_owner(self, number: str) -> list[str]:
        alerts = [one for request in list(self.owner.requests) for one in request.json["labelwatch"]]
        return [one["reason"] for one in alerts if one["posting_number"] == number]


def two_late() -> World:
    """Two that are late from the beginning, with a little more time left than the owner is told of."""
    world = both_shops(start := now())
    for number, method in METHODS.items():
        world.plan(arrival(start, number, method=method, minutes=0, cutoff=LAST_CALL + timedelta(minutes=30)))
    return world


@contextmanager
def shift(folder: Path) -> Iterator[Shift]:
    with (
        place_for(two_late(), folder) as place,
        FakeTelegram() as telegram,
        Hook([answer(200)]) as owner,
    ):
        star, home = chat("star", telegram, where=CHATS[TAKEN]), chat("home", telegram, where=CHATS[LEFT])
        tables = {"star": 'shops = ["star"]', "home": 'shops = ["home"]', "owner": 'severity = "critical"'}
        configure(place, [star, home, robot("owner", "json", owner)], alerts=ALERTS, more=OWNER, of=tables)
        with serving(place) as service:
            yield Shift(place, service, telegram, owner)


@pytest.mark.timeout(240)
def test_who_takes_it_is_known_to_all_and_left_in_peace_and_who_does_not_is_not(tmp_path: Path) -> None:
    with shift(tmp_path) as crew:
        taken, left = crew.first(TAKEN), crew.first(LEFT)
        strangers_are_turned_away(crew, taken)
        is_taken_by_a_button(crew, taken)
        is_looked_at_again(crew, taken)
        is_told_in_detail(crew, left)
        is_snoozed_for_a_moment(crew, left)
        is_escalated_unless_taken(crew)
        is_snoozed_by_a_button(crew, left)
        is_over(crew, taken)


def strangers_are_turned_away(crew: Shift, taken: Sent) -> None:
    crew.telegram.chats[STRANGERS].append(replace(taken, chat=STRANGERS, id=1))
    assert (
        toast(crew, crew.telegram.press(STRANGERS, 1, "ack")) == "В этом чате это не разрешено."
    )  # her device is set to Russian
    assert crew.late(TAKEN)["handled_by"] is None


def is_taken_by_a_button(crew: Shift, taken: Sent) -> None:
    """Who pressed is recorded and shown; no reminder comes any more, while the other one is reminded of."""
    assert toast(crew, press(crew, taken, "ack")) == "Nina Petrova takes care of it."
    crew.hears(taken, "Nina Petrova takes care of it.")
    crew.reads(taken, "Nina Petrova is on it.")
    known = crew.late(TAKEN)
    assert (known["state"], known["handled_by"]) == ("acknowledged", "Nina Petrova")
    is_reminded(crew)  # what was on its way when it was taken has arrived by then
    before = crew.told(TAKEN, "reminder")
    is_reminded(crew)
    assert crew.told(TAKEN, "reminder") == before


def is_reminded(crew: Shift) -> None:
    """People hear once more of the one that nobody takes."""
    before = crew.told(LEFT, "reminder")
    crew.service.until(lambda: crew.told(LEFT, "reminder") > before)


def is_looked_at_again(crew: Shift, taken: Sent) -> None:
    press(crew, taken, "check")
    crew.hears(taken, "still no label")


def is_told_in_detail(crew: Shift, left: Sent) -> None:
    press(crew, left, "details")
    crew.hears(left, "Ruled out:")


def is_snoozed_for_a_moment(crew: Shift, left: Sent) -> None:
    """It is back by itself when the snooze ends, not before, and says why."""
    began = time.monotonic()
    assert crew.place.run("snooze", LEFT, "3s", "--by", "boris").code == 0
    crew.hears(left, "The snooze of boris (until")
    assert time.monotonic() - began >= 3


def is_escalated_unless_taken(crew: Shift) -> None:
    """When less is left than the step says, the owner is told, but not of what somebody has taken."""
    assert not crew.told_owner(LEFT)
    soon = stamp(crew.place.clock.now() + LAST_CALL + timedelta(seconds=2))
    for number in (TAKEN, LEFT):
        crew.place.sandbox.world.change(number, {"shipment_date": soon, "shipment_date_without_delay": soon})
    crew.service.until(lambda: "escalated" in crew.told_owner(LEFT))
    assert not crew.told_owner(TAKEN)


def is_snoozed_by_a_button(crew: Shift, left: Sent) -> None:
    assert toast(crew, press(crew, left, "snooze")).startswith("Quiet until ")
    known = crew.late(LEFT)
    hour = datetime.fromisoformat(known["snoozed_until"]) - datetime.fromisoformat(known["as_of"])
    assert timedelta(minutes=55) < hour < timedelta(minutes=65)
    assert (known["state"], known["handled_by"]) == ("snoozed", "Nina Petrova")


def is_over(crew: Shift, taken: Sent) -> None:
    """The label is there: the message says so, a reply follows, and there is nothing left to press."""
    crew.place.sandbox.world.change(TAKEN, state(AURORA.flow, "awaiting_deliver", label=True))
    crew.reads(taken, "✅")
    crew.hears(taken, "✅")
    assert not taken.buttons


def press(crew: Shift, message: Sent, verb: str) -> str:
    return crew.telegram.press(message.chat, message.id, verb)


def toast(crew: Shift, pressed: str) -> str:
    crew.service.until(lambda: pressed in crew.telegram.toasts)
    return crew.telegram.toasts[pressed]
