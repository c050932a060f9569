"""`json://` and `jsons://`: Apprise's JSON body plus the alerts themselves, and the answer read as a receipt.

With a signing secret the request is signed as the Standard Webhooks specification says (standardwebhooks.com).
"""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from apprise.plugins.custom_json import NotifyJSON

from labelwatch.channels.base import BadMessage, Delivered, OutgoingMessage, Permanent, Result, Retry, stamp_of
from labelwatch.channels.http import Answer, HttpOptions, exchange, judged
from labelwatch.core.text import Text
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.render import LIMIT

_ADVICE = {401: "login_wrong", 403: "login_wrong", 404: "address_wrong", 410: "address_wrong"}
"""What to change, by status."""
_THIS_VERY_MESSAGE = frozenset({400, 413, 422})
"""The server works, but will never accept this body."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that accepts JSON; the address and its credentials are never shown."""

    address: str = field(repr=False)
    method: str
    headers: Mapping[str, str] = field(repr=False)
    params: Sequence[tuple[str, str]] = field(repr=False)
    auth: tuple[str, str] | None = field(repr=False)
    extras: Mapping[str, str] = field(repr=False)
    line: HttpOptions = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    """`whsec_...`, or several separated by spaces; empty = requests are not signed."""
    now: Callable[[], float] = time.time
    limit: SizeLimit = LIMIT
    account: str = ""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """POST once, with the stamp of the message's key as Idempotency-Key."""
        stamp = stamp_of(outgoing.key)
        content = json.dumps(_payload(outgoing, self.extras)).encode()
        headers = {
            "User-Agent": "labelwatch",
            "Content-Type": "application/json",
            **self.headers,
            "Idempotency-Key": stamp,
            **_signature(self.signing_secret.split(), stamp, int(self.now()), content),
        }
        answer = exchange(
            self.line,
            self.method,
            self.address,
            params=list(self.params) or None,
            headers=headers,
            content=content,
            auth=self.auth,
        )
        return _result(answer) if isinstance(answer, Answer) else answer


def open_webhook(service: NotifyJSON, line: HttpOptions, url: str, signing_secret: str = "") -> Webhook:
    """The webhook at a URL in which Apprise found the method, headers and fields.

    Its address is used as written: Apprise cuts a path at `;`, merges double slashes, and drops unknown parameters
    of a query.
    """
    parts = urlsplit(url.strip())
    login, _, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    return Webhook(
        address=f"{'https' if service.secure else 'http'}://{place}{parts.path or '/'}",
        method=str(service.method),
        headers=dict(service.headers),
        params=(*service.params.items(), *_own_query(parts.query, service.template_args)),
        auth=(unquote(user), unquote(password)) if user else None,
        extras=dict(service.payload_extras),
        line=line,
        signing_secret=signing_secret,
    )


def _signature(secrets: Sequence[str], stamp: str, at: int, content: bytes) -> dict[str, str]:
    """The headers that prove the sender, with one signature for each secret; none without a secret."""
    if not secrets:
        return {}
    signed = f"{stamp}.{at}.".encode() + content
    keys = (b64decode(secret.removeprefix("whsec_")) for secret in secrets)
    proofs = (b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": stamp,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{proof}" for proof in proofs),
    }


def _own_query(query: str, of_apprise: Container[str]) -> Iterator[tuple[str, str]]:
    """The query parameters for the webhook: no settings of Apprise, and none marked with +, - or : for it."""
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        name = unquote_plus(key)
        if key[0] not in "+-:" and name.lower() not in of_apprise:
            yield name, unquote_plus(value)


def _payload(outgoing: OutgoingMessage, extras: Mapping[str, str]) -> dict[str, Any]:
    """Apprise's body; `extras` (`?:key=value`) rename, drop or add fields as they do there."""
    message = outgoing.message
    payload: dict[str, Any] = {
        "version": "1.0",
        "title": message.title,
        "message": message.body,
        "attachments": [],
        "type": str(message.kind),
        "about": outgoing.about,
        "labelwatch": list(outgoing.views),
    }
    if outgoing.links:
        payload["actions"] = dict(outgoing.links)
    for key, value in extras.items():
        if key not in payload:
            payload[key] = value
        elif value:
            payload[value] = payload.pop(key)
        else:
            del payload[key]
    return payload


def _result(answer: Answer) -> Result:
    """What an answer means: a 200 with an error is not a delivery."""
    failure, said = judged(answer), {"raw": answer.line}
    if failure is not None:
        return failure
    if answer.status in _ADVICE:
        return Permanent(Text(_ADVICE[answer.status], said))
    if not answer.is_good:
        return (BadMessage if answer.status in _THIS_VERY_MESSAGE else Permanent)(answer.text)
    if answer.json.get("ok") is False or answer.json.get("error"):
        return Retry(Text("good_error", said))
    return Delivered(answer.line, verified=True)
