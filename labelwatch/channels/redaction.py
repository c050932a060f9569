"""Keeps channel secrets out of logs and errors: every part of a channel's URL may be a token."""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote, unquote

from labelwatch.messages.plain import cut, plain

HIDDEN = "***"
_TOO_SHORT = 4
"""A shorter part is not a secret, and hiding it would make texts unreadable."""

_LOUD = ("urllib3", "requests", "httpx", "httpcore")
"""Loggers that log whole addresses, which contain the bot's token for Telegram."""


def secrets_of(url: str) -> tuple[str, ...]:
    """All parts of a URL after its scheme but the names of its parameters, as written and decoded, longest first."""
    unnamed = re.sub(r"[?&;][^=&;/@]*=", "&", url.partition("://")[2])
    parts = re.split(r"[/?&=:@,;#+]+", unnamed)
    forms = {form for part in parts for form in (part, unquote(part))}
    return tuple(sorted((form for form in forms if len(form) >= _TOO_SHORT), key=len, reverse=True))


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without any of these secrets."""
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), HIDDEN, text) if longest_first else text


def quoted(text: str, secrets: Iterable[str], most: int) -> str:
    """The text of a service as one sanitized line of at most `most` characters without any of these secrets.

    They are hidden before the line is cut, since half a secret is not recognised, also in their sanitized form.
    """
    line = plain(text, len(text))
    return cut(redact(line, (form for secret in secrets for form in _written(secret))), most)


def _written(secret: str) -> Iterator[str]:
    """A secret in the forms in which a service may quote it."""
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], escape(secret)):
        yield form
        shown = plain(form, len(form))
        if len(shown) >= _TOO_SHORT:
            yield shown


class Redactor:
    """A filter for Apprise's logger: nothing below WARNING, and no secret of any channel."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return False
        record.msg, record.args = redact(record.getMessage(), self._secrets), ()
        record.exc_info = record.exc_text = None
        return True

    def learn(self, secrets: tuple[str, ...]) -> None:
        """Hide these as well from now on."""
        self._secrets |= frozenset(secrets)


_redactor = Redactor()


def redact_loggers(url: str) -> tuple[str, ...]:
    """Silence the loggers that would expose the secrets of this URL; returns the secrets."""
    secrets = secrets_of(url)
    _redactor.learn(secrets)
    apprise = logging.getLogger("apprise")
    apprise.addFilter(_redactor)
    for name in ("apprise", *_LOUD):
        logging.getLogger(name).setLevel(logging.WARNING)
    return secrets
