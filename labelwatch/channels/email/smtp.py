"""One SMTP session for one e-mail to one recipient, and what each answer of the server means."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from labelwatch.channels.base import Ambiguous, BadMessage, Delivered, Permanent, RateLimited, Result, Retry
from labelwatch.channels.http import HttpOptions
from labelwatch.channels.network_errors import reason
from labelwatch.channels.redaction import quoted
from labelwatch.channels.time_limit import no_answer_within, within_time
from labelwatch.core.text import Text
from labelwatch.net.addresses import NotPublicError, connection
from labelwatch.net.tls import CertificatesError

T = TypeVar("T")

GREYLISTED = timedelta(minutes=10)
"""A greylisting server accepts mail of an unknown sender only on a retry, and not too soon."""
TOO_MANY = timedelta(hours=1)

_CONNECT = timedelta(seconds=10)
_SAID = 200
_CLOSED_PORT = 25


class Tls(StrEnum):
    """When a session is encrypted. Only `OFFERED` may stay unencrypted, and then no password is sent."""

    AT_ONCE = "at once"
    REQUIRED = "required"
    OFFERED = "offered"


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server; `context` returns what verifies its certificate."""

    host: str
    port: int
    tls: Tls
    context: Callable[[], ssl.SSLContext] = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)


class Stage(StrEnum):
    """The step of the session in which an answer came; its value is what a refusal there means."""

    GREETING = "mail_greeting"
    HELLO = "mail_hello"
    TLS = "mail_starttls"
    LOGIN = "mail_login"
    SENDER = "mail_sender"
    RECIPIENT = "mail_recipient"
    DATA = "mail_data"
    CONTENT = "mail_content"


_GOOD = {Stage.GREETING: 220, Stage.TLS: 220, Stage.LOGIN: 235, Stage.DATA: 354}
_AFTER_LOGIN = frozenset({Stage.SENDER, Stage.RECIPIENT, Stage.DATA, Stage.CONTENT})
_GREYLISTING = frozenset({450, 451})
_UNWANTED = frozenset({552, 554})
"""Too big, or with unwanted content: another e-mail may be accepted."""
_LIMITED = re.compile(r"(?i)frequency limit|rate limit|sending (limit|quota)|quota exceeded for send|^5\.4\.5\b")
"""Texts of services that use 550 for a rate limit."""


def judged(stage: Stage, code: int, said: str) -> Result | None:
    """What an answer means; None = continue. `code` is -1 if the line is no SMTP answer."""
    heard = {"raw": f"{code if code > 0 else ''} {said}".strip()}
    refused, later = Text(stage, heard), Text("mail_later", heard)
    if code == _GOOD.get(stage, 250):
        return Delivered(heard["raw"], verified=True) if stage is Stage.CONTENT else None
    if code // 100 == 5 and stage in _AFTER_LOGIN and _LIMITED.search(said):
        return RateLimited(refused, TOO_MANY)
    if code // 100 == 5:
        return BadMessage(refused) if stage is Stage.CONTENT and code in _UNWANTED else Permanent(refused)
    if code in _GREYLISTING and stage in _AFTER_LOGIN:
        return RateLimited(later, GREYLISTED)
    if code // 100 == 4:
        return Retry(later)
    return (Ambiguous if stage is Stage.CONTENT else Retry)(Text("mail_stranger", heard))


def deliver(server: Server, line: HttpOptions, *, sender: str, recipient: str, letter: bytes) -> Result:
    """Send an e-mail within the deadline of the options; Delivered has the server's own words.

    The result is ambiguous only if the final dot may have been sent and no answer came.
    """
    talk = _Talk(server, line)
    return talk.held(lambda: talk.hand_in(sender, recipient, letter))


def log_in(server: Server, line: HttpOptions) -> Result:
    """Connect, encrypt and log in as for an e-mail, but send nothing; Delivered = the login works."""
    return _Talk(server, line).held(lambda: Delivered("the login is good", verified=True))


