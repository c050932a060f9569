"""Trouble with the database is told over the channels directly: once to each, and its end to who had heard of it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from labelwatch.channels.base import Delivered, OutgoingMessage, Result, Retry
from labelwatch.messages.render import LIMIT
from labelwatch.service.database_watch import LASTS, DatabaseWatch
from labelwatch.store import Fault, StoreError
from labelwatch.store.condition import FailureCounts
from tests.support.alert_builders import NOW, destination, minutes
from tests.support.reasons import because

CALM = timedelta(minutes=6)


@dataclass
class Mouth:
    """A channel that works or does not."""

    limit = LIMIT
    account = ""
    works: bool = True
    sent: list[OutgoingMessage] = field(default_factory=list)

    def send(self, outgoing: OutgoingMessage) -> Result:
        if not self.works:
            return Retry(because("no line"))
        self.sent.append(outgoing)
        return Delivered("ok", verified=True)

    @property
    def heard(self) -> list[tuple[object, object]]:
        return [(outgoing.views[0]["cause"], outgoing.views[0]["reason"]) for outgoing in self.sent]


@dataclass
class Stage:
    """A database, those who hear of it, and the time."""

    condition: FailureCounts = field(default_factory=FailureCounts)
    packers: Mouth = field(default_factory=Mouth)
    owner: Mouth = field(default_factory=Mouth)
    cries: list[str] = field(default_factory=list)
    passed: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        channels = {
            name: (destination(), mouth) for name, mouth in (("packers", self.packers), ("owner", self.owner))
        }
        self.database_watch = DatabaseWatch(
            self.condition,
            channels,
            now=lambda: NOW + self.passed,
            monotonic=lambda: self.passed.total_seconds(),
            calm_after=CALM,
            signal_failure=self.cries.append,
        )

    def refuse(self, fault: Fault) -> None:
        with pytest.raises(StoreError), self.condition.counting(writes=True):
            raise StoreError(fault, f"it is {fault}")

    def take(self) -> None:
        with self.condition.counting(writes=True):
            pass

    def look_after(self, passed: timedelta) -> None:
        self.passed += passed
        self.database_watch.look()


@pytest.mark.fault("P7")
@pytest.mark.parametrize(
    ("fault", "cause"),
    [(Fault.FULL, "disk_full"), (Fault.READ_ONLY, "database_failing"), (Fault.CORRUPT, "database_failing")],
)
def test_what_does_not_get_better_by_waiting_is_told_at_once_and_once(fault: Fault, cause: str) -> None:
    here = Stage()
    for _ in range(5):
        here.refuse(fault)
        here.look_after(minutes(2))
    assert here.packers.heard == here.owner.heard == [(cause, "first")]
    assert len(here.cries) == 1
    assert here.database_watch.line == f"it is {fault}"


@pytest.mark.fault("P6", "K6")
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.BUSY, "database_failing"),
        (Fault.UNREACHABLE, "database_failing"),
        (Fault.OUT_OF_FILES, "out_of_files"),
    ],
)
def test_what_may_pass_is_told_when_it_lasts(fault: Fault, cause: str) -> None:
    here = Stage()
    here.refuse(fault)
    here.look_after(minutes(0))
    here.look_after(LASTS - minutes(0.1))
    assert here.packers.heard == []
    here.look_after(minutes(0.2))
    assert here.packers.heard == [(cause, "first")]


def test_a_lock_now_and_then_between_which_all_is_written_is_not_told() -> None:
    here = Stage()
    for _ in range(5):
        here.refuse(Fault.BUSY)
        here.look_after(minutes(1))
        here.take()
        here.look_after(minutes(1))
    assert here.packers.heard == []


def test_it_is_over_when_nothing_was_refused_for_long_enough_and_something_was_taken() -> None:
    here = Stage()
    here.refuse(Fault.FULL)
    here.look_after(minutes(0))
    here.take()  # a small change found room
    here.look_after(minutes(2))
    here.refuse(Fault.FULL)
    here.look_after(CALM)
    here.look_after(CALM)  # nobody tried to write meanwhile
    assert here.packers.heard == [("disk_full", "first")]
    here.take()
    here.look_after(minutes(0))
    assert here.packers.heard == here.owner.heard == [("disk_full", "first"), ("disk_full", "resolved")]
    assert here.database_watch.line == ""
    here.refuse(Fault.FULL)
    here.look_after(minutes(1))
    assert len(here.packers.heard) == 3


def test_who_could_not_be_told_is_told_later_and_of_the_end_only_who_heard() -> None:
    here = Stage(owner=Mouth(works=False))
    here.refuse(Fault.FULL)
    here.look_after(minutes(0))
    here.owner.works = True
    here.look_after(minutes(1))
    assert here.packers.heard == here.owner.heard == [("disk_full", "first")]
    late = Stage(owner=Mouth(works=False))
    late.refuse(Fault.FULL)
    late.look_after(minutes(0))
    late.take()
    late.look_after(CALM)
    late.owner.works = True
    late.look_after(CALM)
    assert late.packers.heard == [("disk_full", "first"), ("disk_full", "resolved")]
    assert late.owner.heard == []


def test_how_the_database_was_used_is_no_trouble_of_its_own() -> None:
    here = Stage()
    for fault in (Fault.OTHER, Fault.REFUSED, Fault.NOT_SET_UP):
        here.refuse(fault)
        here.look_after(LASTS)
    assert here.packers.heard == []
    assert here.condition.failures == {Fault.OTHER: 1, Fault.REFUSED: 1, Fault.NOT_SET_UP: 1}
