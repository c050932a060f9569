"""The board's lock: under which names it answers, whether a password is needed, and what its seals are made with."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anyio import CapacityLimiter
from starlette.requests import Request

from labelwatch.app import App
from labelwatch.config import Web
from labelwatch.store import Store
from labelwatch.web.auth.origin import Names, names
from labelwatch.web.auth.password import LoginThrottle
from labelwatch.web.auth.signed_cookies import Session, SignedCookies

ENTER = "/enter"
SECRET = "board"  # noqa: S105 - its name
"""What the secret is called in the database."""


@dataclass(frozen=True, slots=True)
class BoardAuth:
    """What the guard goes by; `gate` None = there is no password, and a link made on this machine opens the board."""

    names: Names
    seals: SignedCookies
    gate: LoginThrottle | None
    store: Store
    now: Callable[[], datetime]
    watchers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    """Threads for the probes alone: they must answer while all others wait for the database."""

    def session(self, sealed: str | None) -> Session | None:
        """The session that a cookie stands for, unless it was ended; StoreError when that cannot be told."""
        session = self.seals.opened_session(sealed, self.now()) if sealed else None
        return None if session is None or self.store.tokens.is_spent(_spent(session)) else session

    def end(self, session: Session) -> None:
        """From now on the session is worth nothing, whoever has kept its cookie."""
        with self.store.write() as tx:
            tx.tokens.spend(_spent(session), until=session.until, now=self.now())

    def link(self, url: str) -> str:
        """Where a browser of this machine opens the board, once; with a password simply its address."""
        return url if self.gate else f"{url}{ENTER}?key={self.seals.entry(self.now())}"

    def let_in(self, key: str) -> Session | None:
        """A new session for a key that was not used before."""
        entry = None if self.gate else self.seals.opened_entry(key, self.now())
        if entry is None:
            return None
        with self.store.write() as tx:
            is_first = tx.tokens.spend(f"entry {entry.id}", until=entry.until, now=self.now())
        return self.seals.new_session(self.now()) if is_first else None

    def try_in(self, given: str, request: Request) -> timedelta | None:
        """None = the password is right; else how long to wait before the next try."""
        if self.gate is None:  # no password is the right one
            return timedelta(0)
        visit = request.state.visit
        address = request.client.host if request.client else ""
        return self.gate.try_in(given, address=address, visit=visit.id if visit.is_known else "")


def door(app: App, settings: Web) -> BoardAuth:
    """The lock for these settings; its secret is made when it is first needed, and kept in the database."""
    password = settings.password.get_secret_value() if settings.password else ""
    secret = app.store.tokens.secret(SECRET, new_secret)
    return BoardAuth(
        names=names(settings),
        seals=SignedCookies(secret, password, chance=new_secret),
        gate=LoginThrottle(password, app.clock.now) if password else None,
        store=app.store,
        now=app.clock.now,
    )


def new_secret() -> str:
    """256 bits that nobody can guess, as text."""
    return secrets.token_urlsafe(32)


def _spent(session: Session) -> str:
    return f"session {session.id}"
