"""Polls that do not keep up are told once, over every channel, and so is that they keep up again."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from labelwatch.core.subject import Polls
from labelwatch.core.system_problems import falling_behind
from labelwatch.messages.render import render
from labelwatch.service.lag_watch import LagWatch
from labelwatch.service.poll_queue import PollQueue
from tests.service.test_database_watch import Mouth
from tests.support.alert_builders import NOW, destination, told

EVERY = timedelta(minutes=2)
SHOPS = 100
FIRST, RESOLVED = ("falling_behind", "first"), ("falling_behind", "resolved")


@dataclass
class Stage:
    """Shops that are polled one after another, as quickly as is said, and the time."""

    packers: Mouth = field(default_factory=Mouth)
    passed: float = 0.0
    free_at: float = 0.0
    queue: PollQueue = field(default_factory=lambda: PollQueue(f"{n}" for n in range(SHOPS)))

    def __post_init__(self) -> None:
        self.queue.plan_all((float(n), f"{n}") for n in range(SHOPS))
        self.watch = LagWatch(
            lambda: self.queue.lag(self.passed),
            EVERY,
            {"packers": (destination(), self.packers)},
            now=lambda: NOW + timedelta(seconds=self.passed),
            monotonic=lambda: self.passed,
        )

    def go_on(self, minutes: float, *, seconds_a_poll: float) -> None:
        for _ in range(round(minutes * 60)):
            self.passed += 1
            while self.free_at <= self.passed and (shop := self.queue.next(self.passed)) is not None:
                self.free_at = max(self.free_at, self.passed - 1) + seconds_a_poll
                self.queue.plan(shop, self.free_at + EVERY.total_seconds())
            self.watch.look()


def test_what_is_late_beyond_two_intervals_is_told_once_and_so_is_its_end() -> None:
    here = Stage()
    here.go_on(30, seconds_a_poll=1)
    assert here.packers.heard == []
    here.go_on(30, seconds_a_poll=6)
    assert here.packers.heard == [FIRST]
    here.go_on(30, seconds_a_poll=0.5)
    assert here.packers.heard == [FIRST, RESOLVED]


@pytest.mark.parametrize(
    ("intervals", "heard"),
    [
        ([1.9, 1.5, 2.0], []),
        ([2.1, 1.9, 1.1, 2.1, 1.0], [FIRST]),
        ([2.1, 0.9, 1.9], [FIRST, RESOLVED]),
        ([2.1, 0.9, 2.1], [FIRST, RESOLVED, FIRST]),
        ([None], []),
    ],
)
def test_between_one_interval_and_two_nothing_changes(
    intervals: list[float | None], heard: list[tuple[str, str]]
) -> None:
    packers = Mouth()
    lags = iter([lag and lag * EVERY.total_seconds() for lag in intervals])
    watch = LagWatch(
        *(lambda: next(lags), EVERY, {"packers": (destination(), packers)}), now=lambda: NOW, monotonic=lambda: 0.0
    )
    for _ in intervals:
        watch.look()
    assert packers.heard == heard


def test_people_read_how_late_it_is_and_what_to_do() -> None:
    assert falling_behind(EVERY, now=NOW).subject == Polls(EVERY)
    message = render([told("falling_behind")], destination(), now=NOW)
    assert message.title == "‼️ labelwatch does not keep up"
    assert "Shops have waited up to 5 min for their reading" in message.body
