"""Nobody can be told: the journal, the switch elsewhere, and how it ends. A shop out of sight is no success."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from labelwatch.sandbox import Fault, Kind
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from tests.chaos.births import Life, serving
from tests.chaos.ears import CHAT, chat, configure
from tests.cli.conftest import LATE, one_late
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Hook, answer
from tests.support.place import Place, place_for

pytestmark = pytest.mark.lengthy

ALERTS = 'group_wait = "0s"\ngroup_interval = "0s"\nrepeat_every = "1s"'
START, WELL, FAIL = "GET /uuid/start", "GET /uuid", "POST /uuid/fail"


@dataclass(frozen=True, slots=True)
class Watch:
    place: Place
    service: Life
    telegram: FakeTelegram
    switch: Hook

    @property
    def signals(self) -> list[str]:
        return [request.line.removesuffix(" HTTP/1.1") for request in list(self.switch.requests)]

    def reads(self, rounds: int, *shops: str) -> None:
        """Each of these shops is asked for so often once more."""
        for shop in shops:
            self.service.until(partial(self._was_asked, shop, self._asked(shop) + rounds))

    def _was_asked(self, shop: str, times: int) -> bool:
        return self._asked(shop) >= times

    def _asked(self, shop: str) -> int:
        lists = [one for one in self.place.sandbox.requests if one.path.endswith("/unfulfilled/list")]
        return sum(one.client_id == shop for one in lists)

    def hears(self, words: str) -> None:
        self.service.until(lambda: any(words in sent.text for sent in self.telegram.said(CHAT)))

    def retry(self, channel: str) -> None:
        """What people do who have mended a channel."""
        self.service.until(lambda: self.place.run("outbox", "retry", "--channel", channel).code == 0)


@contextmanager
def watch(folder: Path) -> Iterator[Watch]:
    with (
        place_for(one_late(), folder) as place,
        FakeTelegram() as telegram,
        Hook([answer(200)]) as switch,
    ):
        place.sandbox.fault(Fault(kind=Kind.HTML, client_id=STAR.client_id))
        place.environ["SWITCH"] = f"http://127.0.0.1:{switch.port}/uuid"
        configure(place, [chat("crew", telegram)], alerts=ALERTS, more='[heartbeat]\nurl = "env:SWITCH"\n')
        with serving(place) as service:
            yield Watch(place, service, telegram, switch)


@pytest.mark.fault("D3", "D14")
@pytest.mark.timeout(240)
def test_when_nobody_can_be_told_it_is_cried_out_and_when_somebody_can_it_is_told(tmp_path: Path) -> None:
    with watch(tmp_path) as now:
        a_shop_out_of_sight_is_no_success(now)
        all_channels_die(now)
        one_comes_back(now)
        the_other_comes_back(now)


def a_shop_out_of_sight_is_no_success(now: Watch) -> None:
    now.reads(2, HOME.client_id)
    assert now.signals == [START]
    now.place.sandbox.world.faults.clear()
    now.service.until(lambda: now.signals.count(WELL) >= 2)
    assert now.signals[:4] == [START, WELL, START, WELL]


def all_channels_die(now: Watch) -> None:
    now.service.until(lambda: LATE in now.place.told("first"))
    now.hears(LATE)
    now.telegram.refusals[CHAT] = (403, "Forbidden: bot was blocked by the user")
    now.place.hook.acts = [answer(404, "no such hook")]
    now.service.until(lambda: FAIL in now.signals)
    assert "CRITICAL no channel works, nobody can be notified: packers, crew" in now.service.log
    signal_failure = next(request for request in now.switch.requests if request.line.startswith("POST"))
    assert signal_failure.body == b"labelwatch: no channel works: packers, crew"
    now.reads(2, STAR.client_id, HOME.client_id)
    assert WELL not in now.signals[now.signals.index(FAIL) + 2 :]  # one may have been under way


def one_comes_back(now: Watch) -> None:
    """It tells of the other one, what waited is told, and the switch hears that all is well."""
    now.telegram.refusals.clear()
    before, heard = len(now.signals), len(now.telegram.said(CHAT))
    now.retry("crew")
    now.service.until(lambda: WELL in now.signals[before:])
    now.service.until(lambda: any(LATE in sent.text for sent in now.telegram.said(CHAT)[heard:]))
    refused = len(now.place.hook.requests)
    now.retry("packers")
    now.service.until(lambda: len(now.place.hook.requests) > refused)
    now.hears("“packers”")


def the_other_comes_back(now: Watch) -> None:
    now.place.hook.acts = [answer(200)]
    now.retry("packers")
    now.hears("Channel “packers” works again")
    now.service.until(lambda: not now.place.run("late", "--json").json["channels"])
