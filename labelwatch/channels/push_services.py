"""Push services that sellers use and that answer 200 whatever happened: one row each says what their answers mean.

Apprise sends to them, with every parameter that its URLs know; only the answer is read here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from labelwatch.channels.base import BadMessage, RateLimited, Result, Retry
from labelwatch.channels.chat_bots import ADDRESS_REFUSED, ResponseFormat, by_words, permanent, too_fast
from labelwatch.core.text import Text

_TOKEN, _TARGET = permanent("push_token"), permanent("push_target")
_PAUSE = timedelta(hours=1)
_SERVER_CHAN_3 = re.compile(r"sctp(\d+)t\w+", re.IGNORECASE)


def _used_up(said: Text) -> Result:
    """No more messages today; the service does not say until when, so it is asked again every hour."""
    return RateLimited(said, _PAUSE)


@dataclass(frozen=True, slots=True)
class PushService:
    """The service's own address, which `api_base` replaces (empty = the URL names its server), and its answers."""

    home: str
    answers: ResponseFormat
    is_markdown: bool = False
    """Whether its text is read as Markdown, where only an empty line begins a new one."""


_BARK = PushService(
    "",  # https://github.com/Finb/bark-server
    ResponseFormat(
        ("code",),
        ("message",),
        {400: by_words({"device": _TARGET, "key": _TARGET}, otherwise=BadMessage)},
        success=200,
    ),
)

PUSH_SERVICES: Mapping[str, PushService] = {
    "bark": _BARK,
    "barks": _BARK,
    "schan": PushService(
        "https://sctapi.ftqq.com",  # https://sct.ftqq.com, https://sc3.ft07.com
        ResponseFormat(
            ("code", "errno"),
            ("message", "errmsg", "info"),
            {40001: by_words({"次数": _used_up, "频": too_fast}, otherwise=_TOKEN)},
        ),
        is_markdown=True,
    ),
    "pushplus": PushService(
        "https://www.pushplus.plus",  # https://www.pushplus.plus/doc/guide/code.html
        ResponseFormat(
            ("code",),
            ("msg",),
            {
                **dict.fromkeys((302, 401, 903, 907), _TOKEN),
                403: ADDRESS_REFUSED,
                805: _TARGET,
                **dict.fromkeys((888, 905, 908, 912), permanent("push_account")),
                900: _used_up,
                909: BadMessage,
            },
            success=200,
        ),
    ),
    "wxpusher": PushService(
        "https://wxpusher.zjiecode.com",  # https://wxpusher.zjiecode.com/docs
        ResponseFormat(
            ("code",),
            ("status", "msg"),
            {
                **dict.fromkeys((1001, 1002), _TOKEN),
                **dict.fromkeys((1004, 1005), _TARGET),
                1006: Retry,
                **dict.fromkeys((1003, 1007), BadMessage),
                1008: too_fast,
            },
            success=1000,
        ),
    ),
}
"""Scheme of Apprise -> the service behind it."""


def relocate(service: Any, api_base: str) -> None:
    """Let Apprise's object send to `api_base` instead of the service's own address; empty = where the key belongs."""
    known = PUSH_SERVICES.get(str(service.schema))
    if known is None or not known.home:
        return
    if str(service.schema) == "schan" and (owner := _SERVER_CHAN_3.fullmatch(service.token)):
        service.notify_url = f"{(api_base or f'https://{owner[1]}.push.ft07.com').rstrip('/')}/send/{{token}}.send"
    elif api_base:
        service.notify_url = service.notify_url.replace(known.home, api_base.rstrip("/"), 1)
