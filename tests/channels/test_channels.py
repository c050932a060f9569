"""What holds for every channel of our own: how it is reached, and what goes wrong on the way."""

import logging
import shutil
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from labelwatch.channels import check_url, check_way, open_channel
from labelwatch.channels.apprise_services import Service
from labelwatch.channels.base import Ambiguous, Delivered, Permanent, RateLimited, Result, Retry
from labelwatch.channels.chat_bots import fitted
from labelwatch.channels.http import HttpOptions, exchange
from tests.support.chat_bots import PARCEL, asked, error_of
from tests.support.http_server import Act, Hook, answer, closed_port, drip, hang_up, hang_up_in_the_middle
from tests.support.reasons import because, english, worded
from tests.support.relays import Relay, http, socks5

CANARY = "canary4711token"
ROBOTS = {
    f"wecombot://{CANARY}": '{"errcode": 0, "errmsg": "ok"}',
    f"dingtalk://SECret9{CANARY}@{CANARY}": '{"errcode": 0, "errmsg": "ok"}',
    f"feishu://Sign9{CANARY}@{CANARY}": '{"code": 0, "msg": "ok"}',
    f"lark://{CANARY}": '{"StatusCode": 0, "StatusMessage": "ok"}',
}
TELEGRAM = "tgram://123456789:abcdefghijklmnop/42"
WEBHOOKS = ("json://127.0.0.1/hook", "jsons://example.com/hook")


def each(*urls: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("url", urls, ids=lambda url: url.partition(":")[0])


each_robot = each(*ROBOTS)
each_based = each(TELEGRAM, *ROBOTS)
each_proxied = each(TELEGRAM, *WEBHOOKS, *ROBOTS)


@each(TELEGRAM, *WEBHOOKS, *ROBOTS, "mailto://u:p@example.com", "mailtos://u:p@example.com")
def test_a_service_whose_answer_can_be_read_is_not_left_to_apprise(url: str) -> None:
    assert not isinstance(open_channel(url), Service)


def test_an_address_copied_from_the_service_opens_the_same_robot() -> None:
    copied, written = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}", f"wecombot://{CANARY}"
    assert [asked(url, answer(200, ROBOTS[written]))[1].line for url in (copied, written)] == [
        f"POST /cgi-bin/webhook/send?key={CANARY} HTTP/1.1"
    ] * 2


PAGE = "<!DOCTYPE html><title>Sign in</title>"


@pytest.mark.fault("D6")
@each_robot
@pytest.mark.parametrize(
    ("act", "kind", "what"),
    [
        (answer(429, Retry_After="34"), RateLimited, "HTTP 429"),
        (answer(500, "oops"), Retry, "HTTP 500 oops"),
        (answer(502, PAGE, Content_Type="text/html"), Retry, "HTTP 502"),
        (answer(200, PAGE, Content_Type="text/html"), Retry, "a web page"),
        (answer(200, PAGE), Retry, "a web page"),
        (answer(200), Ambiguous, "without a code"),
        (answer(200, "{}"), Ambiguous, "without a code"),
        (answer(200, '{"errcode": 0, "co'), Ambiguous, "without a code"),
        (answer(302, Location="http://127.0.0.1/"), Permanent, "another address"),
        (answer(404, "no such page"), Permanent, "HTTP 404 no such page"),
        (answer(407), Permanent, "wants a login"),
        (hang_up, Ambiguous, "no complete answer"),
        (hang_up_in_the_middle, Ambiguous, "no complete answer"),
    ],
    ids=range(13),
)
def test_a_robot_takes_nothing_but_its_own_answer_for_a_delivery(
    url: str, act: Act, kind: type[Result], what: str
) -> None:
    result, _ = asked(url, act)
    assert isinstance(result, kind)
    assert what in error_of(result)


@each_robot
def test_a_robot_waits_as_long_as_it_is_told(url: str) -> None:
    assert worded(asked(url, answer(429, Retry_After="34"))[0]) == RateLimited(
        because("HTTP 429"), timedelta(seconds=34)
    )


@each_robot
def test_a_robot_is_left_at_the_deadline(url: str) -> None:
    assert worded(asked(url, drip, deadline=0.3)[0]) == Ambiguous(because("no answer within 0.3 s"))


@each_robot
def test_where_nobody_listens_a_robot_tries_again(url: str) -> None:
    result = open_channel(url, api_base=f"http://127.0.0.1:{closed_port()}").send(PARCEL)
    assert isinstance(result, Retry)
    assert "cannot connect" in english(result.error)


