"""What is old goes, what is open stays, and the file becomes smaller by what is gone."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from labelwatch.store import Change, Pruned, Store, open_store
from tests.store.build import NOW, put, several


def closed(count: int) -> list[Change]:
    return [
        replace(one, posting=replace(one.posting, number=f"gone-{n}"), is_open=False)
        for n, one in enumerate(several(count))
    ]


def test_closed_postings_go_and_open_ones_stay(store: Store) -> None:
    put(store, *several(3), *closed(700))
    assert store.prune(NOW + timedelta(days=1)).postings == 700
    left = store.statistics()
    assert (left.postings, left.open_postings, left.history) == (3, 3, 3)


@pytest.mark.fault("P14")
def test_others_write_between_the_steps_of_a_clean_up_and_none_is_big(sqlite_store: Store, sqlite_url: str) -> None:
    put(sqlite_store, *closed(1000))
    left: list[int] = []

    def write_at_once(_worked: float) -> None:
        with closing(open_store(f"{sqlite_url}?timeout=0")) as other:
            other.shops.sync([("other", str(len(left)))])
        left.append(sqlite_store.statistics().postings)

    sqlite_store.prune(NOW + timedelta(days=1), rest=write_at_once)
    steps = [before - after for before, after in pairwise([1000, *left]) if before > after]
    assert sum(steps) == 1000
    assert max(steps) <= 100


@pytest.mark.fault("P14")
def test_the_room_of_what_is_gone_is_given_back_to_the_disk(sqlite_store: Store, sqlite_url: str) -> None:
    put(sqlite_store, *closed(3000))
    full = sqlite_store.statistics()
    sqlite_store.prune(NOW + timedelta(days=1))
    left = sqlite_store.statistics()
    assert left.bytes_free == 0
    assert left.bytes_used < full.bytes_used / 2
    sqlite_store.close()  # the log is written into the file
    assert Path(sqlite_url.removeprefix("sqlite:///")).stat().st_size == left.bytes_used


def test_there_is_nothing_to_prune_in_an_empty_store(store: Store) -> None:
    assert store.prune(NOW) == Pruned()
