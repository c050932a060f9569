"""`python -m tests.soak`: runs the service against the sandbox under faults and kills, and says what it was worth.

    world    a thousand shops whose day passes fifty times as fast, and who of them is late         world.py
    weather  what goes wrong at Ozon and at the channels, by chance and by a seed                   weather.py
    lives    the service as a real process that is killed again and again, then left in peace       run.py
    judge    what the promises say, held against the witness, the servers and the database          judge.py

A day is made fifty times as fast by giving the sandbox and the configuration a fiftieth of each span; the service is
the very one that users run, on the machine's own clock. Ends with 1 if a promise was broken.
"""

import argparse
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.soak.judge import Verdict
from tests.soak.run import Settings, soak


def main() -> int:
    """Soak as the arguments say; 0 = every promise was kept."""
    settings, keep = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the service would outlive us
    console = Console()
    console.print(f"seed {settings.seed}: {settings.shops} shops for {settings.seconds:g} s", highlight=False)
    with TemporaryDirectory(prefix="labelwatch-soak-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        verdicts = soak(settings, folder, say=lambda text: console.print(text, highlight=False, markup=False))
    console.print(_table(verdicts))
    return 0 if all(verdict.is_kept for verdict in verdicts) else 1


def _asked() -> tuple[Settings, Path | None]:
    parser = argparse.ArgumentParser(prog="make soak", description="ARGS of make soak")
    parser.add_argument(
        "--minutes", type=float, default=5, help="how long there are faults (5); half of it with kills"
    )
    parser.add_argument("--shops", type=int, default=1000, help="how many shops (1000)")
    parser.add_argument("--every", type=float, default=60, help="seconds between two polls of a shop (60)")
    parser.add_argument("--arrivals", type=float, default=7, help="postings that come in a second (7)")
    parser.add_argument("--kill-every", type=float, default=12, help="seconds that a life lasts on average (12)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="to have the same faults again")
    parser.add_argument("--keep", type=Path, help="a folder to leave log and database in")
    asked = parser.parse_args()
    settings = Settings(shops=asked.shops, seconds=asked.minutes * 60, seed=asked.seed)
    return replace(settings, every=asked.every, arrivals=asked.arrivals, kill_every=asked.kill_every), asked.keep


def _table(verdicts: list[Verdict]) -> Table:
    table = Table(title="Promises", title_justify="left", title_style="bold")
    for heading in ("promise", "measured", "kept"):
        table.add_column(heading, overflow="fold")
    for verdict in verdicts:
        table.add_row(verdict.promise, verdict.measured, "yes" if verdict.is_kept else "[bold red]NO[/]")
    return table


if __name__ == "__main__":
    sys.exit(main())
