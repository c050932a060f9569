"""What can be found out about a channel without sending anything: who is asked, and what is to be changed."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import quote

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.email import Mail
from labelwatch.channels.verify import Account, Finding, checked
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.http_server import Hook, answer, closed_port
from tests.support.reasons import english
from tests.support.relays import Relay, http
from tests.support.smtp_server import PostOffice, breaking_off
from tests.support.telegram_wire import hanging, page

CANARY = "canary4711token"
GROUP = "-1001234"
TRY = "more is known only after sending: `labelwatch test-alert`"


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def told(finding: Finding) -> tuple[Account, str]:
    return finding.seen, english(finding.said)


def found(url: str, *, api_base: str = "", proxy: str = "", seconds: float = 5.0) -> Finding:
    return checked(open_channel(url, api_base=api_base, proxy=proxy, deadline=timedelta(seconds=seconds)))


# ---- Telegram


def no_token(telegram: FakeTelegram) -> None:
    telegram.unknown_tokens.add(TOKEN)


def no_chat(telegram: FakeTelegram) -> None:
    telegram.refusals[GROUP] = (400, "Bad Request: chat not found")


def thrown_out(telegram: FakeTelegram) -> None:
    telegram.refusals[GROUP] = (403, "Forbidden: bot was kicked from the supergroup chat")


def portal(telegram: FakeTelegram) -> None:
    telegram.next(page(200))


def silent(telegram: FakeTelegram) -> None:
    telegram.next(hanging(2))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (no_token, "take the present one from @BotFather"),
        (no_chat, "check its id (of a group it begins with -) and add the bot to it"),
        (thrown_out, "add it again, or name another chat"),
        (portal, "a web page instead of an answer: HTTP 200 ‹html›"),
        (silent, "give the channel a proxy or an api_base"),
    ],
)
def test_a_bot_that_would_not_get_through_says_what_to_change(
    trouble: Callable[[FakeTelegram], None], said: str
) -> None:
    with FakeTelegram() as telegram:
        trouble(telegram)
        finding = found(telegram.url(GROUP), api_base=telegram.base, seconds=0.5)
    assert not finding.ok
    assert said in english(finding.said)
    assert TOKEN not in english(finding.said)


def test_a_bot_is_asked_for_its_name_and_its_chat_and_sends_nothing() -> None:
    with FakeTelegram() as telegram:
        telegram.titles[GROUP] = "Packers <b>"
        finding = found(telegram.url(GROUP), api_base=telegram.base)
        assert [method for method, _ in telegram.calls] == ["getMe", "getChat"]
    assert told(finding) == (
        Account.KNOWS_BOT,
        "the bot “@label_watch_bot” sees its chat “Packers ‹b›”",
    )


def test_a_group_that_moved_is_found_and_its_new_id_told() -> None:
    with FakeTelegram() as telegram:
        telegram.moved["-5"] = GROUP
        finding = found(telegram.url("-5"), api_base=telegram.base)
    assert finding.ok
    assert english(finding.said).endswith(f"the group is {GROUP} now: put that into the URL")


def test_a_bot_behind_a_proxy_is_asked_through_it() -> None:
    with FakeTelegram() as telegram, Relay(http()) as relay:
        assert found(telegram.url(GROUP), api_base=telegram.base, proxy=f"http://127.0.0.1:{relay.port}").ok
        assert len(relay.asked) == 2


def test_where_telegram_is_out_of_reach_a_way_around_is_named() -> None:
    finding = found(f"tgram://{TOKEN}/1", api_base=f"http://127.0.0.1:{closed_port()}")
    assert not finding.ok
    assert english(finding.said).endswith("where Telegram is blocked, give the channel a proxy or an api_base")


# ---- e-mail


def letter_box(port: int, *, password: str = "", more: str = "") -> str:
    login = f"watch:{quote(password, safe='')}@" if password else ""
    return f"mailto://{login}localhost:{port}?from=watch@example.com&to=a@example.com&verify=no{more}"


def test_a_mail_server_is_asked_to_let_us_in_and_gets_no_letter() -> None:
    with PostOffice(starttls=True, password="s3cret") as office:
        finding = found(letter_box(office.port, password="s3cret"))
        assert office.heard == ["STARTTLS", "secret"]
        assert told(finding) == (
            Account.KNOWS_LOGIN,
            f"localhost, port {office.port}, accepts us over TLS; {TRY}",
        )


def test_a_server_without_a_login_is_only_greeted() -> None:
    with PostOffice() as office:
        finding = found(letter_box(office.port))
        assert office.heard == []
    assert finding.ok


def test_a_wrong_password_is_told_and_not_shown() -> None:
    with PostOffice(starttls=True, password="s3cret") as office:
        finding = found(letter_box(office.port, password=CANARY))
    assert not finding.ok
    assert "the login is refused (many services want a password made for programs" in english(finding.said)
    assert CANARY not in english(finding.said)


def test_a_server_without_encryption_is_told_no_password() -> None:
    with PostOffice(password=CANARY) as office:
        finding = found(letter_box(office.port, password=CANARY))
        assert office.heard == []
    assert not finding.ok
    assert "STARTTLS" in english(finding.said)


def test_a_mail_server_that_keeps_silent_or_is_not_there_is_left() -> None:
    with breaking_off(drips="2" * 100) as port:
        finding = found(letter_box(port), seconds=0.2)
        assert told(finding) == (Account.UNREACHABLE, "no answer within 0.2 s")
    gone = closed_port()
    assert f"cannot connect to localhost, port {gone}" in english(found(letter_box(gone)).said)
    assert isinstance(open_channel(letter_box(gone)), Mail)


# ---- everybody else


ROBOTS = (f"wecombot://{CANARY}", f"dingtalk://{CANARY}", f"feishu://{CANARY}", f"lark://{CANARY}")


@pytest.mark.parametrize("url", ROBOTS)
def test_a_robot_is_only_knocked_at_and_that_is_said(url: str) -> None:
    with Hook([answer(200)]) as hook:
        finding = found(url, api_base=f"http://127.0.0.1:{hook.port}/behind")
        assert hook.requests == []
        assert told(finding) == (
            Account.REACHED,
            f"its server 127.0.0.1, port {hook.port}, answers; {TRY}",
        )


@pytest.mark.parametrize("url", [*ROBOTS, "json://nowhere.invalid/hook"])
def test_behind_a_proxy_the_proxy_is_knocked_at_and_that_is_said(url: str) -> None:
    with Relay(http()) as relay:
        port = relay.port
        there = found(url, proxy=f"http://watch:{CANARY}@127.0.0.1:{port}")
        assert relay.asked == []
    gone = found(url, proxy=f"socks5://watch:{CANARY}@127.0.0.1:{closed_port()}")
    assert (there.ok, gone.ok) == (True, False)
    assert english(there.said).startswith(
        f"the proxy 127.0.0.1, port {port}, answers, what is behind it was not tried"
    )
    assert "cannot be reached: connection refused" in english(gone.said)
    assert CANARY not in english(there.said) + english(gone.said)


def test_the_proxy_of_the_environment_is_the_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with Relay(http()) as relay:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{relay.port}")
        assert english(found("json://nowhere.invalid/hook").said).startswith("the proxy 127.0.0.1")
        monkeypatch.setenv("no_proxy", "nowhere.invalid")
        assert not found("json://nowhere.invalid/hook").ok


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("foo", "the proxy foo, port 1080, cannot be reached"),
        ("http://", "http_proxy is not understood as a proxy"),
        ("http://127.0.0.1:x", "http_proxy is not understood as a proxy"),
    ],
)
def test_a_proxy_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str, said: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    assert english(found("json://nowhere.invalid/hook").said).startswith(said)


def test_a_webhook_is_knocked_at_where_it_is() -> None:
    with Hook([answer(200)]) as hook:
        assert found(hook.url()).ok
        assert hook.requests == []
    assert english(found(f"json://127.0.0.1:{closed_port()}/hook").said).endswith(
        "connection refused: check host and port"
    )
    assert "unknown host" in english(found("jsons://nowhere.invalid/hook").said)


def test_a_service_whose_server_apprise_keeps_to_itself_is_not_tried() -> None:
    finding = found(f"gotify://127.0.0.1:1/{CANARY}")
    assert told(finding) == (Account.UNKNOWN, f"not tried: {TRY}")


def test_a_server_that_drops_what_comes_counts_as_gone() -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        finding = found(f"json://127.0.0.1:{full.getsockname()[1]}/hook", seconds=0.2)
    assert english(finding.said).endswith("no answer: is there a firewall in between? A proxy leads around it")
