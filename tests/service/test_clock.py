"""The time that everything is judged by: this machine's, unless the marketplace shows twice that it is wrong."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.service.clock import (
    DISTRUST_FOR,
    HOLD_FOR,
    RECALL_EVERY,
    SKEW,
    SkewCorrectedClock,
    save_skew,
    skew_in,
)
from labelwatch.store import ClockSkew, Store

TRUE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """A clock that is `ahead` of the true time, and a marketplace whose clock is right, or stands still."""

    ahead: timedelta = timedelta(0)
    at: datetime = TRUE
    frozen: bool = False
    slept: timedelta = timedelta(0)
    keeper: SkewCorrectedClock = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = SkewCorrectedClock(
            lambda: self.at + self.ahead, lambda: (self.at - TRUE - self.slept).total_seconds()
        )

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def asks(self, seconds: float = 0.2) -> None:
        """One request that takes so long; the answer is written half-way."""
        heard = self.keeper.asking()
        self.passes(seconds / 2)
        told = TRUE if self.frozen else self.at.replace(microsecond=0)
        self.passes(seconds / 2)
        heard(told)

    def sleeps(self, span: timedelta) -> None:
        """The monotonic clock stands still meanwhile."""
        self.at += span
        self.slept += span

    @property
    def error(self) -> timedelta:
        return abs(self.keeper.now() - self.at)


@pytest.mark.parametrize("ahead", [0, 5, -5, 29, -29])
def test_a_clock_that_is_nearly_right_is_believed(ahead: float) -> None:
    machine = Machine(timedelta(seconds=ahead))
    for _ in range(3):
        machine.asks()
        machine.passes(120)
    assert (machine.keeper.in_doubt, machine.keeper.version) == (False, 0)
    assert machine.error == timedelta(seconds=abs(ahead))


@pytest.mark.fault("C3")
@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(minutes=-10), 24 * HOUR, timedelta(days=-20000)])
def test_a_wrong_clock_is_doubted_at_once_and_put_right_by_the_second_answer(ahead: timedelta) -> None:
    machine = Machine(ahead)
    machine.asks()
    assert (machine.keeper.in_doubt, machine.error) == (True, abs(ahead))
    machine.passes(3)
    machine.asks()
    assert (machine.keeper.in_doubt, machine.keeper.version) == (False, 1)
    assert machine.error <= timedelta(seconds=1)
    assert machine.keeper.skew is not None
    assert abs(machine.keeper.skew - ahead) <= timedelta(seconds=1)


def test_two_answers_at_once_are_one_witness() -> None:
    machine = Machine(HOUR)
    machine.asks()
    machine.asks()
    assert (machine.keeper.in_doubt, machine.keeper.version) == (True, 0)


def test_a_time_that_stands_still_is_not_gone_by() -> None:
    machine = Machine(frozen=True)
    machine.passes(3600)
    machine.asks()
    assert machine.keeper.in_doubt
    machine.passes(3)
    machine.asks()
    for _ in range(20):
        machine.passes(120)
        machine.asks()
        assert (machine.keeper.in_doubt, machine.error) == (False, timedelta(0))
    machine.passes(DISTRUST_FOR.total_seconds())
    machine.asks()
    assert machine.keeper.in_doubt


def test_an_answer_that_took_long_says_little_and_accuses_nobody() -> None:
    machine = Machine(timedelta(seconds=45))
    machine.asks(60)
    assert not machine.keeper.in_doubt


def test_an_answer_without_a_time_says_nothing() -> None:
    machine = Machine(HOUR)
    machine.keeper.asking()(None)
    assert (machine.keeper.in_doubt, machine.keeper.skew) == (False, None)


@pytest.mark.fault("C1", "C2")
@pytest.mark.parametrize("jump", [-HOUR, HOUR, 24 * HOUR, timedelta(days=20000)])
def test_a_clock_that_was_set_wrong_is_not_believed_for_a_moment(jump: timedelta) -> None:
    machine = Machine()
    machine.keeper.moved()
    machine.asks()
    machine.passes(120)
    machine.ahead += jump
    assert machine.error == timedelta(0)
    assert (machine.keeper.moved(), machine.keeper.moved()) == (jump, timedelta(0))
    machine.asks()
    for _ in range(3):
        assert machine.error <= timedelta(seconds=1)
        machine.passes(HOLD_FOR.total_seconds())
    assert (machine.keeper.in_doubt, machine.keeper.version) == (False, 0)


@pytest.mark.fault("C2", "C6")
@pytest.mark.parametrize("slept", [8 * HOUR, timedelta(days=3)])
def test_a_jump_that_was_a_sleep_is_believed_with_the_first_answer(slept: timedelta) -> None:
    machine = Machine()
    machine.keeper.moved()
    machine.asks()
    machine.sleeps(slept)
    assert machine.keeper.moved() == slept
    assert machine.error == slept
    machine.asks()
    assert machine.error == timedelta(0)
    assert machine.keeper.version == 1


def test_a_clock_that_was_wrong_and_is_put_right_is_gone_by_again() -> None:
    machine = Machine(-HOUR)
    machine.keeper.moved()
    machine.asks()
    machine.passes(5)
    machine.asks()
    machine.ahead += HOUR
    assert machine.error <= timedelta(seconds=1)
    machine.asks()
    assert machine.error == timedelta(0)


def test_without_a_word_of_the_marketplace_a_clock_that_was_set_is_believed_after_a_minute() -> None:
    machine = Machine()
    machine.keeper.moved()
    machine.ahead += HOUR
    assert machine.keeper.moved() == HOUR
    machine.passes(59)
    assert machine.error == timedelta(0)
    machine.passes(2)
    assert machine.error == HOUR


def test_a_clock_that_drifts_away_is_put_right_each_time_it_is_off_too_far() -> None:
    machine = Machine()
    worst = timedelta(0)
    for _ in range(400):
        machine.ahead += timedelta(seconds=1)
        machine.passes(60)
        machine.asks()
        worst = max(worst, machine.error)
    assert machine.ahead == timedelta(seconds=400)
    assert worst <= SKEW + timedelta(seconds=4)


def follower(machine: Machine, known: ClockSkew | None) -> SkewCorrectedClock:
    """Another process on the same machine, which reads what was found out."""
    return SkewCorrectedClock(
        lambda: machine.at + machine.ahead,
        lambda: (machine.at - TRUE - machine.slept).total_seconds(),
        noted=lambda: known,
        follows=True,
    )


def found_wrong(ahead: timedelta) -> tuple[Machine, ClockSkew]:
    """A machine on which the service has found out that its clock is wrong."""
    machine = Machine(ahead)
    machine.passes(3600)
    machine.asks()
    machine.passes(5)
    machine.asks()
    found = machine.keeper.found()
    assert found is not None
    return machine, found


def test_another_process_goes_by_what_the_service_has_found_out() -> None:
    machine, found = found_wrong(-3 * HOUR)
    machine.passes(7200)
    assert abs(follower(machine, found).now() - machine.at) <= timedelta(seconds=1)


def test_a_process_that_only_looks_hears_of_it_within_seconds() -> None:
    machine, found = found_wrong(3 * HOUR)
    known: list[ClockSkew] = []
    keeper = SkewCorrectedClock(
        lambda: machine.at + machine.ahead,
        lambda: (machine.at - TRUE).total_seconds(),
        noted=lambda: known[-1] if known else None,
        follows=True,
    )
    assert keeper.now() - machine.at == 3 * HOUR
    known.append(found)
    machine.passes(RECALL_EVERY.total_seconds())
    assert abs(keeper.now() - machine.at) <= timedelta(seconds=1)


def test_a_clock_that_was_set_right_meanwhile_is_believed() -> None:
    machine, found = found_wrong(-3 * HOUR)
    machine.ahead = timedelta(0)
    assert follower(machine, found).now() == machine.at


def test_a_machine_that_slept_is_as_wrong_as_before() -> None:
    machine, found = found_wrong(-3 * HOUR)
    machine.sleeps(8 * HOUR)
    assert abs(follower(machine, found).now() - machine.at) <= timedelta(seconds=1)


def test_what_was_found_out_before_a_restart_of_the_machine_is_forgotten() -> None:
    machine, found = found_wrong(-3 * HOUR)
    restarted = Machine(at=machine.at + HOUR, slept=machine.at + HOUR - TRUE)
    assert follower(restarted, found).now() == restarted.at


def test_nothing_is_found_out_while_there_is_a_doubt() -> None:
    machine = Machine(HOUR)
    machine.asks()
    assert machine.keeper.found() is None


def test_what_was_found_out_is_kept_for_the_others_and_written_only_when_it_is_news(store: Store) -> None:
    right, (wrong, found) = Machine(), found_wrong(HOUR)
    save_skew(right.keeper, store)
    assert skew_in(store)() is None
    save_skew(wrong.keeper, store)
    assert skew_in(store)() == found
    written = store.condition.written
    wrong.passes(60)
    save_skew(wrong.keeper, store)
    assert store.condition.written == written
    wrong.ahead = timedelta(0)
    wrong.asks()
    save_skew(wrong.keeper, store)
    kept = skew_in(store)()
    assert kept is not None
    assert kept.ahead == timedelta(0)
