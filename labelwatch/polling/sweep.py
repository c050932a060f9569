"""Reads a shop page by page and keeps only what changed: sweep | arrivals | lookup | track.

Pages are processed one at a time. A posting with unchanged bytes costs a hash and an index lookup; a changed one is
decoded, tracked and put into the buffer, so memory does not grow with the number of open postings.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec

from labelwatch.core.lateness import LEFT, Watch, track
from labelwatch.core.posting import Known, Posting, Stage
from labelwatch.polling.buffer import Buffer
from labelwatch.sources import Item, Source, SourceError, Trouble, Unreadable
from labelwatch.store import Change, ShopState, Store

log = logging.getLogger(__name__)

LOOKUP_AT_ONCE = 100
"""Postings that left the list are requested in groups of this size: Ozon's limit for order_numbers."""

NO_DIGEST = 0

ARRIVALS_EVERY = 5
"""Polls between two requests for orders in a status that the list cannot filter by."""

ARRIVALS_OVERLAP = timedelta(hours=6)
"""What arrived shortly before the last reading is requested again: an order may appear late in the list."""

ARRIVALS_AT_MOST = timedelta(days=10)
"""The longest that Ozon gives a seller to prepare an order: what arrived earlier has shipped."""

BROKEN_SHARE = 0.2
"""If more of a sweep than this cannot be decoded, the postings are not the problem."""

BROKEN_AT_LEAST = 10


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Abandoned(Exception):  # noqa: N818 - not an error: it was requested
    """The service is shutting down: the poll stopped without writing anything."""


