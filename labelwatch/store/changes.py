"""Writes postings: the current state, history where it differs, and what it says about labels and waiting times."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Executable, bindparam, select, update

from labelwatch.core.posting import Stage
from labelwatch.store import mapping
from labelwatch.store.dedup import Deduplicated, insert, upsert
from labelwatch.store.postings import chunks
from labelwatch.store.schema import delivery_method, history, label_evidence, posting, stage_wait
from labelwatch.store.values import UNSEEN_LABEL, Change, EvidenceLevel

_of_these = (posting.c.shop_id == bindparam("shop"), posting.c.number.in_(bindparam("numbers", expanding=True)))
_ids = select(posting.c.number, posting.c.id).where(*_of_these)
_rows = select(
    posting.c.id,
    posting.c.number,
    posting.c.stage,
    posting.c.since_earliest,
    posting.c.since_latest,
    posting.c.label_latest,
    posting.c.state_id,
    posting.c.method_id,
    posting.c.cutoff,
    posting.c.tracking_number,
    posting.c.in_process_at,
    posting.c.hard_cutoff,
    posting.c.details,
)
_rows = _rows.where(*_of_these).order_by(posting.c.id).with_for_update()
_update = (
    update(posting)
    .where(posting.c.id == bindparam("known_id"))
    .values({c.name: bindparam(c.name) for c in posting.c if c.name not in ("id", "shop_id", "number")})
)
_set_late_at = update(posting).where(posting.c.id == bindparam("known_id")).values(late_at=bindparam("new_late_at"))
_first_label = (
    update(delivery_method)
    .where(delivery_method.c.id == bindparam("known_id"), delivery_method.c.first_label_at.is_(None))
    .values(first_label_at=bindparam("seen_at"))
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One posting to be stored: the new values, and the row that was stored before."""

    change: Change
    values: mapping.Values
    old: mapping.AnyRow | None


def put(conn: Connection, interned: Deduplicated, shop_id: int, changes: Iterable[Change]) -> None:
    """Store the current state of postings; of a number that comes twice, the last one counts."""
    latest = {change.posting.number: change for change in changes}
    for some in chunks(list(latest.values())):
        _put(conn, interned, shop_id, some)


def set_late_at(conn: Connection, moments: Iterable[tuple[int, datetime | None]]) -> None:
    """Posting id -> when it will be late if nothing else happens."""
    _execute(conn, _set_late_at, [{"known_id": id_, "new_late_at": late_at} for id_, late_at in moments])


def add_evidence(
    conn: Connection, posting_id: int, level: EvidenceLevel, *, not_before: datetime | None, seen_at: datetime
) -> None:
    """Record that a label exists; the first time counts."""
    entry = _evidence(posting_id, level, not_before, seen_at)
    conn.execute(insert(conn, label_evidence).on_conflict_do_nothing(), entry)


def _evidence(
    posting_id: int, level: EvidenceLevel, not_before: datetime | None, seen_at: datetime
) -> mapping.Values:
    return {"posting_id": posting_id, "level": level.value, "not_before": not_before, "seen_at": seen_at}


def _put(conn: Connection, interned: Deduplicated, shop_id: int, changes: Sequence[Change]) -> None:
    interned.register(shop_id, [change.posting for change in changes])
    before = _rows_before(conn, shop_id, [change.posting.number for change in changes])
    steps = [
        _Step(change, _values(interned, shop_id, change), before.get(change.posting.number)) for change in changes
    ]
    _execute(conn, posting.insert(), [step.values for step in steps if step.old is None])
    _execute(conn, _update, [step.values | {"known_id": step.old.id} for step in steps if step.old is not None])
    ids = _ids_of(conn, shop_id, [step.values["number"] for step in steps])
    earlier = [(step, mapping.decisive_before(step.old, step.values) if step.old else None) for step in steps]
    _append_history(conn, [_history_entry(ids, *one) for one in earlier if one[1] is not None or _differs(one[0])])
    _add_labels(conn, ids, [step for step in steps if _is_newly_labelled(step)])
    waits = [wait for step in steps for wait in _waits(step)]
    _execute(conn, insert(conn, stage_wait).on_conflict_do_nothing(), waits)


