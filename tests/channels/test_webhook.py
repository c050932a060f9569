"""The JSON webhook: what it carries, and what each answer of the other side means."""

import base64
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from labelwatch.channels import ServiceOptions, open_channel
from labelwatch.channels.base import (
    STAMPED,
    Ambiguous,
    BadMessage,
    Delivered,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
    stamp_of,
)
from labelwatch.core.alert import Reason
from labelwatch.messages.alert_json import view
from labelwatch.messages.message import Kind, Message, Section
from tests.support.alert_builders import NOW, told
from tests.support.http_server import Act, Hook, answer, closed_port, drip, hang_up, hang_up_in_the_middle
from tests.support.reasons import because, english, worded

MESSAGE = Message("‼️ 先备货", (Section(heading="怎么做："),), Kind.FAILURE)
VIEWS = [view(told().alert, language="zh", now=NOW, reason=Reason.FIRST)]
PARCEL = OutgoingMessage(MESSAGE, VIEWS, "key-1")
CANARY = "canary-token-4711"
DATE = "Mon, 23 Nov 2026 14:08:00 GMT"


def sent(hook: Hook, path: str = "/hook", *, deadline: float = 5.0, key: str = "key-1") -> Result:
    channel = open_channel(hook.url(path), deadline=timedelta(seconds=deadline))
    return channel.send(replace(PARCEL, key=key))


def test_it_carries_apprises_body_the_alerts_and_the_key() -> None:
    with Hook([answer(200, "thanks")]) as hook:
        result = sent(hook)
    (request,) = hook.requests
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["idempotency-key"] == "key-1"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "version": "1.0",
        "title": "‼️ 先备货",
        "message": "怎么做：",
        "type": "failure",
        "about": "alerts",
        "attachments": [],
        "labelwatch": VIEWS,
    }
    assert request.json["labelwatch"][0]["reason"] == "first"
    assert result == Delivered("HTTP 200 thanks", verified=True)


def test_the_key_of_the_buttons_stands_nowhere_in_a_request() -> None:
    key = f"{STAMPED}{7:028x}"
    with Hook([answer(200)]) as hook:
        for _ in range(2):
            sent(hook, key=key)
    assert [request.headers["idempotency-key"] for request in hook.requests] == [stamp_of(key)] * 2
    assert all(key not in repr((request.headers, request.json)) for request in hook.requests)


def test_a_signed_request_is_verified_by_the_reference_library_and_by_the_documented_function() -> None:
    secrets = [f"whsec_{base64.b64encode(bytes([seed]) * 32).decode()}" for seed in (1, 2, 3)]
    with Hook([answer(200, secrets[0])]) as hook:
        options = ServiceOptions(signing_secret=" ".join(secrets[:2]))
        channel = open_channel(hook.url("/hook"), options=options, deadline=timedelta(seconds=5))
        result = channel.send(replace(PARCEL, key=f"{STAMPED}{7:028x}"))
    (request,) = hook.requests
    documented = documented_receiver()
    for secret in secrets[:2]:
        assert Receiver(secret).verify(request.body, request.headers) == request.json
        assert documented(secret, request.headers, request.body)
        assert not documented(secret, request.headers, request.body + b" ")
    with pytest.raises(WebhookVerificationError):
        Receiver(secrets[2]).verify(request.body, request.headers)
    assert not documented(secrets[2], request.headers, request.body)
    assert request.headers["webhook-id"] == request.headers["idempotency-key"]
    assert isinstance(result, Delivered)
    assert secrets[0] not in repr((channel, result))


