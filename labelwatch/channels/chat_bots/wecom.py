"""`wecombot://`: a bot in a WeCom group. Sends plain text: its markdown cannot be read in WeChat, which packers use.

Codes: https://developer.work.weixin.qq.com/document/path/90313
"""

from apprise.plugins.wecombot import NotifyWeComBot

from labelwatch.channels.base import BadMessage, OutgoingMessage, Retry
from labelwatch.channels.chat_bots import (
    SWITCHED_OFF,
    ChatBot,
    Request,
    ResponseFormat,
    fitted,
    permanent,
    text_of,
    too_fast,
)
from labelwatch.channels.http import HttpOptions
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.plain import weight

HOST = "https://qyapi.weixin.qq.com"
MOST = 2048
"""Bytes of one text message; WeCom refuses more."""
LIMIT = SizeLimit(MOST, measure=weight)

_DIALECT = ResponseFormat(
    codes=("errcode",),
    words=("errmsg",),
    meanings={
        -1: Retry,
        45009: too_fast,
        45033: too_fast,
        93000: permanent("robot_key"),
        93004: SWITCHED_OFF,
        93008: permanent("robot_gone"),
        60020: permanent("wecom_address"),
        40008: BadMessage,
        40035: BadMessage,
        40058: BadMessage,
        44004: BadMessage,
        45002: BadMessage,
        47001: BadMessage,
    },
)


def open_wecom(service: NotifyWeComBot, line: HttpOptions, *, api_base: str = "") -> ChatBot:
    """The bot that Apprise read from a URL; `api_base` replaces WeCom's own host."""

    def request(outgoing: OutgoingMessage) -> Request:
        # `<@` opens a mention, in text as well.
        content = fitted(text_of(outgoing.message).replace("<@", "‹@"), MOST)
        return {"key": service.key}, {"msgtype": "text", "text": {"content": content}}

    address = f"{(api_base or HOST).rstrip('/')}/cgi-bin/webhook/send"
    return ChatBot(address, line, _DIALECT, request, LIMIT)
