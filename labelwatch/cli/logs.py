"""Logging to stderr, without the secrets of the configuration."""

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from urllib.parse import quote, unquote, urlsplit

from labelwatch.config import Config
from labelwatch.messages.plain import printable

HIDDEN = "(hidden)"
SHORTEST = 6
"""A part of a URL that is shorter than this is a word, not a token."""

OF_A_COMMAND = "labelwatch: %(message)s"
OF_A_SERVICE = "%(asctime)s %(levelname)s %(message)s"

_TALKATIVE = ("alembic", "apprise", "apscheduler", "httpcore", "httpx", "sqlalchemy")


def of_a_service(environ: Mapping[str, str]) -> str:
    """The format of a service's log; the systemd journal adds the time itself."""
    return OF_A_SERVICE.removeprefix("%(asctime)s ") if "JOURNAL_STREAM" in environ else OF_A_SERVICE


def set_up(config: Config, *, level: int, form: str) -> None:
    """Log to stderr in this format, also warnings and uncaught exceptions of any thread."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(form))
    # On the handler, not on the root logger: a logger's filter does not see records of its children.
    handler.addFilter(redactor(secrets_of(config)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Python would write these to stderr past every handler, unfiltered.
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda told: _log_uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def redactor(secrets: Iterable[str]) -> Callable[[logging.LogRecord], bool]:
    """A filter that lets every record pass as one line and its traceback, without the secrets in them."""
    longest_first = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def cleaned(text: str | None) -> str | None:
        return "\n".join(map(printable, pattern.sub(HIDDEN, text).split("\n"))) if text else None

    def clean(record: logging.LogRecord) -> bool:
        record.msg, record.args = printable(pattern.sub(HIDDEN, _message(record))), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text, record.stack_info = cleaned(record.exc_text), cleaned(record.stack_info)
        return True

    return clean


def _message(record: logging.LogRecord) -> str:
    """The message; a wrong number of arguments is tolerated."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _log_uncaught(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
    if isinstance(error, Exception):
        logging.getLogger(__name__).critical("uncaught exception", exc_info=error)


def secrets_of(config: Config) -> set[str]:
    """Every secret, and the parts of URLs that may appear alone: user, password, tokens in path and query."""
    keys = {shop.api_key.get_secret_value() for shop in config.shops}
    if config.web and config.web.password:
        keys.add(config.web.password.get_secret_value())
    urls = [url.get_secret_value() for channel in config.channels for url in (channel.url, channel.proxy) if url]
    if config.heartbeat:
        urls.append(config.heartbeat.url.get_secret_value())
    passwords = {urlsplit(config.store.url.get_secret_value()).password or ""}
    parts = {part for url in urls for part in _parts(url)} - _public_words(config)
    return keys | set(urls) | parts | passwords - {""}


def _public_words(config: Config) -> set[str]:
    """Parts of addresses that the log may show: those of this machine, the board and Ozon."""
    web = config.web
    addresses = (config.ozon.base_url, web.public_url or "" if web else "")
    return {"localhost", web.listen.host if web else "", *(urlsplit(one).hostname or "" for one in addresses)}


def _parts(url: str) -> set[str]:
    found = urlsplit(url)
    user, _, host = found.netloc.rpartition("@")
    # Apprise also puts tokens in the place of the host; they have no dot, unlike nearly every host.
    host = "" if "." in host else host
    words = re.split(r"[/?&=:]", f"{user}/{host}/{found.path}/{found.query}")
    long_ones = {word for word in words if len(word) >= SHORTEST}
    return long_ones | {unquote(word) for word in long_ones} | {quote(word) for word in long_ones}
