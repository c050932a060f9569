"""Links in a message with which its reader acts on it without a password: signed, for one purpose, for two days.

message -> links_of(...) -> https://board/a/<token> -> opened(...) -> which message, what to do, until when

A token names the message and not its alerts, as a button does: short enough for any channel, and about exactly what
that message told of. Whether it was used already is for the board to remember (`token_id`).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode

from labelwatch.notify.catalog import catalog
from labelwatch.notify.message import Section
from labelwatch.store import Store

LASTS = timedelta(hours=48)
PATH = "/a/"
VERBS = ("ack", "snooze")
"""As the buttons: to take care of it, and an hour of quiet."""
SECRET = "links"  # noqa: S105 - its name
"""What the secret is called in the database."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a link is for."""

    verb: str
    key: str
    """Of the message whose alerts it is about; 32 hexadecimal digits."""
    until: datetime

    @property
    def token_id(self) -> str:
        """The same for every link that does this to this message, however often it was sent: one use ends all."""
        return f"link {self.verb} {self.key}"


@dataclass(frozen=True, slots=True)
class Links:
    """What signs links: the board's public address, and a secret that the database keeps."""

    board: str
    """Without a slash at its end."""
    secret: str = field(repr=False)

    def links_of(self, key: str, *, now: datetime) -> Mapping[str, str]:
        """Verb -> the link that does it to the alerts of the message under this key."""
        until = now + LASTS
        return {verb: f"{self.board}{PATH}{sealed(Act(verb, key, until), self.secret)}" for verb in VERBS}


def signing(store: Store, board: str, fresh: Callable[[], str]) -> Links:
    """What signs links to the board at this address; `fresh` makes the secret when there is none yet."""
    return Links(board, store.tokens.secret(SECRET, fresh))


def section(links: Mapping[str, str], language: str) -> Section:
    """The links as the end of a message, each after the words that stand on its button elsewhere."""
    words = catalog(language)
    said = (words.line.colon.format(head=words.button[verb], text=link) for verb, link in links.items())
    return Section(lines=tuple(said))


def sealed(act: Act, secret: str) -> str:
    """The token of an act: letters, digits and dots, which no channel takes for markup or for the end of a link."""
    said = f"{act.verb}.{act.key}.{int(act.until.timestamp())}"
    return f"{said}.{base64_decode(_signer(secret).get_signature(said)).hex()}"


def opened(token: str, secret: str) -> Act | None:
    """What a token is for; None when it was altered or is none of ours. It may be out of date."""
    said, _, signature = token.rpartition(".")
    try:
        if not _signer(secret).verify_signature(said, base64_encode(bytes.fromhex(signature))):
            return None
        verb, key, until = said.split(".")
        act = Act(verb, key, datetime.fromtimestamp(int(until), UTC))
    except (ValueError, OverflowError, OSError):  # what no clock can show is one of the last two
        return None
    return act if verb in VERBS else None


def _signer(secret: str) -> Signer:
    return Signer(secret, salt="labelwatch link", key_derivation="hmac", digest_method=hashlib.sha256)
