"""One shop at Ozon over its Seller API: the methods that read, their retries and their rate limit.

No method writes, except label tasks, which only print, and only on request (see enrichment.py).
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from pyrate_limiter import GCRA, Limiter, MonotonicClock, Rate, SingleBucketFactory, StateBucket
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from labelwatch.core import enrichment as core
from labelwatch.core.error_index import IndexReading
from labelwatch.core.posting import Posting
from labelwatch.net.proxy import proxy_for
from labelwatch.sources import Item, KeyInfo, LabelPdf, LabelUnavailable, Missing, SourceError, Trouble, Unreadable
from labelwatch.sources.ozon.enrichment import SINGLE, TRIES, Round
from labelwatch.sources.ozon.error_index import error_index
from labelwatch.sources.ozon.errors import DAMAGED, Answer
from labelwatch.sources.ozon.files import Files
from labelwatch.sources.ozon.label_task import label
from labelwatch.sources.ozon.parse import PAGE, Page, digest, key_info, one, page, read
from labelwatch.sources.ozon.repair import is_utf8
from labelwatch.sources.ozon.shop_info import Introduction, introduce
from labelwatch.sources.ozon.transport import HttpClient, sendable

T = TypeVar("T")
Pages = Generator[Sequence[Item], None, None]
Asking = Callable[[], Callable[[datetime | None], None]]
log = logging.getLogger(__name__)

UNFULFILLED = "/v4/posting/fbs/unfulfilled/list"
LISTED = "/v4/posting/fbs/list"
ROLES = "/v1/roles"

WATCHED = (
    "awaiting_approve",
    "awaiting_packaging",
    "awaiting_registration",
    "awaiting_deliver",
    "arbitration",
    "client_arbitration",
    "acceptance_in_progress",
    "not_accepted",
)
"""The statuses of postings still to be handed over that the list can filter by."""

_MOST_SINGLES = 20
_LONGEST_WAIT = 60.0
"""A longer pause than this ends the request: the next poll observes it."""
_WORTH_RETRYING = frozenset((Trouble.RATE_LIMITED, Trouble.OZON_DOWN, Trouble.OUT_OF_FILES))
# Analytics contain the warehouse's name; every other optional part contains the buyer or money.
_QUESTION = {"limit": PAGE, "sort_dir": "ASC", "with": {"analytics_data": True}}

# As many as there may be polls: with slow answers, hundreds wait at the same time.
_IN_FLIGHT = threading.BoundedSemaphore(320)
_limiters: dict[tuple[str, float], Limiter] = {}
_limiters_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Access:
    """A Client-Id with its key, and how Ozon is reached."""

    client_id: str
    api_key: str = field(repr=False)
    base_url: str
    requests_per_second: float
    timeout: timedelta
    """Of one whole request."""
    user_agent: str
    max_pages: int = 20_000
    proxy: str | None = None
    """None = from the environment, empty = none."""


class OzonSource:
    """One Client-Id and its key; see labelwatch.sources.Source.

    Every request is tried up to three times, with pauses by `sleep` (which may raise to stop early) and `jitter`
    (from 0 to 1). All sources of one Client-Id in a process share one rate. `asking` is called before each request,
    and its result with the time that the answer gives, if the answer was a valid one of Ozon's.
    """

    def __init__(
        self,
        access: Access,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
        asking: Asking = lambda: lambda told: None,
    ) -> None:
        self.requests = 0
        self._asking = asking
        self._client_id = access.client_id
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._max_pages = access.max_pages
        self._closed = False
        self._odd: set[str] = set()
        self._singles = _MOST_SINGLES
        self._limiter = _limiter(access.client_id, access.requests_per_second)
        headers = _headers(access.client_id, access.api_key, access.user_agent)
        through = proxy_for if (proxy := access.proxy) is None else lambda _: proxy
        self._http = HttpClient(
            access.base_url, headers, timeout=access.timeout, proxy=through, secret=sendable(access.api_key)
        )
        self._files = Files(access.base_url, access.user_agent, timeout=access.timeout, proxy=through)
        self._retrying = self._retries()

    def sweep(self) -> Pages:
        """All postings not yet handed over, page by page, empty pages left out.

        Complete only if it ends without an error. The next page is fetched while the current one is processed.
        """
        self._singles = _MOST_SINGLES
        now = self._clock()
        window = {"cutoff_from": _text(now - timedelta(days=90)), "cutoff_to": _text(now + timedelta(days=180))}
        return self._pages(UNFULFILLED, {**_QUESTION, "filter": {**window, "statuses": WATCHED}})

    def arrivals(self, since: datetime) -> Pages:
        """All postings that arrived since then, also in a status that no list can filter by."""
        window = {"since": _text(since), "to": _text(self._clock() + timedelta(days=1))}
        return self._pages(LISTED, {**_QUESTION, "filter": window})

    def read(self, item: Item, odd: Callable[[Unreadable], object] = lambda _: None) -> Posting:
        """Decode one item; raises Unreadable, and SourceError if it shows that its page was damaged in transit."""
        if not is_utf8(item.raw):
            raise SourceError(Trouble.NOT_UNDERSTOOD, f"$.postings[{item.index}]: {DAMAGED}")

        def noted(one: Unreadable) -> None:
            if one.field not in self._odd:
                self._odd.add(one.field)
                log.warning("posting %s is read without its invalid values: %s", one.number, one)
            odd(one)

        return read(item, noted)

    def lookup(self, numbers: Sequence[str]) -> dict[str, Posting]:
        """Postings by number, in any status; what Ozon does not know or cannot be read is left out.

        One request for a hundred orders, then one for each posting missing from its order: at most twenty of these
        after a sweep, others every minute. Raises SourceError if the orders cannot be requested; what fails later is
        left out.
        """
        wanted = frozenset(numbers)
        found = self._by_order(wanted)
        minute = int(self._clock().timestamp()) // 60
        alone = _shuffled(wanted - found.keys(), minute)[: self._singles]
        self._singles -= len(alone)
        return found | self._one_by_one(alone)

    def key_info(self) -> KeyInfo:
        """What the key may do and until when, by /v1/roles."""
        return self._ask(ROLES, None, key_info)

    def error_index(self, since: datetime) -> IndexReading:
        """The error index of the shop, and the orders that moved it since then."""
        return error_index(self._ask, since=since, until=self._clock())

    def introduce(self) -> Introduction:
        """The shop's name and delivery methods; what the key may not read is left out. Raises SourceError."""
        return introduce(self._ask)

    def ask(
        self, questions: Sequence[core.Question], known: core.Answers, *, budget: int
    ) -> dict[core.Question, core.Answer]:
        """What else Ozon knows about postings that are late; see labelwatch.sources.Source."""
        put = Round(self._ask, sent=lambda: self.requests, clock=self._clock, known=known, budget=budget)
        return put.ask(questions)

    def label(self, number: str) -> LabelPdf | LabelUnavailable:
        """The label of a posting that offers one, in memory only; see labelwatch.sources.Source."""
        return label(number, send=self._ask, fetch=self._file, rest=self._rest)

    def close(self) -> None:
        """End running requests and refuse new ones."""
        self._closed = True
        self._http.close()
        self._files.close()

    def _by_order(self, wanted: frozenset[str]) -> dict[str, Posting]:
        # No method filters by posting number; an order's number is the posting's without its last part.
        orders = sorted({number.rpartition("-")[0] for number in wanted} - {""})
        now = self._clock()
        window = {"since": _text(now - timedelta(days=330)), "to": _text(now + timedelta(days=30))}
        found: dict[str, Posting] = {}
        for start in range(0, len(orders), PAGE):
            batch = {**window, "order_numbers": orders[start : start + PAGE]}
            for items in self._pages(LISTED, {**_QUESTION, "filter": batch}):
                found |= _readable(items, wanted=wanted)
        return found

    def _one_by_one(self, numbers: Sequence[str]) -> dict[str, Posting]:
        found: dict[str, Posting] = {}
        for number in numbers:
            try:
                item = self._ask(SINGLE, {"posting_number": number, "with": _QUESTION["with"]}, one)
            except SourceError as error:
                log.warning("Posting %s cannot be looked up: %s", number, error)
                if error.trouble is Trouble.NOT_UNDERSTOOD:
                    continue
                break  # any other error would affect the next one too
            found |= _readable([item] if item else [], wanted=frozenset((number,)))
        return found

    def _pages(self, path: str, question: Mapping[str, Any]) -> Pages:
        """Follow the cursor to the end, one page ahead of the caller; a list of one page needs no thread."""
        met = {""}
        before: list[int] = []
        size = 0
        ahead = ThreadPoolExecutor(1, thread_name_prefix=f"ozon-{self._client_id}")
        try:
            current = self._page(path, question, "")
            for _ in range(self._max_pages):
                digests = [item.digest for item in current.items]
                is_new = bool(digests) and digests != before
                size = len(digests) or size
                following = _following(current, met, path, is_stuck=bool(digests) and not is_new, size=size)
                if following:
                    met.add(following)
                    coming = ahead.submit(self._page, path, question, following)
                if is_new:
                    yield current.items
                if not following:
                    return
                before, current = digests, coming.result()
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)
        raise SourceError(Trouble.NOT_UNDERSTOOD, f"{path}: no end after {self._max_pages} pages")

    def _page(self, path: str, question: Mapping[str, Any], cursor: str) -> Page:
        return self._ask(path, {**question, "cursor": cursor}, page)

    def _ask(
        self, path: str, question: Mapping[str, Any] | None, understand: Callable[[Answer], T], *, tries: int = TRIES
    ) -> T:
        content = b"" if question is None else msgspec.json.encode(question)
        retrying = self._retrying if tries == TRIES else self._retrying.copy(stop=stop_after_attempt(tries))
        answer: T = retrying(self._once, path, content, understand)
        return answer

    def _once(self, path: str, content: bytes, understand: Callable[[Answer], T]) -> T:
        if self._closed:
            raise SourceError(Trouble.OZON_DOWN, f"{path}: not sent: shutting down")
        with _IN_FLIGHT:
            self._limiter.try_acquire(self._client_id)
            self.requests += 1
            answered = self._asking()
            answer = self._http.post(path, content)
        understood = understand(answer)
        answered(answer.told_at)  # not before: a proxy's answer may have another time
        return understood

    def _file(self, address: str) -> bytes | LabelUnavailable:
        if self._closed:
            return LabelUnavailable(Missing.NOT_REACHED, "not fetched: shutting down")
        with _IN_FLIGHT:
            return self._files.get(address)

    def _retries(self) -> Retrying:
        return Retrying(
            sleep=self._rest,
            stop=stop_after_attempt(TRIES),
            wait=self._pause,
            retry=retry_if_exception(self._is_worth_retrying),
            before_sleep=_log_retry,
            reraise=True,
        )

    def _rest(self, seconds: float) -> None:
        self._sleep(seconds)

    def _is_worth_retrying(self, error: BaseException) -> bool:
        if not isinstance(error, SourceError) or self._closed:
            return False
        return error.trouble in _WORTH_RETRYING and (error.retry_after or 0.0) <= _LONGEST_WAIT

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, SourceError) else None
        if asked is not None:
            return asked
        return 0.5 * 2.0 ** (state.attempt_number - 1) * (1 + self._jitter())


