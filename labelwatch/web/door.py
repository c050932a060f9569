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
from labelwatch.web.origin import Names, names
from labelwatch.web.password import Gate
from labelwatch.web.seals import Seals, Session

SECRET = "board"  # noqa: S105 - its name
"""What the secret is called in the database."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the guard goes by; `gate` None = no password is needed, since only this machine can come here."""

    names: Names
    seals: Seals
    gate: Gate | None
    store: Store
    now: Callable[[], datetime]
    watchers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    """Threads for the probes alone: they must answer while all others wait for the database."""

    def session(self, sealed: str | None) -> Session | None:
        """The session that a cookie stands for, unless it was ended; StoreError when that cannot be told."""
        session = self.seals.opened_session(sealed, self.now()) if sealed and self.gate else None
        return None if session is None or self.store.tokens.is_spent(_spent(session)) else session

    def end(self, session: Session) -> None:
        """From now on the session is worth nothing, whoever has kept its cookie."""
        with self.store.write() as tx:
            tx.spend(_spent(session), until=session.until, now=self.now())

    def try_in(self, given: str, request: Request) -> timedelta | None:
        """None = the password is right; else how long to wait before the next try."""
        if self.gate is None:
            return None
        visit = request.state.visit
        address = request.client.host if request.client else ""
        return self.gate.try_in(given, address=address, visit=visit.id if visit.is_known else "")


def door(app: App, settings: Web) -> Door:
    """The lock for these settings; its secret is made when it is first needed, and kept in the database."""
    password = settings.password.get_secret_value() if settings.password else ""
    secret = app.store.tokens.secret(SECRET, new_secret)
    return Door(
        names=names(settings),
        seals=Seals(secret, password, chance=new_secret),
        gate=Gate(password, app.clock.now) if password else None,
        store=app.store,
        now=app.clock.now,
    )


def new_secret() -> str:
    """256 bits that nobody can guess, as text."""
    return secrets.token_urlsafe(32)


def _spent(session: Session) -> str:
    return f"session {session.id}"
