"""The arm with labelwatch: the real service code over a real SQLite, on virtual time.

    sandbox --bodies, in process--> OzonSource --> App.poll --> outbox --> App.tell --> webhook --> packer

In life each shop is polled every two minutes, and every thirty seconds while something is late there. To save time
most of that is left out here: a shop is polled when a limit or a deadline has just run out, every four minutes while
its postings change or something is told, and every eight minutes otherwise. So labelwatch is a little later here than
in life, never earlier.
"""

import json
import logging
import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from labelwatch.app import App, build
from labelwatch.channels import check_url, check_way
from labelwatch.config import load
from labelwatch.core.report import Report
from labelwatch.sandbox import Sandbox
from labelwatch.sandbox.http import Request
from labelwatch.service.clock import Clock
from labelwatch.service.scheduler import JUST_AFTER, PACE_WHILE_LATE
from labelwatch.sources.ozon.client import Access, OzonSource
from tests.outcome.arm import Arm, set_up
from tests.outcome.packer import Packer
from tests.outcome.staff import Person
from tests.outcome.timeline import Timeline
from tests.outcome.world import Site, Truth

Json = dict[str, Any]

EVERY = timedelta(minutes=4)
AT_LEAST = timedelta(minutes=8)
LIMITS = [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)]
"""What runs out so long after a change."""
LEFT_AT = [timedelta(hours=4), timedelta(hours=1), timedelta(0)]
TELL_AGAIN = timedelta(seconds=5)
"""What is due and could not go yet (its channel has just spoken) is tried again so soon."""
NEVER = datetime.min.replace(tzinfo=UTC)
HAND_OVER = time(9)
"""When the packers of each shop get the list of what is open, and of what new orders need before they are packed."""
TAKES_IT = 0.7
"""How often somebody who begins says so with the button."""


class InProcess(httpx.BaseTransport):
    """Carries requests to the sandbox and its answers back, bytes as they would cross the wire."""

    def __init__(self, sandbox: Sandbox, timeline: Timeline) -> None:
        self._sandbox, self._timeline = sandbox, timeline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items() if name != "accept-encoding"}
        answer = self._sandbox.answer(
            Request(
                method=request.method,
                path=request.url.path,
                headers=headers,
                content=request.read(),
                at=self._timeline.now(),
                tick=0,
            )
        )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)


class Phones(ThreadingHTTPServer):
    """A webhook that takes what every channel sends; the path says whose it is."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: SimpleQueue[tuple[str, Json]] = SimpleQueue()
        super().__init__(("127.0.0.1", 0), _Takes)

    def unread(self) -> Iterator[tuple[str, Json]]:
        while True:
            try:
                yield self.got.get_nowait()
            except Empty:
                return


class _Takes(BaseHTTPRequestHandler):
    server: Phones
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.put((self.path.strip("/"), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed for each message."""


@dataclass(slots=True)
class Polling:
    """How a shop stands with the poller: a poll that cannot differ from the last one is left out, never two."""

    site: Site
    moments: list[datetime]
    """When something falls due for its postings though none of them changes, in their order."""
    at_least: timedelta
    last: datetime = NEVER
    changes: int = -1
    is_calm: bool = False
    """Nothing was found or told at the last poll."""

    def may_differ(self, now: datetime, changes: int) -> bool:
        if now - self.last >= EVERY and (changes != self.changes or not self.is_calm):
            return True
        is_due = bisect_right(self.moments, self.last) < bisect_right(self.moments, now)
        return is_due or now - self.last >= self.at_least

    def after(self, now: datetime, changes: int, report: Report | None) -> None:
        if changes != self.changes:
            ahead = self.moments[bisect_right(self.moments, now) :]
            self.moments = sorted([*ahead, *(now + span for span in LIMITS)])
        self.is_calm = report is not None and report.complete and not report.changed and not report.told
        self.last, self.changes = now, changes


