"""What is learned of a simulated truth that was polled with outages: within the statistical error."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import exp, sqrt
from random import Random
from statistics import NormalDist

import pytest

from labelwatch.core.baseline import learn
from labelwatch.core.lateness import track
from labelwatch.core.posting import Posting, Stage, Track
from labelwatch.store import Change, Store
from tests.store.build import AURORA, NOW, POSTING, put

EVERY = 2.0
DAYS = 14
COUNT = 1500
SIGMA = 0.8
"""Waits are log-normal."""
CUT_OFF = 3
"""After how many medians an order is cancelled on average."""


def readings(chance: Random, *, on: tuple[float, float]) -> list[float]:
    """When the shop was read, in minutes: every two of them by day, with hours in which nothing was."""
    outages = [
        (start, start + chance.uniform(20, 180)) for start in (chance.uniform(0, DAYS * 1440) for _ in range(30))
    ]
    every = (n * EVERY for n in range(int(DAYS * 1440 / EVERY)))
    return [
        at for at in every if on[0] <= at / 60 % 24 < on[1] and not any(start <= at < end for start, end in outages)
    ]


def life(chance: Random, median: float) -> Iterator[tuple[float, Posting]]:
    """What happens to an order, and when: it is packed, and gets its label or is cancelled before."""
    packed = chance.uniform(60, (DAYS - 1) * 1440)
    label, cancelled = chance.lognormvariate(0, SIGMA) * median, chance.expovariate(1 / (CUT_OFF * median))
    yield packed - chance.uniform(30, 60), replace(POSTING, flow="ozon")
    yield packed, replace(POSTING, flow="ozon", status="awaiting_deliver", actions=())
    if label <= cancelled:
        yield packed + label, replace(POSTING, flow="ozon", status="awaiting_deliver", actions=("label_download",))
    else:
        yield packed + cancelled, replace(POSTING, flow="ozon", status="cancelled", actions=())


def seen(number: str, events: list[tuple[float, Posting]], polls: list[float]) -> Iterator[Change]:
    """What the polls make of it; what lies between two of them shows only its end."""
    known: Track | None = None
    firsts = {bisect_left(polls, at): one for at, one in events}
    for index, one in sorted(firsts.items()):
        if index >= len(polls):
            return
        at, before = (NOW + timedelta(minutes=polls[i]) for i in (index, max(index - 1, 0)))
        item = replace(one, number=number, in_process_at=NOW - timedelta(days=9))
        known = replace(track(known, item, seen_at=at, not_before=before), late_at=at)
        yield Change(item, known, index, item.status != "cancelled", at, before)


@pytest.mark.parametrize("median", [1, 45])
@pytest.mark.parametrize("on", [(0, 24), (9, 21)], ids=["always on", "off at night"])
def test_what_is_learned_agrees_with_the_truth(sqlite_store: Store, median: float, on: tuple[float, float]) -> None:
    chance = Random(7)
    polls = readings(chance, on=on)
    changes = [list(seen(f"{n:05d}", list(life(chance, median)), polls)) for n in range(COUNT)]
    for step in range(3):
        shop = put(sqlite_store, *(some[step] for some in changes if len(some) > step))
    with sqlite_store.write() as tx:
        last = NOW + timedelta(minutes=polls[-1])
        tx.shops.mark_read(shop, started_at=last, finished_at=last)
    cases = sqlite_store.postings.waits(shop, Stage.LABEL, since=NOW)
    curve = learn(cases, error=timedelta(minutes=3 * EVERY), timezone="UTC")[AURORA.id].whole.curve
    assert 200 < curve.ended < 0.9 * COUNT
    for share in (0.5, 0.95):
        z = NormalDist().inv_cdf(share)
        true = median * exp(SIGMA * z)
        density = NormalDist().pdf(z) / (SIGMA * true)
        still_seen = curve.ended * exp(-true / (CUT_OFF * median))
        error = 3 * sqrt(share * (1 - share) / still_seen) / density + EVERY / 2
        found = curve.quantile(share)
        assert found is not None
        assert found / timedelta(minutes=1) == pytest.approx(true, abs=error)
