"""Turns the address of a group bot, as its service shows it, into the URL of a channel."""

import re
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Robot:
    """A kind of bot: the pattern of its address, and its URL without and with a signing secret."""

    name: str
    looks: re.Pattern[str]
    plain: str
    signed: str


ROBOTS = (
    Robot(
        "wecom",
        re.compile(r"https?://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([\w-]+)"),
        "wecombot://{token}",
        "wecombot://{token}",
    ),
    Robot(
        "dingtalk",
        re.compile(r"https?://oapi\.dingtalk\.com/robot/send\?access_token=(\w+)"),
        "dingtalk://{token}",
        "dingtalk://{secret}@{token}",
    ),
    Robot(
        "feishu",
        re.compile(r"https?://open\.feishu\.cn/open-apis/bot/v2/hook/([\w-]+)"),
        "feishu://{token}",
        "feishu://{secret}@{token}",
    ),
    Robot(
        "lark",
        re.compile(r"https?://open\.larksuite\.com/open-apis/bot/v2/hook/([\w-]+)"),
        "lark://{token}",
        "lark://{secret}@{token}",
    ),
)


@dataclass(frozen=True, slots=True)
class Address:
    """`name` of the service, `url` for the channel."""

    name: str
    url: str


def address(pasted: str, *, secret: str = "") -> Address:
    """A pasted address as a channel: a known bot, else a web address that accepts JSON, else any Apprise URL.

    Raises ValueError if it is not an address.
    """
    text = pasted.strip().strip("\"'“”<> ")
    for robot in ROBOTS:
        if found := robot.looks.match(text):
            form = robot.signed if secret else robot.plain
            return Address(robot.name, form.format(token=found[1], secret=quote(secret.strip(), safe="")))
    scheme, separator, rest = text.partition("://")
    if not separator or not rest or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise ValueError("no address")
    json = {"http": "json", "https": "jsons"}.get(scheme.lower())
    return Address("json" if json else scheme.lower(), f"{json}://{rest}" if json else text)


def takes_secret(name: str) -> bool:
    """Whether bots of this service can check a signature."""
    return any(robot.name == name and robot.signed != robot.plain for robot in ROBOTS)
