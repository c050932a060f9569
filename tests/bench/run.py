"""The whole benchmark from top to bottom: contest | sizes | parts | slow answers | rate | detection | goals."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench import contest, fleet, goals, parts, scale, speed
from tests.bench.contest import KINDS, Outcome, Rounds
from tests.bench.fake import Fake, running
from tests.bench.goals import Goal
from tests.bench.parts import Part
from tests.bench.report import Cell, Report
from tests.bench.scale import Size
from tests.bench.worker import WHERE, missing

LATENCY = 0.2
RATE = 25
_SMALL = Rounds(first=3, unchanged=5, changed=3)
_LARGE = Rounds(first=1, unchanged=2, changed=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a contestant's database is not what the fake served, else 0, goals met or not."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["speed", "fleet"], default="speed", help="fleet: many shops")
    parser.add_argument("--full", action="store_true", help="all contestants at 100,000 postings; sizes to 1,000,000")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    wanted = parser.parse_args(arguments)
    report = Report(as_json=wanted.json)
    with running(datetime.now(UTC)) as fake, TemporaryDirectory(prefix="labelwatch-bench-") as folder:
        if wanted.what == "fleet":
            _fleets(fake, Path(folder), report, full=wanted.full)
            return 0
        disagreements = _measure(fake, Path(folder), report, full=wanted.full)
    report.end(disagreements)
    return 1 if disagreements else 0


def _fleets(fake: Fake, folder: Path, report: Report, *, full: bool) -> None:
    """One process over ever more shops, each of which is polled every two minutes."""
    fake.slow_down(LATENCY)
    found = []
    for shops in (100, 1_000, 3_000, *([10_000] if full else [])):
        report.say(f"{shops:,} shops")
        found.append(fleet.measure(fake, folder / f"fleet-{shops}", shops=shops, every=120, seconds=150))
    columns = ["shops", "start s", "CPU a poll ms", "polls/s", "lag p50 s", "lag p99 s", "unread", "files", "MB"]
    rows: list[list[Cell]] = [
        [f"{f.shops:,}", f.start, f.cpu, f.polls, f.lag, f.lag_99, f.unread, f.descriptors, f.memory / 1e6]
        for f in found
    ]
    report.show(f"{fleet.POSTINGS} postings a shop, {LATENCY * 1000:.0f} ms, polled every 120 s", columns, rows)
    growth = found[-1].cpu / found[0].cpu
    wanted = [
        Goal("CPU of a poll of 30 postings, ms", found[0].cpu, at_most=6),
        Goal(f"CPU of a poll at {found[-1].shops:,} shops, of that at {found[0].shops:,}", growth, at_most=1.1),
        Goal(f"lag p99 at {found[-1].shops:,} shops, s", found[-1].lag_99, at_most=5),
        Goal(f"start of {found[-1].shops:,} shops, s", found[-1].start, at_most=3),
    ]
    _show_goals(report, wanted)
    report.end([])


def _measure(fake: Fake, folder: Path, report: Report, *, full: bool) -> list[str]:
    absent = missing(list(WHERE))
    for name, reason in absent.items():
        report.say(f"{name} is left out: {reason}")
    names = [name for name in WHERE if name not in absent]
    outcomes = [_contest(fake, folder, report, names=names, postings=10_000, rounds=_SMALL)]
    many = names if full else ["limit", "labelwatch"]
    outcomes.append(_contest(fake, folder, report, names=many, postings=100_000, rounds=_LARGE))
    sizes = _sizes(fake, folder, report, full=full)
    report.say("the parts of a poll")
    _show_parts(report, parts.measure(fake, folder / "parts", postings=5_000))
    met = [*goals.of_contest(outcomes[0]), *goals.of_sizes(sizes), *_times(fake, folder, report)]
    _show_goals(report, met)
    return [problem for outcome in outcomes for problem in outcome.disagreements]


def _contest(
    fake: Fake, folder: Path, report: Report, *, names: Sequence[str], postings: int, rounds: Rounds
) -> Outcome:
    report.say(f"contest: {', '.join(names)} at {postings:,} postings")
    outcome = contest.hold(fake, names, folder / f"contest-{postings}", postings=postings, rounds=rounds)
    for kind in KINDS:
        _show_kind(report, outcome, kind)
    return outcome


def _show_kind(report: Report, outcome: Outcome, kind: str) -> None:
    rows: list[list[Cell]] = []
    for name, seconds in outcome.seconds.items():
        times = seconds[kind]
        ratio = outcome.ratio("labelwatch", name, kind)
        rows.append([name, len(times), median(times), min(times), max(times), ratio])
    title = f"{kind} poll, {outcome.postings:,} open postings (ratios paired by round)"
    report.show(title, ["contestant", "rounds", "median s", "min s", "max s", "of labelwatch's time"], rows)


def _sizes(fake: Fake, folder: Path, report: Report, *, full: bool) -> list[Size]:
    postings = [1_000, 10_000, 100_000, *([1_000_000] if full else [])]
    report.say(f"labelwatch alone at {', '.join(f'{size:,}' for size in postings)} postings")
    sizes = scale.measure(fake, postings, folder, rounds=3)
    columns = ["postings", "first s", "unchanged s", "peak MB", "pages written", "B a history row", "B a posting"]
    rows: list[list[Cell]] = [
        [f"{s.postings:,}", s.first, s.again, s.peak / 1e6, s.frames, s.row_bytes, s.file_bytes] for s in sizes
    ]
    report.show("labelwatch by size; what an unchanged poll writes; room in the database", columns, rows)
    return sizes


def _show_parts(report: Report, measured: Sequence[Part]) -> None:
    whole = sum(part.microseconds for part in measured if part.paid_by)
    again = sum(part.microseconds for part in measured if part.paid_by == "unchanged")
    rows: list[list[Cell]] = [
        [
            part.name,
            part.microseconds,
            f"{part.microseconds / again:.0%}" if part.paid_by == "unchanged" else "",
            f"{part.microseconds / whole:.0%}" if part.paid_by else "",
        ]
        for part in measured
    ]
    columns = ["part", "us a posting", "of an unchanged poll", "of a first poll"]
    report.show("the parts of a poll, each alone", columns, [*rows, ["all", whole, f"{again:.3g} us", ""]])


def _times(fake: Fake, folder: Path, report: Report) -> list[Goal]:
    report.say(f"answers {LATENCY * 1000:.0f} ms late; {RATE} requests a second; detection")
    cycle = speed.slow_cycle(fake, folder / "slow", postings=5_000, latency=LATENCY)
    busiest = speed.busiest_second(fake, folder / "rate", postings=5_000, rate=RATE)
    looks = {count: speed.detection(folder / f"detect-{count}", postings=count) for count in (10_000, 1_000_000)}
    rows: list[list[Cell]] = [
        [f"cycle of {cycle.pages} pages, {LATENCY * 1000:.0f} ms late each", f"{cycle.seconds:.2f} s"],
        [f"busiest second at {RATE} requests a second", f"{busiest} requests"],
    ]
    for count, took in looks.items():
        rows.append([f"detection, nothing due among {count:,}", f"{took * 1e6:.0f} us"])
    report.show("waiting and looking", ["what", "measured"], rows)
    return goals.of_times(
        detection=looks[1_000_000], postings=1_000_000, stretch=cycle.stretch, busiest=busiest, rate=RATE
    )


def _show_goals(report: Report, measured: Sequence[Goal]) -> None:
    rows: list[list[Cell]] = [
        [goal.name, float(goal.measured), goal.wanted, "ok" if goal.is_met else "missed"] for goal in measured
    ]
    report.show("goals", ["goal", "measured", "wanted", "verdict"], rows)
