"""The service: which shop is polled when, in one process, until it is stopped.

Polls run in as many threads as wait for Ozon at the same time; each plans its successor when it ends, so neither a
clock change nor a long sleep leaves a backlog of missed runs. Each channel with something to send has a thread as
well, until nothing is due for it, so a slow one delays no other. APScheduler runs the rest. The main thread watches
the clock, stops everything on a signal, and feeds systemd's watchdog while the work makes progress.
"""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from labelwatch.service.poll_queue import PollQueue
from labelwatch.service.systemd import Notify
from labelwatch.store import StoreError

T = TypeVar("T")
log = logging.getLogger(__name__)

TELL_EVERY = timedelta(seconds=1)
FRESH_EVERY = timedelta(seconds=10)
STORE_EVERY = timedelta(seconds=2)
WRITE_EVERY = timedelta(seconds=1)
PACE_WHILE_LATE = timedelta(seconds=30)
JUST_AFTER = timedelta(seconds=1)
"""A shop is read this long after a deadline or an escalation step, to notify of it."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the clock while no shop is due."""
APART = timedelta(seconds=1)
"""The first polls of two shops are at most this far apart, and closer if the intervals are shorter."""
POLLS_AT_ONCE = 320
"""Polls that may wait for Ozon at the same time: with answers that take a second, more than 200 polls a second."""
STATUS_EVERY = timedelta(seconds=30)
NO_PROGRESS = timedelta(minutes=3)
"""A message that takes longer than this is stuck: each send has a much shorter deadline."""
STOP_WITHIN = timedelta(seconds=5)


class Polled(Protocol):
    """The result of a poll, as far as the scheduler needs it."""

    @property
    def late(self) -> int:
        """How many labels are late in the shop."""

    @property
    def next_due_in(self) -> timedelta | None:
        """How long after the poll something falls due that the next poll has to see in time; None = nothing."""


class Work(Protocol):
    """The jobs of the service."""

    @property
    def timezone(self) -> str:
        """IANA zone of the nightly clean-up and of the audit."""

    def shops(self) -> list[tuple[str, timedelta]]:
        """The enabled shops and how often each is polled."""

    def poll(self, shop: str) -> Polled | None:
        """One poll; None = it was not due or was abandoned."""

    def due_channels(self) -> Collection[str]:
        """The channels with something to send."""

    def send(self, channel: str) -> bool:
        """Send the next message of a channel; whether there may be more."""

    def check_fresh(self) -> None:
        """Report shops that were not read for too long."""

    def write_unchanged(self) -> None:
        """Write what is known of the polls that changed nothing; called once more at the end."""

    def check_store(self) -> None:
        """Notify people when nothing can be written."""

    def maintain(self) -> object:
        """The nightly clean-up."""

    @property
    def audit_at(self) -> time | None:
        """The time of day of the audit, in `timezone`; None = never."""

    def audit(self, shop: str) -> object:
        """Compare the settings of a shop at Ozon with those read before."""

    def abandon(self) -> None:
        """Abort everything that waits for an answer: there is no time left for it."""

    def clock_moved(self) -> timedelta:
        """By how much the wall clock was set, or slept, since the last call."""

    def poll_limit(self, shop: str) -> timedelta:
        """How long one poll of this shop may take before it is abandoned."""

    def status(self) -> str:
        """One line for systemctl status."""


@dataclass(slots=True)
class Progress:
    """When each kind of work last began and ended, in monotonic seconds."""

    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)


