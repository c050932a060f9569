"""`json://` and `jsons://`: Apprise's JSON body plus the alerts themselves, and the answer read as a receipt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from apprise.plugins.custom_json import NotifyJSON

from labelwatch.notify.channels.deadline import within
from labelwatch.notify.channels.outcome import Ambiguous, Delivered, Permanent, Result, Retry
from labelwatch.notify.channels.secrecy import redact
from labelwatch.notify.messages import LIMIT, Message
from labelwatch.notify.plain import plain
from labelwatch.notify.view import View

_READ_AT_MOST = 64 * 1024
_CONNECT = timedelta(seconds=10)
_TRY_AGAIN = frozenset({408, 425, 429})
"""The 4xx that speak of now, not of the message."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that takes JSON; where it is and what opens it is never shown."""

    address: str = field(repr=False)
    method: str
    headers: Mapping[str, str] = field(repr=False)
    params: Mapping[str, str] = field(repr=False)
    auth: tuple[str, str] | None = field(repr=False)
    extras: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    verify: bool
    deadline: timedelta
    limit: int = LIMIT

    def send(self, message: Message, views: Sequence[View], key: str) -> Result:
        """POST once; no redirect is followed, so that no credential goes anywhere else."""
        content = json.dumps(_payload(message, views, self.extras)).encode()
        timeout = httpx.Timeout(self.deadline.total_seconds(), connect=_CONNECT.total_seconds())
        # Leaving the block closes the socket, which ends a thread that still waits for a dripping server.
        with httpx.Client(verify=self.verify, timeout=timeout, follow_redirects=False) as client:
            result = within(self.deadline, lambda: self._post(client, content, key))
        return result or Ambiguous(f"no answer within {self.deadline.total_seconds():g} s")

    def _post(self, client: httpx.Client, content: bytes, key: str) -> Result:
        headers = {
            "User-Agent": "labelwatch",
            "Content-Type": "application/json",
            **self.headers,
            "Idempotency-Key": key,
        }
        try:
            request = client.build_request(
                self.method, self.address, params=self.params or None, headers=headers, content=content
            )
            answer = client.send(request, auth=self.auth, stream=True)
            return _judged(answer, _beginning(answer), self.secrets)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return Retry(self._said("cannot connect", error))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            return Permanent(self._said("cannot be sent", error))
        except httpx.HTTPError as error:
            return Ambiguous(self._said("no complete answer", error))

    def _said(self, what: str, error: Exception) -> str:
        return redact(f"{what}: {plain(str(error), 160) or type(error).__name__}", self.secrets)


def open_webhook(service: NotifyJSON, *, secrets: tuple[str, ...], deadline: timedelta) -> Webhook:
    """The webhook that Apprise read from a URL; `secrets` are hidden from errors, its host name is none."""
    port = f":{service.port}" if service.port else ""
    return Webhook(
        address=f"{'https' if service.secure else 'http'}://{service.host}{port}{service.fullpath}",
        method=str(service.method),
        headers=dict(service.headers),
        params=dict(service.params),
        auth=(service.user, service.password or "") if service.user else None,
        extras=dict(service.payload_extras),
        secrets=tuple(secret for secret in secrets if secret != service.host),
        verify=service.verify_certificate,
        deadline=deadline,
    )


def _payload(message: Message, views: Sequence[View], extras: Mapping[str, str]) -> dict[str, Any]:
    """Apprise's body; `extras` (`?:key=value`) rename, drop or add fields as they do there."""
    payload: dict[str, Any] = {
        "version": "1.0",
        "title": message.title,
        "message": message.body,
        "attachments": [],
        "type": str(message.kind),
        "labelwatch": list(views),
    }
    for key, value in extras.items():
        if key not in payload:
            payload[key] = value
        elif value:
            payload[value] = payload.pop(key)
        else:
            del payload[key]
    return payload


def _beginning(answer: httpx.Response) -> bytes:
    """The first part of the body: a receipt is short, and nobody gets to fill our memory."""
    body = b""
    for piece in answer.iter_bytes():
        body += piece
        if len(body) >= _READ_AT_MOST:
            break
    return body[:_READ_AT_MOST]


def _judged(answer: httpx.Response, body: bytes, secrets: tuple[str, ...]) -> Result:
    """What an answer means: a 200 that carries an error or a web page is no delivery."""
    status, text = answer.status_code, redact(plain(body.decode("utf-8", "replace"), 100), secrets)
    said = f"HTTP {status} {text}".rstrip()
    if 200 <= status < 300:
        refusal = _refusal(answer, body)
        return Retry(f"{refusal}: {said}") if refusal else Delivered(said, verified=True)
    if status >= 500 or status in _TRY_AGAIN:
        return Retry(said, _retry_after(answer.headers))
    if 300 <= status < 400:
        return Permanent(f"HTTP {status} leads to another address, which is not followed: give the final one")
    return Permanent(said)


def _refusal(answer: httpx.Response, body: bytes) -> str:
    """Why an answer with a good status is not a good answer; empty when it is."""
    if "html" in answer.headers.get("Content-Type", "") or body.lstrip()[:9].lower().startswith(
        (b"<!doctype", b"<html")
    ):
        return "a web page instead of an answer"
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    if isinstance(content, dict) and (content.get("ok") is False or content.get("error")):
        return "an error under a good status"
    return ""


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    """Seconds, or a date as far ahead as the server's own clock says; None when it is neither."""
    wish = headers.get("Retry-After", "").strip()
    if wish.isdecimal():
        return timedelta(seconds=min(int(wish), 24 * 3600))
    try:
        ahead = parsedate_to_datetime(wish) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):  # no dates, or one with a zone and one without
        return None
    return max(ahead, timedelta(0))
