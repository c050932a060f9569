"""What the tests of the group robots share: a message, hostile names, and a service on loopback to send to."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from labelwatch.channels import open_channel
from labelwatch.channels.base import Delivered, OutgoingMessage, Result
from labelwatch.messages.message import Kind, Message, Section, SizeLimit
from labelwatch.messages.render import Layout, render
from tests.support.alert_builders import NOW, destination, diagnosis, told
from tests.support.http_server import Act, Hook, Request, answer
from tests.support.reasons import english

LINK = "https://seller.ozon.ru/app/postings/fbs?id=1"
MESSAGE = Message(
    "‼️ 先备货 · 41517061-0214-1",
    (
        Section(lines=("为什么：卖家还没有备货。",)),
        Section(heading="怎么做：", lines=(f"打开 {LINK}，点“备货”。",), rows=(("41517061-0214-1", "3 件"),)),
    ),
    Kind.FAILURE,
)
PARCEL = OutgoingMessage(MESSAGE, [], "0" * 32)
HOSTILE = (
    '<script>alert(1)</script> <@all> <at user_id="all">all</at> @all @13800000000 **b** [x](http://evil.example) '
    "# h\n> q `c` \u202egnp.exe \x00\ud800 " + "好" * 10_000
)


def asked(
    url: str, act: Act, *, outgoing: OutgoingMessage = PARCEL, proxy: str = "", deadline: float = 5.0
) -> tuple[Result, Request]:
    """Send through a channel whose service answers like this: what came of it, and what the service was asked."""
    with Hook([act]) as hook:
        base = f"http://127.0.0.1:{hook.port}"
        channel = open_channel(url, api_base=base, proxy=proxy, deadline=timedelta(seconds=deadline))
        result = channel.send(outgoing)
    (request,) = hook.requests
    return result, request


def error_of(result: Result) -> str:
    """What is wrong; empty after a delivery."""
    return "" if isinstance(result, Delivered) else english(result.error)


def said(**fields: Any) -> Act:
    """HTTP 200 with these fields as JSON."""
    return answer(200, json.dumps(fields, ensure_ascii=False))


def about_hostile_product(limit: int) -> OutgoingMessage:
    """The message about a posting whose product has a hostile name."""
    product = replace(diagnosis().products[0], name=HOSTILE, offer_id=HOSTILE)
    message = render([told(products=(product,))], destination("zh"), now=NOW, layout=Layout(limit=SizeLimit(limit)))
    return OutgoingMessage(message, [], "0" * 32)


def raw_hostile() -> OutgoingMessage:
    """A message in which nothing was made harmless: what the channel itself lets through."""
    return OutgoingMessage(
        Message(HOSTILE[:300], (Section(HOSTILE, (HOSTILE,), ((HOSTILE, HOSTILE),)),), Kind.INFO), [], "0" * 32
    )