class SweepResult:
    """The result of one sweep: which postings were seen, and those that changed, buffered."""

    def __init__(
        self, *, shop: ShopState, watch: Watch, store: Store, source: Source, buffer: Buffer[Change]
    ) -> None:
        self.shop = shop
        self.watch = watch
        self.store = store
        self.source = source
        self.buffer = buffer
        self.postings = 0
        self.seen: set[int] = set()
        self.met: set[int] = set()
        self.broken: list[Unreadable] = []
        self.odd: dict[str, Unreadable] = {}
        """Field -> the first posting in which it is invalid, and that is read without it."""
        self.unseen: set[int] = set()
        self.is_arriving = False
        """Whether there is a new order that is still to be packed."""
        self.late: dict[str, Known] = {}
        """Changed postings that are already late; Ozon is asked about them before anything is written."""

    def sweep(self, now: Callable[[], datetime], stop: Callable[[], bool]) -> None:
        """Read every page; only what changed since it was stored is decoded."""
        for page in self.source.sweep():
            if stop():
                raise Abandoned
            same = self.store.postings.unchanged(self.shop.id, [item.digest for item in page])
            self.seen.update(same.values())
            self.postings += len(page)
            self._take([item for item in page if item.digest not in same], now())
        self._check_readable()

    def arrivals(self, now: Callable[[], datetime], stop: Callable[[], bool]) -> None:
        """Add recent arrivals that are not in the list: orders in a status that Ozon has never announced.

        Finished orders are left out, and so is what cannot be read. A failure only costs this answer: the shop has
        been read, and the next time requests the same again.
        """
        at = now()
        since = max(at - ARRIVALS_AT_MOST, (self.shop.read_at or at - ARRIVALS_AT_MOST) - ARRIVALS_OVERLAP)
        try:
            for page in self.source.arrivals(since):
                if stop():
                    raise Abandoned
                same = self.store.postings.unchanged(self.shop.id, [item.digest for item in page])
                self.seen.update(same.values())
                self._take_unlisted([item for item in page if item.digest not in same], now())
        except SourceError as error:
            log.warning("%s: orders in unannounced statuses cannot be requested: %s", self.shop.name, error)

    def lookup(self, now: Callable[[], datetime], stop: Callable[[], bool]) -> None:
        """Look up every posting that left the list; what cannot be looked up stays unchanged."""
        missing = [row for row in self.store.postings.open_ids(self.shop.id) if row not in self.seen]
        for start in range(0, len(missing), LOOKUP_AT_ONCE):
            if stop():
                raise Abandoned
            ids = missing[start : start + LOOKUP_AT_ONCE]
            known = {item.posting.number: item for item in self.store.postings.known_by_id(ids)}
            found = self._ask(list(known))
            for number, answered in found.items():
                # Requested singly, Ozon leaves the schema out.
                posting = replace(answered, schema=answered.schema or known[number].posting.schema)
                # No digest: the next version of it in the list is always decoded.
                self.met.add(hash(number))
                self._put(posting, NO_DIGEST, known[number], now())
            self.unseen.update(item.id for number, item in known.items() if number not in found and item.id)

    def complaints(self) -> dict[str, list[str]]:
        """The invalid field and the reason -> the numbers of the postings that have it."""
        found: dict[str, list[str]] = {}
        for one in self.broken:
            found.setdefault(f"{one.field}: {one.problem}", []).append(one.number or "?")
        return found

    def _ask(self, numbers: Sequence[str]) -> Mapping[str, Posting]:
        try:
            return self.source.lookup(numbers)
        except SourceError as error:
            log.warning(
                "%s: %d postings left the list and cannot be looked up: %s", self.shop.name, len(numbers), error
            )
            return {}

    def _take(self, fresh: Sequence[Item], seen_at: datetime) -> None:
        read = [pair for pair in map(self._read, fresh) if pair is not None]
        known = self.store.postings.known(self.shop.id, [posting.number for posting, _ in read]) if read else {}
        for posting, digest in read:
            if hash(posting.number) in self.met:  # it moved between two pages and came twice
                continue
            self.met.add(hash(posting.number))
            self._put(posting, digest, known.get(posting.number), seen_at)

    def _take_unlisted(self, fresh: Sequence[Item], seen_at: datetime) -> None:
        read = {}
        for item in fresh:
            with suppress(Unreadable):
                posting = self.source.read(item)
                if posting.status not in LEFT and hash(posting.number) not in self.met:
                    read[posting.number] = (posting, item.digest)
        known = self.store.postings.known(self.shop.id, list(read)) if read else {}
        for number, (posting, digest) in read.items():
            before = known.get(number)
            if before is None or before.id not in self.seen:
                self.postings += 1
                self.met.add(hash(number))
                self._put(posting, digest, before, seen_at)

    def _read(self, item: Item) -> tuple[Posting, int] | None:
        try:
            return self.source.read(item, self._note), item.digest
        except Unreadable as error:
            log.warning("%s: a posting cannot be read: %s", self.shop.name, error)
            self.broken.append(error)
            return None

    def _note(self, odd: Unreadable) -> None:
        self.odd.setdefault(odd.field, Unreadable(odd.path, odd.number, f"{odd.problem}; read without it"))

    def _put(self, posting: Posting, digest: int, known: Known | None, seen_at: datetime) -> None:
        if known is not None and known.id is not None:
            self.seen.add(known.id)
        if known is not None and known.posting == posting:
            return  # the bytes differ, the values do not
        seen = track(known.track if known else None, posting, seen_at=seen_at, not_before=self.shop.read_from)
        seen = self.watch.with_late_at(posting, seen)
        self.is_arriving |= known is None and seen.stage is Stage.PACKING
        if seen.late_at is not None and seen.late_at <= seen_at:
            self.late[posting.number] = Known(None, posting, seen, digest)
        self.buffer.add(
            Change(
                posting=posting,
                track=seen,
                digest=digest,
                is_open=posting.status not in LEFT,
                seen_at=seen_at,
                not_before=self.shop.read_from if known else None,
            )
        )

    def _check_readable(self) -> None:
        """One broken posting among many is quarantined; if many are broken, the whole answer is not understood."""
        broken = len(self.broken)
        is_most = broken > BROKEN_AT_LEAST and broken > BROKEN_SHARE * self.postings
        if is_most or (broken and broken == self.postings):
            raise SourceError(Trouble.NOT_UNDERSTOOD, f"{broken} of {self.postings} postings: {self.broken[0]}")


def arrivals_are_due(read_at: datetime | None, now: datetime, *, every: timedelta) -> bool:
    """True for the first poll of each span of ARRIVALS_EVERY polls, also across restarts and in single polls."""
    span = ARRIVALS_EVERY * every
    return read_at is None or (now - _EPOCH) // span != (read_at - _EPOCH) // span


def fingerprint(watch: Watch) -> str:
    """Identifies everything that decides when a posting is late, except the posting itself."""
    rules = (
        watch.policy.default,
        sorted(watch.policy.by_warehouse.items()),
        sorted(watch.policy.by_method.items()),
        sorted(watch.history.labelled),
        _limits(watch),
        watch.calendars,
    )
    return blake2b(msgspec.json.encode(rules, order="deterministic"), digest_size=8).hexdigest()


def _limits(watch: Watch) -> list[tuple[str, str, str, timedelta | None]]:
    """What was learned, where a limit follows from it."""
    policy, learned = watch.policy, watch.history.learned
    places = (policy.default, *policy.by_warehouse.values(), *policy.by_method.values())
    stages = frozenset[str]().union(*(place.auto for place in places))
    return sorted(
        (stage, method, hours, one.limit)
        for stage in stages
        for method, normal in learned.get(stage, {}).items()
        for hours, one in (("", normal.whole), *normal.by_hours.items())
    )
