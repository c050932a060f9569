"""Holds what a soak left behind against what was promised: database, servers and log against the witness."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labelwatch.channels.base import stamp_of
from labelwatch.core.alert import Alert, Family
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.sandbox import CANARIES
from labelwatch.store import WAITING, OutboxRow, OutboxState, ShopState, Store
from tests.chaos.ears import Ear
from tests.soak.weather import Channels
from tests.soak.world import KEY, Witness

ENDED_WELL = frozenset({OutboxState.SENT, OutboxState.SUPERSEDED})
WARM_UP = 60.0
"""Seconds until every shop was read and every cache is full."""
GROWTH = 0.10
SLACK = 8 * 1024
"""Kilobytes that are nothing to wonder at: one page of 100 postings more in flight."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, what was measured, and whether it was kept."""

    promise: str
    measured: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Books:
    """What the database says at some moment after everything was mended at `healed`."""

    rows: list[OutboxRow]
    shops: list[ShopState]
    healed: datetime
    since: datetime
    """From then on every shop is to be read."""

    def sent(self, channel: str) -> dict[str, set[str]]:
        """What a channel was told of, postings and shops -> the keys of the messages that told it."""
        told: dict[str, set[str]] = {}
        for row in self.rows:
            if row.notification.channel == channel and row.state is OutboxState.SENT:
                told.setdefault(_subject(row), set()).add(stamp_of(row.message_key or ""))
        return told

    def unread(self, witness: Witness) -> list[str]:
        """Shops that were not read since then, though they can be."""
        return [
            shop.name
            for shop in self.shops
            if shop.name not in witness.revoked and (shop.read_at is None or shop.read_at < self.since)
        ]

    def are_closed(self, witness: Witness) -> bool:
        """Whether every shop was read and nothing is left to be told of before."""
        channels = {row.notification.channel for row in self.rows}
        lasting = {number for number, fate in witness.fates.items() if fate.over is None}
        return (
            not self.unread(witness)
            and not self.states().keys() & WAITING
            and all(self.sent(name).keys() >= lasting for name in channels)
        )

    def states(self) -> Counter[OutboxState]:
        """How many messages are in each state; what has come up since and waits for its turn is left out."""
        return Counter(row.state for row in self.rows if row.state not in WAITING or row.created_at < self.healed)


