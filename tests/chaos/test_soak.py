"""The soak in small, so that it cannot rot: a few shops for some seconds, every promise but that about memory."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.soak.judge import Looks
from tests.soak.run import Settings, soak

pytestmark = pytest.mark.lengthy

SMALL = Settings(shops=12, seconds=5, seed=4, every=1, arrivals=8, late=0.25, kill_every=0.8, fault_every=0.2)


@pytest.mark.timeout(300)
def test_a_small_soak_keeps_every_promise(tmp_path: Path) -> None:
    verdicts = soak(SMALL, tmp_path, say=print)
    assert [verdict for verdict in verdicts if not verdict.is_kept] == []


@pytest.mark.parametrize(
    ("seconds_before", "is_read"), [((2.5, 1.5, 0.5), True), ((2.9, 0.1), True), ((3.1, 0.1), False), ((), False)]
)
def test_a_shop_is_read_when_two_of_its_polls_were_answered_in_three_intervals(
    seconds_before: tuple[float, ...], is_read: bool
) -> None:
    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    looks = Looks(timedelta(seconds=1), {"1": [now - timedelta(seconds=ago) for ago in seconds_before]})
    assert looks.show("1", now) is is_read
    assert not looks.show("2", now)
