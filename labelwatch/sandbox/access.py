"""Authentication: header checks in Ozon's order and words, and the limit of requests per second."""

from collections import deque
from datetime import datetime

from labelwatch.sandbox.http import Refusal, Request, bad_request
from labelwatch.sandbox.shops import KeyState, Shop

# Wrong keys were observed as 404; for the others only the texts are documented, 403 with code 7 is most likely.
_STATES = {
    KeyState.DEACTIVATED: "Api-key is deactivated, use another one or generate a new one",
    KeyState.IP_RESTRICTED: "Api-Key is restricted to specific IP addresses",
    KeyState.OFFER_NOT_SIGNED: "Offer not signed",
    KeyState.BLOCKED: "client is blocked",
}


def shop_of(request: Request, shops: dict[str, Shop]) -> Shop:
    """The shop whose key the request has, or the refusal of Ozon."""
    client_id, key = request.client_id, request.headers.get("api-key", "")
    if not client_id or not key:
        raise Refusal(401, "Client-Id and Api-Key headers are required", code=16)
    if not (client_id.isascii() and client_id.isdigit() and int(client_id)):
        raise bad_request("Client-Id header value should be positive integer")
    shop = shops.get(client_id)
    if shop is None or key != shop.api_key:
        raise Refusal(404, "Invalid Api-Key, please check the key and try again", code=5)
    return shop


def allow(shop: Shop, path: str, *, now: datetime) -> None:
    """Refuse a disabled key or one without the role for this path; any key may request its own roles."""
    state = shop.key_state
    if shop.key_expires_at is not None and now >= shop.key_expires_at:
        state = KeyState.DEACTIVATED
    if state is not KeyState.ACTIVE:
        raise Refusal(403, _STATES[state], code=7)
    if path != "/v1/roles" and not any(role.opens(path) for role in shop.roles):
        raise Refusal(403, "Api-Key is missing a required role for a method", code=7)


class RateLimiter:
    """Allows `limit` requests per second for each Client-Id (None: no limit)."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._passed: dict[str, deque[float]] = {}

    def enter(self, client_id: str, tick: float) -> int | None:
        """How many more are allowed within this second; raises 429 if none are."""
        if self.limit is None:
            return None
        passed = self._passed.setdefault(client_id, deque())
        while passed and passed[0] <= tick - 1:
            passed.popleft()
        if len(passed) >= self.limit:
            headers = {"Retry-After": "1", "Ratelimit-Remaining": "0"}
            raise Refusal(429, "You have reached request rate limit per second", code=8, headers=headers)
        passed.append(tick)
        return self.limit - len(passed)
