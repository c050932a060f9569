"""A parcel as an e-mail: the same Message-ID whenever it is sent, and in one thread with what was told before."""

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
"""A longer one would make an identifier that fits in no line of a header."""

_POLICY = SMTP.clone(cte_type="7bit")
_IDENTIFIER = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]+>")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OURS = re.compile(r"(?i)(content|mime)-.*|(resent-)?(from|to|cc|bcc|sender)|received|return-path")
"""Headers that nobody may add: they say what is in the letter or whom it reaches."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody who writes or reads: an address of ASCII, and a name or none."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom to whom, the same for all letters of a channel."""

    sender: Mailbox
    recipient: Mailbox
    reply_to: tuple[Mailbox, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers; what we say ourselves stays."""


def message_id(key: str, sender: Mailbox) -> str:
    """The Message-ID of the letter that goes out under this key."""
    domain = sender.domain if len(sender.domain) <= _LONGEST_DOMAIN else "labelwatch.invalid"
    return f"<{stamp_of(key)}@{domain}>"


def mail_messages(outgoing: OutgoingMessage, envelope: Envelope, *, now: datetime) -> tuple[bytes, bytes]:
    """The letter with its page and files, and the same one as text alone for a server that takes no more."""
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
    # It says what to do now, also in an answer: an inbox shows little else, and old words would mislead.
    yield "Subject", _encoded(plain(outgoing.message.title, _SUBJECT))
    yield "Date", format_datetime(now)
    yield "Message-ID", message_id(outgoing.key, envelope.sender)
    before = _before(outgoing, envelope.sender)
    if before:
        yield "In-Reply-To", before[-1]
        yield "References", "\r\n ".join(before)
    yield "Idempotency-Key", stamp_of(outgoing.key)
    # No holiday notice is an answer to us.
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"


def _before(outgoing: OutgoingMessage, sender: Mailbox) -> list[str]:
    """The identifiers of what was told before, oldest first; of a long story how it began and its latest part."""
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
    """As RFC 2047 has it, always: what is encoded as a whole hides no second encoding inside."""
    return Header(text, "utf-8", maxlinelen=_LINE).encode(linesep="\r\n")
