"""The fake Ozon Seller API: a world, a clock, a server, and the log of requests."""

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from labelwatch.sandbox import control
from labelwatch.sandbox.access import RateLimiter, allow, shop_of
from labelwatch.sandbox.call import Call
from labelwatch.sandbox.control import Controlled, Seen
from labelwatch.sandbox.fault_responses import instead, misheard, packed, spoiled
from labelwatch.sandbox.faults import Fault
from labelwatch.sandbox.http import Answer, Refusal, Request
from labelwatch.sandbox.labels import LabelTasks
from labelwatch.sandbox.methods import METHODS
from labelwatch.sandbox.posting_index import dump
from labelwatch.sandbox.server import Server
from labelwatch.sandbox.world import World

REQUESTS_A_SECOND = 50
REMEMBERED = 100_000
FILES = "/files/"
_UNKNOWN = Answer(status=404, body=b"404 page not found\n", type="text/plain; charset=utf-8")


class Sandbox:
    """A fake Ozon Seller API on 127.0.0.1, listening from the start; `with` closes it.

    `requests_a_second` is the limit per Client-Id, None switches it off. Port 0 takes a free one.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        *,
        port: int = 0,
        requests_a_second: int | None = REQUESTS_A_SECOND,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world, self.clock = world, clock
        self._turnstile = RateLimiter(requests_a_second)
        self._turning = threading.Lock()
        self._log: deque[Seen] = deque(maxlen=REMEMBERED)
        self._traces = itertools.count(1)
        self._server = Server(self.answer, port=port, clock=clock, ticks=ticks)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._desk = LabelTasks(world, lambda name: f"{self.base_url}{FILES}{name}")
        self._server.start()

    @property
    def requests(self) -> list[Seen]:
        """The requests to the API so far, oldest first, without control requests."""
        return list(self._log)

    def fault(self, fault: Fault) -> None:
        """Start a fault now."""
        self.world.faults.add(fault, now=self.clock())

    def close(self) -> None:
        """Stop answering and end open connections."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, request: Request) -> Answer:
        """The answer to a request, over the network or from within this process."""
        if request.path.startswith(control.PREFIX):
            return control.answer(Controlled(self.world, self.clock, self._log), request)
        answer = self._answer(request)
        self._remember(request, answer.status)
        trace = {"x-o3-trace-id": f"{next(self._traces):032x}", **answer.headers}
        return packed(replace(answer, headers=trace), request.headers.get("accept-encoding", ""))

    def _answer(self, request: Request) -> Answer:
        with self.world.lock:
            self.world.advance(request.at)
            fault = self.world.faults.for_request(request)
        if fault is None:
            return self._truth(request)
        return instead(fault) or spoiled(fault, self._truth(misheard(fault, request)), asked=request)

    def _truth(self, request: Request) -> Answer:
        """The answer without any fault."""
        if request.path.startswith(FILES):
            return self._file(request.path.removeprefix(FILES))
        if request.path not in METHODS:
            return _UNKNOWN
        if request.method != "POST":
            return Answer(status=405, headers={"Allow": "POST"})
        try:
            return self._admitted(request)
        except Refusal as refusal:
            return refusal.answer()

    def _admitted(self, request: Request) -> Answer:
        shop = shop_of(request, self.world.shops)
        with self._turning:
            left = self._turnstile.enter(shop.client_id, request.tick)
        allow(shop, request.path, now=request.at)
        with self.world.lock:
            call = Call(world=self.world, delivery=self._desk, shop=shop, body=request.json())
            answer = METHODS[request.path](call)
        headers = {} if left is None else {"Ratelimit-Remaining": str(left)}
        return Answer(body=answer if isinstance(answer, bytes) else dump(answer), headers=headers)

    def _file(self, name: str) -> Answer:
        with self.world.lock:
            content = self._desk.file(name)
        return Answer(body=content, type="application/octet-stream") if content else _UNKNOWN

    def _remember(self, request: Request, status: int) -> None:
        body: Any = None
        with contextlib.suppress(Refusal):
            body = request.json()
        self._log.append(
            Seen(
                at=request.at,
                tick=request.tick,
                method=request.method,
                path=request.path,
                client_id=request.client_id,
                body=body,
                status=status,
            )
        )
