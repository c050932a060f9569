"""Everything behind Apprise: one destination, one attempt, one deadline, and no secret told."""

import logging
import time
from datetime import timedelta

import pytest

from labelwatch.channels import check_url, open_channel
from labelwatch.channels.base import Ambiguous, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.messages.message import Kind, Message, Section, SizeLimit
from labelwatch.messages.render import Layout, render
from tests.support.alert_builders import NOW, destination, told
from tests.support.chat_bots import error_of
from tests.support.http_server import Hook, answer, drip
from tests.support.reasons import because, worded

CANARY = "canary-token-4711"
MESSAGE = Message(
    "‼️ 先备货 · 41517061-0214-1", (Section(lines=("Line <b>one</b>", "Line two :smile: \\n")),), Kind.FAILURE
)
PARCEL = OutgoingMessage(MESSAGE, [], "key-1")


def gotify(hook: Hook) -> str:
    return f"gotify://127.0.0.1:{hook.port}/{CANARY}"


def test_a_message_arrives_as_plain_text_and_counts_as_unverified() -> None:
    with Hook([answer(200)]) as hook:
        message = render([told()], destination("zh"), now=NOW)
        result = open_channel(gotify(hook)).send(OutgoingMessage(message, [], "key-1"))
    assert result == Delivered("", verified=False)
    assert (hook.requests[0].json["title"], hook.requests[0].json["message"]) == (message.title, message.body)


def test_nothing_in_the_text_is_taken_for_markup() -> None:
    with Hook([answer(200)]) as hook:
        open_channel(gotify(hook)).send(PARCEL)
    assert hook.requests[0].json["message"] == MESSAGE.body.strip()


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (401, Permanent),
        (403, Permanent),
        (404, Permanent),
        (410, Permanent),
        (429, RateLimited),
        (400, Retry),
        (500, Retry),
    ],
)
def test_a_refusal_is_told_apart_by_what_apprise_lets_one_know(status: int, result: type[Result]) -> None:
    with Hook([answer(status)]) as hook:
        refused = open_channel(gotify(hook)).send(PARCEL)
    assert isinstance(refused, result)
    assert f"error={status}" in error_of(refused)


def test_a_service_that_hangs_is_left_at_the_deadline() -> None:
    with Hook([drip]) as hook:
        channel = open_channel(gotify(hook), deadline=timedelta(seconds=0.5))
        started = time.monotonic()
        result = channel.send(PARCEL)
    assert time.monotonic() - started < 2
    assert worded(result) == Ambiguous(because("no answer within 0.5 s"))


@pytest.mark.parametrize("extra", ["", "?retry=3&wait=0", "?optional=yes"])
def test_one_attempt_is_made_whatever_the_url_asks_for(extra: str) -> None:
    with Hook([answer(500)]) as hook:
        result = open_channel(gotify(hook) + extra).send(PARCEL)
    assert isinstance(result, Retry)
    assert len(hook.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with Hook([answer(200)]) as other, Hook([answer(302, Location=f"http://127.0.0.1:{other.port}/")]) as hook:
        result = open_channel(gotify(hook)).send(PARCEL)
    assert isinstance(result, Retry)
    assert other.requests == []


@pytest.mark.parametrize("status", [200, 401, 500])
def test_no_secret_reaches_a_log_an_error_or_a_repr(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with Hook([answer(status, CANARY)]) as hook:
        channel = open_channel(gotify(hook))
        result = channel.send(PARCEL)
    assert CANARY not in repr(result) + repr(channel) + caplog.text
    assert CANARY in f"{hook.requests[0].line} {hook.requests[0].headers}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("packers", "begins with a service"),
        (f"nothing://{CANARY}", "nothing:// with these parts is not understood"),
        ("json://", "not understood"),
        (f"json://127.0.0.1:99999/{CANARY}", "a port that is none"),
        (f"tgram://123456789:{CANARY}_abcdefghijkl/1/2", "names 2 destinations"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com,b@example.com", "names 2 destinations"),
        (f"json://a/{CANARY}, json://b/{CANARY}", "several URLs"),
        (f"mailto://u:{CANARY}@example.com?to=a@example.com&cc=b@example.com", "cc="),
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


def test_a_service_that_takes_little_gets_little() -> None:
    channel = open_channel("discord://4174216298/JHMHI8qBe7bk2ZwO")
    message = render(
        [told(n=n) for n in range(1, 40)], destination("zh"), now=NOW, layout=Layout(limit=channel.limit)
    )
    assert channel.limit == SizeLimit(2000)
    assert len(message.title + message.body) <= 2000