def documented_receiver() -> Callable[[str, Mapping[str, str], bytes], bool]:
    """The function that the documentation of webhooks gives to the authors of receivers."""
    text = (files("labelwatch") / "cli" / "README.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(text.partition("### Webhook")[2].partition("```python\n")[2].partition("```")[0], names)
    verify: Callable[[str, Mapping[str, str], bytes], bool] = names["is_from_labelwatch"]
    return verify


def test_an_unsigned_request_has_no_signature() -> None:
    with Hook([answer(200)]) as hook:
        sent(hook)
    assert not [name for name in hook.requests[0].headers if name.startswith("webhook-")]


@pytest.mark.fault("D6")
@pytest.mark.parametrize(
    ("act", "result"),
    [
        (answer(200, '{"ok": true}'), Delivered('HTTP 200 {"ok": true}', verified=True)),
        (answer(204), Delivered("HTTP 204", verified=True)),
        (answer(200, '{"error": null}'), Delivered('HTTP 200 {"error": null}', verified=True)),
        (answer(200, "[1]"), Delivered("HTTP 200 [1]", verified=True)),
        (answer(429, Retry_After="34"), RateLimited(because("HTTP 429"), timedelta(seconds=34))),
        (
            answer(503, Retry_After="Mon, 23 Nov 2026 14:09:30 GMT", Date=DATE),
            RateLimited(because("HTTP 503"), timedelta(seconds=90)),
        ),
        (answer(503, Retry_After="Mon, 23 Nov 2026 14:00:00 GMT", Date=DATE), Retry(because("HTTP 503"))),
        (answer(503, Retry_After="soon"), Retry(because("HTTP 503"))),
        (answer(500, "oops"), Retry(because("HTTP 500 oops"))),
        (answer(502, "<html>bad gateway</html>"), Retry(because("HTTP 502 ‹html›bad gateway‹/html›"))),
        (answer(408), Retry(because("HTTP 408"))),
        (answer(400, "no such field"), BadMessage(because("HTTP 400 no such field"))),
        (answer(403), Permanent(because("HTTP 403: check the user, the password or the token in the channel's URL"))),
        (answer(404), Permanent(because("HTTP 404: check the address in the channel's URL"))),
        (
            answer(200, '{"ok": false}'),
            Retry(because('an error under a good status: HTTP 200 {"ok": false}')),
        ),
        (
            answer(200, '{"error": "full"}'),
            Retry(because('an error under a good status: HTTP 200 {"error": "full"}')),
        ),
        (
            answer(200, "Sign in", Content_Type="text/html"),
            Retry(because("a web page instead of an answer: HTTP 200 Sign in")),
        ),
        (
            answer(200, "<!DOCTYPE html>x"),
            Retry(because("a web page instead of an answer: HTTP 200 ‹!DOCTYPE html›x")),
        ),
    ],
    ids=range(18),
)
def test_each_answer_means_one_thing(act: Act, result: Result) -> None:
    with Hook([act]) as hook:
        assert worded(sent(hook)) == result
    assert len(hook.requests) == 1


def test_where_nobody_listens_it_is_tried_again() -> None:
    channel = open_channel(f"json://127.0.0.1:{closed_port()}/{CANARY}")
    result = channel.send(PARCEL)
    assert isinstance(result, Retry)
    assert "cannot connect" in english(result.error)


@pytest.mark.fault("D11")
@pytest.mark.parametrize("act", [hang_up, hang_up_in_the_middle])
def test_a_connection_lost_after_sending_leaves_it_open(act: Act) -> None:
    with Hook([act]) as hook:
        assert isinstance(sent(hook), Ambiguous)


def test_a_server_that_drips_is_left_at_the_deadline_and_its_thread_ends() -> None:
    before = set(threading.enumerate())
    with Hook([drip]) as hook:
        started = time.monotonic()
        result = sent(hook, deadline=0.5)
        assert time.monotonic() - started < 2
        assert worded(result) == Ambiguous(because("no answer within 0.5 s"))
    left = [thread for thread in threading.enumerate() if thread.name == "send" and thread not in before]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)


def test_a_redirect_is_not_followed() -> None:
    with Hook([answer(200)]) as other, Hook([answer(302, Location=f"http://127.0.0.1:{other.port}/")]) as hook:
        result = sent(hook)
    assert isinstance(result, Permanent)
    assert "302" in english(result.error)
    assert other.requests == []


def test_a_long_answer_is_not_read_to_its_end() -> None:
    with Hook([answer(200, "y" * 5_000_000)]) as hook:
        result = sent(hook)
    assert isinstance(result, Delivered)
    assert len(result.receipt) <= 110


def test_the_parts_of_an_apprise_url_are_honoured() -> None:
    with Hook([answer(200)]) as hook:
        url = f"json://user:pass@127.0.0.1:{hook.port}/a/b?+X-Token=t&-q=1&:title=subject&:attachments=&:who=me&method=PUT"
        open_channel(url).send(PARCEL)
    (request,) = hook.requests
    assert request.line == "PUT /a/b?q=1 HTTP/1.1"
    assert request.headers["x-token"] == "t"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"user:pass").decode()
    assert (request.json["subject"], request.json["who"]) == ("‼️ 先备货", "me")
    assert not {"title", "attachments"} & set(request.json)


@pytest.mark.parametrize("act", [answer(500, f"you sent {CANARY}"), answer(200, CANARY), hang_up])
def test_no_secret_reaches_a_log_an_error_or_a_repr(act: Act, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="apprise")
    with Hook([act]) as hook:
        url = f"json://user:{CANARY}@127.0.0.1:{hook.port}/{CANARY}?+Authorization={CANARY}&-key={CANARY}"
        channel = open_channel(url)
        result = channel.send(PARCEL)
    assert CANARY not in repr(result) + repr(channel) + caplog.text
    assert CANARY in hook.requests[0].line
