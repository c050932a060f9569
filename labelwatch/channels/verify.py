"""Checks whether a channel would deliver, as far as possible without sending anything.

Telegram    is the token valid, and does the bot see its chat
e-mail      does the server accept connection, encryption and login
all others  does the server accept a connection; nothing more is known without sending
"""

import socket
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from labelwatch.channels.apprise_services import Service, home_of, plugin, server_of
from labelwatch.channels.base import Ambiguous, Channel, Delivered, Retry
from labelwatch.channels.chat_bots import ChatBot
from labelwatch.channels.email import Mail
from labelwatch.channels.email.smtp import Tls, log_in
from labelwatch.channels.http import not_public
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.telegram.api import Done, Refusal, Said, meaning
from labelwatch.channels.webhook import Webhook
from labelwatch.messages.plain import plain
from labelwatch.net.addresses import NotPublicError, addresses, connection, is_written_out
from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.net.tls import CertificatesError, trusted

_PORTS = {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}
_BLOCKED = "where Telegram is blocked, give the channel a proxy or an api_base"
_TRY = "more is known only after sending: `labelwatch test-alert`"


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
    """The result, in a text that says what to change if it fails; without secrets."""

    seen: Account
    said: str

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
        case Webhook() | ChatBot():
            return _probed(channel.address, channel.line.proxy, channel.line.deadline, private=channel.line.private)
        case Service():
            service, refusal = plugin(channel.url), channel.objection()
            address = home_of(service) if service is not None else ""
            if refusal is not None:
                return Finding(Account.REFUSES, refusal.error)
            if address:
                return _probed(address, "", channel.deadline, private=channel.private)
    return Finding(Account.UNKNOWN, f"not tried: {_TRY}")


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
        case Webhook() | ChatBot():
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
    moved = f"; the group is {address} now: put that into the URL" if address != channel.address else ""
    return Finding(Account.KNOWS_BOT, f"the bot {_named(who.result)} sees its chat {_named(chat.result)}{moved}")


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
        return Finding(Account.UNREACHABLE, f"{said.error}; {_BLOCKED}")
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
    how = "over TLS" if server.tls is not Tls.OFFERED else "without a password"
    return Finding(seen, f"{server.host}, port {server.port}, accepts us {how}; {_TRY}")


def _probed(address: str, proxy: str, patience: timedelta, *, private: bool) -> Finding:
    """Whether the service, or the proxy in front of it, accepts a connection."""
    try:
        proxy = proxy or proxy_for(address)
        if address.startswith("https:"):
            trusted()
    except (ProxyError, CertificatesError) as error:
        return Finding(Account.UNREACHABLE, str(error))
    parts = urlsplit(proxy or address)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    who = f"{'the proxy' if proxy else 'its server'} {host}, port {port}"
    try:
        connection(host, port, patience.total_seconds(), private=private or bool(proxy)).close()
    except NotPublicError as error:
        return Finding(Account.REFUSES, not_public(error).error)
    except (OSError, UnicodeError) as error:
        return Finding(Account.UNREACHABLE, f"{who}, cannot be reached: {_trouble(error)}")
    return Finding(Account.REACHED, f"{who}, answers{', what is behind it was not tried' if proxy else ''}; {_TRY}")


def _trouble(error: Exception) -> str:
    """Why the connection failed, and what to check."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "unknown host: check its name, and the name server of this machine"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: check host and port"
    if isinstance(error, TimeoutError):
        return "no answer: is there a firewall in between? A proxy leads around it"
    return getattr(error, "strerror", None) or type(error).__name__
