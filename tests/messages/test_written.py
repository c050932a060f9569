"""What `check` calls right is what is then used: every sign of a URL, on a real server of this machine."""

from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from labelwatch.channels import check_url, open_channel
from labelwatch.channels.base import Delivered, OutgoingMessage
from labelwatch.channels.email import Mail
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.webhook import Webhook
from labelwatch.config import Config, ConfigError, load
from labelwatch.delivery.heartbeat import ping
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.setup.robots import address
from tests.sources.scripted import in_turn, page, scripted
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Hook, answer
from tests.support.smtp_server import PostOffice

PARCEL = OutgoingMessage(Message("late", (Section(lines=("Not packed yet.",)),), Kind.WARNING), [], "0" * 32)
TOKEN = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI"

PATHS = [
    *("", "/", "/hook", "/a/b/", "/a//b", "/a b", "/a%20b", "/a%2Fb", "/хук", "/%D1%85", "/a;b", "/a:b", "/a@b"),
    *(
        "/a+b",
        "/a,b",
        "/a=b",
        "/a'b",
        '/a"b',
        "/a&b",
        "/~x",
        "/a$b",
        "/a!b",
        "/a(b)",
        "/a*b",
        "/a|b",
        "/a{b}",
        "/%3Fx",
    ),
    *(
        "/%3Fx",
        "/hook?key=v",
        "/hook?a=1&b=2&a=3",
        "/hook?q=a%26b",
        "/hook?token=a+b",
        "/hook?empty=",
        "?key=v",
        "/?k=%D1%85",
    ),
]


def asked(hook: Hook) -> tuple[str, list[tuple[str, str]]]:
    """The path and the query of the last request, as a server understands them."""
    parts = urlsplit(hook.requests[-1].line.split(" ")[1])
    return unquote(parts.path), sorted(parse_qsl(parts.query, keep_blank_values=True))


def written(path: str) -> tuple[str, list[tuple[str, str]]]:
    parts = urlsplit(f"http://host{path}")
    return unquote(parts.path) or "/", sorted(parse_qsl(parts.query, keep_blank_values=True))


@pytest.mark.parametrize("path", PATHS)
def test_a_webhook_is_sent_to_what_is_written(path: str) -> None:
    with Hook([answer(200)]) as hook:
        url = f"json://127.0.0.1:{hook.port}{path}"
        assert check_url(url) is None
        assert isinstance(open_channel(url).send(PARCEL), Delivered)
        assert asked(hook) == written(path)


@pytest.mark.parametrize("path", PATHS)
def test_so_is_the_address_that_was_pasted_into_the_set_up(path: str) -> None:
    with Hook([answer(200)]) as hook:
        pasted = address(f"http://127.0.0.1:{hook.port}{path}")
        assert isinstance(open_channel(pasted.url).send(PARCEL), Delivered)
        assert asked(hook) == written(path)


@pytest.mark.parametrize("path", [path for path in PATHS if not set(path) & set("'\" ")])
def test_so_is_the_heartbeat(tmp_path: Path, path: str) -> None:
    with Hook([answer(200)]) as hook:
        config = configured(tmp_path, f"[heartbeat]\nurl = 'http://127.0.0.1:{hook.port}{path}'")
        assert config.heartbeat is not None
        assert ping(config.heartbeat.url.get_secret_value()) == 200
        kept, query = written(path)
        assert asked(hook) == (kept if query else kept.rstrip("/") or "/", query)


def test_what_apprise_reads_of_a_query_does_what_it_does_there() -> None:
    with Hook([answer(200)]) as hook:
        url = f"json://127.0.0.1:{hook.port}/hook?method=PUT&+X-Auth=t&-key=v&:version=2&verify=no&own=1"
        assert isinstance(open_channel(url).send(PARCEL), Delivered)
        assert hook.requests[-1].line == "PUT /hook?key=v&own=1 HTTP/1.1"
        assert hook.requests[-1].headers["x-auth"] == "t"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("json://my_host:8080/x", "http://my_host:8080/x"),
        ("jsons://a_b.example_c.com/x", "https://a_b.example_c.com/x"),
        ("json://[::1]:8080/x", "http://[::1]:8080/x"),
        ("json://xn--e1afmkfd.xn--p1ai/x", "http://xn--e1afmkfd.xn--p1ai/x"),
    ],
)
def test_a_host_is_the_one_that_is_written(url: str, place: str) -> None:
    channel = open_channel(url)
    assert isinstance(channel, Webhook)
    assert channel.address == place


