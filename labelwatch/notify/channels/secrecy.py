"""Keeps channel secrets out of logs and errors: every part of a channel's URL may be a token."""

import logging
import re
from urllib.parse import unquote

HIDDEN = "***"
_TOO_SHORT = 4
"""A part of fewer characters is no secret, and hiding it would garble every text."""

_LOUD = ("urllib3", "requests", "httpx", "httpcore")
"""They log whole addresses, and with Telegram the address holds the bot's token."""


def secrets_of(url: str) -> tuple[str, ...]:
    """All parts of a URL after its scheme but the names of its parameters, as written and decoded, longest first."""
    unnamed = re.sub(r"[?&;][^=&;/@]*=", "&", url.partition("://")[2])
    parts = re.split(r"[/?&=:@,;#+]+", unnamed)
    forms = {form for part in parts for form in (part, unquote(part))}
    return tuple(sorted((form for form in forms if len(form) >= _TOO_SHORT), key=len, reverse=True))


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text without any of these secrets."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


class Redactor:
    """A filter for Apprise's logger: nothing below WARNING, and no secret of any channel."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return False
        longest_first = tuple(sorted(self._secrets, key=len, reverse=True))
        record.msg, record.args = redact(record.getMessage(), longest_first), ()
        record.exc_info = record.exc_text = None
        return True

    def learn(self, secrets: tuple[str, ...]) -> None:
        """From now on hide these as well."""
        self._secrets |= frozenset(secrets)


_redactor = Redactor()


def hush(url: str) -> tuple[str, ...]:
    """Quiet the loggers that would tell the secrets of this URL; returns the secrets."""
    secrets = secrets_of(url)
    _redactor.learn(secrets)
    apprise = logging.getLogger("apprise")
    apprise.addFilter(_redactor)
    for name in ("apprise", *_LOUD):
        logging.getLogger(name).setLevel(logging.WARNING)
    return secrets
