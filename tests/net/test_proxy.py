"""The environment's proxies are read as curl reads them, for every way out alike."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.apprise_services import Service
from labelwatch.channels.base import Delivered, OutgoingMessage
from labelwatch.channels.http import Answer, HttpOptions, exchange
from labelwatch.channels.verify import Account, reachable
from labelwatch.i18n import translate
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.net.proxy import ProxyError, is_exempt, mistakes, proxy_for
from labelwatch.sources.ozon.connectivity import Failure, check_connectivity
from tests.support.http_server import Hook, answer
from tests.support.reasons import english
from tests.support.relays import Relay, http, socks5

OZON = "https://api-seller.ozon.ru"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, OZON, ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, OZON, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128/"}, OZON, "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, OZON, "http://proxy:3128"),
        ({"HTTPS_PROXY": "me:w%40rd@proxy:3128"}, OZON, "http://me:w%40rd@proxy:3128"),
        ({"HTTPS_PROXY": "proxy"}, OZON, "http://proxy:1080"),
        ({"HTTPS_PROXY": "HTTPS://proxy"}, OZON, "https://proxy:443"),
        ({"HTTPS_PROXY": "[::1]:3128"}, OZON, "http://[::1]:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, OZON, ""),
        ({"HTTP_PROXY": "proxy:3128"}, "http://127.0.0.1:8080", "http://proxy:3128"),
        ({"ALL_PROXY": "socks5h://proxy:9050"}, OZON, "socks5h://proxy:9050"),
        ({"ALL_PROXY": "socks://proxy:9050/"}, OZON, "socks5://proxy:9050"),
        ({"ALL_PROXY": "socks5://proxy"}, OZON, "socks5://proxy:1080"),
        ({"ALL_PROXY": "socks5://all:1", "HTTPS_PROXY": "http://own:2"}, OZON, "http://own:2"),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:2"}, OZON, "http://low:1"),
        ({"https_proxy": "", "HTTPS_PROXY": "http://up:2"}, OZON, "http://up:2"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, OZON, ""),
        ({"HTTPS_PROXY": "http://proxy:1", "no_proxy": "ozon.ru"}, OZON, ""),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3/x", ""),
    ],
)
def test_the_proxy_of_an_address_is_the_one_that_curl_takes(environ: dict[str, str], url: str, proxy: str) -> None:
    assert proxy_for(url, environ) == proxy


@pytest.mark.parametrize(
    ("host", "exceptions", "is_one"),
    [
        ("api-seller.ozon.ru", "ozon.ru", True),
        ("api-seller.ozon.ru", ".ozon.ru", True),
        ("api-seller.ozon.ru", "localhost, OZON.RU", True),
        ("api-seller.ozon.ru", "localhost ozon.ru", True),
        ("api-seller.ozon.ru.", "ozon.ru.", True),
        ("notozon.ru", "ozon.ru", False),
        ("ozon.ru", "api-seller.ozon.ru", False),
        ("ozon.ru", "", False),
        ("ozon.ru", ",", False),
        ("ozon.ru", ".", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.30", "10.1.2.3", False),
        ("10.1.2.3", "10.1.2.9/8", True),
        ("127.0.0.1", "127.0.0.0/8,::1", True),
        ("::1", "127.0.0.0/8,::1", True),
        ("[::1]", "[::1]", True),
        ("fd00::7", "fd00::/8", True),
        ("10.example.com", "10.0.0.0/8", False),
        ("127.0.0.1", "localhost", False),
    ],
)
def test_no_proxy_names_hosts_domains_addresses_and_networks(host: str, exceptions: str, is_one: bool) -> None:
    assert is_exempt(host, exceptions) is is_one


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("ftp://proxy:21", "HTTPS_PROXY begins with ftp://, which is no supported proxy: write it like http://"),
        ("socks4://proxy:1080", "HTTPS_PROXY begins with socks4://, which is no supported proxy: .* or socks5://"),
        ("http://", "HTTPS_PROXY is not understood as a proxy"),
        ("http://[::1", "HTTPS_PROXY is not understood as a proxy"),
        ("http://proxy:port", "HTTPS_PROXY is not understood as a proxy"),
        ("http://pro xy:1", "HTTPS_PROXY is not understood as a proxy"),
        ("s3cret!pass word://x", r"HTTPS_PROXY begins with \?://"),
    ],
)
def test_what_is_no_proxy_is_named_by_its_variable_and_never_shown(value: str, said: str) -> None:
    with pytest.raises(ProxyError, match=f"^{said}"):
        proxy_for(OZON, {"HTTPS_PROXY": value})
    assert [str(one)[:11] for one in mistakes({"HTTPS_PROXY": value})] == ["HTTPS_PROXY"]
    assert mistakes({"HTTPS_PROXY": "proxy:1", "ALL_PROXY": "socks://proxy"}) == []


def _ways_out(url: str) -> Iterator[bool]:
    """Whether each kind of way out comes through to a web server that is known to the proxy only."""
    yield check_connectivity(url, timeout=timedelta(seconds=5), user_agent="test", now=_now).barrier is None
    yield isinstance(exchange(HttpOptions(timedelta(seconds=5)), "GET", url), Answer)
    yield reachable(url, timedelta(seconds=5)).seen is Account.REACHED


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("form", ["127.0.0.1:{port}", "http://127.0.0.1:{port}", "me:pass@127.0.0.1:{port}"])
def test_every_way_out_takes_the_proxy_however_it_is_written(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    with Hook([answer(200, "{}")] * 2) as hook, Relay(http()) as relay:
        monkeypatch.setenv("http_proxy", form.format(port=relay.port))
        assert list(_ways_out(f"http://127.0.0.1:{hook.port}")) == [True] * 3
        assert len(relay.asked) == 2  # the third only looks whether the proxy is there


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h"])
def test_every_way_out_takes_a_socks_proxy(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with Hook([answer(200, "{}")] * 2) as hook, Relay(socks5) as relay:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{relay.port}/")
        assert list(_ways_out(f"http://127.0.0.1:{hook.port}")) == [True] * 3
        assert len(relay.asked) == 2


def test_no_way_out_takes_the_proxy_to_an_excepted_network(monkeypatch: pytest.MonkeyPatch) -> None:
    with Hook([answer(200, "{}")] * 2) as hook, Relay(http()) as relay:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{relay.port}")
        monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,127.0.0.0/8")
        assert list(_ways_out(f"http://127.0.0.1:{hook.port}")) == [True] * 3
        assert relay.asked == []


@pytest.mark.parametrize(
    ("proxy", "exceptions", "said"),
    [
        ("socks5://127.0.0.1:1", "", "this kind of channel cannot use a SOCKS proxy"),
        ("ftp://127.0.0.1:1", "", "ALL_PROXY begins with ftp://"),
        ("socks5://127.0.0.1:1", "127.0.0.0/8", None),
    ],
)
def test_a_channel_of_apprise_says_which_proxy_it_cannot_use(
    monkeypatch: pytest.MonkeyPatch, proxy: str, exceptions: str, said: str | None
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", exceptions)
    channel = open_channel("gotify://127.0.0.1:9/a-token-of-gotify")
    assert isinstance(channel, Service)
    objection = channel.objection()
    assert (english(objection.error)[: len(said)] if objection and said else None) == said
    assert said is None or (objection is not None and translate(objection.error, "zh"))


def test_a_channel_of_apprise_takes_the_same_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing = OutgoingMessage(Message("late", (Section(lines=("Not packed yet.",)),), Kind.WARNING), [], "0" * 32)
    with Hook([answer(200, "{}")] * 2) as hook, Relay(http()) as relay:
        channel = open_channel(f"gotify://127.0.0.1:{hook.port}/a-token-of-gotify")
        monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{relay.port}")
        assert isinstance(channel.send(outgoing), Delivered)
        assert len(relay.asked) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        assert isinstance(channel.send(outgoing), Delivered)
        assert len(relay.asked) == 1
        assert len(hook.requests) == 2


def test_a_proxy_of_another_kind_is_named_by_every_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:1")
    said = "ALL_PROXY begins with socks4://, which is no supported proxy"
    found = check_connectivity(OZON, timeout=timedelta(seconds=5), user_agent="test", now=_now)
    assert found.barrier is Failure.PROXY
    assert found.detail.startswith(said)
    failure = exchange(HttpOptions(timedelta(seconds=5)), "GET", OZON)
    assert not isinstance(failure, Answer)
    assert english(failure.error).startswith(said)
    assert english(reachable(OZON, timedelta(seconds=5)).said).startswith(said)
