"""Ozon's limits are kept by the process as a whole: a rate per Client-Id, and so many requests at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from labelwatch.sources import KeyInfo
from tests.sources.scripted import Asked, Reply, Scene, says, scripted

ROLES = says({"roles": []})


@contextmanager
def together(*jobs: Callable[[], object]) -> Iterator[None]:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


def ask(scene: Scene, client_id: str, *, times: int, rate: float) -> None:
    source = scene.source(client_id, requests_per_second=rate)
    for _ in range(times):
        assert source.key_info() == KeyInfo(None, ())
    source.close()


def test_two_sources_of_one_client_id_share_its_rate_and_never_burst() -> None:
    rate, each = 20, 15
    with (
        scripted(lambda _: ROLES) as scene,
        together(
            lambda: ask(scene, "2001", times=each, rate=rate),
            lambda: ask(scene, "2001", times=each, rate=rate),
        ),
    ):
        pass
    moments = sorted(asked.at for asked in scene.asked)
    assert len(moments) == 2 * each
    # A little less than a second: requests are paced where they start and measured where they arrive.
    assert all(moments[i + rate] - moments[i] > 0.95 for i in range(len(moments) - rate))
    assert all(moments[i + 5] - moments[i] > 0.1 for i in range(len(moments) - 5))


def test_the_rate_is_made_use_of() -> None:
    with scripted(lambda _: ROLES) as scene:
        began = time.monotonic()
        ask(scene, "2002", times=26, rate=50)
        assert 0.5 <= time.monotonic() - began < 1.5


@pytest.mark.fault("O1")
def test_another_client_id_does_not_wait() -> None:
    with scripted(lambda _: ROLES) as scene:
        ask(scene, "2003", times=1, rate=0.01)
        began = time.monotonic()
        ask(scene, "2004", times=1, rate=0.01)
        assert time.monotonic() - began < 2.0


def test_no_more_requests_are_in_flight_at_once_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labelwatch.sources.ozon.client._IN_FLIGHT", threading.BoundedSemaphore(32))
    inside = threading.Semaphore(0)
    go_on = threading.Event()

    def hold(_: Asked) -> Reply:
        inside.release()
        go_on.wait(5)
        return ROLES

    def watch() -> None:
        try:
            assert all(inside.acquire(timeout=5) for _ in range(32))
            assert not inside.acquire(timeout=0.2)
        finally:
            go_on.set()

    with scripted(hold) as scene:
        jobs = [lambda n=n: ask(scene, f"30{n:02d}", times=1, rate=1000) for n in range(40)]
        with together(*jobs):
            watch()
        assert len(scene.asked) == 40
