"""A small world with a fixed seed: what the benchmark promises holds, and it measures what it says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.replaying.backtest import Limits, backtest
from labelwatch.replaying.recording import Recording
from tests.outcome import judge
from tests.outcome.arm import Books, Told, without
from tests.outcome.hands import Deed
from tests.outcome.judge import Contest, Played
from tests.outcome.run import play
from tests.outcome.world import SITES, START, planned

pytestmark = pytest.mark.timeout(600)  # the day is played before the first test, on a busy machine too
SEED, DAYS, ORDERS = 3, 1.6, 80


@pytest.fixture(scope="module")
def contest() -> Contest:
    """One shop abroad with a forwarder, for a day and a half."""
    rarely = timedelta(minutes=10)
    return play(SEED, days=DAYS, per_day=ORDERS, sites=SITES[:1], say=lambda text: None, at_least=rarely)


@pytest.mark.lengthy
def test_labelwatch_rescues_what_could_be_rescued(contest: Contest) -> None:
    assert len(contest.rescuable) >= 3
    assert contest.rescued(contest.watched) >= 0.99, "\n".join(judge.stories(contest))
    assert contest.rescued(contest.watched) >= contest.rescued(contest.poller)


def test_nobody_is_left_waiting_and_every_miss_is_told(contest: Contest) -> None:
    assert contest.watched.books.missed, "a world in which nothing is missed proves nothing"
    assert judge.waited_to_the_end(contest) == []
    assert judge.untold(contest) == []


def test_nothing_is_told_of_that_is_well(contest: Contest) -> None:
    assert contest.watched.books.told
    assert contest.watched.books.false == []


def test_nothing_is_missed_that_was_known_at_arrival_and_could_be_rescued(contest: Contest) -> None:
    assert any(one.reason == "arrival" for one in contest.watched.books.told)
    assert judge.knowable(contest, contest.watched) & contest.rescuable == set(), "\n".join(judge.stories(contest))


def test_the_back_test_of_what_was_recorded_decides_everything_again(contest: Contest) -> None:
    found = contest.replayed
    assert found.notifications > 20
    assert (found.reproduced, found.invented) == (found.notifications, 0)
    assert found.now == found.then


def test_every_miss_that_is_left_has_its_story(contest: Contest) -> None:
    told = "\n".join(judge.stories(contest))
    assert all(number in told for number in contest.watched.books.missed)


def test_the_story_of_a_miss_says_until_when_a_letter_could_have_helped() -> None:
    orders = planned(SEED, days=DAYS, per_day=ORDERS, sites=SITES[:1]).orders
    order = next(one for one in orders.values() if one.fate.effects["warn_support"].events)
    needs, late = timedelta(minutes=order.fate.effects["warn_support"].events[0].minutes), timedelta(minutes=9)
    only = replace(order, fate=replace(order.fate, effects={"warn_support": order.fate.effects["warn_support"]}))
    told = Told(order.deadline - late, "packers", order.number, "first", "act", "not_packed")
    deed = Deed(order.deadline - late / 2, "packers", "warn_support", order.number, took=True)
    books = Books(missed={order.number: order.deadline}, told=[told])
    nobody = Played("nobody", Books(), [], people=2, days=1)
    watched, nothing = Played("watched", books, [deed], 2, 1), backtest(Recording(START, START), Limits())
    contest = Contest({order.number: only}, nobody, nobody, watched, nobody, nobody, nothing)
    latest = f"{order.site.local(order.deadline - needs):%d %b %H:%M}"
    assert judge.stories(contest)[0].endswith(f"the last letter that could help was warn_support at {latest}")


def test_the_world_is_the_same_whenever_it_is_played() -> None:
    played = []
    for _ in range(2):
        arm = without(planned(SEED, days=DAYS, per_day=ORDERS, sites=SITES[2:3]))
        played.append((arm.run().missed, [(deed.at, deed.subject, deed.action) for deed in arm.hands.deeds]))
        arm.sandbox.close()
    assert played[0] == played[1]
    assert played[0][1]


def test_a_deadline_is_the_forwarders_last_pick_up_before_the_cutoff() -> None:
    orders = planned(SEED, days=DAYS, per_day=ORDERS, sites=SITES[:1]).orders.values()
    usual = [order for order in orders if order.cutoff - order.came > timedelta(hours=10)]
    assert {order.site.local(order.deadline).hour for order in usual} == {16}
    assert all(order.came < order.deadline <= order.cutoff for order in orders)