@pytest.mark.parametrize(
    ("login", "auth"),
    [("me:word", ("me", "word")), ("me:w%40rd%3A%2F", ("me", "w@rd:/")), ("me%40x.ru:p+q", ("me@x.ru", "p+q"))],
)
def test_a_login_is_the_one_that_is_written(login: str, auth: tuple[str, str]) -> None:
    webhook = open_channel(f"json://{login}@127.0.0.1:9/x")
    assert isinstance(webhook, Webhook)
    assert webhook.auth == auth
    mail = open_channel(f"mailtos://{login}@smtp.example.com?from=a@example.com&to=b@example.com")
    assert isinstance(mail, Mail)
    assert (mail.server.host, mail.server.user, mail.server.password) == ("smtp.example.com", *auth)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("json://me:w@rd@127.0.0.1/x", "holds an @ in its user or password: write it as %40"),
        ("mailtos://me:w@rd@smtp.example.com?to=b@example.com", "holds an @ in its user or password"),
        ("mailto://mail_relay:25/?from=a@example.com&to=b@example.com", "name it with smtp=, as in ?smtp=mail_relay"),
        ("json://127.0.0.1:0/x", "names a port that is none"),
        ("json://::1/x", "an IPv6 address stands in brackets"),
        (f'"tgram://{TOKEN}/-1001234567890"', "begins with a quotation mark that became part of it"),
        ("'json://127.0.0.1/x'", "begins with a quotation mark that became part of it"),
        (f"tgram://{TOKEN}/1001234567890", "the id of a group without its minus: write -1001234567890"),
        (f"tgram://{TOKEN}/@-1001234567890", "names the chat @-1001234567890, which is neither an id"),
        (f"tgram://{TOKEN}/-1001234567890_45", "names the chat @-1001234567890_45, which is neither an id"),
    ],
)
def test_what_would_be_used_otherwise_is_refused_with_what_to_write(url: str, said: str) -> None:
    wrong = check_url(url)
    assert wrong is not None
    assert said in wrong
    assert "w@rd" not in wrong
    assert TOKEN not in wrong


@pytest.mark.parametrize(
    ("chat", "sent"),
    [
        ("-1001234567890", ("-1001234567890", None)),
        ("-1001234567890:45", ("-1001234567890", 45)),
        ("-1001234567890?topic=45", ("-1001234567890", 45)),
        ("1234567890", ("1234567890", None)),
        ("@some_name", ("@some_name", None)),
        ("some_name", ("@some_name", None)),
    ],
)
def test_a_chat_and_its_topic_are_those_that_are_written(chat: str, sent: tuple[str, int | None]) -> None:
    with FakeTelegram() as telegram:
        channel = open_channel(f"tgram://{TOKEN}/{chat}", api_base=telegram.base)
        assert isinstance(channel, Telegram)
        channel.send(PARCEL)
        (message,) = telegram.asked("sendMessage")
        assert (str(message["chat_id"]), message.get("message_thread_id")) == sent


def test_a_mail_relay_with_an_underscore_is_used_where_it_is_named_with_smtp() -> None:
    with PostOffice():
        mail = open_channel("mailto://example.com:25/?smtp=mail_relay&from=a@example.com&to=b@example.com")
        assert isinstance(mail, Mail)
        assert mail.server.host == "mail_relay"


# --- the configuration


def configured(folder: Path, text: str, *, key: str = "00000000-0000-4000-8000-000000000000") -> Config:
    file = folder / "labelwatch.toml"
    shop = '\n[[shop]]\nname = "main"\nclient_id = "123456"\napi_key = "env:KEY"\n'
    file.write_text(text + shop, "utf-8")
    file.chmod(0o600)
    return load(file, environ={"KEY": key}, check_url=check_url)


BASES = ["", "/", "/prefix", "/pre/fix/", "/a;b", "/a%20b", "/~x"]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_ozon_is_asked_where_base_url_says(tmp_path: Path, base: str, scheme: str) -> None:
    with scripted(in_turn(page("1"))) as scene:
        where = scene.url.replace("http", scheme, 1)
        config = configured(tmp_path, f'[ozon]\nbase_url = "{where}{base}"')
        with closing(scene.source(base_url=config.ozon.base_url)) as source:
            assert list(source.sweep())
    assert scene.asked[0].path == f"{base.rstrip('/')}/v4/posting/fbs/unfulfilled/list"


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ('[ozon]\nbase_url = "http://127.0.0.1/?x=1"', '"http://127.0.0.1/?x=1"'),
        ('[ozon]\nbase_url = "http://127.0.0.1/#x"', '"http://127.0.0.1/#x"'),
        ('[ozon]\nbase_url = "http://127.0.0.1:0"', '"http://127.0.0.1:0"'),
        ('[ozon]\nbase_url = "http://a..b"', '"http://a..b"'),
        ('[ozon]\nbase_url = "htp://api-seller.ozon.ru"', '"htp://api-seller.ozon.ru"'),
        ('[web]\npublic_url = "watch.example.org"', '"watch.example.org"'),
        ("[ozon]\nevery = 5", "5"),
    ],
)
def test_a_mistake_names_the_value_that_was_given(tmp_path: Path, table: str, shown: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        configured(tmp_path, table)
    (mistake,) = wrong.value.mistakes
    assert mistake.value == shown


@pytest.mark.parametrize("key", ['"00000000-0000-4000-8000-000000000000"', "'abc'", "abc”"])
def test_a_quotation_mark_that_became_part_of_a_key_is_found_and_the_key_not_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        configured(tmp_path, "", key=key)
    (mistake,) = wrong.value.mistakes
    assert "without quotation marks" in mistake.allowed
    assert "abc" not in str(mistake)
    assert "00000000" not in str(mistake)


@pytest.mark.parametrize(
    ("key", "is_doubted"), [("00000000-0000-4000-8000-000000000000", False), ("00000000-0000", True), ("abc", True)]
)
def test_a_key_of_another_shape_than_those_of_ozon_is_doubted(tmp_path: Path, key: str, is_doubted: bool) -> None:
    config = configured(tmp_path, "", key=key)
    assert any("8-4-4-4-12" in str(doubt) for doubt in config.warnings) is is_doubted
    elsewhere = configured(tmp_path, '[ozon]\nbase_url = "http://127.0.0.1:8790"', key=key)
    assert not any("8-4-4-4-12" in str(doubt) for doubt in elsewhere.warnings)
