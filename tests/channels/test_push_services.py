"""Push services: what each answer means, over loopback, an error under a good status included."""

from urllib.parse import parse_qsl

import pytest

from labelwatch.channels import check_url, check_way, open_channel
from labelwatch.channels.base import (
    Ambiguous,
    BadMessage,
    Delivered,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
)
from labelwatch.messages.message import Kind, Message, Section
from tests.support.chat_bots import error_of
from tests.support.http_server import Hook, answer, closed_port

MESSAGE = Message("‼️ 先备货 · 41517061-0214-1", (Section(lines=("第一行", "第二行")),), Kind.FAILURE)
OUTGOING = OutgoingMessage(MESSAGE, [], "key-1")
TOKEN = "0123456789abcdef0123456789abcdef"
SERVER_CHAN, SERVER_CHAN_3 = "schan://SCT123abcDEF", "schan://sctp123tabcDEF"
PUSHPLUS, WXPUSHER, BARK = f"pushplus://{TOKEN}", "wxpusher://AT_abcDEF/UID_me", "bark"

ANSWERS: list[tuple[str, int, str, Result | type[Result]]] = [
    (SERVER_CHAN, 200, '{"code": 0, "message": "", "data": {"pushid": "7"}}', Delivered("code 0", verified=True)),
    (SERVER_CHAN, 200, '{"code": 40001, "message": "错误的Key"}', Permanent),
    (SERVER_CHAN, 400, '{"code": 40001, "message": "错误的Key"}', Permanent),
    (SERVER_CHAN, 400, '{"code": 40001, "message": "超过当天的发送次数限制[5]"}', RateLimited),
    (SERVER_CHAN, 200, '{"code": false}', Ambiguous),
    (SERVER_CHAN, 200, '{"code": 0, "errno": 40001}', Permanent),
    (SERVER_CHAN_3, 200, '{"code": 0, "message": "SUCCESS"}', Delivered("code 0 SUCCESS", verified=True)),
    (PUSHPLUS, 200, '{"code": 200, "msg": "请求成功", "data": "f1"}', Delivered("code 200 请求成功", verified=True)),
    (PUSHPLUS, 200, '{"code": 903, "msg": "用户token无效"}', Permanent),
    (PUSHPLUS, 200, '{"code": 905, "msg": "未实名"}', Permanent),
    (PUSHPLUS, 200, '{"code": 900, "msg": "请求次数过多"}', RateLimited),
    (PUSHPLUS, 200, '{"code": 500, "msg": "系统异常"}', Retry),
    (WXPUSHER, 200, '{"code": 1000, "msg": "ok", "data": [{"code": 1000, "status": "已创建"}]}', Delivered),
    (WXPUSHER, 200, '{"code": 1000, "msg": "ok", "data": [{"code": 1004, "status": "用户不存在"}]}', Permanent),
    (WXPUSHER, 200, '{"code": 1002, "msg": "token错误"}', Permanent),
    (WXPUSHER, 200, '{"code": 1007, "msg": "太长"}', BadMessage),
    (WXPUSHER, 200, '{"code": 1008, "msg": "太快"}', RateLimited),
    (BARK, 200, '{"code": 200, "message": "success"}', Delivered("code 200 success", verified=True)),
    (BARK, 200, '{"code": 400, "message": "failed to get device token"}', Permanent),
    (BARK, 400, '{"code": 400, "message": "device key is empty"}', Permanent),
    (BARK, 200, '{"code": 400, "message": "too long"}', BadMessage),
    (BARK, 502, "", Retry),
    (PUSHPLUS, 429, "", RateLimited),
    (PUSHPLUS, 200, "{}", Ambiguous),
    (WXPUSHER, 200, "[]", Ambiguous),
]


def sent(url: str, hook: Hook) -> Result:
    if url == BARK:
        return open_channel(f"bark://127.0.0.1:{hook.port}/devicekey").send(OUTGOING)
    return open_channel(url, api_base=f"http://127.0.0.1:{hook.port}").send(OUTGOING)


@pytest.mark.parametrize(("url", "status", "body", "expected"), ANSWERS)
def test_the_answer_decides(url: str, status: int, body: str, expected: Result | type[Result]) -> None:
    with Hook([answer(status, body)]) as hook:
        result = sent(url, hook)
    if isinstance(expected, type):
        assert isinstance(result, expected)
    else:
        assert result == expected
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("url", "path", "key", "carried", "between"),
    [
        (SERVER_CHAN, "/SCT123abcDEF.send", "title", MESSAGE.title, r"\n\n"),
        (SERVER_CHAN_3, "/send/sctp123tabcDEF.send", "title", MESSAGE.title, r"\n\n"),
        (PUSHPLUS, "/send", "token", TOKEN, "<br/>"),
        (WXPUSHER, "/api/send/message", "uids", ["UID_me"], r"\n"),
        (BARK, "/push", "device_key", "devicekey", r"\n"),
    ],
)
def test_it_is_asked_as_its_documentation_says(url: str, path: str, key: str, carried: object, between: str) -> None:
    with Hook([answer(200)]) as hook:
        sent(url, hook)
    (request,) = hook.requests
    assert request.line == f"POST {path} HTTP/1.1"
    is_form = "form" in request.headers["content-type"]
    fields = dict(parse_qsl(request.body.decode())) if is_form else request.json
    assert fields[key] == carried
    assert f"第一行{between}第二行" in str(list(fields.values()))


def test_a_key_of_the_third_server_chan_goes_to_its_own_server() -> None:
    channel = open_channel(SERVER_CHAN_3, api_base=f"http://127.0.0.1:{closed_port()}")
    assert isinstance(channel.send(OUTGOING), Retry)


@pytest.mark.parametrize("url", [SERVER_CHAN, SERVER_CHAN_3, PUSHPLUS, WXPUSHER, BARK])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_key_goes_where_a_redirect_leads(url: str, status: int) -> None:
    with Hook([answer(200, '{"code": 0}')]) as elsewhere, Hook([]) as hook:
        hook.acts = [answer(status, Location=f"http://127.0.0.1:{elsewhere.port}/")]
        assert isinstance(sent(url, hook), Permanent)
    assert elsewhere.requests == []


def test_no_token_stands_in_an_error() -> None:
    with Hook([answer(200, f'{{"code": 903, "msg": "{TOKEN} is unknown"}}')]) as hook:
        refused = sent(PUSHPLUS, hook)
    assert TOKEN not in error_of(refused)


@pytest.mark.parametrize("url", [SERVER_CHAN, SERVER_CHAN_3, PUSHPLUS, WXPUSHER])
def test_a_service_with_an_address_of_its_own_can_be_reached_at_another(url: str) -> None:
    assert check_url(url) is None
    assert check_way(url, "https://push.example.com", "") is None
    assert "api_base" in (check_way("bark://127.0.0.1/devicekey", "https://push.example.com", "") or "")