def _following(current: Page, met: set[str], path: str, *, is_stuck: bool, size: int) -> str:
    """The cursor of the next page; empty at the end of the list. `size` is that of the last page with postings.

    A repeated cursor is the end too, after a page that is not full: Ozon's own example pairs has_next with a cursor
    that never changes, so trusting has_next alone never ends.
    """
    if not current.has_next:
        return ""
    if not current.cursor:
        raise SourceError(Trouble.NOT_UNDERSTOOD, f"{path}: there are more pages, but no cursor to ask for them")
    if current.cursor in met:
        if size >= PAGE:
            raise SourceError(Trouble.NOT_UNDERSTOOD, f"{path}: the same cursor again after a full page")
        return ""
    if is_stuck:
        raise SourceError(Trouble.NOT_UNDERSTOOD, f"{path}: the same page again under a new cursor")
    return current.cursor


def _headers(client_id: str, api_key: str, user_agent: str) -> dict[str, str]:
    return {
        "Client-Id": client_id,
        "Api-Key": api_key,
        "User-Agent": user_agent,
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }


def _shuffled(numbers: Iterable[str], minute: int) -> list[str]:
    """The numbers in an order that changes every minute: none is always last, or always behind one that fails."""
    return sorted(numbers, key=lambda number: digest(f"{minute} {number}".encode()))


def _readable(items: Sequence[Item], *, wanted: frozenset[str]) -> dict[str, Posting]:
    found = {}
    for item in items:
        try:
            posting = read(item)
        except Unreadable as error:
            log.warning("A posting looked up cannot be read: %s %s", error.number, error)
            continue
        if posting.number in wanted:
            found[posting.number] = posting
    return found


def _limiter(client_id: str, requests_per_second: float) -> Limiter:
    """The one limiter of a Client-Id: requests spread evenly, never a burst."""
    with _limiters_lock:
        key = (client_id, requests_per_second)
        if key not in _limiters:
            # 10 % slower than requested: with jitter, or a connection that opens while the next request waits, a
            # second still does not have too many.
            # The limiter counts whole milliseconds: beyond a thousand a second several must fit into one.
            burst = 1 + int(requests_per_second // 1000)
            rate = Rate(max(1, round(requests_per_second * 1000)), 1_100_000, burst=burst)
            bucket = StateBucket([rate], algorithm=GCRA(), clock=MonotonicClock())
            _limiters[key] = Limiter(SingleBucketFactory(bucket, schedule_leak=False), buffer_ms=0)
        return _limiters[key]


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info("%s; trying again in %.1f s", error, state.upcoming_sleep)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
