"""Every other service that Apprise supports, one object per message.

Apprise does not return the answer. That of a push service (push_services.py) is read as it arrives.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.result import AppriseResult, AppriseResultStatus
from requests import PreparedRequest, Response
from requests import sessions as requests_sessions
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError, InvalidProxyURL

from labelwatch.channels.base import Ambiguous, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.channels.chat_bots import judged_by
from labelwatch.channels.http import READ_AT_MOST, Answer
from labelwatch.channels.push_services import PUSH_SERVICES, relocate
from labelwatch.channels.redaction import quoted, secrets_of
from labelwatch.channels.time_limit import no_answer_within, within_time
from labelwatch.core.text import Text
from labelwatch.messages.message import Message, SizeLimit
from labelwatch.messages.render import LIMIT
from labelwatch.net.addresses import NotPublicError, addresses, is_written_out
from labelwatch.net.body import BodyError, beginning
from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.net.tls import stale_bundle

_STATUS = re.compile(r"\berror=(\d{3})\b")
"""How most of Apprise's services end the line they log about a refusal."""
_NOT_OURS = frozenset({"401", "403", "404", "410"})
"""The key or the address is wrong, for any message."""
_TOO_MANY = "429"
_SOMEWHERE = "https://service.invalid"
"""Stands for a server whose name Apprise does not expose."""
_UNTIL = timedelta(minutes=1)
"""Apprise does not say when the service accepts more."""


_RESPONSES: ContextVar[list[Response]] = ContextVar("responses")


class _Limited(HTTPAdapter):
    """Reads the beginning of an answer, where `requests` would read and inflate all of it, over the proxy that every
    other channel uses."""

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        request.headers["Accept-Encoding"] = "identity"
        try:
            proxy = proxy_for(str(request.url))
        except ProxyError as error:
            raise InvalidProxyURL(str(error), request=request) from error
        options["proxies"] = {"http": proxy, "https": proxy} if proxy else {}
        response = super().send(request, *arguments, **options)
        raw = response.raw.stream(READ_AT_MOST, decode_content=False)
        try:
            response._content = beginning(raw, response.headers, most=READ_AT_MOST)
        except BodyError as error:
            raise ContentDecodingError(str(error), request=request) from error
        finally:
            response.raw.close()
        response._content_consumed = True
        _RESPONSES.get([]).append(response)
        return response


# Apprise creates its sessions itself, and only Apprise uses `requests` here.
requests_sessions.HTTPAdapter = _Limited  # type: ignore[attr-defined]


def plugin(url: str) -> NotifyBase | None:
    """Apprise's object for a URL, or None if it does not understand it or raises."""
    # service_timeout 0: Apprise would wait in its one small thread pool, where a hanging service blocks the rest.
    asset = AppriseAsset(
        app_id="labelwatch",
        app_desc="labelwatch",
        http_redirects=False,
        interpret_emojis=False,
        interpret_escapes=False,
        service_timeout=0,
    )
    try:
        service = Apprise.instantiate(url, asset=asset)
    except UnicodeError:  # an address with characters that no mail address has
        return None
    if service is not None:
        # `?retry=` would send twice without a key, `?optional=` would report a failure as a success.
        service.retry, service.optional = 0, False
    return service


