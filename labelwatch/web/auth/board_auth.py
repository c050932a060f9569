"""Access to the board: the host names it answers to, its password, and what signs its cookies."""

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
"""Name of the secret in the database."""


@dataclass(frozen=True, slots=True)
class BoardAuth:
    """What the guard checks; `throttle` None = no password, and a link made on this machine opens the board."""

    names: Names
    cookies: SignedCookies
    throttle: LoginThrottle | None
    store: Store
    now: Callable[[], datetime]
    watchers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    """Threads reserved for the probes, which must answer while all others wait for the database."""

    def session(self, sealed: str | None) -> Session | None:
        """The session of a cookie, unless it was ended; StoreError if that cannot be read."""
        session = self.cookies.opened_session(sealed, self.now()) if sealed else None
        return None if session is None or self.store.tokens.is_spent(_spent(session)) else session

    def end(self, session: Session) -> None:
        """End the session, also for copies of its cookie."""
        with self.store.write() as tx:
            tx.tokens.spend(_spent(session), until=session.until, now=self.now())

    def link(self, url: str) -> str:
        """A link that opens the board once in a browser of this machine; with a password just its address."""
        return url if self.throttle else f"{url}{ENTER}?key={self.cookies.entry(self.now())}"

    def let_in(self, key: str) -> Session | None:
        """A new session for a key that was not used before."""
        entry = None if self.throttle else self.cookies.opened_entry(key, self.now())
        if entry is None:
            return None
        with self.store.write() as tx:
            is_first = tx.tokens.spend(f"entry {entry.id}", until=entry.until, now=self.now())
        return self.cookies.new_session(self.now()) if is_first else None

    def try_in(self, given: str, request: Request) -> timedelta | None:
        """None = the password is right; else how long to wait before the next attempt."""
        if self.throttle is None:  # without a password none is accepted
            return timedelta(0)
        visit = request.state.visit
        address = request.client.host if request.client else ""
        return self.throttle.try_in(given, address=address, visit=visit.id if visit.is_known else "")


def board_auth(app: App, settings: Web) -> BoardAuth:
    """The authentication for these settings; its secret is made on first use and kept in the database."""
    password = settings.password.get_secret_value() if settings.password else ""
    secret = app.store.tokens.secret(SECRET, new_secret)
    return BoardAuth(
        names=names(settings),
        cookies=SignedCookies(secret, password, chance=new_secret),
        throttle=LoginThrottle(password, app.clock.now) if password else None,
        store=app.store,
        now=app.clock.now,
    )


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def _spent(session: Session) -> str:
    return f"session {session.id}"
