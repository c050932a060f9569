"""The board's one password: made into a hash, compared, and guarded against guessing."""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from labelwatch.config.together import HASHED
from labelwatch.config.together import SHORTEST as SHORTEST

log = logging.getLogger(__name__)

FEW = 5
"""Wrong passwords from one place within WHILE; the next must wait."""
MANY = 50
"""... and from all strangers together: addresses can be made up, and behind a proxy all may look alike."""
WHILE = timedelta(minutes=15)


def hashed(password: str) -> str:
    """The password as it may stand in a file: argon2id, with a salt of its own."""
    return PasswordHasher().hash(password)


def matches(kept: str, given: str) -> bool:
    """Whether the password given is the one that is kept, as a hash or as it is; takes equally long either way."""
    if not kept.startswith(HASHED):
        return hmac.compare_digest(_digest(kept), _digest(given))
    with suppress(Argon2Error, InvalidHashError):
        return PasswordHasher().verify(kept, _bytes(given))
    return False


def _digest(text: str) -> bytes:
    return hashlib.sha256(_bytes(text)).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class LoginThrottle:
    """Lets the right password in, one try at a time, and makes those wait who guess.

    Tries are counted by place: a browser in which the right password was given before, else an address. Strangers
    are counted together as well, so who makes up addresses gains nothing. They hold up neither a browser that is
    known nor an address from which the right one came, nor this machine, which nobody can make up.
    """

    def __init__(self, password: str, now: Callable[[], datetime]) -> None:
        self._password = password
        self._now = now
        self._turn = threading.Lock()
        self._wrong: dict[str, list[datetime]] = {}
        self._known = {"127.0.0.1", "::1"}
        self._proof = b""

    def try_in(self, given: str, *, address: str, visit: str = "") -> timedelta | None:
        """None = come in; else how long to wait until the next try, nothing if that may be at once.

        `visit` is that of a browser that is known, empty for others. What is not even tried is not logged: nobody
        can fill the log.
        """
        place = visit or address
        with self._turn:  # one after the other: a hash takes 64 MB while it is computed
            now, is_known = self._now(), bool(visit) or address in self._known
            wait = self._wait(place, now, is_known=is_known)
            if wait:
                return wait
            if self._is_right(given):
                self._wrong.pop(place, None)
                self._known.add(address)
                return None
            self._wrong.setdefault(place, []).append(now)
            wait = self._wait(place, now, is_known=is_known)
            log.warning("board: a wrong password from %s%s", address, f"; the next try in {wait}" if wait else "")
            return wait

    def _is_right(self, given: str) -> bool:
        """Programs send it with every question: what was right once is recognised without hashing it again."""
        digest = _digest(given)
        if self._proof and hmac.compare_digest(digest, self._proof):
            return True
        is_right = matches(self._password, given)
        self._proof = digest if is_right else self._proof
        return is_right

    def _wait(self, place: str, now: datetime, *, is_known: bool) -> timedelta:
        recent = {key: kept for key, times in self._wrong.items() if (kept := _since(times, now))}
        self._wrong = recent
        waits = [_until_fewer(recent.get(place, []), FEW, now)]
        if not is_known:
            waits.append(_until_fewer(sorted(at for times in recent.values() for at in times), MANY, now))
        return max(waits)


def _since(times: list[datetime], now: datetime) -> list[datetime]:
    return [at for at in times if timedelta(0) <= now - at < WHILE]


def _until_fewer(times: list[datetime], than: int, now: datetime) -> timedelta:
    return times[-than] + WHILE - now if len(times) >= than else timedelta(0)