def _values(interned: Deduplicated, shop_id: int, change: Change) -> mapping.Values:
    values = mapping.posting_values(shop_id, change)
    values["state_id"] = interned.state(change.posting)
    values["method_id"] = interned.method(shop_id, change.posting.method)
    return values


def _rows_before(conn: Connection, shop_id: int, numbers: list[str]) -> dict[str, mapping.AnyRow]:
    return {row.number: row for row in conn.execute(_rows, {"shop": shop_id, "numbers": numbers})}


def _ids_of(conn: Connection, shop_id: int, numbers: list[str]) -> dict[str, int]:
    return dict(conn.execute(_ids, {"shop": shop_id, "numbers": numbers}).all())


_WAITED = (Stage.REGISTRATION, Stage.LABEL)
_BEFORE_LABEL = (Stage.PACKING, Stage.REGISTRATION)
_MEANINGFUL = ("state_id", "method_id", "cutoff", "tracking_number")


def _differs(step: _Step) -> bool:
    return step.old is None or any(step.values[name] != getattr(step.old, name) for name in _MEANINGFUL)


def _history_entry(ids: dict[str, int], step: _Step, before: str | None) -> mapping.Values:
    return {
        "posting_id": ids[step.values["number"]],
        "seen_at": step.change.seen_at,
        "unseen": mapping.unseen(step.change),
        "state_id": step.values["state_id"],
        "method_id": step.values["method_id"],
        "cutoff": step.values["cutoff"],
        "tracking_number": step.values["tracking_number"] or None,
        "before": before,
    }


def _append_history(conn: Connection, entries: list[mapping.Values]) -> None:
    # Two readings of one posting in the same millisecond are one: the later of them counts.
    statement = upsert(conn, history, key=("posting_id", "seen_at"), overwrite=("unseen", *_MEANINGFUL, "before"))
    _execute(conn, statement, entries)


def _is_newly_labelled(step: _Step) -> bool:
    return step.change.track.label is not None and (step.old is None or step.old.label_latest is None)


def _add_labels(conn: Connection, ids: dict[str, int], steps: list[_Step]) -> None:
    entries, firsts = [], dict[int, datetime]()
    for step in steps:
        if (label := step.change.track.label) is None:
            continue
        entries.append(_evidence(ids[step.values["number"]], EvidenceLevel.OFFERED, label.earliest, label.latest))
        method_id = step.values["method_id"]
        firsts[method_id] = min(label.latest, firsts.get(method_id, label.latest))
    _execute(conn, insert(conn, label_evidence).on_conflict_do_nothing(), entries)
    _execute(conn, _first_label, [{"known_id": id_, "seen_at": at} for id_, at in sorted(firsts.items())])


def _waits(step: _Step) -> Iterator[mapping.Values]:
    """How long it was in the stage that it just left for the next one; and if the label came between two readings,
    how long it can have waited for it. Nothing is known if the clock was set back between the two."""
    old, track = step.old, step.change.track
    if old is None or old.stage == track.stage.value or _was_set_back(step.change):
        return
    since, is_labelled = track.since, _is_newly_labelled(step)
    waits = {"posting_id": old.id, "method_id": step.values["method_id"], "left_at": since.latest}
    if (old.stage == Stage.REGISTRATION and track.stage is Stage.LABEL) or (old.stage in _WAITED and is_labelled):
        shortest = max(timedelta(0), since.earliest - old.since_latest)
        longest = since.latest - old.since_earliest
        yield waits | {"stage": old.stage} | _length(shortest, longest)
    if old.stage in _BEFORE_LABEL and is_labelled:
        yield waits | {"stage": UNSEEN_LABEL} | _length(timedelta(0), since.latest - since.earliest)


def _was_set_back(change: Change) -> bool:
    return change.not_before is not None and change.not_before > change.seen_at


def _length(shortest: timedelta, longest: timedelta) -> mapping.Values:
    return {"shortest": mapping.milliseconds(shortest), "longest": mapping.milliseconds(longest)}


def _execute(conn: Connection, statement: Executable, values: list[mapping.Values]) -> None:
    """executemany, which with an empty list would insert one empty row."""
    if values:
        conn.execute(statement, values)
