"""Everything behind Apprise: one destination, one attempt, one deadline, and no secret told."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from labelwatch.notify.channels import check_url, open_channel
from labelwatch.notify.channels.outcome import Ambiguous, Delivered, Parcel, Retry
from labelwatch.notify.message import Kind, Message, Section
from labelwatch.notify.messages import render
from tests.notify.build import NOW, destination, told
from tests.notify.loopback import Hook, answer, closed_port, drip

CANARY = "canary-token-4711"
MESSAGE = Message(
    "‼️ 先备货 · 41517061-0214-1", (Section(lines=("Line <b>one</b>", "Line two :smile: \\n")),), Kind.FAILURE
)
PARCEL = Parcel(MESSAGE, [], "key-1")


class Mailbox:
    """What aiosmtpd hands over, kept as parsed mails."""

    def __init__(self, refusal: str = "") -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = refusal

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(BytesParser(policy=default).parsebytes(envelope.content))
        return self.refusal or "250 queued"


@contextmanager
def smtp(box: Mailbox) -> Iterator[int]:
    controller = Controller(box, hostname="127.0.0.1", port=closed_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mail_url(port: int, to: str = "packer@example.com") -> str:
    return f"mailto://127.0.0.1:{port}?from=watch@example.com&to={to}&mode=insecure"


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").strip()


def test_a_mail_arrives_as_plain_text_and_counts_as_unverified() -> None:
    box = Mailbox()
    message = render([told()], destination("zh"), now=NOW)
    with smtp(box) as port:
        result = open_channel(mail_url(port)).send(Parcel(message, [], "key-1"))
    assert result == Delivered("", verified=False)
    (mail,) = box.mails
    assert mail["Subject"] == message.title
    assert text_of(mail) == message.body


def test_nothing_in_the_text_is_taken_for_markup() -> None:
    box = Mailbox()
    with smtp(box) as port:
        open_channel(mail_url(port)).send(PARCEL)
    assert text_of(box.mails[0]) == MESSAGE.body.strip()


def test_a_refusal_is_tried_again_with_the_reason() -> None:
    with smtp(Mailbox("451 greylisted")) as port:
        result = open_channel(mail_url(port)).send(PARCEL)
    assert isinstance(result, Retry)
    assert result.error


def test_a_service_that_hangs_is_left_at_the_deadline() -> None:
    with Hook([drip]) as hook:
        channel = open_channel(f"gotify://127.0.0.1:{hook.port}/{CANARY}", deadline=timedelta(seconds=0.5))
        started = time.monotonic()
        result = channel.send(PARCEL)
    assert time.monotonic() - started < 2
    assert result == Ambiguous("no answer within 0.5 s")


@pytest.mark.parametrize("extra", ["", "?retry=3&wait=0", "?optional=yes"])
def test_one_attempt_is_made_whatever_the_url_asks_for(extra: str) -> None:
    with Hook([answer(500)]) as hook:
        result = open_channel(f"gotify://127.0.0.1:{hook.port}/{CANARY}{extra}").send(PARCEL)
    assert isinstance(result, Retry)
    assert len(hook.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with Hook([answer(200)]) as other, Hook([answer(302, Location=f"http://127.0.0.1:{other.port}/")]) as hook:
        result = open_channel(f"gotify://127.0.0.1:{hook.port}/{CANARY}").send(PARCEL)
    assert isinstance(result, Retry)
    assert other.requests == []


@pytest.mark.parametrize("status", [200, 401, 500])
def test_no_secret_reaches_a_log_an_error_or_a_repr(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with Hook([answer(status, CANARY)]) as hook:
        channel = open_channel(f"gotify://127.0.0.1:{hook.port}/{CANARY}")
        result = channel.send(PARCEL)
    assert CANARY not in repr(result) + repr(channel) + caplog.text
    assert CANARY in f"{hook.requests[0].line} {hook.requests[0].headers}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("packers", "begins with a service"),
        (f"nothing://{CANARY}", "nothing:// with these parts is not understood"),
        ("json://", "not understood"),
        (f"tgram://123456789:{CANARY}_abcdefghijkl/1/2", "names 2 destinations"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com,b@example.com", "names 2 destinations"),
        (f"json://a/{CANARY}, json://b/{CANARY}", "several URLs"),
    ],
)
def test_a_url_that_will_not_do_is_refused_in_words_without_its_secrets(url: str, said: str) -> None:
    wrong = check_url(url)
    assert wrong is not None
    assert said in wrong
    assert CANARY not in wrong
    with pytest.raises(ValueError, match="the channel's URL") as refused:
        open_channel(url)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:8080/hook",
        "jsons://user:pass@example.com/hook?+X-Key=1",
        "mailtos://user:pass@example.com?to=a@example.com",
        "tgram://123456789:abcdefghijklmnop/42?retry=3",
        "wecombot://a1b2c3-key",
        "feishu://token123",
    ],
)
def test_a_url_with_one_destination_is_fine(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize(
    ("url", "most"), [("wecombot://a1b2c3-key", 682), ("discord://4174216298/JHMHI8qBe7bk2ZwO", 2000)]
)
def test_a_service_that_takes_little_gets_little(url: str, most: int) -> None:
    channel = open_channel(url)
    message = render([told(n=n) for n in range(1, 40)], destination("zh"), now=NOW, limit=channel.limit)
    assert channel.limit == most
    assert len(message.title + message.body) <= most