def moments_of(truth: Truth, site: Site) -> list[datetime]:
    """When the limits of the configuration run out for the orders of a shop."""
    own = [order for order in truth.orders.values() if order.site is site]
    due = [end - left for order in own for end in {order.deadline, order.cutoff} for left in LEFT_AT]
    return sorted(due + [order.came + timedelta(days=1) for order in own])


@dataclass(slots=True)
class Service:
    """labelwatch in the arm: when it polls and tells, and who reads."""

    arm: Arm
    app: App
    phones: Phones
    readers: dict[str, tuple[Person, Packer]]
    """Channel -> who reads it."""
    at_least: timedelta
    polling: dict[str, Polling] = field(default_factory=dict)
    polls: int = 0
    tells_at: datetime = NEVER

    def begin(self) -> None:
        start = self.arm.timeline.start
        for place, site in enumerate(self.arm.truth.sites):
            self.polling[site.shop.name] = Polling(site, moments_of(self.arm.truth, site), self.at_least)
            self.arm.timeline.at(start + timedelta(seconds=1 + place), partial(self._poll, site.shop.name))
            for day in range(ceil(self.arm.truth.lasts / timedelta(days=1)) + 1):
                self.arm.timeline.at(site.next(HAND_OVER, start) + timedelta(days=day), self._hand_shift_over)
        self.app.tell()  # the channels are new: each gets its first list at the next hand-over

    def _poll(self, shop: str) -> None:
        timeline, polling = self.arm.timeline, self.polling[shop]
        began, is_late, report = timeline.now(), True, None
        changes = self.arm.changes(polling.site.shop)
        if polling.may_differ(began, changes):
            report = self.app.poll(shop)
            self.polls += 1
            is_late = report is not None and report.late > 0
            polling.after(began, changes, report)
            if report is None or not report.complete:
                self.app.check_fresh()
            self._tell()
        pause = PACE_WHILE_LATE if is_late else EVERY
        if report is not None and report.next_due_in is not None:
            pause = min(pause, report.next_due_in + JUST_AFTER)
        timeline.at(began + pause, partial(self._poll, shop))

    def _hand_shift_over(self) -> None:
        """Queue the lists that are due now, which a service looks for every few seconds."""
        self.app.tell()
        self._deliver(self.arm.timeline.now())

    def _deliver(self, now: datetime) -> None:
        """Hand what was sent to its readers, and come back when the next is due."""
        for channel, body in self.phones.unread():
            self._hand_over(channel, body, now)
        self._come_back(self.app.store.outbox.next_due(), now)

    def _tell(self) -> None:
        """Send what is due."""
        now, due = self.arm.timeline.now(), self.app.store.outbox.next_due()
        if due is None or due > now:
            self._come_back(due, now)
            return
        self.app.tell()
        self._deliver(now)

    def _come_back(self, due: datetime | None, now: datetime) -> None:
        if due is not None and not now < self.tells_at <= max(due, now + TELL_AGAIN):
            self.tells_at = max(due, now + TELL_AGAIN)
            self.arm.timeline.at(self.tells_at, self._tell)

    def _hand_over(self, channel: str, body: Json, now: datetime) -> None:
        person, packer = self.readers[channel]
        self.arm.hear(person, body["labelwatch"])
        dice = Random(f"{self.arm.truth.seed} reads {[one['posting_number'] for one in body['labelwatch']]}")
        self.arm.timeline.at(person.reads_at(now, dice), lambda: self._read(person, packer, body, dice))

    def _read(self, person: Person, packer: Packer, body: Json, dice: Random) -> None:
        now = self.arm.timeline.now().isoformat()
        for number in packer.takes(body):
            if dice.random() < TAKES_IT:
                self.app.actions.acknowledge(number, by=person.name, note="", shop=person.shop.name)
        for plan in packer.hears(body, now):
            if any(action == "renew_key" for action, _ in plan["steps"]):
                self.arm.timeline.after(5, partial(self._renew_key, person))
            else:
                self.arm.staff.follow(person, plan, packer.may)

    def _renew_key(self, person: Person) -> None:
        """The new key goes into the file, and labelwatch is started again: it reads the shop at once."""
        connect(self.app, self.arm, person.shop.client_id)
        self.app.poll(person.shop.name, even_if_paused=True)


