"""What can be done inside one transaction: everything a poll has to say stands together or not at all."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.enrichment import Answer, Question
from labelwatch.core.incidents import GroupCount
from labelwatch.core.posting import Known
from labelwatch.store import alerts, answers, changes, channels, group_counts, outbox, postings, shops, tokens
from labelwatch.store.dedup import Deduplicated
from labelwatch.store.values import (
    Attempt,
    Change,
    ChannelState,
    EvidenceLevel,
    OutboxRow,
    OutboxState,
    PollRow,
    ShopState,
)


class Transaction:
    """An open transaction that holds the write lock; made by Store.write()."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._interned = Deduplicated(conn)

    def put(self, shop_id: int, batch: Iterable[Change]) -> None:
        """Store postings as they are now, new or known; some hundreds at a time keep memory low.

        Adds history where status, substatus, flow, actions, requirement keys, method, cutoff or tracking number
        differ from what stood there; label evidence and the method's first label when `track.label` is new; and
        how long the stage took that was left. A number that comes twice counts as it came last.
        """
        changes.put(self._conn, self._interned, shop_id, batch)

    def due(self, shop_id: int, now: datetime) -> Iterator[Known]:
        """The open postings that are late at `now`, as this transaction has left them."""
        for ids in postings.chunks(postings.due_ids(self._conn, shop_id, now)):
            yield from postings.known_by_id(self._conn, ids)

    def known(self, shop_id: int, numbers: Sequence[str]) -> dict[str, Known]:
        """The postings of a shop by number, closed ones too, as this transaction has left them."""
        return postings.known(self._conn, shop_id, numbers)

    def all_open(self, shop_id: int) -> Iterator[list[Known]]:
        """All open postings of a shop, some hundreds at a time."""
        for ids in postings.chunks(postings.open_ids(self._conn, shop_id)):
            yield postings.known_by_id(self._conn, ids)

    def set_late_at(self, moments: Iterable[tuple[int, datetime | None]]) -> None:
        """(posting id, when it will be late if nothing else happens), for a policy that changed."""
        changes.set_late_at(self._conn, moments)

    def add_evidence(
        self, posting_id: int, level: EvidenceLevel, *, not_before: datetime | None, seen_at: datetime
    ) -> None:
        """Note a printed or verified label; the first of each level counts."""
        changes.add_evidence(self._conn, posting_id, level, not_before=not_before, seen_at=seen_at)

    def put_answers(self, shop_id: int, batch: Mapping[Question, Answer]) -> None:
        """Keep what Ozon answered, each in place of the last answer to the same question."""
        answers.put(self._conn, shop_id, batch)

    def waiting(self, *, since: datetime, shops: Collection[str] | None = None) -> list[GroupCount]:
        """Of these shops (None = all), per carrier and kind: the open alerts without a reason of their own since."""
        return group_counts.waiting(self._conn, since=since, shops=shops)

    def fine(self, *, since: datetime, shops: Collection[str]) -> list[GroupCount]:
        """Of these shops, per carrier: the postings whose label came after `since`."""
        return group_counts.fine(self._conn, since=since, shops=shops)

    def open_alerts(self, shop_id: int) -> dict[str | None, Alert]:
        """Posting number (None = the shop's own trouble) -> its open alert, as nobody changes it meanwhile."""
        return alerts.open_in(self._conn, shop_id)

    def sight(self, shop_id: int, *, unseen: Collection[str], since: datetime | None) -> None:
        """Note the open alerts whose posting (by number) nobody has seen since then; of all others of the shop the
        posting was seen just now."""
        alerts.sight(self._conn, shop_id, unseen=unseen, since=since)

    def lock_incidents(self) -> None:
        """Let no other transaction look for incidents until this one ends: both would open the same one.

        Best late in a transaction, since others wait here; on SQLite they have been waiting all along.
        """
        alerts.lock_incidents(self._conn)

    def read_at(self) -> dict[str, datetime]:
        """When each shop was read, of those that can be read and ever were."""
        return shops.read_at(self._conn)

    def unexplained(self, *, shops: Collection[str], carrier: str | None) -> dict[int, list[Alert]]:
        """Shop id -> the open alerts of these shops (and of this carrier; None = of all) that nothing of their own
        explains, as nobody changes them meanwhile. Those that another poll has in hand just now are left out."""
        return alerts.unexplained(self._conn, shops=shops, carrier=carrier)

    def last_told(self, alert_id: int) -> dict[str, Notification]:
        """Channel -> the last notification about this alert that was queued for it and not withdrawn."""
        return outbox.last_told(self._conn, alert_id)

    def shops(self) -> list[ShopState]:
        """All shops ever configured, and how reading them went."""
        return shops.shops(self._conn)

    def failing(self) -> int:
        """How many shops could not be read at the last poll."""
        return shops.failing(self._conn)

    def open_incidents(self) -> dict[str, Alert]:
        """The key of each open incident -> its alert, as nobody changes it meanwhile."""
        return alerts.open_incidents(self._conn)

    def save_alerts(self, shop_id: int | None, batch: Sequence[Alert]) -> list[int]:
        """Store alerts of a shop (None = incidents), new (id None) or known; their ids in the same order.

        A second open alert for the same posting or incident is refused with StoreError: somebody else opened one.
        """
        return alerts.save(self._conn, shop_id, batch)

    def change_alert(
        self, posting_number: str | None, how: Callable[[Alert], Alert | None], *, shop: str | None
    ) -> list[Alert]:
        """As Store.change_alert; messages about what was changed are no longer up to date at `handled_at`."""
        return self._outdating(alerts.change(self._conn, posting_number, how, shop_name=shop))

    def change_alerts(self, ids: Sequence[int], how: Callable[[Alert], Alert | None]) -> list[Alert]:
        """The same for the open ones among the alerts with these ids."""
        return self._outdating(alerts.change_by_id(self._conn, ids, how))

    def _outdating(self, changed: list[Alert]) -> list[Alert]:
        for one in changed:
            if one.id is not None and one.handled_at is not None:
                channels.outdate(self._conn, [one.id], at=one.handled_at)
        return changed

    def add_notifications(self, batch: Iterable[Notification], *, created_at: datetime) -> None:
        """Queue notifications of saved alerts; what is there already (alert, telling, channel) stays as it is, unless
        it was withdrawn. Earlier messages about these alerts that can be changed are no longer up to date."""
        batch = list(batch)
        outbox.add(self._conn, batch, created_at=created_at)
        alert_ids = {one.alert.id for one in batch if one.alert.id is not None}
        channels.outdate(self._conn, sorted(alert_ids), at=created_at)

    def queue_only(self, batch: Iterable[Notification], *, created_at: datetime) -> None:
        """Queue notifications that make no earlier message out of date."""
        outbox.add(self._conn, batch, created_at=created_at)

    def heard(self, alert_ids: Sequence[int], *, beside: Iterable[str]) -> dict[int, dict[str, bool]]:
        """Alert -> the channels that told of it and have nothing more of it to tell, each with whether a message of
        it can still be changed. What waits for one of the reasons `beside` does not count."""
        return channels.heard(self._conn, alert_ids, beside=beside)

    def gathering(self, channel: str, reasons: Iterable[str], *, until: datetime) -> datetime | None:
        """When what waits for this channel for one of these reasons is due, if that is before a time."""
        return channels.gathering(self._conn, channel, reasons, until=until)

    def withdraw(self, alert_ids: Sequence[int]) -> set[int]:
        """Drop the notifications of these alerts that were never sent, because an incident is told instead.

        Returns the alerts of which nobody has heard over any channel. What is on its way just now, or may have
        arrived, counts as heard.
        """
        return outbox.withdraw(self._conn, alert_ids)

    # --- channels

    def settle(
        self,
        ids: Sequence[int],
        *,
        state: OutboxState,
        at: datetime,
        receipt: str = "",
        ref: str = "",
        error: str = "",
        next_try: datetime | None = None,
        keep_key: bool = False,
    ) -> int:
        """Write down how telling went, for leased rows; how many were.

        RETRY wants `next_try`, and `keep_key` when it may have arrived after all: it then comes again as it was.
        `ref`: where the service keeps the message, if it can be changed.
        """
        return outbox.settle(
            self._conn,
            ids,
            state=state,
            at=at,
            receipt=receipt,
            ref=ref,
            error=error,
            next_try=next_try,
            keep_key=keep_key,
        )

    def supersede(self, ids: Sequence[int], *, why: str) -> int:
        """Drop waiting rows that something newer made pointless; how many still waited."""
        return outbox.supersede(self._conn, ids, why=why)

    def postpone(self, ids: Sequence[int], *, until: datetime) -> int:
        """Give leased rows back unsent, not to be taken before a time; how many were."""
        return outbox.postpone(self._conn, ids, until=until)

    def detach(self, ids: Sequence[int]) -> int:
        """Give leased rows back that are no part of the message they were claimed for; how many were."""
        return outbox.detach(self._conn, ids)

    def hurry(self, ids: Sequence[int], *, at: datetime) -> None:
        """Make rows that wait for their next try due now."""
        outbox.hurry(self._conn, ids, at=at)

    def note(self, attempt: Attempt, ids: Iterable[int]) -> None:
        """Keep a try to send the notifications with these ids."""
        channels.note(self._conn, attempt, ids)

    def channel(self, name: str) -> ChannelState:
        """How a channel fares; nobody else changes it until this transaction ends."""
        return channels.state(self._conn, name)

    def save_channel(self, state: ChannelState) -> None:
        """Keep how a channel fares."""
        channels.save(self._conn, state)

    def channel_alerts(self) -> dict[str, Alert]:
        """The name of each channel that does not work -> its open alert; nobody else changes them meanwhile."""
        return alerts.open_of_channels(self._conn)

    def waiting_for(self, channel: str) -> list[OutboxRow]:
        """What a channel has not been told yet, oldest first."""
        return channels.waiting(self._conn, channel)

    def told_of(self, alert_id: int) -> Mapping[str, int]:
        """Channel -> the last telling of this alert that was queued for it."""
        return channels.told_of(self._conn, alert_id)

    def outdate(self, alert_ids: Sequence[int], *, at: datetime) -> None:
        """Say of every message about these alerts that can be changed that it is no longer up to date."""
        channels.outdate(self._conn, alert_ids, at=at)

    def outdate_later(self, alert_id: int, *, at: datetime, names: Collection[str]) -> None:
        """The same over these channels from `at` on, for what may change again until then; messages that are out of
        date already stay so."""
        channels.outdate_later(self._conn, alert_id, at=at, names=names)

    def revised(self, channel: str, key: str, *, seen: datetime, gone: bool, again_at: datetime | None) -> None:
        """A message was changed as it had to be at `seen`; or it is `gone`, or is to be tried again."""
        channels.revised(self._conn, channel, key, seen=seen, gone=gone, again_at=again_at)

    def record_poll(self, shop_id: int, done: PollRow) -> None:
        """Note what a poll did and cost."""
        shops.record_poll(self._conn, shop_id, done)

    def shop_read(self, shop_id: int, *, started_at: datetime, finished_at: datetime) -> None:
        """A sweep was complete: the shop is in sight, whatever was wrong before."""
        shops.was_read(self._conn, shop_id, started_at=started_at, finished_at=finished_at)

    def shop_failed(
        self, shop_id: int, *, at: datetime, cause: str, detail: str, retry_at: datetime | None = None
    ) -> None:
        """A poll came to nothing; counts it and keeps the time of the first one."""
        shops.failed(self._conn, shop_id, at=at, cause=cause, detail=detail, retry_at=retry_at)

    def set_policy(self, shop_id: int, policy: str) -> None:
        """All late times of the shop now stand under the delay policy with this hash."""
        shops.set_policy(self._conn, shop_id, policy)

    def quarantine(self, shop_id: int, *, path: str, number: str, problem: str, at: datetime) -> None:
        """Note a posting that could not be read; the same place of the same posting is one row."""
        shops.put_aside(self._conn, shop_id, path=path, number=number, problem=problem, at=at)

    def spend(self, token: str, *, until: datetime, now: datetime) -> bool:
        """Take a token that works once; False = it was taken before. It is remembered `until` it runs out."""
        return tokens.spend(self._conn, token, until=until, now=now)
