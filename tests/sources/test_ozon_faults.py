"""Every way in which a request can fail is one named trouble; what may pass is tried again, what cannot is not."""

import gc
import gzip
import logging
import threading
import time
import zlib
from base64 import b64encode
from datetime import timedelta

import pytest

from labelwatch.net.body import AT_ONCE
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.client import Access, OzonSource
from labelwatch.sources.ozon.transport import BODY_LIMIT
from tests.sources.scripted import KEY, Asked, Reply, in_turn, page, says, scripted
from tests.support.smtp_server import PostOffice

ROLES = says({"roles": [{"name": "Admin"}]})
NGINX = Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"})
PORTAL = Reply(200, b"<html><head><title>\nWi-Fi: log\x1b[2J in </title>")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
PACKED = gzip.compress(b'{"roles": []}' * 100)


def sent(body: bytes, *headers: str, length: int | None = None) -> Reply:
    head = HEAD + b"".join(header.encode() + b"\r\n" for header in headers)
    return Reply(raw=[head + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body])


def zipped(body: bytes) -> Reply:
    return sent(body, "Content-Encoding: gzip")


REDIRECT = Reply(302, b"", {"Location": "http://127.0.0.1:9/"})
LIMITED = says({"code": 8, "message": "You have reached request rate limit per second"}, 429)

# (answer, trouble, part of the detail, requests it costs)
FAILURES = [
    (NGINX, Trouble.OZON_DOWN, "HTTP 502: a web page instead of data", 3),
    (Reply(200, NGINX.body, NGINX.headers), Trouble.OZON_DOWN, "HTTP 200: a web page instead of data", 3),
    (
        Reply(200, b"<html><head><title>\nWi-Fi: log\x1b[2J in </title>"),
        Trouble.OZON_DOWN,
        "data (Wi-Fi: log [2J in)",
        3,
    ),
    (Reply(503), Trouble.OZON_DOWN, "HTTP 503", 3),
    (says({"code": 13, "message": "Circle is open"}, 500), Trouble.OZON_DOWN, "Circle is open", 3),
    (Reply(200, b""), Trouble.OZON_DOWN, "breaks off", 3),
    (Reply(200, b'{"roles": [{"na'), Trouble.OZON_DOWN, "breaks off", 3),
    (sent(b'{"roles":', length=5000), Trouble.OZON_DOWN, "RemoteProtocolError", 3),
    (zipped(PACKED[:-20]), Trouble.OZON_DOWN, "compressed answer breaks off", 3),
    (zipped(b"no gzip at all"), Trouble.OZON_DOWN, "compressed answer is damaged", 3),
    (Reply(raw=[b"HTTP/1.1 what?\r\n\r\n"]), Trouble.OZON_DOWN, "RemoteProtocolError", 3),
    (Reply(raw=[b""]), Trouble.OZON_DOWN, "RemoteProtocolError", 3),
    (LIMITED, Trouble.RATE_LIMITED, "request rate limit", 3),
    (REDIRECT, Trouble.NOT_UNDERSTOOD, "HTTP 302: a redirect, which is never followed", 1),
    (Reply(200, b"{}"), Trouble.NOT_UNDERSTOOD, "HTTP 200: no roles in it", 1),
    (Reply(200, b"null"), Trouble.NOT_UNDERSTOOD, "HTTP 200: no roles in it", 1),
    (sent(b"x", "Content-Encoding: br"), Trouble.NOT_UNDERSTOOD, "content-encoding br", 1),
    (Reply(404, b"404 page not found"), Trouble.METHOD_RETIRED, "HTTP 404", 1),
    (says({"code": 7, "message": "Offer not signed"}, 403), Trouble.OFFER_NOT_SIGNED, "Offer not signed", 1),
    (says({"code": 5, "message": f"Invalid Api-Key {KEY}"}, 404), Trouble.KEY_REJECTED, "Api-Key ***", 1),
]


@pytest.mark.fault("O2", "O3", "O4", "O17")
@pytest.mark.parametrize(("reply", "trouble", "detail", "requests"), FAILURES)
def test_a_failure_has_one_name_and_is_tried_again_only_if_it_may_pass(
    reply: Reply, trouble: Trouble, detail: str, requests: int
) -> None:
    with scripted(in_turn(reply)) as scene:
        source = scene.source()
        with pytest.raises(SourceError) as caught:
            source.key_info()
        source.close()
    assert caught.value.trouble is trouble
    assert caught.value.detail.startswith("/v1/roles: ")
    assert detail in caught.value.detail
    assert len(scene.asked) == source.requests == requests