@dataclass(frozen=True, slots=True)
class Looks:
    """When Ozon answered the first question of a poll: of each shop, by Client-Id, and all in our time."""

    every: timedelta
    answered: Mapping[str, Sequence[datetime]] = field(default_factory=dict)

    def show(self, client_id: str, until: datetime) -> bool:
        """Whether a poll was answered, and the next one as well, in the intervals after which a shop is dark.

        The first had ended by then. A machine too busy to poll so often leaves shops unread, and must say so.
        """
        since = until - BLIND_AFTER_INTERVALS * self.every
        return sum(since < at <= until for at in self.answered.get(client_id, ())) >= 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to judge by."""

    store: Store
    books: Books
    witness: Witness
    ways: Channels
    kills: int
    hit: set[str]
    """Client-Ids of the shops with which something was wrong at Ozon."""
    looks: Looks
    folder: Path


def judged(evidence: Evidence, stops: Sequence[int], memory: Sequence[tuple[float, int]]) -> list[Verdict]:
    """A verdict for each promise."""
    return [
        _nothing_lost(evidence),
        _all_ended(evidence),
        _duplicates(evidence),
        _no_false_alert(evidence),
        _no_false_end(evidence),
        _blindness(evidence),
        _no_stuck_shop(evidence),
        _channels_well(evidence),
        _clean_ends(stops),
        _quiet_log(evidence),
        _no_secrets(evidence),
        _flat(memory),
    ]


def _nothing_lost(evidence: Evidence) -> Verdict:
    lasting = {number for number, fate in evidence.witness.fates.items() if fate.over is None}
    missing = {name: lasting - _told(evidence, name) for name in evidence.ways.listener}
    lost = sum(map(len, missing.values()))
    worst = next((f", such as {min(numbers)} over {name}" for name, numbers in missing.items() if numbers), "")
    measured = f"{len(lasting)} late to the end, over {len(missing)} channels: {lost} not told{worst}"
    return Verdict("no late posting is lost", measured, lost == 0 and bool(lasting))


def _told(evidence: Evidence, name: str) -> set[str]:
    """Of what a channel was told, postings and shops: named in a text, or counted ("and 27 more") in one."""
    ear = evidence.ways.listener[name]
    heard = {one.key for one in ear.heard() if one.key} if ear.has_keys else _keys(evidence, name)
    if not ear.has_keys and len(ear.heard()) < len(
        heard
    ):  # fewer than were sent: no text is believed beyond its words
        heard = set()
    return ear.numbers | {subject for subject, keys in evidence.books.sent(name).items() if keys & heard}


def _keys(evidence: Evidence, name: str) -> set[str]:
    """Of the messages that a channel took over."""
    rows = [row for row in evidence.books.rows if row.notification.channel == name]
    return {stamp_of(row.message_key) for row in rows if row.sent_at and row.message_key}


def _all_ended(evidence: Evidence) -> Verdict:
    """Nothing is left behind in between."""
    states = evidence.books.states()
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    return Verdict("every message is sent or overtaken", counts, set(states) <= ENDED_WELL)


def _duplicates(evidence: Evidence) -> Verdict:
    told = {name: _repeats(evidence, name, ear) for name, ear in evidence.ways.listener.items()}
    allowed = {name: evidence.kills + evidence.ways.unsure(name) for name in told}
    measured = ", ".join(f"{name} {told[name]} of {allowed[name]}" for name in told)
    too_many = [name for name in told if told[name] > allowed[name]]
    promise = "no more repeats than kills and answers that were lost"
    return Verdict(promise, measured, not too_many)


def _repeats(evidence: Evidence, name: str, ear: Ear) -> int:
    if ear.has_keys:
        return ear.repeated
    return len(ear.heard()) - len(_keys(evidence, name))


def _all_alerts(evidence: Evidence) -> Iterator[Alert]:
    """Of postings, shops and channels."""
    return evidence.store.export.alerts(datetime.min.replace(tzinfo=UTC))


def _is_dark(alert: Alert) -> bool:
    found = alert.diagnosis
    return found.family is Family.BLIND and found.posting_number is None and found.cause != "channel_dead"


def _posting_alerts(evidence: Evidence) -> Iterator[tuple[str, Alert]]:
    for alert in _all_alerts(evidence):
        if alert.diagnosis.posting_number:
            yield alert.diagnosis.posting_number, alert


def _no_false_alert(evidence: Evidence) -> Verdict:
    fates, alerts = evidence.witness.fates, list(_posting_alerts(evidence))
    false = [
        number
        for number, alert in alerts
        if number not in fates or alert.opened_at < fates[number].since or fates[number].shop != alert.diagnosis.shop
    ]
    measured = (
        f"{len(alerts)} alerts among {len(evidence.witness.postings)} postings: {len(false)} false{_such(false)}"
    )
    return Verdict("no alert from incomplete data", measured, not false and bool(alerts))


def _no_false_end(evidence: Evidence) -> Verdict:
    ended = [(number, alert.resolved_at) for number, alert in _posting_alerts(evidence) if alert.resolved_at]
    false = [number for number, at in ended if not _is_over(evidence.witness, number, at)]
    measured = f"{len(ended)} ended: {len(false)} too early{_such(false)}"
    return Verdict("no alert ends by incomplete data", measured, not false)


def _is_over(witness: Witness, number: str, at: datetime) -> bool:
    fate = witness.fates.get(number)
    return fate is not None and fate.over is not None and fate.over <= at


def _blindness(evidence: Evidence) -> Verdict:
    """A shop whose key is refused is told of; one with which nothing ever was wrong, and which was read, is never
    called blind."""
    revoked = evidence.witness.revoked
    well = {shop.name: shop.client_id for shop in evidence.books.shops if shop.client_id not in evidence.hit}
    dark = [alert for alert in _all_alerts(evidence) if _is_dark(alert)]
    blind = {alert.diagnosis.shop for alert in dark}
    false = sorted(
        f"{shop} by {alert.diagnosis.cause}"
        for alert in dark
        if (shop := alert.diagnosis.shop) in well.keys() - revoked
        and evidence.looks.show(well[shop], alert.opened_at)
    )
    told = {name: _told(evidence, name) | _named(revoked, ear) for name, ear in evidence.ways.listener.items()}
    silent = [f"{shop} over {name}" for shop in sorted(revoked) for name in told if shop not in told[name]]
    measured = (
        f"{len(revoked)} shops with a refused key: {len(silent)} not told{_such(silent)}; "
        f"{len(blind)} shops were dark, {len(false)} of them read and without any fault{_such(false)}"
    )
    return Verdict("blindness is loud, and never invented", measured, not silent and not false)


def _named(shops: Iterable[str], ear: Ear) -> set[str]:
    """Of these shops those that some text names. Nothing else is told of a shop that cannot be read at all."""
    return {shop for shop in shops if any(shop in one.text for one in ear.heard())}


def _no_stuck_shop(evidence: Evidence) -> Verdict:
    unread = evidence.books.unread(evidence.witness)
    measured = f"{len(evidence.books.shops)} shops, {len(unread)} not read once more since all is told{_such(unread)}"
    return Verdict("no shop is stuck", measured, not unread)


def _channels_well(evidence: Evidence) -> Verdict:
    troubles = sorted(evidence.store.alerts.open_of_channels())
    said = [alert for alert in _all_alerts(evidence) if alert.diagnosis.cause == "channel_dead"]
    measured = f"{len(said)} times a channel was reported dead; still so: {', '.join(troubles) or 'none'}"
    return Verdict("a channel that works again is known to work", measured, not troubles)


def _clean_ends(stops: Sequence[int]) -> Verdict:
    return Verdict("SIGTERM ends it with 0", f"exit codes {dict(Counter(stops))}", set(stops) <= {0})


def _quiet_log(evidence: Evidence) -> Verdict:
    log = (evidence.folder / "service.log").read_text("utf-8")
    lines = [line for line in log.splitlines() if " failed" in line and "ERROR" in line]
    measured = f"{log.count('Traceback')} tracebacks{_such(lines)}"
    return Verdict("nothing unforeseen in the log", measured, "Traceback" not in log)


def _no_secrets(evidence: Evidence) -> Verdict:
    tokens = [
        ear.url.partition("://")[2].partition("/")[0] for ear in evidence.ways.listener.values() if ear.api_base
    ]
    secrets = [KEY, *CANARIES, *tokens]
    kept = [file for file in evidence.folder.iterdir() if file.name != "labelwatch.toml" and file.is_file()]
    found = [f"in {file.name}" for file in kept for one in secrets if one.encode() in file.read_bytes()]
    heard = [one.text for ear in evidence.ways.listener.values() for one in ear.heard()]
    found += ["in a message" for text in heard for one in secrets if one in text]
    measured = f"{len(kept)} files and {len(heard)} messages: {len(found)} times{_such(found)}"
    return Verdict("no secret and no buyer in database, log or message", measured, not found)


def _flat(memory: Sequence[tuple[float, int]]) -> Verdict:
    """Of the last life in bad weather: the median of its last quarter against that of the first one after warm-up."""
    warm = [size for age, size in memory if age >= WARM_UP]
    promise = "memory is flat"
    if len(warm) < 40:
        return Verdict(promise, "the last life was too short to tell", True)
    quarter = len(warm) // 4
    before, after = statistics.median(warm[:quarter]), statistics.median(warm[-quarter:])
    is_flat = after <= before * (1 + GROWTH) + SLACK
    span = memory[-1][0] - WARM_UP
    return Verdict(promise, f"{before / 1024:.0f} MB, {span:.0f} s later {after / 1024:.0f} MB", is_flat)


def _such(found: Sequence[str]) -> str:
    return f", such as {found[0]}" if found else ""


def _subject(row: OutboxRow) -> str:
    """A posting, or a shop as a whole."""
    found = row.notification.alert.diagnosis
    return str(found.posting_number or found.shop)
