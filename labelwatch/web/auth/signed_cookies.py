"""Values that a browser sends back, signed with a secret that the database keeps."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

SESSION_LASTS = timedelta(days=30)
ENTRY_LASTS = timedelta(days=1)
"""How long a link that opens a board without a password is valid, for one use."""
A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Session:
    """A login by password, or by a link that was made on this machine."""

    id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser; `is_known`: the right password was given in it before."""

    id: str
    is_known: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class SignedCookies:
    """Signs and verifies; an altered or expired value, or one of another kind, opens as None.

    Sessions and visits of known browsers are signed with the password as well: when it changes, everybody is logged
    out and no browser is known.
    """

    secret: str = field(repr=False)
    password: str = field(repr=False)
    chance: Callable[[], str]
    """A new random value."""

    def new_session(self, now: datetime) -> Session:
        return Session(self.chance(), now + SESSION_LASTS)

    def entry(self, now: datetime) -> str:
        """A key that begins a session, once, and is valid for nothing else."""
        return self._of("entry", self.password).dumps([self.chance(), int((now + ENTRY_LASTS).timestamp())])

    def opened_entry(self, sealed: str, now: datetime) -> Session | None:
        """The id and the expiry of a key that was made by `entry`."""
        match _opened(self._of("entry", self.password), sealed):
            case [str(id_), int(until)] if now.timestamp() < until:
                return Session(id_, datetime.fromtimestamp(until, now.tzinfo))
        return None

    def session(self, session: Session) -> str:
        """The value of a session's cookie."""
        return self._session().dumps([session.id, int(session.until.timestamp())])

    def opened_session(self, sealed: str, now: datetime) -> Session | None:
        match _opened(self._session(), sealed):
            case [str(id_), int(until)] if now.timestamp() < until <= (now + 2 * SESSION_LASTS).timestamp():
                return Session(id_, datetime.fromtimestamp(until, now.tzinfo))
        return None

    def visit(self, visit: Visit, now: datetime) -> str:
        """The value of a visit's cookie."""
        return self._visit(is_known=visit.is_known).dumps([visit.id, int((now + A_YEAR).timestamp())])

    def opened_visit(self, sealed: str, now: datetime) -> Visit:
        """The visit of a cookie, or a new one if it is not valid."""
        for is_known in (True, False):
            match _opened(self._visit(is_known=is_known), sealed):
                case [str(id_), int(until)] if now.timestamp() < until:
                    return Visit(id_, is_known)
        return Visit(self.chance(), is_new=True)

    def flash(self, text: str) -> str:
        return self._of("flash").dumps(text)

    def opened_flash(self, sealed: str) -> str:
        text = _opened(self._of("flash"), sealed)
        return text if isinstance(text, str) else ""

    def form_token(self, owner: str) -> str:
        """What every form of a session (or else of a visit) must send back."""
        return hmac.new(self.secret.encode(), f"form {owner}".encode(), hashlib.sha256).hexdigest()

    def _session(self) -> URLSafeSerializer:
        return self._of("session", self.password)

    def _visit(self, *, is_known: bool) -> URLSafeSerializer:
        return self._of("known visit", self.password) if is_known else self._of("visit")

    def _of(self, kind: str, more: str = "") -> URLSafeSerializer:
        how = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(f"{self.secret}\n{more}", salt=f"labelwatch {kind}", signer_kwargs=how)


def _opened(serializer: URLSafeSerializer, sealed: str) -> object:
    try:
        value: object = serializer.loads(sealed)
    except BadData:
        return None
    return value
