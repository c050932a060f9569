"""All contestants over the same shop, round by round, so that what disturbs one disturbs its rivals too."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.fake import Fake
from tests.bench.worker import Worker, working

KINDS = ("first", "second", "unchanged", "1 % changed")
"""The second poll changes nothing either, but labelwatch then knows which methods give labels, and judges anew."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How many rounds of each kind of poll; a slow contestant sits out what it can after the first `slow`."""

    first: int
    unchanged: int
    changed: int
    slow: int = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds by contestant and kind, one a round; disagreements in words."""

    postings: int
    seconds: dict[str, dict[str, list[float]]]
    disagreements: list[str] = field(default_factory=list)

    def median(self, name: str, kind: str) -> float:
        return median(self.seconds[name][kind])

    def ratio(self, name: str, other: str, kind: str) -> float:
        """How many times as long `other` took as `name`: the median over the rounds in which both ran."""
        pairs = zip(self.seconds[name][kind], self.seconds[other][kind], strict=False)
        return median(theirs / mine for mine, theirs in pairs)


def hold(fake: Fake, names: Sequence[str], folder: Path, *, postings: int, rounds: Rounds) -> Outcome:
    """Let them all poll a new shop: from nothing, with nothing changed, with one in a hundred changed."""
    fake.stock(postings)
    outcome = Outcome(postings, {name: {kind: [] for kind in KINDS} for name in names})
    with ExitStack() as stack:
        workers = {name: stack.enter_context(working(name, fake.port)) for name in names}
        for number in range(rounds.first):
            for worker in _turn(workers, number, slow=1):
                worker.open(folder / f"{worker.name}-{number}")
                _poll(worker, outcome, "first", changed=postings)
        _compare(workers, outcome, fake.truth(), "the first poll")
        for worker in workers.values():
            _poll(worker, outcome, "second", changed=0)
        for number in range(rounds.unchanged):
            for worker in _turn(workers, number, slow=rounds.slow):
                _poll(worker, outcome, "unchanged", changed=0)
        for number in range(rounds.changed):
            moved = fake.change(0.01)
            for worker in _turn(workers, number, slow=rounds.changed):
                _poll(worker, outcome, "1 % changed", changed=moved)
        _compare(workers, outcome, fake.truth(), "the last poll")
    return outcome


SLOW = frozenset({"ozonapi-async"})


def _turn(workers: Mapping[str, Worker], number: int, *, slow: int) -> list[Worker]:
    """Who polls in this round: A B, then B A, so that no one always comes after the same one."""
    those = [worker for name, worker in workers.items() if name not in SLOW or number < slow]
    return those if number % 2 == 0 else those[::-1]


def _poll(worker: Worker, outcome: Outcome, kind: str, *, changed: int) -> None:
    poll = worker.poll()
    outcome.seconds[worker.name][kind].append(poll.seconds)
    if poll.changed != changed:
        outcome.disagreements.append(f"{worker.name}: {poll.changed} postings changed, not {changed} ({kind})")


def _compare(workers: Mapping[str, Worker], outcome: Outcome, truth: str, after: str) -> None:
    for name, worker in workers.items():
        if worker.state() != truth:
            outcome.disagreements.append(f"{name}: another database than the fake's after {after}")