@pytest.mark.fault("O2", "O4")
@pytest.mark.parametrize("passing", [NGINX, LIMITED, Reply(raw=[b""]), sent(b"{", length=9), zipped(PACKED[:-20])])
def test_a_failure_that_passes_is_never_noticed(passing: Reply) -> None:
    with scripted(in_turn(passing, passing, ROLES)) as scene:
        source = scene.source()
        assert source.key_info().roles == ("Admin",)
        source.close()


@pytest.mark.parametrize("blanks", [AT_ONCE - 30, AT_ONCE, 2 * AT_ONCE + 1])
def test_an_answer_that_is_inflated_in_several_steps_is_whole(blanks: int) -> None:
    large = zipped(gzip.compress(b'{"roles": [' + b" " * blanks + b'{"name": "Admin"}]}', 1))
    with scripted(in_turn(large)) as scene:
        source = scene.source()
        assert source.key_info().roles == ("Admin",)
        source.close()


@pytest.mark.fault("O1")
@pytest.mark.parametrize(
    ("hint", "pauses"),
    [
        ({}, [0.75, 1.5]),
        ({"Retry_After": "7"}, [7.0, 7.0]),
        ({"Retry_After": "0"}, [0.0, 0.0]),
        ({"Retry_After": "60"}, [60.0, 60.0]),
        ({"Retry_After": "61"}, []),
        ({"Retry_After": "soon"}, [0.75, 1.5]),
    ],
)
def test_pauses_grow_with_jitter_unless_ozon_says_how_long(hint: dict[str, str], pauses: list[float]) -> None:
    slept: list[float] = []
    with scripted(in_turn(says({"code": 8, "message": "slow down"}, 429, **hint))) as scene:
        source = scene.source(sleep=slept.append)
        with pytest.raises(SourceError, match="rate_limited"):
            source.key_info()
        source.close()
    assert slept == pauses
    assert len(scene.asked) == len(pauses) + 1


def test_a_pause_can_be_cut_short_by_whoever_provides_the_sleep() -> None:
    class StoppingError(Exception):
        pass

    def stop(_: float) -> None:
        raise StoppingError

    with scripted(in_turn(NGINX)) as scene:
        source = scene.source(sleep=stop)
        with pytest.raises(StoppingError):
            source.key_info()
        source.close()
    assert len(scene.asked) == 1


DRIPPED = [bytes([byte]) for byte in HEAD + b"Content-Length: 13\r\n\r\n" + b'{"roles": []}']
DRIPS = [
    Reply(raw=[HEAD + b"Content-Length: 900\r\n\r\n", *[b" "] * 100], pause=0.05),
    Reply(raw=DRIPPED, pause=0.05),
    Reply(raw=[b"", b"", HEAD], pause=1.0),
]


@pytest.mark.fault("O5")
@pytest.mark.parametrize("drip", DRIPS, ids=["body", "headers", "silence"])
def test_the_deadline_is_that_of_the_whole_request(drip: Reply) -> None:
    with scripted(in_turn(drip)) as scene:
        source = scene.source(timeout=timedelta(seconds=0.3))
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"ozon_down: /v1/roles: no complete answer within 0\.3 s"):
            source.key_info()
        assert 0.9 <= time.monotonic() - began < 3.0
        source.close()


@pytest.mark.fault("O6")
def test_a_bomb_is_not_unfolded_and_a_flood_is_not_drunk() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(BODY_LIMIT // 2**20 + 1)) + packer.flush()
    flood = Reply(raw=[HEAD + b"Content-Length: %d\r\n\r\n" % (99 * 2**20), *[b" " * 2**20] * 99])
    for reply in (zipped(bomb), flood):
        with scripted(in_turn(reply)) as scene:
            source = scene.source()
            with pytest.raises(SourceError, match=r"answer_not_understood: .*more than 32 MB"):
                source.key_info()
            source.close()
            assert len(scene.asked) == 1


def test_gzip_is_asked_for_and_understood() -> None:
    with scripted(in_turn(zipped(gzip.compress(ROLES.body)))) as scene:
        source = scene.source()
        assert source.key_info().roles == ("Admin",)
        source.close()
    assert scene.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.fault("O17")
def test_credentials_never_follow_a_redirect() -> None:
    with scripted(in_turn(ROLES)) as elsewhere:
        moved = Reply(307, b"", {"Location": f"{elsewhere.url}/v1/roles"})
        with scripted(in_turn(moved)) as scene:
            source = scene.source()
            with pytest.raises(SourceError, match="redirect"):
                source.key_info()
            source.close()
    assert elsewhere.asked == []


@pytest.mark.fault("O2")
@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:9", "ConnectError"),
        ("https://127.0.0.1:{port}", "ConnectError"),
        ("http://api.ozon.invalid", "ConnectError"),
        ("http://api..ozon.invalid", "UnicodeError"),
        ("ftp://127.0.0.1:{port}", "UnsupportedProtocol"),
    ],
    ids=["closed port", "no TLS", "unknown name", "no host name", "no HTTP"],
)
def test_what_cannot_be_reached_is_an_ozon_that_is_down(url: str, problem: str) -> None:
    with scripted(in_turn(ROLES)) as scene:
        source = scene.source(base_url=url.format(port=scene.url.rpartition(":")[2]))
        with pytest.raises(SourceError, match=f"ozon_down: /v1/roles: {problem}"):
            source.key_info()
        source.close()
    assert scene.asked == []


