"""Knocking at Ozon's door: what time it is there, and what stands in the way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.sources.ozon.connectivity import Connectivity, Failure, check_connectivity
from tests.support.http_server import Hook, answer, closed_port, hang_up
from tests.support.smtp_server import PostOffice

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def at(url: str, *, now: Callable[[], datetime] = lambda: NOW, seconds: float = 5) -> Connectivity:
    return check_connectivity(url, timeout=timedelta(seconds=seconds), user_agent="labelwatch/test", now=now)


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Mon, 23 Nov 2026 12:00:30 GMT", -0.5),
        ("Mon, 23 Nov 2026 12:00:00 GMT", 29.5),
        ("Mon, 23 Nov 2026 12:01:00 GMT", -30.5),
        ("Mon, 23 Nov 2026 12:00:30 -0000", -0.5),
        ("yesterday", None),
    ],
)
def test_the_clocks_are_compared_whatever_else_the_answer_says(date: str, skew: float | None) -> None:
    with Hook([answer(401, "{}", Date=date)]) as hook:
        found = at(f"http://127.0.0.1:{hook.port}")
    assert found == Connectivity("", skew=None if skew is None else timedelta(seconds=skew))
    (request,) = hook.requests
    assert "api-key" not in request.headers


def test_an_answer_without_a_date_is_an_answer() -> None:
    with Hook([answer(200, "{}")]) as hook:
        assert at(f"http://127.0.0.1:{hook.port}") == Connectivity("")


def test_the_way_there_and_back_is_halved() -> None:
    moments = iter([NOW, NOW + timedelta(seconds=4)])
    with Hook([answer(200, "{}", Date="Mon, 23 Nov 2026 12:00:30 GMT")]) as hook:
        assert at(f"http://127.0.0.1:{hook.port}", now=lambda: next(moments)).skew == timedelta(seconds=1.5)


def test_a_closed_port_is_no_connection() -> None:
    assert at(f"http://127.0.0.1:{closed_port()}").barrier is Failure.CONNECTION


def test_who_hangs_up_is_no_connection() -> None:
    with Hook([hang_up]) as hook:
        assert at(f"http://127.0.0.1:{hook.port}").barrier is Failure.CONNECTION


def test_a_name_that_nobody_knows_is_said_to_be_one() -> None:
    assert at("http://api.labelwatch.invalid").barrier is Failure.NAME


def test_a_certificate_that_nobody_vouches_for_is_said_to_be_one() -> None:
    with PostOffice(tls_at_once=True) as office:
        found = at(f"https://127.0.0.1:{office.port}")
    assert found.barrier is Failure.CERTIFICATE
    assert found.detail


def test_who_says_nothing_is_waited_for_no_longer_than_told() -> None:
    with PostOffice() as office:  # it waits for a letter, not for a question
        found = at(f"http://127.0.0.1:{office.port}", seconds=0.3)
    assert found.barrier in (Failure.TIME, Failure.CONNECTION)


@pytest.mark.parametrize("password", ["", "user:s3cret@"])
def test_a_proxy_that_lets_nobody_through_is_the_barrier(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    with Hook([answer(407, "no")]) as hook:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{password}127.0.0.1:{hook.port}")
        found, proxy = at("https://api.labelwatch.invalid"), f"127.0.0.1:{hook.port}"
    assert (found.barrier, found.proxy) == (Failure.PROXY, proxy)
    assert "s3cret" not in str(found)


def test_a_proxy_that_is_gone_is_the_barrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert at("https://api.labelwatch.invalid").barrier is Failure.PROXY


@pytest.mark.parametrize("proxy", ["nonsense://127.0.0.1:1", "http://"])
def test_an_address_that_is_no_proxy_is_the_barrier(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert at("https://api.labelwatch.invalid").barrier is Failure.PROXY
