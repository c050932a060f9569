"""The ways of doing one job: fetch all pages, know what changed, have the state in a database."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class Contestant(Protocol):
    """One way of doing it, with a connection and a database of its own, made ready before the clock runs."""

    def poll(self) -> int:
        """Read the shop once and store what is to be stored; how many postings were new or different."""

    def facts(self) -> Iterable[tuple[object, ...]]:
        """What stands in the database, as world.Facts in the order of the numbers."""

    def close(self) -> None: ...


def database(folder: Path) -> Path:
    """The file of a contestant's database."""
    return folder / "labelwatch.db"
