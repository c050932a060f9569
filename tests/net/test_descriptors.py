"""The limit of open files is raised as far as it may be, and what is too low is said."""

import logging

import pytest

from labelwatch.net.descriptors import ENOUGH, NEEDED, raise_limit

resource = pytest.importorskip("resource")
INFINITY = resource.RLIM_INFINITY
CASES = [
    ("raised to what is allowed", 1024, 4096, 4096, 4096),
    ("not above what is ever needed", 1024, INFINITY, ENOUGH, ENOUGH),
    ("left as it is", 100_000, 200_000, 100_000, None),
    ("too low", 256, 512, 512, 512),
]


@pytest.mark.parametrize(("soft", "hard", "limit", "written"), [one[1:] for one in CASES], ids=[c[0] for c in CASES])
def test_the_limit_of_open_files(
    soft: int,
    hard: int,
    limit: int,
    written: int | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: set_to.append(both))
    with caplog.at_level(logging.WARNING):
        assert raise_limit() == limit
    assert set_to == ([] if written is None else [(written, hard)])
    assert bool(caplog.records) == (limit < NEEDED)