@each_robot
@pytest.mark.parametrize(
    "act",
    [
        answer(200, f'{{"errcode": 93000, "code": 19001, "errmsg": "{CANARY}", "msg": "{CANARY}"}}'),
        answer(500, CANARY),
        answer(200, f'{{"errcode": 0, "code": 0, "errmsg": "{CANARY}", "msg": "{CANARY}"}}'),
        hang_up,
    ],
    ids=range(4),
)
def test_no_token_reaches_a_log_an_error_or_a_repr(url: str, act: Act, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "apprise", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    result, request = asked(url, act)
    channel = open_channel(url, proxy=f"http://{CANARY}:{CANARY}@127.0.0.1:1")
    assert CANARY not in repr(result) + repr(channel) + caplog.text
    assert CANARY in request.line


@each_robot
def test_a_base_address_may_have_a_path_of_its_own(url: str) -> None:
    with Hook([answer(200, ROBOTS[url])]) as hook:
        result = open_channel(url, api_base=f"http://127.0.0.1:{hook.port}/behind/").send(PARCEL)
    assert isinstance(result, Delivered)
    assert hook.requests[0].line.startswith("POST /behind/")
    assert "//" not in hook.requests[0].line.removesuffix("HTTP/1.1")


@each_robot
def test_a_robot_goes_through_an_http_proxy(url: str) -> None:
    with Relay(http(login="watch:p@ss")) as relay:
        proxy = f"http://watch:p%40ss@127.0.0.1:{relay.port}"
        result, request = asked(url, answer(200, ROBOTS[url]), proxy=proxy)
    assert isinstance(result, Delivered)
    assert relay.asked[0].startswith("POST http://127.0.0.1:")
    assert "proxy-authorization" in request.headers  # this small relay passes all on


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_robot_goes_through_a_socks_proxy(scheme: str) -> None:
    url = f"wecombot://{CANARY}"
    with Relay(socks5) as relay:
        result, _ = asked(url, answer(200, ROBOTS[url]), proxy=f"{scheme}://watch:pass@127.0.0.1:{relay.port}")
    assert isinstance(result, Delivered)
    assert relay.asked[0] == "watch\x04pass"


def test_a_webhook_goes_through_a_proxy_too() -> None:
    with Relay(http()) as relay, Hook([answer(200)]) as hook:
        result = open_channel(hook.url(), proxy=f"http://127.0.0.1:{relay.port}").send(PARCEL)
    assert isinstance(result, Delivered)
    assert hook.keys == [PARCEL.key]


def test_a_tls_service_is_reached_through_a_tunnel(tmp_path: Path) -> None:
    with Relay(http()) as relay, Hook([answer(200, '{"errcode": 0}')], tls=certificate(tmp_path)) as hook:
        there, proxy = f"127.0.0.1:{hook.port}", f"http://127.0.0.1:{relay.port}"
        trusting = open_channel("wecombot://abcd?verify=no", api_base=f"https://{there}", proxy=proxy).send(PARCEL)
        checking = open_channel("wecombot://abcd", api_base=f"https://{there}", proxy=proxy).send(PARCEL)
    assert trusting == Delivered("code 0", verified=True)
    assert isinstance(checking, Retry)
    assert "certificate" in english(checking.error).lower()
    assert relay.asked == [f"CONNECT {there} HTTP/1.1"] * 2
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("refusal", "kind"), [("407 Login", Permanent), ("403 Forbidden", Permanent), ("502 Unreachable", Retry)]
)
def test_a_proxy_that_refuses_is_named_without_its_login(refusal: str, kind: type[Result]) -> None:
    with Relay(http(refusal=refusal)) as relay:
        proxy = f"http://watch:{CANARY}@127.0.0.1:{relay.port}"
        result = open_channel("wecombot://abcd", api_base="https://127.0.0.1:1", proxy=proxy).send(PARCEL)
        assert isinstance(result, kind)
        assert error_of(result) == f"no way through the proxy 127.0.0.1:{relay.port}: {refusal}"


