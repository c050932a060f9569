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
from labelwatch.channels.http import HttpOptions, not_public
from labelwatch.channels.redaction import quoted
from labelwatch.channels.time_limit import no_answer_within, within_time
from labelwatch.net.addresses import NotPublicError, connection
from labelwatch.net.tls import CertificatesError

T = TypeVar("T")

GREYLISTED = timedelta(minutes=10)
"""A greylisting server accepts mail of an unknown sender only on a retry, and not too soon."""
TOO_MANY = timedelta(hours=1)

_CONNECT = timedelta(seconds=10)
_SAID = 200


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
    """The step of the session in which an answer came, and what a refusal there means."""

    GREETING = "the mail server takes no mail from here"
    HELLO = "the mail server does not speak ESMTP"
    TLS = "the mail server refuses STARTTLS"
    LOGIN = "the login is refused (many services want a password made for programs, not the one people use)"
    SENDER = "the sender is refused"
    RECIPIENT = "the recipient is refused"
    DATA = "the letter is refused"
    CONTENT = "the letter is refused after it was read"


_GOOD = {Stage.GREETING: 220, Stage.TLS: 220, Stage.LOGIN: 235, Stage.DATA: 354}
_AFTER_LOGIN = frozenset({Stage.SENDER, Stage.RECIPIENT, Stage.DATA, Stage.CONTENT})
_GREYLISTING = frozenset({450, 451})
_UNWANTED = frozenset({552, 554})
"""Too big, or with unwanted content: another e-mail may be accepted."""
_LIMITED = re.compile(r"(?i)frequency limit|rate limit|sending (limit|quota)|quota exceeded for send|^5\.4\.5\b")
"""Texts of services that use 550 for a rate limit."""


def judged(stage: Stage, code: int, said: str) -> Result | None:
    """What an answer means; None = continue. `code` is -1 if the line is no SMTP answer."""
    words = f"{stage}: {code} {said}".rstrip()
    if code == _GOOD.get(stage, 250):
        return Delivered(f"{code} {said}".rstrip(), verified=True) if stage is Stage.CONTENT else None
    if code // 100 == 5 and stage in _AFTER_LOGIN and _LIMITED.search(said):
        return RateLimited(words, TOO_MANY)
    if code // 100 == 5:
        return BadMessage(words) if stage is Stage.CONTENT and code in _UNWANTED else Permanent(words)
    if code in _GREYLISTING and stage in _AFTER_LOGIN:
        return RateLimited(f"to be tried later: {code} {said}".rstrip(), GREYLISTED)
    if code // 100 == 4:
        return Retry(f"to be tried later: {code} {said}".rstrip())
    nonsense = f"no answer of a mail server: {code if code > 0 else ''} {said}".rstrip()
    return Ambiguous(nonsense) if stage is Stage.CONTENT else Retry(nonsense)


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
        return self._judged(Stage.CONTENT, self.smtp.getreply()) or Ambiguous("no answer")

    def _hold(self, say: Callable[[], T]) -> T | Result:
        try:
            self._open()
            return say()
        except _CutShortError as end:
            return end.result
        except OSError as error:  # that of smtplib as well
            return self._lost(f"the connection was lost: {self._plain(str(error))}")
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

    def _lost(self, why: str) -> Result:
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
            raise _CutShortError(not_public(error)) from error
        except UnicodeError:
            raise _CutShortError(Permanent("the mail server's name is no host name")) from None
        except OSError as error:
            hint = " (many networks close port 25: name another in its URL, like :587)" if server.port == 25 else ""
            said = f"cannot connect to {server.host}, port {server.port}{hint}: {error}"
            raise _CutShortError(Retry(self._plain(said))) from error
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
            raise _CutShortError(Permanent(str(error))) from error
        except ssl.SSLCertVerificationError as error:
            said = f"the certificate of {name} is not valid: {error.verify_message}"
            raise _CutShortError(Permanent(self._plain(said))) from error
        except ssl.SSLError as error:
            raise _CutShortError(self._no_tls(error)) from error

    def _no_tls(self, error: ssl.SSLError) -> Result:
        said = self._plain(f"no TLS with {self.server.host}, port {self.server.port}: {error.reason or error}")
        return Permanent(f"{said} (see mode= in its URL)") if error.reason == "WRONG_VERSION_NUMBER" else Retry(said)

    def _start_tls(self) -> None:
        if not self.smtp.has_extn("starttls"):
            raise _CutShortError(Permanent("the mail server offers no encryption (STARTTLS): nothing was sent"))
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
            why = "the mail server takes no password here: another port, or a URL without user and password"
            raise _CutShortError(Permanent(why)) from error
        except UnicodeEncodeError:
            raise _CutShortError(Permanent("user and password of the mail server must be ASCII")) from None

    def _expect(self, stage: Stage, reply: tuple[int, bytes]) -> None:
        result = self._judged(stage, reply)
        if result is not None:
            raise _CutShortError(result)

    def _judged(self, stage: Stage, reply: tuple[int, bytes]) -> Result | None:
        code, said = reply
        return judged(stage, code, self._plain(said.decode("utf-8", "replace")))

    def _plain(self, said: str) -> str:
        return quoted(said, self.line.secrets, _SAID)
