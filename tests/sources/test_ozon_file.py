"""A file is fetched from where it may be, with nothing of ours, whole, in time, and never too much of it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from labelwatch.sources import LabelUnavailable, Missing
from labelwatch.sources.ozon.files import MOST, Files
from tests.sources.scripted import Asked, Reply, Script, scripted

OZON = "https://api-seller.ozon.ru"


@contextmanager
def files(base_url: str, *, seconds: float = 5, proxy: str = "") -> Iterator[Files]:
    with closing(
        Files(base_url, "labelwatch-test", timeout=timedelta(seconds=seconds), proxy=lambda _: proxy)
    ) as made:
        yield made


def fetched(script: Script, *, seconds: float = 5) -> tuple[bytes | LabelUnavailable, list[Asked]]:
    """What a GET of /label.pdf brings from a server on this machine, whose API is there, too."""
    with scripted(script) as scene, files(scene.url, seconds=seconds) as ours:
        return ours.get(f"{scene.url}/label.pdf"), scene.asked


def why(found: bytes | LabelUnavailable) -> Missing:
    assert isinstance(found, LabelUnavailable)
    return found.why


def test_a_file_comes_as_it_is_whatever_it_is_called() -> None:
    found, asked = fetched(lambda _: Reply(body=b"%PDF", headers={"Content-Type": "text/html"}))
    assert found == b"%PDF"
    assert [each.path for each in asked] == ["/label.pdf"]


def test_nothing_of_ours_goes_along() -> None:
    _, asked = fetched(lambda _: Reply(body=b"%PDF"))
    assert asked[0].headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}
    assert asked[0].content == b""


UNSAFE = [
    "http://ir.ozone.ru/label.pdf",
    "ftp://ir.ozone.ru/label.pdf",
    "file:///etc/passwd",
    "label.pdf",
    "https://",
    "https://[::1",
    "https://user:secret@ir.ozone.ru/label.pdf",
    "https://localhost/label.pdf",
    "https://cdn.localhost/label.pdf",
    "https://127.0.0.1/label.pdf",
    "https://[::1]/label.pdf",
    "https://[::ffff:127.0.0.1]/label.pdf",
    "https://10.1.2.3/label.pdf",
    "https://192.168.0.1/label.pdf",
    "https://100.64.0.1/label.pdf",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/label.pdf",
    "https://[fd00::1]/label.pdf",
    "https://224.0.0.1/label.pdf",
    "https://0.0.0.0/label.pdf",
    "https://2130706433/label.pdf",
    "https://0x7f000001/label.pdf",
    "https://127.1/label.pdf",
]


@pytest.mark.parametrize("address", UNSAFE)
def test_an_address_where_no_label_can_be_is_not_asked(address: str) -> None:
    with files(OZON) as ours:
        found = ours.get(address)
    assert why(found) is Missing.UNSAFE_ADDRESS
    assert "secret" not in str(found)


@pytest.mark.parametrize("address", ["https://10.1.2.3/x", "https://169.254.169.254/x", "http://ir.ozone.ru/x"])
def test_a_test_server_opens_this_machine_and_nothing_more(address: str) -> None:
    with files("http://127.0.0.1:1") as ours:
        assert why(ours.get(address)) is Missing.UNSAFE_ADDRESS


def test_what_is_refused_is_not_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, files(OZON) as ours:
        server.settimeout(0.2)
        assert why(ours.get(f"https://0x7f000001:{server.getsockname()[1]}/")) is Missing.UNSAFE_ADDRESS
        with pytest.raises(TimeoutError):
            server.accept()


def test_through_a_proxy_the_proxy_is_asked_and_the_address_looked_at_all_the_same() -> None:
    with scripted(lambda _: Reply(body=b"%PDF")) as scene:
        with files("http://127.0.0.1:1", proxy=scene.url) as ours:
            assert ours.get("http://127.0.0.1:9/label.pdf") == b"%PDF"
        with files(OZON, proxy=scene.url) as ours:
            assert why(ours.get("https://169.254.169.254/")) is Missing.UNSAFE_ADDRESS
    assert [asked.path for asked in scene.asked] == ["http://127.0.0.1:9/label.pdf"]


FAILURES = [
    (Reply(302, headers={"Location": "https://169.254.169.254/"}), Missing.UNSAFE_ADDRESS),
    (Reply(404, b"<html>"), Missing.NOT_REACHED),
    (Reply(503), Missing.NOT_REACHED),
    (Reply(206, b"%PDF"), Missing.NOT_REACHED),
    (Reply(raw=(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n%PDF",)), Missing.NOT_REACHED),
    (Reply(raw=(b"220 mail.example.org ESMTP\r\n",)), Missing.NOT_REACHED),
    (Reply(body=b"x" * (MOST + 1)), Missing.TOO_BIG),
]


@pytest.mark.parametrize(("reply", "reason"), FAILURES)
def test_what_goes_wrong_is_named_and_not_the_address(reply: Reply, reason: Missing) -> None:
    found, asked = fetched(lambda _: reply)
    assert why(found) is reason
    assert len(asked) == 1
    assert "label.pdf" not in str(found)


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with files("http://127.0.0.1:1") as ours:
        assert why(ours.get(f"http://127.0.0.1:{port}/")) is Missing.NOT_REACHED


def test_a_file_that_drips_has_the_time_of_one_request() -> None:
    began = time.monotonic()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    found, _ = fetched(lambda _: Reply(raw=(head, *[b"%"] * 20), pause=0.1), seconds=0.5)
    assert found == LabelUnavailable(Missing.NOT_REACHED, "127.0.0.1: not whole within 0.5 s")
    assert time.monotonic() - began < 3


def test_closing_ends_what_is_in_flight() -> None:
    asked = threading.Event()

    def silent(_: Asked) -> Reply:
        asked.set()
        return Reply(raw=(b"HTTP/1.1 200 OK\r\n", b""), pause=1.0)

    with scripted(silent) as scene, files(scene.url, seconds=30) as ours:
        thread = threading.Thread(target=ours.get, args=(f"{scene.url}/label.pdf",))
        thread.start()
        assert asked.wait(5)
        ours.close()
        thread.join(0.5)
        assert not thread.is_alive()