@pytest.mark.parametrize("proxy", ["ftp://proxy:1", "http://pro\x07xy:1", "socks5://[::1"])
def test_a_proxy_that_can_be_none_is_told_and_not_raised(proxy: str) -> None:
    told = exchange(HttpOptions(timedelta(seconds=1), proxy=proxy), "GET", "http://127.0.0.1:1/")
    assert isinstance(told, Permanent)
    assert "cannot be sent" in english(told.error)


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_proxy_that_is_not_there_is_named_without_its_login(scheme: str) -> None:
    port = closed_port()
    proxy = f"{scheme}://watch:{CANARY}@127.0.0.1:{port}"
    result = open_channel("wecombot://abcd", proxy=proxy).send(PARCEL)
    assert isinstance(result, Retry)
    assert f"cannot connect through the proxy 127.0.0.1:{port}" in english(result.error)
    assert CANARY not in english(result.error)


@pytest.mark.parametrize(
    "base",
    [
        "https://bots.example.com",
        "https://bots.example.com:8443/tg",
        "http://127.0.0.1:8081",
        "http://localhost:8081",
        "http://10.1.2.3:8081",
        "http://192.168.0.9",
        "http://[::1]:8081",
        "http://[fd00::1]",
        "http://telegram-bot-api:8081",
        "http://nas.lan",
    ],
)
@each_based
def test_a_base_address_that_keeps_the_token_safe_is_fine(url: str, base: str) -> None:
    assert check_way(url, base, "") is None


@pytest.mark.parametrize("kind", ["http", "https", "socks5", "socks5h"])
@each_proxied
def test_every_kind_of_proxy_is_fine_where_http_is_spoken(url: str, kind: str) -> None:
    assert check_way(url, "", f"{kind}://user:{CANARY}@proxy.example.com:1080") is None


@pytest.mark.parametrize(
    ("url", "base", "proxy", "said"),
    [
        (
            "json://a/b",
            "https://b",
            "",
            "json:// cannot use: only dingtalk, feishu, lark, max, pushplus, schan, tgram, vk, wecombot and wxpusher",
        ),
        ("mailto://u:p@e.com", "https://b", "", "mailto:// cannot use"),
        ("gotify://a/token", "https://b", "", "gotify:// cannot use"),
        ("mailto://u:p@e.com", "", "socks5://p:1", "mailto:// cannot use: only dingtalk, feishu, json, jsons"),
        ("gotify://a/token", "", "socks5://p:1", "gotify:// cannot use"),
        (TELEGRAM, "ftp://bots.example.com", "", "neither http:// nor https://"),
        (TELEGRAM, "bots.example.com", "", "without a host"),
        (TELEGRAM, "https://", "", "without a host"),
        (TELEGRAM, "https://[::1", "", "no address"),
        (TELEGRAM, "https://b.example:port", "", "no address"),
        (TELEGRAM, f"https://user:{CANARY}@b.example", "", "with a user or a password"),
        (TELEGRAM, f"https://b.example/?key={CANARY}", "", "with ? or #"),
        (TELEGRAM, "http://bots.example.com", "", "use https://"),
        (TELEGRAM, "http://8.8.8.8", "", "use https://"),
        (TELEGRAM, "", "ftp://proxy:1", "http://, https://, socks5:// and socks5h://"),
        (TELEGRAM, "", f"user:{CANARY}@proxy:1", "without a host"),
        (TELEGRAM, "", f"http://user:{CANARY}@proxy:99999", "no address"),
        (TELEGRAM, "", f"socks5://{CANARY}@proxy:1/path", "with a path"),
        (TELEGRAM, "", f"http://user:{CANARY}@pro\x07xy:1", "no address"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}", "ftp://b", "", "neither"),
    ],
)
def test_a_way_that_will_not_do_is_refused_in_words_without_its_secrets(
    url: str, base: str, proxy: str, said: str
) -> None:
    wrong = check_way(url, base, proxy)
    assert wrong is not None
    assert said in wrong
    assert CANARY not in wrong
    with pytest.raises(ValueError, match="the channel's URL has"):
        open_channel(url, api_base=base, proxy=proxy)


@pytest.mark.parametrize("url", [*ROBOTS, f"dingtalk://{CANARY}/13800000000/13900000000"])
def test_a_robot_with_its_people_is_one_destination(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("one\ntwo", 7, "one\ntwo"),
        ("one\ntwo\nthree", 10, "one\n…"),
        ("字字字字", 10, "字字…"),
        ("😀😀😀", 11, "😀😀…"),
        ("😀😀😀", 10, "😀…"),
    ],
)
def test_a_text_is_cut_between_lines_never_inside_a_character(text: str, most: int, kept: str) -> None:
    assert fitted(text, most) == kept
    assert len(kept.encode()) <= most


def certificate(directory: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so there is no certificate to serve")
    key, cert = directory / "key.pem", directory / "cert.pem"
    new = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*new, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
