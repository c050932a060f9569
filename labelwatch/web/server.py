"""The board's HTTP server: in a thread of its own, with limited resources, so that it cannot disturb the poller.

listen -> serve until `stop` -> (on any error: log it, pause, listen again)
"""

import asyncio
import logging
import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import h11
from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from labelwatch.app import App
from labelwatch.config import Address, Web
from labelwatch.service.systemd import Notify
from labelwatch.web.application import create

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(seconds=30)
STOPS_WITHIN = timedelta(seconds=4)
MOST_CONNECTIONS = 100
"""A process has some thousand file descriptors, and the poller needs its share of them."""
LARGEST_HEAD = 16 * 1024
REQUEST_WITHIN = timedelta(seconds=20)
IDLE = timedelta(seconds=5)


@dataclass(slots=True)
class Serving:
    """A board that is being served."""

    settings: Web
    stop: threading.Event
    url: str = ""
    """Where it answers now; empty = nowhere."""
    trouble: str = ""
    """Why it does not."""
    thread: threading.Thread | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    """Set when it first answers, or cannot."""

    def join(self) -> None:
        """Wait, not for long, until it has ended; `stop` must be set."""
        if self.thread is not None:
            self.thread.join(STOPS_WITHIN.total_seconds())

    def noting(self, notify: Notify) -> Notify:
        """Adds the board's trouble to the status for systemd."""

        def noted(state: str) -> None:
            has_more = state.startswith("STATUS=") and self.trouble
            notify(f"{state}; no board: {self.trouble}" if has_more else state)

        return noted


def start(app: App, settings: Web, *, stop: threading.Event, again_after: timedelta = AGAIN_AFTER) -> Serving:
    """Serve the board over an app until `stop` is set; never raises, and never ends the process."""
    serving = Serving(settings, stop)
    serving.thread = threading.Thread(
        target=_keep_serving, args=(serving, app, again_after), name="board", daemon=True
    )
    serving.thread.start()
    return serving


def _keep_serving(serving: Serving, app: App, again_after: timedelta) -> None:
    while not serving.stop.is_set():
        try:
            with ExitStack() as stack:
                sockets = [stack.enter_context(one) for one in listen(serving.settings.listen)]
                _serve(serving, create(app, serving.settings), sockets)
        except OSError as error:
            where = f"{serving.settings.listen.host}:{serving.settings.listen.port}"
            why = (error.strerror or str(error)).partition(" (")[0]
            _in_trouble(serving, f"cannot listen on {where}: {why}")
        except BaseException as error:  # uvicorn raises SystemExit, which a thread must catch
            log.exception("the board failed")
            _in_trouble(serving, f"it failed: {type(error).__name__}")
        serving.url = ""
        serving.ready.set()
        serving.stop.wait(again_after.total_seconds())


def _in_trouble(serving: Serving, why: str) -> None:
    if why != serving.trouble:
        log.critical("the board is not served, everything else continues: %s", why)
    serving.trouble = why


def listen(address: Address) -> list[socket.socket]:
    """Sockets on every address of that name; OSError if one cannot be bound."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    places = dict.fromkeys((family, where) for family, _, _, _, where in found)
    sockets: list[socket.socket] = []
    try:
        for family, where in places:
            both = family == socket.AF_INET6 and where[0] == "::" and socket.has_dualstack_ipv6()
            sockets.append(socket.create_server(where, family=family, backlog=64, dualstack_ipv6=both))
            if address.port == 0:
                break
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


def _serve(serving: Serving, board: ASGIApp, sockets: list[socket.socket]) -> None:
    host, port = sockets[0].getsockname()[:2]
    server = Server(
        Config(
            board,
            http=Bounded,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            # A proxy on this machine says who the client is; used only to count wrong passwords by source.
            proxy_headers=True,
            forwarded_allow_ips="127.0.0.1,::1",
            timeout_keep_alive=int(IDLE.total_seconds()),
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )
    serving.trouble, serving.url = "", f"http://{f'[{host}]' if ':' in host else host}:{port}"
    log.info("board: %s", serving.url)
    serving.ready.set()
    asyncio.run(_until_stopped(server, sockets, serving.stop))


async def _until_stopped(server: Server, sockets: list[socket.socket], stop: threading.Event) -> None:
    async def watch() -> None:
        while not stop.is_set():
            await asyncio.sleep(0.2)
        server.should_exit = True

    watching = asyncio.create_task(watch())
    await server.serve(sockets)
    watching.cancel()


class Bounded(H11Protocol):
    """A connection, limited in number and in the time of an unfinished request.

    uvicorn limits neither: a client with many idle connections would take all file descriptors. It requires a
    subclass of its own protocol.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept it; if there are too many, close the one that has waited longest without a whole request."""
        super().connection_made(transport)
        self.since = self.loop.time()
        # asyncio does not set it for sockets like ours; head and body are sent apart, and the second would wait.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.loop.call_later(REQUEST_WITHIN.total_seconds(), self._look, self.cycle)
        if len(self.connections) > MOST_CONNECTIONS:
            others = (one for one in self.connections if isinstance(one, Bounded) and one.is_waiting)
            # This one has sent nothing yet, so there is at least one; if all others are busy, it is this one.
            oldest = min(others, key=lambda one: one.since)
            self.connections.discard(oldest)  # at once: its end is reported later
            oldest.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is none. uvicorn would log an error if the body is wrong while the board answers, or
        after it has."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # what the board says of it is not sent
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for the client: it is idle, or has received a part of a request."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _look(self, before: object) -> None:
        """Close it if its request has not been completed in time, or even its head has not arrived."""
        if self.transport.is_closing():
            return
        is_done = self.cycle is not None and self.cycle.response_complete  # idle is limited elsewhere
        if self.cycle is before and not is_done:
            self.transport.abort()
        else:
            self.loop.call_later(REQUEST_WITHIN.total_seconds(), self._look, self.cycle)
