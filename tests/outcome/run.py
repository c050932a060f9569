"""The whole of it from top to bottom: plan the world, play the arms, judge, print."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta

from labelwatch.replaying.backtest import Backtest, Limits, backtest
from labelwatch.replaying.recording import recorded
from labelwatch.service.poller import plan_of
from tests.bench.report import Cell, Report
from tests.outcome import judge
from tests.outcome.arm import Arm, without
from tests.outcome.judge import Contest, Played
from tests.outcome.oracle import oracle, sleepless
from tests.outcome.poller import plain_poller
from tests.outcome.watched import AT_LEAST, labelwatch
from tests.outcome.world import SITES, Site, Truth, planned

SIMULATED = (
    "simulated: Ozon (the sandbox, asked within the process), time, the staff, their letters and what comes of them; "
    "real: reading, deciding, SQLite, outbox and webhook of labelwatch"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; 0 whatever the goals say, as they are printed."""
    parser = argparse.ArgumentParser(prog="tests.outcome", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another world (1)")
    parser.add_argument("--days", type=int, default=4, help="simulated days (4)")
    parser.add_argument("--orders", type=int, default=200, help="orders per shop and day (200)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    asked = parser.parse_args(arguments)
    report = Report(as_json=asked.json)
    report.say(SIMULATED)
    contest = play(asked.seed, days=asked.days, per_day=asked.orders, say=report.say)
    show(report, contest)
    report.end([])
    return 0


def play(
    seed: int,
    *,
    days: float,
    per_day: int,
    sites: tuple[Site, ...] = SITES,
    say: Callable[[str], None],
    at_least: timedelta = AT_LEAST,
) -> Contest:
    """All arms over the same world; each gets it afresh. `at_least` as in watched.labelwatch."""

    def truth() -> Truth:
        return planned(seed, days=days, per_day=per_day, sites=sites)

    played = {}
    for make in (without, plain_poller, oracle, sleepless):
        say(f"arm: {make.__name__.replace('_', ' ')}")
        arm = make(truth())
        with closing(arm.sandbox):
            played[make.__name__] = _played(arm)
    say("arm: labelwatch")
    with labelwatch(truth(), at_least) as arm, closing(arm.sandbox):
        watched, replayed = _played(arm), _replayed(arm)
    return Contest(
        orders=arm.truth.orders,
        without=played["without"],
        poller=played["plain_poller"],
        watched=watched,
        best=played["oracle"],
        sleepless=played["sleepless"],
        replayed=replayed,
    )


def _replayed(arm: Arm) -> Backtest:
    """The back-test of everything that was recorded, with the limits as they are."""
    assert arm.app is not None, "the arm with labelwatch"
    plans = {shop.name: plan_of(arm.app.config, shop) for shop in arm.app.config.shops}
    since = arm.truth.world.start - timedelta(days=1)
    return backtest(recorded(arm.app.store, plans, since, arm.truth.end), Limits())


def _played(arm: Arm) -> Played:
    books = arm.run()
    return Played(arm.name, books, arm.hands.deeds, len(arm.people), arm.truth.lasts.total_seconds() / 86_400)


def show(report: Report, contest: Contest) -> None:
    """Figures per cause, figures of the arms, goals, and every miss that is left."""
    report.show(
        f"{len(contest.orders):,} orders: missed cutoffs by what was wrong",
        [
            "cause",
            "orders",
            "without",
            "could be rescued",
            "plain poller",
            "labelwatch",
            "rescued",
            "told before, min",
        ],
        [_cause_row(contest, cause, numbers) for cause, numbers in judge.by_cause(contest)],
    )
    report.show(
        "the arms",
        ["arm", "missed", "rescued", "messages", "per person and day", "false alarms", "acted on in vain"],
        [_arm_row(contest, arm) for arm in (contest.without, contest.poller, contest.watched)],
    )
    report.say(judge.reach(contest))
    report.say(judge.prevention(contest))
    replayed = contest.replayed
    report.say(f"back-test: {replayed.reproduced} of {replayed.notifications} notifications come out as they were")
    reasons = contest.watched.books.reasons
    report.show("why labelwatch sent its messages", ["reason", "messages"], [[*one] for one in reasons.most_common()])
    met = [
        [goal.name, goal.measured, goal.wanted, "ok" if goal.is_met else "missed"] for goal in judge.goals(contest)
    ]
    report.show("goals", ["goal", "measured", "wanted", ""], met)
    report.show("misses that are left with labelwatch", ["story"], [[line] for line in judge.stories(contest)])


def _cause_row(contest: Contest, cause: str, numbers: Sequence[str]) -> list[Cell]:
    rescuable = contest.rescuable.intersection(numbers)
    saved = rescuable - set(contest.watched.books.missed)
    lead = judge.lead(contest, contest.watched, numbers)
    missed = [sum(number in arm.books.missed for number in numbers) for arm in _arms(contest)]
    return [
        cause,
        len(numbers),
        missed[0],
        len(rescuable),
        *missed[1:],
        f"{len(saved)}/{len(rescuable)}" if rescuable else "-",
        f"{lead:.0f}" if lead is not None else "-",
    ]


def _arm_row(contest: Contest, arm: Played) -> list[Cell]:
    messages = sum(arm.books.messages.values())
    vain = len(judge.in_vain(contest, arm))
    share = "-" if arm is contest.without else f"{contest.rescued(arm):.1%}"
    return [arm.name, len(arm.books.missed), share, messages, arm.messages_a_day, len(arm.books.false), vain]


def _arms(contest: Contest) -> tuple[Played, ...]:
    return contest.without, contest.poller, contest.watched
