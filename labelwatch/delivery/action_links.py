"""Links in a message that act on it without a password: signed, for one purpose, valid for two days.

message -> links_of(...) -> https://board/a/<token> -> opened(...) -> which message, what to do, until when

A token names one alert of a message, or the whole message, as a button does. It is short enough for any channel and
covers only the alerts of that message. The board remembers whether it was used (`spent_as`).
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from itsdangerous import Signer
from itsdangerous.encoding import base64_encode

from labelwatch.channels.base import Target
from labelwatch.messages.catalog import catalog
from labelwatch.messages.message import Actions, Section
from labelwatch.store import Store

LASTS = timedelta(hours=48)
PATH = "/a/"
VERBS = ("ack", "snooze")
"""As the buttons: acknowledge, and snooze for an hour."""
SECRET = "links"  # noqa: S105 - its name
"""Name of the secret in the database."""
SINGLY = 6
"""Up to so many postings have links of their own; for more, people choose on the board."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MASKED = 16
"""Added to the number of the verb if the key is masked."""
_SIGNED = 12
"""Bytes of the signature: 96 bits cannot be guessed in two days."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a link is for."""

    verb: str
    key: str
    """Key of the message whose alerts it is about; 32 hexadecimal digits."""
    until: datetime
    alert: int = 0
    """The alert that it is about; 0 = the reader chooses."""

    def spent_as(self, alert: int) -> str:
        """The same for every link that does this to this alert, however often the message was sent: one use
        invalidates all."""
        return f"link {self.verb} {self.key} {alert}"


@dataclass(frozen=True, slots=True)
class Links:
    """What signs links: the board's public address, and a secret that the database keeps."""

    board: str
    """Without a slash at its end."""
    secret: str = field(repr=False)

    def links_of(self, key: str, *, now: datetime, alert: int = 0) -> Mapping[str, str]:
        """Verb -> the link that does it to one alert of the message with this key, or to all."""
        until = now + LASTS
        return {verb: f"{self.board}{PATH}{sealed(Act(verb, key, until, alert), self.secret)}" for verb in VERBS}


def signing(store: Store, board: str, fresh: Callable[[], str]) -> Links:
    """What signs links to the board at this address; `fresh` makes the secret on first use."""
    return Links(board, store.tokens.secret(SECRET, fresh))


def section(links: Mapping[str, str], targets: Sequence[Target], language: str) -> Section:
    """The links as the end of a message, labelled like the buttons of other channels: for one alert, for each
    of a few and for all of them, or for many."""
    words, several = catalog(language).button, len(targets) > 1
    few = targets if several and len(targets) <= SINGLY and all(one.links for one in targets) else ()
    labels = {"ack": words["ack"], "snooze": words["snooze"]}
    all_of_them = words["all"].format(n=len(targets)) if few else words["pick"]
    whole = {"ack": all_of_them, "snooze": words["snooze_some"]} if several else labels
    each = tuple((one.subject, tuple((labels[verb], link) for verb, link in one.links.items())) for one in few)
    actions: Actions = (*each, ("", tuple((whole[verb], link) for verb, link in links.items())))
    return Section(actions=actions)


def sealed(act: Act, secret: str) -> str:
    """The token of an act: letters and digits, which no channel treats as markup or as the end of a link."""
    head = bytes([VERBS.index(act.verb) + 1 + _MASKED]) + int(act.until.timestamp()).to_bytes(5, "big")
    alert = act.alert.to_bytes((act.alert.bit_length() + 7) // 8, "big")
    said = head + _masked(bytes.fromhex(act.key), head + alert, secret) + alert
    number, digits = int.from_bytes(said + _signature(said, secret), "big"), ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return digits


def opened(token: str, secret: str) -> Act | None:
    """What a token is for; None if it was altered or is not ours. It may have expired."""
    if "." in token:
        return _opened_dotted(token, secret)
    if not 0 < len(token) <= 100 or not set(token) <= set(_DIGITS) or token.startswith("0"):
        return None
    number = 0
    for digit in token:
        number = number * 62 + _DIGITS.index(digit)
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    said, signature = content[:-_SIGNED], content[-_SIGNED:]
    if len(said) < 22 or _is_forged(said, signature, secret):
        return None
    is_masked = said[0] > _MASKED  # links of an earlier version are valid for two days
    verb, key, alert = said[0] - is_masked * _MASKED, said[6:22], said[22:]
    if not 1 <= verb <= len(VERBS):
        return None
    key = _masked(key, said[:6] + alert, secret) if is_masked else key
    until = datetime.fromtimestamp(int.from_bytes(said[1:6], "big"), UTC)
    return Act(VERBS[verb - 1], key.hex(), until, int.from_bytes(alert, "big"))


def _masked(key: bytes, rest: bytes, secret: str) -> bytes:
    """Mask or unmask the key of a message: in a link it must not be usable for anything else."""
    mask = hmac.digest(secret.encode(), b"labelwatch key\0" + rest, hashlib.sha256)
    return bytes(one ^ other for one, other in zip(key, mask[: len(key)], strict=True))


def _is_forged(said: bytes, signature: bytes, secret: str) -> bool:
    return not hmac.compare_digest(_signature(said, secret), signature)


def _signature(said: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"labelwatch act\0" + said, hashlib.sha256)[:_SIGNED]


def _opened_dotted(token: str, secret: str) -> Act | None:
    """A token in the form of version 0.1; those are valid for two days."""
    said, _, signature = token.rpartition(".")
    signer = Signer(secret, salt="labelwatch link", key_derivation="hmac", digest_method=hashlib.sha256)
    try:
        if not signer.verify_signature(said, base64_encode(bytes.fromhex(signature))):
            return None
        verb, key, until = said.split(".")
        act = Act(verb, key, datetime.fromtimestamp(int(until), UTC))
    except (ValueError, OverflowError, OSError):  # the last two: a time that no clock can show
        return None
    return act if verb in VERBS else None