def connect(app: App, arm: Arm, client_id: str) -> None:
    """The way of a shop to the sandbox, by the key that it has now."""
    shop = arm.sandbox.world.shops[client_id]
    source = OzonSource(
        Access(
            client_id,
            shop.api_key,
            base_url="http://sandbox",
            requests_per_second=1e6,
            timeout=timedelta(seconds=30),
            user_agent="labelwatch",
            proxy="",
        ),
        clock=arm.timeline.now,
        sleep=arm.timeline.sleep,
        jitter=lambda: 0.5,
        asking=app.time.asking,
    )
    client = httpx.Client(transport=InProcess(arm.sandbox, arm.timeline), trust_env=False)
    source._http._client = lambda path: nullcontext(client)  # type: ignore[method-assign, assignment, return-value]
    app.sources.opened[shop.name] = source


@contextmanager
def quiet() -> Iterator[None]:
    """What labelwatch logs is kept back meanwhile."""
    log = logging.getLogger("labelwatch")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def labelwatch(truth: Truth, at_least: timedelta = AT_LEAST) -> Iterator[Arm]:
    """The same staff, and labelwatch; each shop is polled so often at least."""
    arm = set_up("labelwatch", truth)
    timeline, phones = arm.timeline, Phones()
    threading.Thread(target=phones.serve_forever, args=(0.05,), daemon=True).start()
    clock = Clock(now=timeline.now, monotonic=timeline.monotonic, sleep=timeline.sleep)
    with quiet(), TemporaryDirectory(prefix="labelwatch-outcome-", dir=_memory()) as folder:
        file = Path(folder, "labelwatch.toml")
        file.write_text(configuration(truth, phones.server_port), "utf-8")
        file.chmod(0o600)
        config = load(file, environ={}, check_url=check_url, check_way=check_way)
        with build(config, clock=clock, alone=True) as app:
            arm.app = app
            for site in truth.sites:
                connect(app, arm, site.shop.client_id)
            readers = {f"{one.name}-{one.shop.client_id}": (one, Packer()) for one in arm.people}
            Service(arm, app, phones, readers, at_least).begin()
            yield arm
    phones.shutdown()
    phones.server_close()


def _memory() -> str | None:
    """A folder in memory where there is one: a disk's own speed is not what is measured here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def configuration(truth: Truth, port: int) -> str:
    """The file, as a seller of four shops would write it."""
    head = (
        'language = "en"\ntimezone = "UTC"\n[store]\nurl = "sqlite:///labelwatch.db"\n'
        '[ozon]\nbase_url = "http://127.0.0.1:9"\nevery = "2m"\n'
    )
    return head + "".join(_tables(site, port) for site in truth.sites)


def _tables(site: Site, port: int) -> str:
    shop = site.shop
    pick_up = f'handover_at = "{site.pick_up:%H:%M}"\ntimezone = "{site.zone}"\n' if site.pick_up else ""
    common = f'shops = [{json.dumps(shop.name, ensure_ascii=False)}]\ntimezone = "{site.zone}"\n'
    return (
        f'[[shop]]\nname = {json.dumps(shop.name, ensure_ascii=False)}\nclient_id = "{shop.client_id}"\n'
        f'api_key = "{shop.api_key}"\n{pick_up}'
        f'[[channel]]\nname = "packers-{shop.client_id}"\nurl = "json://127.0.0.1:{port}/packers-{shop.client_id}"\n'
        f'{common}quiet_hours = "20:00-08:30"\nhandover = ["{HAND_OVER:%H:%M}"]\n'
        f'[[channel]]\nname = "owner-{shop.client_id}"\nurl = "json://127.0.0.1:{port}/owner-{shop.client_id}"\n'
        f'{common}severity = "critical"\nquiet_hours = "23:30-07:30"\n'
    )
