"""What goes wrong in a soak, by chance: at Ozon, and at channels of every kind, each failing in its own ways."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from labelwatch.sandbox import Fault, Kind, Sandbox
from tests.chaos.ears import FINE, SCHEMES, Ear, chat, mailbox, robot
from tests.chaos.gate import Gate
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Act, Hook, answer, hang_up, hang_up_in_the_middle
from tests.support.smtp_server import HANG_UP, PostOffice
from tests.support.telegram_wire import Said, dropped, page, refused, taken_and_dropped, too_many

HIT = 0.02
"""The share of shops that a fault of one of them hits at a time."""
OUTAGE = 0.04
"""How likely it is that a fault is everybody's."""
LETTERS: tuple[Mapping[str, list[str]], ...] = (
    {"MAIL": ["421 4.7.0 try again later"]},
    {"RCPT": ["550 5.1.1 no such user"]},
    {"DATA": [HANG_UP]},
)
QUIET = ("error", "busy", "page", "coded", "locked", "silent", "half")
"""How a robot or a webhook fails."""
_ERRORS = {
    "json": '{"ok": false, "error": "out of order"}',
    "feishu": '{"code": 9999, "msg": "out of order"}',
    "wecom": '{"errcode": -1, "errmsg": "out of order"}',
    "dingtalk": '{"errcode": -1, "errmsg": "out of order"}',
}
TAKES = frozenset({"fine", "silent", "half"})
"""Moods in which the message has arrived, whatever is answered."""


def _acts(kind: str) -> Mapping[str, Act]:
    return {
        "fine": answer(200, FINE[kind]),
        "error": answer(500, "oops"),
        "busy": answer(429, "too many", Retry_After="2"),
        "page": answer(200, "<html>Log in!</html>", Content_Type="text/html"),
        "coded": answer(200, _ERRORS[kind]),
        "locked": answer(404, "no such hook"),
        "silent": hang_up,
        "half": hang_up_in_the_middle,
    }


@dataclass
class Moody:
    """A webhook or a robot with moods; only what has arrived counts as heard."""

    kind: str
    mood: str = "fine"
    unsure: int = 0
    """Messages that it took without saying so."""

    def __post_init__(self) -> None:
        self.acts = _acts(self.kind)
        self.hook = Hook([self._answer])

    def _answer(self, connection: object) -> None:
        mood = self.mood
        if mood not in TAKES:
            self.hook.requests.pop()  # one at a time: a channel sends its next message after this one
        self.unsure += mood in TAKES and mood != "fine"
        self.acts[mood](connection)  # type: ignore[arg-type]


@dataclass
class Channels:
    """One channel of every kind, and how they fare."""

    moody: dict[str, Moody]
    telegram: FakeTelegram
    office: PostOffice
    gates: dict[str, Gate]
    listener: dict[str, Ear]
    changes: int = 0
    """How often a gate threw out who was inside."""
    drops: int = 0
    """How often Telegram took a message and hung up."""

    def worsen(self, chance: random.Random) -> None:
        """Something changes at one channel."""
        name = chance.choice(list(self.listener))
        if name in self.moody:
            self.moody[name].mood = chance.choice(("fine", *QUIET))
        elif chance.random() < 0.4:
            self._move_gate(name, chance)
        elif name == "tgram":
            acts = (page(502), dropped, self._drop, too_many(2), refused(500, "Internal Server Error"))
            self.telegram.next(*chance.choices(acts, k=3), of="sendMessage")
        else:
            self.office.replies = chance.choice(({}, *LETTERS))

    def heal(self) -> None:
        """All is well from now on."""
        for one in self.moody.values():
            one.mood = "fine"
        for gate in self.gates.values():
            gate.open()
        self.changes += 1
        self.telegram.acts.clear()
        self.office.replies = {}

    def unsure(self, name: str) -> int:
        """How many messages of a channel may have arrived without our having been told so."""
        if name in self.moody:
            return self.moody[name].unsure
        lost = self.drops if name == "tgram" else len(self.office.offered) - len(self.office.letters)
        return lost + self.changes

    def _drop(self, take: Callable[[], Said]) -> Said:
        self.drops += 1
        return taken_and_dropped(take)

    def _move_gate(self, name: str, chance: random.Random) -> None:
        gate = self.gates[name]
        self.changes += 1
        move: Callable[[], None] = chance.choice((gate.open, gate.open, gate.shut, gate.hang))
        move()


@contextmanager
def channels() -> Iterator[Channels]:
    """Servers on 127.0.0.1 for one channel of every kind; all is well there as yet."""
    with ExitStack() as stack:
        moody = {kind: Moody(kind) for kind in ("json", *SCHEMES)}
        for one in moody.values():
            stack.enter_context(one.hook)
        telegram, office = stack.enter_context(FakeTelegram()), stack.enter_context(PostOffice())
        behind = {"tgram": int(telegram.base.rpartition(":")[2]), "mail": office.port}
        gates = {name: stack.enter_context(Gate(port)) for name, port in behind.items()}
        listener = {
            **{kind: robot(kind, kind, one.hook) for kind, one in moody.items()},
            "tgram": chat("tgram", telegram, port=gates["tgram"].port),
            "mail": mailbox("mail", office, port=gates["mail"].port, lost=True),
        }
        yield Channels(moody, telegram, office, gates, listener)


def fault_at(chance: random.Random, shops: list[str]) -> list[Fault]:
    """What goes wrong at Ozon next: for some shops for a while, or shortly for all."""
    kind = chance.choice(list(Kind))
    fault = Fault(kind=kind, status=chance.choice((200, 500, 502, 503)), megabytes=40)
    if chance.random() < OUTAGE:
        return [replace(fault, seconds=chance.uniform(1, 4))]
    hit = chance.sample(shops, max(1, int(len(shops) * HIT)))
    lasts, times = chance.uniform(1, 60), chance.choice((None, 1, 3))
    return [replace(fault, client_id=one, seconds=lasts, times=times) for one in hit]


@dataclass
class Weather:
    """Bad for as long as the block lasts; then all is well again."""

    sandbox: Sandbox
    channels: Channels
    shops: list[str]
    chance: random.Random
    every: float
    """Seconds between two changes, on average."""
    hit: set[str] = field(default_factory=set)
    """Client-Ids of the shops with which something was wrong."""
    count: int = 0

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._rage, name="weather", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.sandbox.world.faults.clear()
        self.channels.heal()

    def _rage(self) -> None:
        while not self._over.wait(self.chance.expovariate(1 / self.every)):
            for fault in fault_at(self.chance, self.shops):
                self.hit |= {fault.client_id} if fault.client_id else set(self.shops)
                self.sandbox.fault(fault)
                self.count += 1
            if self.chance.random() < 0.5:
                self.channels.worsen(self.chance)
