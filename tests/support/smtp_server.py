"""Mail servers on 127.0.0.1: one that takes letters as it was told to, one that breaks off where it was told to."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

_PEM = Path(__file__).with_suffix(".pem")
"""A certificate for `localhost`, not for 127.0.0.1, that nobody trusts unless told to."""


def trusting() -> ssl.SSLContext:
    """What a client must bring to trust the certificate of these servers."""
    return ssl.create_default_context(cafile=str(_PEM))


def _own() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_PEM)
    return context


@dataclass
class PostOffice:
    """Takes letters; `replies` holds for a command (MAIL, RCPT, DATA) what is answered in turn, the last one for
    ever; an empty one stands for yes."""

    replies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    starttls: bool = False
    tls_at_once: bool = False
    password: str = ""
    """Who does not know it may not send; empty = everybody may."""
    letters: list[EmailMessage] = field(default_factory=list)
    """Those that were taken."""
    offered: list[bytes] = field(default_factory=list)
    """Those whose last dot came."""
    heard: list[str] = field(default_factory=list)
    """STARTTLS, MAIL, RCPT, DATA, and `secret` for a password that was told, `clear secret` without TLS."""

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        at_once = _own() if self.tls_at_once else None
        serving = self._loop.create_server(self._smtp, sock=self._listening, ssl=at_once)
        self._server = self._loop.run_until_complete(serving)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    def _smtp(self) -> SMTP:
        return SMTP(
            self,
            hostname="post.office",
            tls_context=_own() if self.starttls else None,
            authenticator=self._may_send if self.password else None,
            auth_require_tls=False,
            auth_exclude_mechanism=() if self.password else ("LOGIN", "PLAIN"),
            loop=self._loop,
        )

    def _may_send(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_clear = session.ssl is None and not self.tls_at_once
        self.heard.append(f"{'clear ' if is_clear else ''}secret")
        return AuthResult(success=data.password.decode() == self.password, handled=False)

    def _reply(self, command: str, fine: str) -> str:
        self.heard.append(command)
        told = self.replies.get(command, [""])
        return told[min(self.heard.count(command), len(told)) - 1] or fine

    def handle_STARTTLS(self, server: Any, session: Any, envelope: Any) -> bool:
        self.heard.append("STARTTLS")
        return True

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.password and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return self._reply("MAIL", "250 2.1.0 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        reply = self._reply("RCPT", "250 2.1.5 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.offered.append(envelope.content)
        reply = self._reply("DATA", "250 2.0.0 OK queued as ABC123")
        if reply == HANG_UP:
            server.transport.abort()
        elif reply.startswith("250"):
            self.letters.append(BytesParser(policy=default).parsebytes(envelope.content))
        return reply


HANG_UP = "hang up"
"""Instead of a reply to DATA: the connection is lost after the last dot."""


@contextmanager
def breaking_off(*said: str, drips: str = "") -> Iterator[int]:
    """The port of a server that says one line for each command heard, the greeting first, then hangs up.

    After the line for DATA it hangs up in the middle of the letter. With `drips` it ends with that text letter by
    letter, each so soon that no read times out.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_break_off, args=(server, said, drips), daemon=True).start()
        yield int(server.getsockname()[1])


def _break_off(server: socket.socket, said: Sequence[str], drips: str) -> None:
    with suppress(OSError), server.accept()[0] as connection:
        for number, line in enumerate(said):
            if number:
                connection.recv(4096)
            connection.sendall(line.encode() + b"\r\n")
        if said:
            connection.recv(100)
        for letter in drips:
            connection.sendall(letter.encode())
            time.sleep(0.02)
