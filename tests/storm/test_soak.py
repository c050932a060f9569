"""The soak in small, so that it cannot rot: a few shops for some seconds, every promise but that about memory."""

from pathlib import Path

import pytest

from tests.soak.run import Settings, soak

pytestmark = pytest.mark.lengthy

SMALL = Settings(shops=24, seconds=8, seed=4, every=1, arrivals=12, late=0.25, kill_every=0.8, fault_every=0.2)


@pytest.mark.timeout(300)
def test_a_small_soak_keeps_every_promise(tmp_path: Path) -> None:
    verdicts = soak(SMALL, tmp_path, say=print)
    assert [verdict for verdict in verdicts if not verdict.is_kept] == []