class _CutShortError(Exception):
    """The session ended before the e-mail was sent."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


@dataclass(slots=True)
class _Talk:
    """A session in progress; another thread may close it."""

    server: Server
    line: HttpOptions
    smtp: smtplib.SMTP = field(default_factory=lambda: smtplib.SMTP(local_hostname="localhost"))
    is_complete: bool = False
    """Whether the final dot may have been sent."""
    is_over: bool = False

    @property
    def _where(self) -> dict[str, str | int]:
        return {"host": self.server.host, "port": self.server.port}

    def held(self, say: Callable[[], T]) -> T | Result:
        """A whole session within the deadline of the options: the login, what follows it, and QUIT."""
        kept = within_time(self.line.deadline, lambda: (self._hold(say),))
        if kept is not None:
            return kept[0]
        self._hang_up()
        return self._lost(no_answer_within(self.line.deadline))

    def hand_in(self, sender: str, recipient: str, letter: bytes) -> Result:
        self._expect(Stage.SENDER, self.smtp.mail(sender))
        self._expect(Stage.RECIPIENT, self.smtp.rcpt(recipient))
        self._expect(Stage.DATA, self.smtp.docmd("DATA"))
        self.smtp.send(re.sub(rb"(?m)^\.", b"..", letter))
        self.is_complete = True
        self.smtp.send(b".\r\n")
        return self._judged(Stage.CONTENT, self.smtp.getreply()) or Ambiguous(Text("no_answer"))

    def _hold(self, say: Callable[[], T]) -> T | Result:
        try:
            self._open()
            return say()
        except _CutShortError as end:
            return end.result
        except OSError as error:  # that of smtplib as well
            return self._lost(Text("mail_lost", {"why": reason(error, self.line.secrets)}))
        finally:
            with suppress(OSError):  # do not wait for the answer to QUIT
                self.smtp.putcmd("QUIT")
            self.smtp.close()

    def _hang_up(self) -> None:
        """Close the connection while another thread waits on it; nothing more is sent."""
        self.is_over = True
        if self.smtp.sock is not None:
            with suppress(OSError):
                # Not the method of SSLSocket, after which the other thread would continue unencrypted.
                socket.socket.shutdown(self.smtp.sock, socket.SHUT_RDWR)

    def _lost(self, why: Text) -> Result:
        return Ambiguous(why) if self.is_complete else Retry(why)

    def _open(self) -> None:
        self._connect()
        if self.server.tls is Tls.AT_ONCE:
            self._encrypt()
        self._expect(Stage.GREETING, self.smtp.getreply())
        self._expect(Stage.HELLO, self.smtp.ehlo())
        if self.server.tls is Tls.REQUIRED or (self.server.tls is Tls.OFFERED and self.smtp.has_extn("starttls")):
            self._start_tls()
        if self.server.user and self.server.password:
            self._log_in()

    def _connect(self) -> None:
        server, patience = self.server, min(_CONNECT, self.line.deadline).total_seconds()
        try:
            sock = connection(server.host, server.port, patience, private=self.line.private)
        except NotPublicError as error:
            raise _CutShortError(Permanent(error.text)) from error
        except UnicodeError:
            raise _CutShortError(Permanent(Text("mail_host"))) from None
        except OSError as error:
            key = "mail_port25" if server.port == _CLOSED_PORT else "mail_connect"
            why = reason(error, self.line.secrets)
            raise _CutShortError(Retry(Text(key, {**self._where, "why": why}))) from error
        # Usually the deadline of the session comes first; this is for a socket that cannot be shut.
        sock.settimeout(2 * self.line.deadline.total_seconds())
        address = sock.getsockname()[0]
        self.smtp.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        self.smtp.sock, self.smtp.file = sock, None
        if self.is_over:  # the deadline came while there was no socket to shut
            raise smtplib.SMTPServerDisconnected("too late")

    def _encrypt(self) -> None:
        assert self.smtp.sock is not None, "only a connected session is encrypted"
        name = self.server.host
        try:
            context = self.server.context()
            tls = context.wrap_socket(self.smtp.sock, server_hostname=name, do_handshake_on_connect=False)
            self._take(tls)
            tls.do_handshake()
        except CertificatesError as error:
            raise _CutShortError(Permanent(error.text)) from error
        except ssl.SSLCertVerificationError as error:
            said = Text("mail_certificate", {"host": name, "raw": self._plain(error.verify_message)})
            raise _CutShortError(Permanent(said)) from error
        except ssl.SSLError as error:
            raise _CutShortError(self._no_tls(error)) from error

    def _no_tls(self, error: ssl.SSLError) -> Result:
        said = {**self._where, "raw": self._plain(error.reason or str(error))}
        if error.reason == "WRONG_VERSION_NUMBER":
            return Permanent(Text("mail_no_tls_mode", said))
        return Retry(Text("mail_no_tls", said))

    def _start_tls(self) -> None:
        if not self.smtp.has_extn("starttls"):
            raise _CutShortError(Permanent(Text("mail_no_encryption")))
        self._expect(Stage.TLS, self.smtp.docmd("STARTTLS"))
        self._encrypt()
        # Forget what was said unencrypted.
        self.smtp.ehlo_resp, self.smtp.esmtp_features = None, {}
        self._expect(Stage.HELLO, self.smtp.ehlo())

    def _log_in(self) -> None:
        try:
            self.smtp.login(self.server.user, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            said = error.smtp_error
            self._expect(Stage.LOGIN, (error.smtp_code, said.encode() if isinstance(said, str) else said))
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            raise _CutShortError(Permanent(Text("mail_no_password"))) from error
        except UnicodeEncodeError:
            raise _CutShortError(Permanent(Text("mail_ascii"))) from None

    def _expect(self, stage: Stage, reply: tuple[int, bytes]) -> None:
        result = self._judged(stage, reply)
        if result is not None:
            raise _CutShortError(result)

    def _judged(self, stage: Stage, reply: tuple[int, bytes]) -> Result | None:
        code, said = reply
        return judged(stage, code, self._plain(said.decode("utf-8", "replace")))

    def _plain(self, said: str) -> str:
        return quoted(said, self.line.secrets, _SAID)