@pytest.mark.parametrize("proxy", ["http://", "http://[::1", "ftp://127.0.0.1:1", "http://a:b"])
def test_a_proxy_that_makes_no_sense_is_trouble_of_the_shop(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    with scripted(in_turn(ROLES)) as scene:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        source = scene.source(proxy=None)
        with pytest.raises(SourceError, match=r"ozon_down: /v1/roles: http_proxy .*write it like http://HOST:PORT"):
            source.key_info()
        source.close()
    assert scene.asked == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_a_transport_raises_is_trouble_of_the_shop() -> None:
    """A proxy that speaks another language is an error of a library below the one that we ask."""
    with PostOffice() as office, scripted(in_turn(ROLES)) as scene:
        source = scene.source(proxy=f"socks5://127.0.0.1:{office.port}")
        with pytest.raises(SourceError, match="ozon_down: /v1/roles: ProtocolError: Malformed reply"):
            source.key_info()
        source.close()
    del source
    gc.collect()  # the library forgets its connection then; not while another test runs


def close_when(asked: threading.Event, source: OzonSource) -> None:
    asked.wait(5)
    source.close()


def test_closing_ends_what_is_in_flight_and_refuses_the_rest() -> None:
    asked_once = threading.Event()

    def hang(_: Asked) -> Reply:
        asked_once.set()
        return Reply(raw=[b""], pause=3.0)

    with scripted(hang) as scene:
        source = scene.source()
        threading.Thread(target=close_when, args=(asked_once, source), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(SourceError, match="ozon_down"):
            source.key_info()
        assert time.monotonic() - began < 2.0
        with pytest.raises(SourceError, match="shutting down"):
            source.key_info()
        assert len(scene.asked) == 1


@pytest.mark.parametrize("key", [KEY, f"{KEY}\n", f"{KEY}\x00x", f"ключ-{KEY}"])
def test_the_key_is_shown_nowhere(key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(lambda asked: says({"code": 5, "message": f"wrong: {asked.headers['api-key']}"}, 500)) as scene:
        source = OzonSource(
            Access(
                "1003",
                key,
                base_url=scene.url,
                requests_per_second=1000,
                timeout=timedelta(seconds=5),
                user_agent="labelwatch-test",
                proxy="",
            ),
            clock=lambda: pytest.fail("no window is asked for"),
            sleep=lambda _: None,
        )
        with pytest.raises(SourceError) as caught:
            source.key_info()
        source.close()
    shown = (repr(source), str(source), str(caught.value), repr(caught.value), repr(caught.value.__cause__))
    assert KEY not in "".join(shown)
    assert "/v1/roles: HTTP 500" in caplog.text
    told_by_us = [record.getMessage() for record in caplog.records if record.name.startswith("labelwatch")]
    assert KEY not in "".join(told_by_us)


def test_requests_go_through_the_proxy_that_is_named() -> None:
    with scripted(in_turn(page("1"))) as proxy:
        source = proxy.source(base_url="http://ozon.invalid", proxy=proxy.url)
        assert len(list(source.sweep())) == 1
        source.close()
    assert proxy.asked[0].path == "http://ozon.invalid/v4/posting/fbs/unfulfilled/list"
    assert proxy.asked[0].headers["host"] == "ozon.invalid"


def test_a_proxy_is_told_the_user_and_the_password_that_stand_in_its_address() -> None:
    with scripted(in_turn(page("1"))) as proxy:
        address = proxy.url.replace("//", "//me:w%40rd@")
        source = proxy.source(base_url="http://ozon.invalid", proxy=address)
        assert len(list(source.sweep())) == 1
        source.close()
    assert proxy.asked[0].headers["proxy-authorization"] == f"Basic {b64encode(b'me:w@rd').decode()}"
