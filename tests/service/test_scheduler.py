"""The service: every shop is polled at its pace, whatever the clock does, and it stops when it is told."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest
import time_machine

from labelwatch.service.clock import SkewCorrectedClock
from labelwatch.service.scheduler import Service
from labelwatch.service.systemd import notifier

HOUR = 3600


@dataclass
class Polled:
    late: int = 0
    next_due_in: timedelta | None = None


@dataclass
class FakeWork:
    """Counts what it is asked to do; `late` and `hang` say how a poll goes."""

    pace: dict[str, timedelta]
    timezone: str = "Europe/Berlin"
    polls: list[tuple[float, str]] = field(default_factory=list)
    told: int = 0
    late: int = 0
    fails: bool = False
    hang: threading.Event | None = None
    limit: timedelta = timedelta(minutes=10)
    set_by: list[int] = field(default_factory=list)
    audit_at: clock_time | None = None
    audits: list[str] = field(default_factory=list)
    keeper: SkewCorrectedClock = field(
        default_factory=lambda: SkewCorrectedClock(lambda: datetime.now(UTC), time.monotonic)
    )

    def shops(self) -> list[tuple[str, timedelta]]:
        return list(self.pace.items())

    def poll(self, shop: str) -> Polled | None:
        self.polls.append((time.monotonic(), shop))
        if self.hang and shop == "slow":
            self.hang.wait(20)
        if self.fails:
            raise RuntimeError("a bug")
        return Polled(self.late)

    def due_channels(self) -> list[str]:
        return ["packers"]

    def send(self, channel: str) -> bool:
        self.told += 1
        return False

    def check_fresh(self) -> None:
        return

    def check_store(self) -> None:
        return

    def write_unchanged(self) -> None:
        return

    def maintain(self) -> None:
        return

    def audit(self, shop: str) -> None:
        self.audits.append(shop)

    def abandon(self) -> None:
        if self.hang:
            self.hang.set()

    def clock_moved(self) -> timedelta:
        moved = self.keeper.moved()
        self.set_by += [round(moved.total_seconds())] if moved else []
        return moved

    def poll_limit(self, shop: str) -> timedelta:
        return self.limit

    def status(self) -> str:
        return "fine"

    def count(self, shop: str) -> int:
        return sum(name == shop for _, name in self.polls)


@contextmanager
def running(work: FakeWork, sent: list[str] | None = None, *, looks_every: float = 0.02) -> Iterator[Service]:
    stop = threading.Event()
    heard = sent if sent is not None else []
    tick = timedelta(seconds=looks_every)
    service = Service(work, stop=stop, notify=heard.append, wall=time.time, monotonic=time.monotonic, tick=tick)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def eventually(holds: object, within: float = 8.0) -> None:
    give_up = time.monotonic() + within
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


def test_each_shop_is_polled_at_its_own_pace_and_people_are_told_in_between() -> None:
    work = FakeWork({"quick": timedelta(seconds=0.1), "slow": timedelta(hours=1)})
    with running(work):
        eventually(lambda: work.count("quick") >= 5 and work.count("slow") == 1 and work.told >= 2)


def test_a_shop_with_something_late_is_looked_at_more_often() -> None:
    work = FakeWork({"a": timedelta(hours=1)}, late=1)
    with running(work) as service, pytest.MonkeyPatch.context() as patch:
        patch.setattr("labelwatch.service.scheduler.PACE_WHILE_LATE", timedelta(seconds=0.1))
        with service.lock:
            service._plan_all()
        eventually(lambda: work.count("a") >= 4)


@pytest.mark.fault("C1", "C2", "C6")
@pytest.mark.parametrize("step", [-HOUR, HOUR, -25 * HOUR, 400 * 24 * HOUR])
def test_polling_goes_on_when_the_clock_is_set(step: int) -> None:
    work = FakeWork({"a": timedelta(seconds=0.2), "b": timedelta(seconds=0.2)})
    with running(work):
        eventually(lambda: work.count("a") >= 2)
        before = len(work.polls), work.told
        with time_machine.travel(time.time() + step, tick=True):
            eventually(lambda: len(work.polls) >= before[0] + 6 and work.told > before[1])
            assert work.set_by == [step]


@pytest.mark.fault("C6")
@pytest.mark.parametrize("looks_every", [0.02, 5])
def test_after_a_sleep_each_shop_is_read_once_and_one_after_another(looks_every: float) -> None:
    """Also where polls that are due begin before the service itself has looked at the clock."""
    names = [f"shop {n}" for n in range(6)]
    work = FakeWork({name: timedelta(hours=1) for name in names})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("labelwatch.service.scheduler.APART", timedelta(seconds=0.2))
        with running(work, looks_every=looks_every):
            eventually(lambda: len(work.polls) == 6)
            with time_machine.travel(time.time() + 8 * HOUR, tick=True):
                eventually(lambda: len(work.polls) >= 12)
                time.sleep(0.3)
                after = work.polls[6:]  # before the clock goes back: that is one more reason to read them all
    assert [name for _, name in after] == names
    assert after[-1][0] - after[0][0] >= 0.8


@pytest.mark.fault("P17", "K6")
def test_a_poll_that_fails_is_tried_again() -> None:
    work = FakeWork({"a": timedelta(seconds=0.1)}, fails=True)
    with running(work):
        eventually(lambda: work.count("a") >= 3)


@pytest.mark.fault("P17")
def test_a_shop_that_hangs_does_not_hold_up_the_others_and_is_read_again_when_it_no_longer_does() -> None:
    work = FakeWork({"slow": timedelta(seconds=0.1), "quick": timedelta(seconds=0.1)}, hang=threading.Event())
    with running(work):
        eventually(lambda: work.count("quick") >= 5)
        assert work.count("slow") == 1
        assert work.hang is not None
        work.hang.set()
        eventually(lambda: work.count("slow") >= 3)


@pytest.mark.fault("P16")
def test_the_watchdog_is_fed_by_progress_and_not_by_breathing() -> None:
    work = FakeWork({"slow": timedelta(seconds=0.1)}, hang=threading.Event(), limit=timedelta(seconds=0.2))
    sent: list[str] = []
    with running(work, sent) as service:
        eventually(lambda: any("WATCHDOG=1" in state for state in sent))
        eventually(lambda: service.stuck() == "poll slow")
        time.sleep(0.1)
        fed = sum("WATCHDOG=1" in state for state in sent)
        time.sleep(0.3)
        assert sum("WATCHDOG=1" in state for state in sent) == fed
        assert any(state == "STATUS=stuck: poll slow" for state in sent)
        assert work.hang is not None
        work.hang.set()
        eventually(lambda: service.stuck() is None)


def test_it_says_ready_and_stopping_and_ends_at_once() -> None:
    sent: list[str] = []
    began = time.monotonic()
    with running(FakeWork({"a": timedelta(hours=1)}), sent):
        eventually(lambda: "READY=1" in sent)
    assert sent[-1] == "STOPPING=1"
    assert time.monotonic() - began < 5


def test_what_waits_for_an_answer_is_broken_off_at_the_end() -> None:
    work = FakeWork({"slow": timedelta(hours=1)}, hang=threading.Event())
    began = time.monotonic()
    with running(work):
        eventually(lambda: work.count("slow") == 1)
    assert time.monotonic() - began < 5


def test_after_stop_nothing_new_begins() -> None:
    work = FakeWork({"a": timedelta(seconds=0.05)})
    with running(work):
        eventually(lambda: work.count("a") >= 2)
    after = len(work.polls), work.told
    time.sleep(0.3)
    assert (len(work.polls), work.told) == after


def test_systemd_is_told_over_its_socket(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(address))
        notifier(str(address))("READY=1")
        assert ear.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    notifier(None)("READY=1")
    notifier(str(tmp_path / "nobody"))("READY=1")


@pytest.mark.fault("P6", "P7")
def test_what_fails_again_and_again_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    work = FakeWork({"a": timedelta(seconds=0.05)}, fails=True)
    caplog.set_level("INFO")
    with running(work):
        eventually(lambda: work.count("a") >= 5)
        assert [record.message for record in caplog.records].count("poll a failed: a bug") == 1
        work.fails = False
        eventually(lambda: "poll a works again" in caplog.text)