class Service:
    """`run()` returns when `stop` is set, after all running jobs have ended or been abandoned."""

    def __init__(
        self,
        work: Work,
        *,
        stop: threading.Event,
        notify: Notify,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        tick: timedelta = timedelta(seconds=1),
    ) -> None:
        self.work = work
        self.stop = stop
        self.notify = notify
        self.wall = wall
        self.monotonic = monotonic
        self.tick = tick
        self.progress = Progress()
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.busy: dict[str, float] = {}
        """Shop -> since when it is being polled, in monotonic seconds."""
        self.sending: set[str] = set()
        """The work of the channels that have something to send, by name."""
        self.status_due = 0.0
        self.failing: dict[str, str] = {}
        self.every = dict(work.shops())
        self.queue = PollQueue(self.every)
        self.polled_at = monotonic()
        self.polls = futures.ThreadPoolExecutor(max(1, min(POLLS_AT_ONCE, len(self.every))), "poll")
        self.jobs: dict[str, tuple[Callable[[], object], timedelta]] = {
            "tell": (self._tell, TELL_EVERY),
            "fresh": (work.check_fresh, FRESH_EVERY),
            "store": (work.check_store, STORE_EVERY),
            "unchanged": (work.write_unchanged, WRITE_EVERY),
        }
        self.scheduler = _scheduler()

    def run(self) -> None:
        """Plan everything, report that the service is ready, and supervise it until it is stopped."""
        self.work.clock_moved()
        with self.lock:
            self._plan_all()
        nightly = CronTrigger(hour=4, minute=17, timezone=ZoneInfo(self.work.timezone))
        self.scheduler.add_job(self._guarded, nightly, args=["maintain", self.work.maintain], id="maintain")
        self._plan_audits()
        self.scheduler.start()
        self.notify("READY=1")
        log.info("watching: %s", _some(list(self.every)))
        threading.Thread(target=self._poll_what_is_due, name="polls", daemon=True).start()
        while not self.stop.wait(self.tick.total_seconds()):
            with self.lock:
                self._check_clock()
            self._report()
        self._shut_down()

    def _plan_audits(self) -> None:
        """Audit every shop now and once a day."""
        if (at := self.work.audit_at) is None:
            return
        daily = CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=ZoneInfo(self.work.timezone))
        self.scheduler.add_job(self._audit, daily, id="audit", executor="audit", next_run_time=self._now())

    def _audit(self) -> None:
        for shop in self.every:
            self._guarded(f"audit {shop}", partial(self.work.audit, shop))

    def _check_clock(self) -> None:
        """Only under the lock: after a clock change everything is planned before any other job continues."""
        if self.work.clock_moved():
            log.warning("the clock has jumped: planning all jobs again")
            self._plan_all()

    def _plan_all(self) -> None:
        """Plan everything from now on, shop after shop; running jobs plan their successors when they end. Only
        under the lock."""
        apart = min(APART, *(every / len(self.every) for every in self.every.values())) if self.every else APART
        now, began = self._now(), self.monotonic()
        steps = ((began + place * apart.total_seconds(), shop) for place, shop in enumerate(self.every))
        self.queue.plan_all(step for step in steps if step[1] not in self.busy)
        self.changed.notify_all()
        for name, (_, every) in self.jobs.items():
            self._plan(name, now if name == "tell" else now + every)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), UTC)

    def _plan(self, name: str, at: datetime) -> None:
        """Only under the lock: a time read before the clock was set must not be used after the next planning."""
        if not self.stop.is_set():
            when, executor = DateTrigger(at, timezone=UTC), "sending" if name == "tell" else "default"
            self.scheduler.add_job(self._do, when, args=[name], id=name, executor=executor, replace_existing=True)

    def _do(self, name: str) -> None:
        """One of the jobs, which plans its successor when it ends."""
        job, every = self.jobs[name]
        self._guarded(name, job)
        with self.lock:
            self._plan(name, self._now() + every)

    def _tell(self) -> None:
        """Begin to send over each channel that has something to send, in a thread of its own."""
        for channel in self.work.due_channels():
            name = f"tell {channel}"
            with self.lock:
                if name in self.sending:
                    continue
                self.sending.add(name)
            threading.Thread(target=self._send, args=[name, channel], name=name, daemon=True).start()

    def _send(self, name: str, channel: str) -> None:
        """Send message after message until nothing is due for the channel."""
        try:
            while self._guarded(name, partial(self.work.send, channel)):
                pass
        finally:
            with self.lock:
                self.sending.discard(name)

    def _poll_what_is_due(self) -> None:
        """Begin one poll after another, each in a thread of its own, until the service is stopped."""
        with self.changed:
            while not self.stop.is_set():
                # All polls may be due at once because the clock was set, before any check noticed it.
                self._check_clock()
                now = self.monotonic()
                shop = self.queue.next(now) if len(self.busy) < POLLS_AT_ONCE else None
                if shop is None:
                    due_in = self.queue.due_in(now) if len(self.busy) < POLLS_AT_ONCE else None
                    self.changed.wait(min(due_in, LOOK_EVERY) if due_in is not None else LOOK_EVERY)
                else:
                    self.busy[shop] = self.polled_at = now
                    self.polls.submit(self._poll, shop)

    def _poll(self, shop: str) -> None:
        began, polled = self.monotonic(), None
        try:
            polled = self._guarded(f"poll {shop}", lambda: self.work.poll(shop))
        finally:
            wait = self._pause(shop, polled, lasted=timedelta(seconds=self.monotonic() - began))
            with self.changed:
                self.busy.pop(shop, None)
                self.queue.plan(shop, self.monotonic() + wait.total_seconds())
                self.changed.notify()

    def lag(self) -> float:
        """For how many seconds the shop has been due that is due for longest; 0 = none waits."""
        with self.lock:
            return self.queue.lag(self.monotonic())

    def _pause(self, shop: str, polled: Polled | None, *, lasted: timedelta) -> timedelta:
        """How long to pause between polls of a shop: shorter while something is late, and not beyond what is due."""
        every = self.every[shop]
        pace = min(every, PACE_WHILE_LATE) if polled is not None and polled.late else every
        wait = max(pace - lasted, timedelta(0))
        if polled is None or polled.next_due_in is None:
            return wait
        return min(wait, polled.next_due_in + JUST_AFTER)

    def _guarded(self, name: str, job: Callable[[], T]) -> T | None:
        """Run a job; an exception is logged and does not end the service."""
        if self.stop.is_set():
            return None
        self.progress.began[name] = self.monotonic()
        try:
            done = job()
            if self.failing.pop(name, None) is not None:
                log.info("%s works again", name)
            return done
        except Exception as error:
            self._log_failure(name, error)
            return None
        finally:
            self.progress.ended[name] = self.monotonic()

    def _log_failure(self, name: str, error: Exception) -> None:
        """Log a repeated error only once: some jobs run every second."""
        if self.failing.get(name) == repr(error):
            return
        self.failing[name] = repr(error)
        # The message of the database describes the error; the traceback would add nothing.
        log.error("%s failed: %s", name, error, exc_info=not isinstance(error, StoreError))

    def _report(self) -> None:
        """Feed the watchdog, but only while the jobs make progress: a process that makes none is restarted."""
        stuck = self.stuck()
        if stuck is None:
            self.notify("WATCHDOG=1")
            self._report_status()
        else:
            self.notify(f"STATUS=stuck: {stuck}")
            log.error("%s makes no progress", stuck)

    def _report_status(self) -> None:
        """Update what `systemctl status` shows; reads the database, so not at every tick."""
        now = self.monotonic()
        if now < self.status_due:
            return
        self.status_due = now + STATUS_EVERY.total_seconds()
        status = self._guarded("status", self.work.status)
        if status is not None:
            self.notify(f"STATUS={status}")

    def stuck(self) -> str | None:
        """The name of a job that runs longer than it can, or that should have started again long ago."""
        now, patience = self.monotonic(), NO_PROGRESS.total_seconds()
        with self.lock:
            polls, lag = dict(self.busy), self.queue.lag(now)
            pauses = {name: every for name, (_, every) in self.jobs.items()}
            pauses |= dict.fromkeys(self.sending, timedelta(0))
        for shop, began in polls.items():
            if now - began > 2 * self.work.poll_limit(shop).total_seconds():
                return f"poll {shop}"
        if lag > patience and now - self.polled_at > patience:
            return "polls"
        for name, pause in pauses.items():
            began, ended = self.progress.began.get(name, now), self.progress.ended.get(name, -1.0)
            waits = now - began if ended < began else now - ended - 3 * pause.total_seconds()
            if waits > patience:
                return name
        return None

    def _shut_down(self) -> None:
        """Start nothing more, and give running jobs a little time; what they have not written is lost."""
        self.notify("STOPPING=1")
        log.info("stopping")
        # APScheduler fails on its own one-shot jobs when it is shut down while submitting them.
        self.scheduler.pause()
        self.scheduler.get_jobs()
        self.scheduler.shutdown(wait=False)
        with self.changed:
            self.changed.notify_all()
        self.polls.shutdown(wait=False, cancel_futures=True)
        self.work.abandon()
        deadline = self.monotonic() + STOP_WITHIN.total_seconds()
        while self._under_way() and self.monotonic() < deadline:
            threading.Event().wait(0.05)
        if self._under_way():
            log.warning("abandoned: %s", _some(self._under_way()))
        try:
            self.work.write_unchanged()
        except StoreError as error:
            log.warning("the last polls are not recorded: %s", error)

    def _under_way(self) -> list[str]:
        began, ended = dict(self.progress.began), dict(self.progress.ended)
        return [name for name, at in began.items() if ended.get(name, -1.0) < at]


def _some(names: Sequence[str], most: int = 20) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more or "no shop"


def _scheduler() -> BackgroundScheduler:
    return BackgroundScheduler(
        timezone=UTC,
        executors={
            "sending": ThreadPoolExecutor(1),
            "default": ThreadPoolExecutor(4),
            "audit": ThreadPoolExecutor(1),
        },
        # Two instances: a job plans its successor before it has ended, and an extra instance is dropped for ever.
        # None: a late run is still wanted; the default of one second drops it.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2},
    )
