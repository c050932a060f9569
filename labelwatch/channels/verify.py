"""Checks whether a channel would deliver, as far as possible without sending anything.

Telegram    is the token valid, and does the bot see its chat
e-mail      does the server accept connection, encryption and login
all others  does the server accept a connection; nothing more is known without sending
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from labelwatch.channels.apprise_services import Service, home_of, plugin, server_of
from labelwatch.channels.base import Ambiguous, Channel, Delivered, Retry
from labelwatch.channels.chat_bots import ChatBot
from labelwatch.channels.email import Mail
from labelwatch.channels.email.smtp import Tls, log_in
from labelwatch.channels.messengers import Messenger
from labelwatch.channels.network_errors import reason
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.telegram.api import Done, Refusal, Said, meaning
from labelwatch.channels.webhook import Webhook
from labelwatch.core.text import Text
from labelwatch.messages.plain import plain
from labelwatch.net.addresses import NotPublicError, addresses, connection, is_written_out
from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.net.tls import CertificatesError, trusted

_PORTS = {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}


class Account(StrEnum):
    """How far the check got."""

    KNOWS_BOT = "knows_bot"
    KNOWS_LOGIN = "knows_login"
    REACHED = "reached"
    UNKNOWN = "unknown"
    """The address of its server is not known here."""
    UNREACHABLE = "unreachable"
    REFUSES = "refuses"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result, and what to change if it fails; without secrets."""

    seen: Account
    said: Text

    @property
    def ok(self) -> bool:
        return self.seen not in (Account.UNREACHABLE, Account.REFUSES)


def checked(channel: Channel) -> Finding:
    """Check a channel within its own deadline; no message is sent."""
    match channel:
        case Telegram():
            return _telegram(channel)
        case Mail():
            return _mail(channel)
        case Webhook() | ChatBot() | Messenger():
            return _probed(channel.address, channel.line.proxy, channel.line.deadline, private=channel.line.private)
        case Service():
            service, refusal = plugin(channel.url), channel.objection()
            address = home_of(service) if service is not None else ""
            if refusal is not None:
                return Finding(Account.REFUSES, refusal.error)
            if address:
                return _probed(address, "", channel.deadline, private=channel.private)
    return Finding(Account.UNKNOWN, Text("not_tried"))


def reachable(address: str, patience: timedelta) -> Finding:
    """Whether a web address, or the proxy in front of it, accepts a connection."""
    return _probed(address, "", patience, private=True)


def leads_home(channel: Channel) -> bool:
    """Whether the name of its server resolves to a private address, which must be allowed."""
    host = _host(channel)
    if not host or is_written_out(host):
        return False
    try:
        addresses(host, 0)
    except NotPublicError:
        return True
    except (OSError, UnicodeError):  # unknown, or only the proxy can resolve it
        return False
    return False


def _host(channel: Channel) -> str:
    match channel:
        case Telegram():
            return urlsplit(channel.bot.base).hostname or ""
        case Mail():
            return channel.server.host
        case Webhook() | ChatBot() | Messenger():
            return urlsplit(channel.address).hostname or ""
        case Service():
            service = plugin(channel.url)
            return server_of(service) if service is not None else ""
    return ""


def _telegram(channel: Telegram) -> Finding:
    who = channel.bot.ask("getMe", json={})
    if not isinstance(who, Done):
        return _refused(who)
    chat, address = _chat(channel, channel.address)
    if not isinstance(chat, Done):
        return _refused(chat)
    key = "tg_sees_moved" if address != channel.address else "tg_sees"
    seen = {"bot": _named(who.result), "chat": _named(chat.result), "address": address}
    return Finding(Account.KNOWS_BOT, Text(key, seen))


def _chat(channel: Telegram, address: str) -> tuple[Said, str]:
    """Telegram's answer about the chat, and the present id of the chat."""
    said = channel.bot.ask("getChat", json={"chat_id": address})
    if isinstance(said, Refusal) and said.moved_to and said.moved_to != address:
        return channel.bot.ask("getChat", json={"chat_id": said.moved_to}), said.moved_to
    return said, address


def _refused(said: Said) -> Finding:
    if isinstance(said, Refusal):
        return Finding(Account.REFUSES, meaning(said).error)
    assert not isinstance(said, Done), "asked for only after a failure"
    if isinstance(said, Retry | Ambiguous):
        return Finding(Account.UNREACHABLE, Text("tg_proxy", {"why": said.error}))
    return Finding(Account.REFUSES, said.error)


def _named(about: object) -> str:
    """The name of a bot or a chat."""
    known = about if isinstance(about, dict) else {}
    public = known.get("username") or None
    name = known.get("title") or public or known.get("first_name") or known.get("id", "")
    return f"“{'@' if name is public else ''}{plain(str(name), 60)}”"


def _mail(channel: Mail) -> Finding:
    server = channel.server
    heard = log_in(server, channel.line)
    if not isinstance(heard, Delivered):
        return Finding(Account.UNREACHABLE if isinstance(heard, Retry) else Account.REFUSES, heard.error)
    seen = Account.KNOWS_LOGIN if server.user else Account.REACHED
    key = "mail_lets_tls" if server.tls is not Tls.OFFERED else "mail_lets"
    return Finding(seen, Text(key, {"host": server.host, "port": server.port}))


def _probed(address: str, proxy: str, patience: timedelta, *, private: bool) -> Finding:
    """Whether the service, or the proxy in front of it, accepts a connection."""
    try:
        proxy = proxy or proxy_for(address)
        if address.startswith("https:"):
            trusted()
    except (ProxyError, CertificatesError) as error:
        return Finding(Account.UNREACHABLE, error.text)
    parts = urlsplit(proxy or address)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    what = "proxy" if proxy else "server"
    who: dict[str, str | int] = {"host": host, "port": port}
    try:
        connection(host, port, patience.total_seconds(), private=private or bool(proxy)).close()
    except NotPublicError as error:
        return Finding(Account.REFUSES, error.text)
    except (OSError, UnicodeError) as error:
        return Finding(Account.UNREACHABLE, Text(f"{what}_closed", {**who, "why": reason(error)}))
    return Finding(Account.REACHED, Text(f"{what}_open", {**who}))
