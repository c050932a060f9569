"""The board's one password: hashing, comparison, and protection against guessing."""

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
"""Wrong passwords from one source within WHILE; the next must wait."""
MANY = 50
"""... and from all unknown sources together: addresses can be forged, and behind a proxy all may look alike."""
WHILE = timedelta(minutes=15)


def hashed(password: str) -> str:
    """The hash of a password for the configuration: argon2id, with a salt of its own."""
    return PasswordHasher().hash(password)


def matches(kept: str, given: str) -> bool:
    """Whether the given password matches the configured one, a hash or plain text; in constant time."""
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
    """Checks passwords one at a time and delays guessing.

    Attempts are counted by source: a browser in which the right password was given before, else an address. Unknown
    sources are also counted together, so forged addresses gain nothing. They delay neither a known browser, nor an
    address from which the right password came, nor this machine, whose address cannot be forged.
    """

    def __init__(self, password: str, now: Callable[[], datetime]) -> None:
        self._password = password
        self._now = now
        self._turn = threading.Lock()
        self._wrong: dict[str, list[datetime]] = {}
        self._known = {"127.0.0.1", "::1"}
        self._proof = b""

    def try_in(self, given: str, *, address: str, visit: str = "") -> timedelta | None:
        """None = accepted; else how long to wait until the next attempt, zero if it may be at once.

        `visit` is that of a known browser, empty for others. An attempt that must wait is not logged, so that nobody
        can fill the log.
        """
        place = visit or address
        with self._turn:  # one at a time: computing a hash takes 64 MB
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
        """Programs send it with every request: a password that was right is recognised without hashing it again."""
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
