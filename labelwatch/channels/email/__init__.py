"""`mailto://` and `mailtos://`: text and HTML in one e-mail, with the server's answer as the receipt."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from apprise.plugins.email import NotifyEmail

from labelwatch.channels.base import BadMessage, Delivered, OutgoingMessage, Result
from labelwatch.channels.email.envelope import Envelope, Mailbox, mail_messages, message_id
from labelwatch.channels.email.smtp import Server, Tls, deliver
from labelwatch.channels.http import HttpOptions
from labelwatch.messages.message import SizeLimit
from labelwatch.net.tls import trusted, unverified

LIMIT = SizeLimit(10_000)
"""Characters of title and body: well below the 100 kB at which Gmail cuts a page off."""

_HOUSES = {
    "smtp.mail.ru": ("mail.ru", "bk.ru", "inbox.ru", "internet.ru", "list.ru", "xmail.ru"),
    "smtp.rambler.ru": ("rambler.ru", "autorambler.ru", "lenta.ru", "myrambler.ru", "ro.ru"),
    "smtp.yandex.ru": ("ya.ru",),
    "smtp.126.com": ("126.com",),
    "smtp.139.com": ("139.com",),
    "smtp.aliyun.com": ("aliyun.com",),
    "smtp.sina.com": ("sina.com",),
    "smtp.yeah.net": ("yeah.net",),
}
_SERVERS = {domain: server for server, domains in _HOUSES.items() for domain in domains}
"""Domains that accept no mail themselves, where Apprise would ask: their servers, with TLS on port 465."""
_TLS_PORT = 465


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mailbox, and the server that accepts mail for it.

    Servers greylist per recipient, so channels of one account share no rate limit.
    """

    server: Server
    envelope: Envelope
    line: HttpOptions = field(repr=False)
    now: Callable[[], datetime] = _now
    limit: SizeLimit = LIMIT
    account: str = ""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """Send once; a message that the server refuses for its size or content is sent again as text alone."""
        rich, text = mail_messages(outgoing, self.envelope, now=self.now())
        result = self._deliver(rich)
        if isinstance(result, BadMessage):
            result = self._deliver(text)
        if isinstance(result, Delivered):
            return replace(result, ref=message_id(outgoing.key, self.envelope.sender))
        return result

    def _deliver(self, letter: bytes) -> Result:
        sender, recipient = self.envelope.sender.address, self.envelope.recipient.address
        return deliver(self.server, self.line, sender=sender, recipient=recipient, letter=letter)


def wrong_mail(service: NotifyEmail) -> str | None:
    """What is wrong with the parts of a mailto:// that Apprise takes, without secrets; None if valid."""
    if not (service.smtp_host or service.host):
        return "names a server that Apprise cannot read there: name it with smtp=, as in ?smtp=mail_relay"
    if not service.targets:
        return "names no address to write to: what stands in to= is none"
    if service.cc or service.bcc:
        return (
            "copies its letters to others with cc= or bcc=: give each a [[channel]] of its own, so that each is told "
            "once whatever happens to the others"
        )
    if str(service.pgp_mode) != "no":
        return "asks for PGP, which is not done here: leave pgp= and wkd= out"
    return None


def open_mail(service: NotifyEmail, line: HttpOptions) -> Mail:
    """The mailbox that Apprise read from a URL that passed `wrong_mail`."""
    name, address = service.targets[0]
    envelope = Envelope(
        sender=_party(*service.from_addr),
        recipient=_party(name, address),
        reply_to=tuple(_party(service.names.get(one), one) for one in sorted(service.reply_to)),
        headers=dict(service.headers),
    )
    return Mail(_server(service, line.verify), envelope, replace(line, secrets=_secrets(service)))


def _party(name: object, address: object) -> Mailbox:
    """Apprise has False or None for a missing name, and leaves some encoded."""
    written = str(name or "")
    try:
        return Mailbox(str(address), str(make_header(decode_header(written))))
    except (HeaderParseError, LookupError, UnicodeError):  # it was not encoded
        return Mailbox(str(address), written)


def _server(service: NotifyEmail, verify: bool) -> Server:
    user, password = service.user or "", service.password or ""
    host, port, mode = str(service.smtp_host), int(service.port or 0), service.secure_mode
    if host in _SERVERS and host == service.host:
        host, port, mode = _SERVERS[host], _TLS_PORT, "ssl"
        user = f"{user.partition('@')[0]}@{service.host}"
    tls = Tls.OFFERED
    if mode == "ssl" or port == _TLS_PORT:
        tls = Tls.AT_ONCE
    elif mode == "starttls" or (user and password):
        tls = Tls.REQUIRED
    # If plain text is allowed, any certificate is accepted.
    return Server(host, port, tls, trusted if verify and tls is not Tls.OFFERED else unverified, user, password)


def _secrets(service: NotifyEmail) -> tuple[str, ...]:
    """The password, and its form in a login; addresses and servers are not secret."""
    password = service.password
    if not password:
        return ()
    told = (f"\0{service.user}\0{password}", password)
    return (*(b64encode(one.encode()).decode() for one in told), password)
