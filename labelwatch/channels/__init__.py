"""Channels: our own adapters where the answer can be read, Apprise for everything else."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from apprise import NotifyBase
from apprise.utils.parse import parse_urls

from labelwatch.channels.apprise_services import open_service, plugin
from labelwatch.channels.base import Channel
from labelwatch.channels.chat_bots.dingtalk import open_dingtalk
from labelwatch.channels.chat_bots.feishu import open_feishu
from labelwatch.channels.chat_bots.wecom import open_wecom
from labelwatch.channels.email import open_mail, wrong_mail
from labelwatch.channels.http import HttpOptions
from labelwatch.channels.messengers import open_max, open_vk, wrong_chat
from labelwatch.channels.options import credentials_of, way_mistake
from labelwatch.channels.redaction import redact_loggers
from labelwatch.channels.telegram import open_telegram, wrong_telegram
from labelwatch.channels.webhook import open_webhook

__all__ = ["check_url", "check_way", "open_channel"]

DEADLINE = timedelta(seconds=30)
"""For one message from first byte to last; the lease of the outbox is four times as long."""

_LAST_PORT = 65535
_NO_PORT = f"names a port that is none: the last one is {_LAST_PORT}"
_HOST_IS_NO_SECRET = frozenset({"json", "jsons"})
"""Schemes whose host may be shown in errors; in other URLs the host may be a token."""
_ADDRESSES = _HOST_IS_NO_SECRET | {"mailto", "mailtos"}
"""Schemes whose URLs name a server; in others the host is a token."""
_ONE_GROUP = frozenset({"dingtalk"})
"""Schemes whose destinations in Apprise are members of one group to mention."""


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What only some services need: where a chat has moved to, as Delivered.moved_to said, the labels of its buttons,
    and the secrets that sign a webhook, separated by spaces."""

    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    signing_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """Where a channel is, and its options."""

    url: str = field(repr=False)
    api_base: str = field(repr=False)
    service: ServiceOptions


Opener = Callable[[Any, HttpOptions, ChannelOptions], Channel]

_OWN: Mapping[str, Opener] = {
    "json": lambda service, line, route: open_webhook(service, line, route.url, route.service.signing_secret),
    "jsons": lambda service, line, route: open_webhook(service, line, route.url, route.service.signing_secret),
    "mailto": lambda service, line, _: open_mail(service, line),
    "mailtos": lambda service, line, _: open_mail(service, line),
    "tgram": lambda service, line, route: open_telegram(
        service, line, api_base=route.api_base, address=route.service.address, labels=route.service.labels
    ),
    "max": lambda service, line, route: open_max(service, line, api_base=route.api_base),
    "vk": lambda service, line, route: open_vk(service, line, api_base=route.api_base),
    "wecombot": lambda service, line, route: open_wecom(service, line, api_base=route.api_base),
    "dingtalk": lambda service, line, route: open_dingtalk(service, line, api_base=route.api_base),
    "feishu": lambda service, line, route: open_feishu(service, line, api_base=route.api_base),
    "lark": lambda service, line, route: open_feishu(service, line, api_base=route.api_base),
}
"""Services whose answer we read ourselves; everything else goes through Apprise."""

_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "mailto": wrong_mail,
    "mailtos": wrong_mail,
    "max": wrong_chat,
    "tgram": wrong_telegram,
    "vk": wrong_chat,
}
"""Checks of a service's URL beyond those of Apprise."""


def check_url(url: str) -> str | None:
    """What is wrong with a channel's URL, without its secrets; None if it is valid."""
    redact_loggers(url)
    scheme = _scheme(url)
    if re.match(r"\s*[\"'“”«]", url):
        return "begins with a quotation mark that became part of it: take the marks out where the URL is set"
    if not scheme:
        return "is no Apprise URL: it begins with a service, like tgram://, mailto:// or json://"
    if len(parse_urls(url)) > 1:  # type: ignore[no-untyped-call]
        return "holds several URLs: give each a [[channel]] of its own"
    if scheme in _ADDRESSES and (wrong := _wrong_address(url)):
        return f"{scheme}:// {wrong}"
    service = plugin(url)
    if service is None:
        return f"{scheme}:// with these parts is not understood: see https://appriseit.com/services/"
    if (service.port or 0) > _LAST_PORT:
        return f"{scheme}:// {_NO_PORT}"
    if len(service) == 0:
        return f"{scheme}:// names nobody to tell: add the destination"
    if len(service) > 1 and _kind(url, service) not in _ONE_GROUP:
        return (
            f"{scheme}:// names {len(service)} destinations: give each a [[channel]] of its own, so that each is "
            f"told once whatever happens to the others"
        )
    check = _CHECKS.get(_kind(url, service))
    wrong = check(service) if check else None
    return wrong and f"{scheme}:// {wrong}"


def _wrong_address(url: str) -> str | None:
    """What is wrong with the server part of a URL that Apprise would read differently."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        is_number = "out of range" in str(error)
        return _NO_PORT if is_number else "holds no address that is understood: an IPv6 address stands in brackets"
    if parts.netloc.count("@") > 1:
        return "holds an @ in its user or password: write it as %40"
    return _NO_PORT if port == 0 else None


def check_way(url: str, api_base: str, proxy: str) -> str | None:
    """What is wrong with the base address or the proxy of this channel, without secrets.

    None if nothing is, also if the URL is not understood: `check_url` says so.
    """
    redact_loggers(url)
    service = plugin(url)
    return None if service is None else way_mistake(_kind(url, service), api_base, proxy)


_NO_OPTIONS = ServiceOptions()


def open_channel(
    url: str,
    *,
    api_base: str = "",
    proxy: str = "",
    options: ServiceOptions = _NO_OPTIONS,
    private: bool = False,
    deadline: timedelta = DEADLINE,
) -> Channel:
    """The channel behind an Apprise URL; ValueError with the text of `check_url` or `check_way` if they object.

    `private` lets the names in `url` and `api_base` stand for addresses of a private network.
    """
    wrong = check_url(url) or check_way(url, api_base, proxy)
    service = plugin(url)
    if wrong is not None or service is None:
        raise ValueError(f"the channel's URL {wrong}")
    kind = _kind(url, service)
    if kind not in _OWN:
        return open_service(url, service, deadline=deadline, api_base=api_base, private=private)
    secrets = (*_secrets(url, service), *credentials_of(proxy), *options.signing_secret.split())
    line = HttpOptions(deadline, secrets, proxy, service.verify_certificate, private)
    return _OWN[kind](service, line, ChannelOptions(url, api_base, options))


def _secrets(url: str, service: NotifyBase) -> tuple[str, ...]:
    shown = urlsplit(url.strip()).hostname if _kind(url, service) in _HOST_IS_NO_SECRET else ""
    return tuple(secret for secret in redact_loggers(url) if secret != shown)


def _kind(url: str, service: NotifyBase) -> str:
    """The scheme of the URL, or what it stands for if it was copied from the service as it is."""
    scheme = _scheme(url)
    return str(service.schema) if scheme in ("http", "https") else scheme


def _scheme(url: str) -> str:
    found = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return found[1].lower() if found else ""
