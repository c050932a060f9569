"""Whatever a service answers that we tell people through: one of six outcomes, in time, and nothing of it leaks."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelwatch.channels import ServiceOptions, open_channel
from labelwatch.channels.base import (
    Ambiguous,
    BadMessage,
    Channel,
    Delivered,
    EditableChannel,
    Permanent,
    RateLimited,
    Retry,
)
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.telegram.api import Refusal
from labelwatch.channels.telegram.updates import update_listeners, updates
from labelwatch.messages.interactions import Press, Reply
from tests.fuzz.mangle import CANARY, bodies, is_fit_to_show
from tests.support.chat_bots import PARCEL
from tests.support.examples import examples
from tests.support.http_server import Hook
from tests.support.reasons import english
from tests.support.smtp_server import breaking_off

OUTCOMES = (Delivered, Retry, RateLimited, Ambiguous, Permanent, BadMessage)
SENT = {"ok": True, "result": {"message_id": 7, "chat": {"id": -1001}, "date": 1}}
REFUSED = {
    "ok": False,
    "error_code": 429,
    "description": f"Too Many Requests {CANARY}",
    "parameters": {"retry_after": 4, "migrate_to_chat_id": -10055},
}
PRESSED = {
    "ok": True,
    "result": [
        {
            "update_id": 5,
            "callback_query": {
                "id": "1",
                "data": "ack:0123456789abcdef0123456789abcdef",
                "from": {"id": 7001, "first_name": "Nina", "language_code": "ru"},
                "message": {"message_id": 7, "chat": {"id": -1001, "username": "packers"}, "message_thread_id": 3},
            },
        }
    ],
}
URLS: Mapping[str, tuple[str, Any]] = {
    "json": (f"json://watch:{CANARY}@127.0.0.1:{{port}}/hook", {"ok": True}),
    "tgram": (f"tgram://2718281828:{CANARY}/-1001", SENT),
    "wecom": (f"wecombot://{CANARY}", {"errcode": 45009, "errmsg": CANARY}),
    "dingtalk": (f"dingtalk://{CANARY}", {"errcode": 310000, "errmsg": f"sign {CANARY}"}),
    "feishu": (f"feishu://{CANARY}", {"code": 19024, "msg": CANARY, "StatusCode": 0}),
    "form": (f"form://watch:{CANARY}@127.0.0.1:{{port}}/hook", {"ok": True}),
}
STATUSES = st.sampled_from(
    (200,) * 6 + (201, 204, 301, 400, 401, 403, 404, 407, 408, 413, 425, 429, 429, 500, 503, 999)
)
WAITS = (
    "0",
    "7",
    "9" * 5000,
    "-1",
    "1e9",
    "٣",
    "soon",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 1 Jan 0001 00:00:00 +2359",
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": st.sampled_from(WAITS),
        "Date": st.sampled_from(("Mon, 23 Nov 2026 12:00:00 GMT", "yesterday")),
        "Content-Type": st.sampled_from(("application/json", "text/html", "\x01", "application/json; charset=utf-7")),
        "Content-Encoding": st.sampled_from(("gzip", "br", "x")),
        "Content-Length": st.sampled_from(("0", "99999999", "-1", "x")),
        "Location": st.just("http://127.0.0.1:9/"),
    },
)


@contextmanager
def answering() -> Iterator[tuple[int, list[bytes]]]:
    """A port, and what is answered there to every question from now on."""
    reply = [b""]

    def act(connection: socket.socket) -> None:
        connection.sendall(reply[0])

    with Hook([act]) as hook:
        yield hook.port, reply


def written(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {"Connection": "close", "Content-Length": str(len(body))} | dict(headers)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body


def opened(kind: str, port: int) -> Channel:
    url = URLS[kind][0].format(port=port)
    base = "" if "{port}" in URLS[kind][0] else f"http://127.0.0.1:{port}"
    return open_channel(url, api_base=base, deadline=timedelta(seconds=3))


def check_outcome(result: object) -> None:
    assert isinstance(result, OUTCOMES)
    assert is_fit_to_show(result.receipt if isinstance(result, Delivered) else english(result.error))
    if isinstance(result, RateLimited):
        assert timedelta(0) <= result.after <= timedelta(days=1)


@pytest.mark.fault("D5", "D6", "D12")
@pytest.mark.parametrize("kind", URLS)
def test_an_answer_over_http_is_one_of_six_outcomes(kind: str) -> None:
    with answering() as (port, reply):
        channel = opened(kind, port)

        @examples(10)
        @example(200, {}, b"[" * 60_000, 1)
        @example(200, {}, b'{"a":' * 10_000, 9)
        @example(200, {}, b'{"errcode": %s}' % (b"9" * 4000), 1)
        @example(429, {"Retry-After": "9" * 5000}, b"{}", 1)
        @given(STATUSES, HEADERS, bodies(URLS[kind][1], REFUSED), st.integers(0, 9))
        def check(status: int, headers: Mapping[str, str], body: bytes, how: int) -> None:
            reply[0] = body if how == 0 else written(status, headers, body)
            check_outcome(channel.send(PARCEL))
            if how > 7 and isinstance(channel, EditableChannel):
                check_outcome(channel.revise("-1001/7", PARCEL))

        check()


def test_whoever_presses_whatever_the_listening_goes_on() -> None:
    with answering() as (port, reply):
        chat = opened("tgram", port)
        assert isinstance(chat, Telegram)
        labels = {"ack": "a", "snooze": "s", "check": "c", "details": "d"}
        url = URLS["tgram"][0]
        named = open_channel(
            url,
            api_base=f"http://127.0.0.1:{port}",
            options=ServiceOptions(labels=labels),
            deadline=timedelta(seconds=3),
        )
        pressed: list[Press] = []

        def handle(channel: str, press: Press) -> Reply:
            pressed.append(press)
            return Reply("fine")

        (listener,) = update_listeners({"packers": named}, handle)

        @examples(20)
        @given(bodies(PRESSED, REFUSED))
        def check(body: bytes) -> None:
            reply[0] = written(200, {}, body)
            heard = updates(chat.bot, offset=0, wait=timedelta(0))
            if not isinstance(heard, list):
                assert is_fit_to_show(heard.why if isinstance(heard, Refusal) else english(heard.error))
            for update in heard if isinstance(heard, list) else ():
                listener._done_with(update)
            assert all(is_fit_to_show(press.who) for press in pressed)

        check()


CODES = st.sampled_from(
    ("220", "250", "250-", "354", "421", "451", "550", "554", "999", "-1", "", "\xff", "HTTP/1.1 400")
)
SAID = st.sampled_from(
    ("", "ok", f"go away {CANARY}", "\x1b[31m", "x" * 900, "5.7.1 \u202e", "\x00", "STARTTLS\r\n250 AUTH")
)


@pytest.mark.fault("D7", "D8", "D9", "D10")
def test_whatever_a_mail_server_says_is_one_of_six_outcomes() -> None:
    @examples(10)
    @given(st.lists(st.tuples(CODES, SAID), max_size=7), st.booleans(), st.integers(0, 6))
    def check(lines: Sequence[tuple[str, str]], has_password: bool, good: int) -> None:
        fine = ("220 hello", "250 hello", "250 sender", "250 recipient", "354 go on", "250 taken")[:good]
        said = (" ".join(line).replace(CANARY, CANARY if has_password else "you") for line in lines)
        with breaking_off(*fine, *said) as port:
            login = f"watch:{CANARY}@" if has_password else ""
            url = f"mailto://{login}localhost:{port}?from=watch@example.com&to=packer@example.com"
            check_outcome(open_channel(url, deadline=timedelta(seconds=3)).send(PARCEL))

    check()