@dataclass(frozen=True, slots=True)
class Service:
    """A destination behind an Apprise URL; without a receipt success only means that no error was reported."""

    url: str = field(repr=False)
    limit: SizeLimit
    deadline: timedelta
    account: str = ""
    api_base: str = field(default="", repr=False)
    """Replaces the service's own address, of push services; empty = it does not."""
    private: bool = False
    """Whether the server of the URL may be in a private network."""

    @property
    def has_receipt(self) -> bool:
        """Whether its answer is read, not only what Apprise says of it."""
        service = plugin(self.url)
        return service is not None and str(service.schema) in PUSH_SERVICES

    def send(self, outgoing: OutgoingMessage) -> Result:
        """Pass the text to Apprise, which uses neither the alerts nor the key."""
        answer = within_time(self.deadline, lambda: self._notify(outgoing.message))
        return answer or Ambiguous(no_answer_within(self.deadline))

    def objection(self) -> Permanent | None:
        """Why nothing is sent at all. Apprise resolves the name once more, and the address may have changed in
        between."""
        if wrong := stale_bundle():
            return Permanent(wrong)
        service = _located(self.url, self.api_base)
        if wrong := _wrong_proxy(service):
            return Permanent(wrong)
        host = server_of(service) if service is not None and not self.private else ""
        if not host or is_written_out(host):
            return None
        try:
            addresses(host, 0)
        except NotPublicError as error:
            return Permanent(error.text)
        except (OSError, UnicodeError):  # unknown host: Apprise reports it
            return None
        return None

    def _notify(self, message: Message) -> Result:
        if wrong := self.objection():
            return wrong
        responses: list[Response] = []
        _RESPONSES.set(responses)
        service = _located(self.url, self.api_base)
        known = PUSH_SERVICES.get(str(service.schema)) if service else None
        body = message.body.replace("\n", "\n\n") if known and known.is_markdown else message.body
        told, secrets = _notify(service, message, body), secrets_of(self.url)
        if known is None or not responses:
            return _judged(told, secrets)
        last = responses[-1]
        said = quoted(last.content.decode("utf-8", "replace"), secrets, 100)
        return judged_by(known.answers, Answer(last.status_code, last.headers, last.content, said), secrets)


def open_service(
    url: str, service: NotifyBase, *, deadline: timedelta, api_base: str = "", private: bool = False
) -> Service:
    """The channel of a URL that has been checked."""
    most = min(LIMIT.most, service.body_maxlen)
    return Service(url, limit=SizeLimit(most), deadline=deadline, api_base=api_base, private=private)


def server_of(service: NotifyBase) -> str:
    """The server that the URL names, of services that people run by themselves; empty = it names none.

    If a token may take its place, only a name with a dot counts: no token is sent to a name server.
    """
    templates: tuple[str, ...] = service.templates or ()
    places = ["{host}" in template for template in templates]
    host = str(service.host or "")
    return host if places and (all(places) or (any(places) and "." in host)) else ""


def home_of(service: NotifyBase) -> str:
    """Where Apprise would send; empty if it does not say, as for self-hosted servers."""
    addresses = (getattr(service, name, None) for name in ("notify_url", "api_url", "cloud_notify_url"))
    address = str(next(filter(None, addresses), ""))
    return address if urlsplit(address).hostname else ""


def _wrong_proxy(service: NotifyBase | None) -> Text | None:
    """Why Apprise cannot use the proxy of the environment; None = it can, or there is none."""
    if service is None:
        return None
    host = server_of(service)
    try:
        proxy = proxy_for(f"https://{host}" if host else home_of(service) or _SOMEWHERE)
    except ProxyError as error:
        return error.text
    return Text("no_socks") if proxy.startswith("socks") else None


def _located(url: str, api_base: str) -> NotifyBase | None:
    """Apprise's object for a URL, which sends to `api_base` if it is a push service."""
    service = plugin(url)
    if service is not None:
        relocate(service, api_base)
    return service


def _notify(service: NotifyBase | None, message: Message, body: str) -> AppriseResult:
    sender = Apprise()
    if service is not None:
        sender.add(service)
    return sender.notify(
        body=body,
        title=message.title,
        notify_type=str(message.kind),
        body_format=NotifyFormat.TEXT,
        interpret_escapes=False,
    )


def _judged(answer: AppriseResult, secrets: tuple[str, ...]) -> Result:
    logged = "; ".join(entry.message for entry in answer.logs())
    said, statuses = quoted(logged, secrets, 240), set(_STATUS.findall(logged))
    reason = Text("foreign", {"raw": said}) if said else None
    if answer.status is AppriseResultStatus.SUCCESS:
        return Delivered(receipt="", verified=False)
    if answer.status is AppriseResultStatus.TIMEOUT:
        return Ambiguous(reason or Text("no_answer_in_time"))
    if answer.status is AppriseResultStatus.NOMATCH:
        return Permanent(Text("url_unknown"))
    if reason is None:
        return Retry(Text("not_taken"))
    if statuses & _NOT_OURS:
        return Permanent(reason)
    # A lost answer and a closed port look alike in that log; the second is far more common.
    return RateLimited(reason, _UNTIL) if _TOO_MANY in statuses else Retry(reason)
