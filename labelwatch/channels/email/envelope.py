"""An outgoing message as an e-mail: the same Message-ID for every retry, in one thread with earlier messages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from labelwatch.channels.base import Attachment, OutgoingMessage, stamp_of
from labelwatch.channels.email.html import page
from labelwatch.messages.plain import plain

_SUBJECT = 160
_NAME = 60
_VALUE = 500
_REFERENCES = 20
_LINE = 64
"""Characters of an encoded line: 76 with the name of its header."""
_LONGEST_DOMAIN = 40
"""A longer domain would make a Message-ID that exceeds the line of a header."""

_POLICY = SMTP.clone(cte_type="7bit")
_IDENTIFIER = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+>")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OURS = re.compile(r"(?i)(content|mime)-.*|(resent-)?(from|to|cc|bcc|sender)|received|return-path")
"""Headers that a URL may not add: they describe the content or the recipients."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A sender or recipient: an ASCII address, and an optional name."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and recipient, the same for all e-mails of a channel."""

    sender: Mailbox
    recipient: Mailbox
    reply_to: tuple[Mailbox, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, which do not replace our own."""


def message_id(key: str, sender: Mailbox) -> str:
    """The Message-ID of the e-mail with this key."""
    domain = sender.domain if len(sender.domain) <= _LONGEST_DOMAIN else "labelwatch.invalid"
    return f"<{stamp_of(key)}@{domain}>"


def mail_messages(outgoing: OutgoingMessage, envelope: Envelope, *, now: datetime) -> tuple[bytes, bytes]:
    """The e-mail with HTML and files, and the same as text alone for a server that refuses those."""
    head = _head(outgoing, envelope, now)
    text, rich = EmailMessage(policy=_POLICY), EmailMessage(policy=_POLICY)
    text.set_content(outgoing.message.body)
    rich.set_content(outgoing.message.body)
    rich.add_alternative(page(outgoing.message, outgoing.cabinet), subtype="html")
    for file in outgoing.attachments:
        _attach(rich, file)
    return head + rich.as_bytes(), head + text.as_bytes()


def _attach(letter: EmailMessage, file: Attachment) -> None:
    kind, _, subkind = file.mime.partition("/")
    name = re.sub(r"[^\w.-]+", "_", file.name)[-_NAME:]
    letter.add_attachment(file.content, maintype=kind, subtype=subkind, filename=name)


def _head(outgoing: OutgoingMessage, envelope: Envelope, now: datetime) -> bytes:
    """Written by hand: EmailMessage loses spaces between words that it encodes, and decodes `=?…?=` in a foreign
    name, line breaks included, which makes headers of it."""
    ours = dict(_headers(outgoing, envelope, now))
    taken = {name.lower() for name in ours}
    more = {
        name: plain(value, _VALUE)
        for name, value in envelope.headers.items()
        if _HEADER.fullmatch(name) and not _OURS.fullmatch(name) and name.lower() not in taken
    }
    ours |= {name: value if _is_safe(value) else _encoded(value) for name, value in more.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in ours.items()).encode("ascii")


def _headers(outgoing: OutgoingMessage, envelope: Envelope, now: datetime) -> Iterator[tuple[str, str]]:
    yield "From", _party(envelope.sender)
    yield "To", _party(envelope.recipient)
    if envelope.reply_to:
        yield "Reply-To", ",\r\n ".join(map(_party, envelope.reply_to))
    # A reply gets a new subject as well: an inbox shows little else, and the old one would mislead.
    yield "Subject", _encoded(plain(outgoing.message.title, _SUBJECT))
    yield "Date", format_datetime(now)
    yield "Message-ID", message_id(outgoing.key, envelope.sender)
    before = _before(outgoing, envelope.sender)
    if before:
        yield "In-Reply-To", before[-1]
        yield "References", "\r\n ".join(before)
    yield "Idempotency-Key", stamp_of(outgoing.key)
    # Suppress automatic replies.
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"


def _before(outgoing: OutgoingMessage, sender: Mailbox) -> list[str]:
    """The ids of earlier messages, oldest first; of many, the first and the latest ones."""
    known = (one.ref if _IDENTIFIER.fullmatch(one.ref) else message_id(one.key, sender) for one in outgoing.earlier)
    own = message_id(outgoing.key, sender)
    told = [one for one in dict.fromkeys(known) if one != own]
    return told if len(told) <= _REFERENCES else [told[0], *told[1 - _REFERENCES :]]


def _party(party: Mailbox) -> str:
    name = plain(party.name, _NAME)
    return f"{_encoded(name)}\r\n <{party.address}>" if name else party.address


def _is_safe(value: str) -> bool:
    return value.isascii() and "=?" not in value


def _encoded(text: str) -> str:
    """Always encode by RFC 2047, so that the text cannot contain an encoded word of its own."""
    return Header(text, "utf-8", maxlinelen=_LINE).encode(linesep="\r\n")
