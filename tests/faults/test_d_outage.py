"""An hour without Telegram, and a channel that is taken out of the configuration with messages waiting for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops, step
from tests.chaos.ears import CHAT, chat, configure, robot
from tests.chaos.told_time import Days, days
from tests.cli.conftest import LATE, one_late
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import answer
from tests.support.place import Place, place_for
from tests.support.telegram_wire import Act, page, refused

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BACK = START + timedelta(hours=1)
STEP = timedelta(minutes=1)
NUMBERS = tuple(f"7600{place:04d}-0001-1" for place in range(9))
ENDED = NUMBERS[::3]
"""Over again while Telegram is down."""
WAYS: tuple[Act, ...] = (page(502), page(504, "<html>Gateway Timeout</html>"), refused(500, "Internal Server Error"))
ALERTS = 'group_wait = "0s"\ngroup_interval = "30s"\nrepeat_every = "1d"'


def an_hour_of_trouble() -> World:
    """A late posting every six minutes; each third is cancelled soon after."""
    world = both_shops(START)
    for place, number in enumerate(NUMBERS):
        comes = 1.0 + 6 * place
        world.plan(arrival(START, number, method=AURORA, minutes=comes, cutoff=timedelta(minutes=150)))
        if number in ENDED:
            world.plan(step(comes + 3, number, method=AURORA, status="cancelled"))
    return world


@contextmanager
def lived(folder: Path) -> Iterator[tuple[Days, FakeTelegram, list[datetime]]]:
    """The hour and some minutes after it, the chat beside a webhook; and when Telegram was asked."""
    with place_for(an_hour_of_trouble(), folder) as place, FakeTelegram() as telegram:
        listener = [chat("crew", telegram), robot("packers", "json", place.hook)]
        configure(place, listener[:1], alerts=ALERTS)
        asked: list[datetime] = []
        with days(place, listener, every="1m") as lived:
            while lived.clock.now() < BACK:
                telegram.next(*WAYS, of="sendMessage")
                known = len(telegram.asked("sendMessage"))
                lived.until(lived.clock.now() + STEP, step=STEP)
                asked += [lived.clock.now()] * (len(telegram.asked("sendMessage")) - known)
            telegram.acts.clear()
            yield lived, telegram, asked


@pytest.mark.fault("D1")
def test_after_an_hour_without_telegram_one_message_tells_all_that_still_matters(tmp_path: Path) -> None:
    with lived(tmp_path) as (lives, telegram, asked):
        for place, number in enumerate(NUMBERS):
            late_at = START + timedelta(minutes=1 + 6 * place)
            first = min(one.at for one in lives.over("packers") if number in one.said.numbers)
            assert first - late_at <= 2 * STEP, number
        assert telegram.said(CHAT) == []
        assert all(later - one <= 6 * STEP for one, later in pairwise([START, *asked, BACK]))
        assert len(asked) < 40
        lives.until(BACK + timedelta(minutes=7), step=STEP)
        said = telegram.said(CHAT)
        assert len(said) == 1
        assert {number for number in NUMBERS if number in said[0].text} == set(NUMBERS) - set(ENDED)
        assert lives.app.store.outbox.next_due() is None
        assert any("works again" in one.said.text for one in lives.over("packers"))


@pytest.mark.fault("D13")
def test_what_waited_for_a_channel_that_was_taken_out_is_listed_once_and_goes_nowhere(tmp_path: Path) -> None:
    with place_for(one_late(), tmp_path) as place:
        place.configure('[[channel]]\nname = "crew"\nurl = "env:CREW"\n')
        place.environ["CREW"] = place.hook.url("/crew")
        place.hook.acts = [answer(503)]
        assert place.run("poll").code == 1
        place.hook.acts = [answer(200)]
        known = len(place.hook.requests)
        place.configure()
        said = [place.run("poll").err for _ in range(2)]
        assert ["no longer in the configuration" in err for err in said] == [True, False]
        assert crew(place) == [("dead", "the channel is no longer in the configuration")]
        assert place.told("first")[-1] == LATE
        assert not any(request.line.startswith("POST /crew") for request in place.hook.requests[known:])


def crew(place: Place) -> list[tuple[str, str]]:
    """State and reason of what waited there."""
    rows = place.run("outbox", "--json").json
    return [(row["state"], row["error"]) for row in rows if row["channel"] == "crew"]
