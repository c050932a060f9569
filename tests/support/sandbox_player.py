"""A sandbox in play for a test: a world, a clock that stands still until told, and a client with a key."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from labelwatch.sandbox import Sandbox, TellableClock, World
from labelwatch.sandbox.scenarios.stage import HOME, arrival, both_shops
from labelwatch.sandbox.shops import Method, Shop

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
UNFULFILLED = "/v4/posting/fbs/unfulfilled/list"
LIST = "/v4/posting/fbs/list"
GET = "/v3/posting/fbs/get"
CREATE = "/v3/posting/fbs/package-label/create"
LABEL = "/v2/posting/fbs/package-label/get"
WIDE = {"cutoff_from": "2026-08-20T00:00:00Z", "cutoff_to": "2027-05-20T00:00:00Z"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client that speaks plain HTTP only: to read the trusted certificates takes longer than a short test."""
LONG = {"since": "2026-06-01T00:00:00Z", "to": "2027-05-01T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Play:
    sandbox: Sandbox
    clock: TellableClock
    client: httpx.Client

    def ask(self, path: str, body: Any = None, *, shop: Shop = HOME) -> httpx.Response:
        headers = {"Client-Id": shop.client_id, "Api-Key": shop.api_key}
        return self.client.post(path, json={} if body is None else body, headers=headers)

    def answer(self, path: str, body: Any = None, *, shop: Shop = HOME) -> Any:
        response = self.ask(path, body, shop=shop)
        assert response.status_code == 200, response.text
        return response.json()

    def posting(self, number: str, *, shop: Shop = HOME) -> Any:
        return self.answer(GET, {"posting_number": number}, shop=shop)["result"]

    def wait(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))


@contextmanager
def playing(world: World, *, requests_a_second: int | None = None) -> Iterator[Play]:
    clock = TellableClock(world.start, speed=0)
    with (
        Sandbox(world, clock, requests_a_second=requests_a_second) as sandbox,
        httpx.Client(base_url=sandbox.base_url, timeout=10, verify=NO_TLS) as client,
    ):
        yield Play(sandbox, clock, client)


def world_of(*postings: tuple[str, Method, str, bool]) -> World:
    """Two shops with these postings: number, delivery method, status, label offered."""
    world = both_shops(START)
    for number, method, status, label in postings:
        cutoff = timedelta(hours=30)
        world.plan(arrival(START, number, method=method, minutes=-60, cutoff=cutoff, status=status, label=label))
    return world


def pages(play: Play, path: str, body: dict[str, Any], *, shop: Shop = HOME, most: int = 50) -> list[Any]:
    """Every page of a list, by its cursor."""
    found = [play.answer(path, body, shop=shop)]
    while found[-1]["has_next"] and len(found) < most:
        found.append(play.answer(path, {**body, "cursor": found[-1]["cursor"]}, shop=shop))
    return found


def numbers(page: Any) -> list[str]:
    return [posting["posting_number"] for posting in page["postings"]]
