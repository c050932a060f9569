"""What polls decided from beside the postings: a row where it changed, so that decisions can be made again.

Ozon's answers are here under the topic of the question; the table `answer` keeps only the last one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, delete, func, select

from labelwatch.core.alert import AlertState
from labelwatch.core.baseline import Learned, without_curves
from labelwatch.core.peaks import Slower
from labelwatch.core.routing import is_subscribed
from labelwatch.core.snapshot import Plan
from labelwatch.store.dedup import upsert
from labelwatch.store.schema_settings import decision_input

OF_SEVERAL = 0
"""In place of the id of a shop: it concerns several."""


class InputTopic(StrEnum):
    """What was noted, beside answers."""

    PLAN = "plan"
    """The limits and channels of a shop, without what is learned."""
    LEARNED = "learned"
    """Limits learned from the shop's own history."""
    SLOWER = "slower"
    """How many times slower than normal delivery methods were, where that decided."""
    UNREAD = "unread"
    """Late postings that could not be read at this poll."""
    LOOKED = "looked"
    """Alerts were evaluated without a poll, and something followed from it."""
    HANDLED = "handled"
    """Somebody acknowledged or snoozed the alert of `subject`."""


@dataclass(frozen=True, slots=True)
class Input:
    """From `at` on `body` (JSON) is so."""

    shop_id: int
    topic: str
    subject: str
    at: datetime
    body: str


def written(value: object) -> str:
    """Compact JSON; the same for equal values."""
    return msgspec.json.encode(value, order="deterministic").decode()


def note(conn: Connection, *found: Input) -> None:
    """Record these; of two at the same time the later call counts."""
    if found:
        statement = upsert(conn, decision_input, key=("shop_id", "topic", "subject", "at"), overwrite=("body",))
        rows = [{c.name: getattr(one, c.name) for c in decision_input.c} for one in found]
        conn.execute(statement, rows)


def keep_plan(conn: Connection, shop_id: int, plan: Plan, *, at: datetime) -> None:
    """Record the limits and channels of a shop where they differ from what was recorded last."""
    steps = {step.channel for step in plan.alerts.escalation}
    hearing = [to for to in plan.destinations if is_subscribed(to, (plan.shop,)) or to.name in steps]
    own = replace(plan, learned={}, shops={}, destinations=tuple(hearing))
    own = replace(own, searches=True, thorough=False)  # of one poll, and no settings
    learned = without_curves(plan.learned)
    _keep(conn, shop_id, {InputTopic.PLAN: written(own), InputTopic.LEARNED: written(learned)}, at)


def keep_slower(conn: Connection, shop_id: int, slower: Slower, *, at: datetime) -> None:
    """Record how much slower than normal the delivery methods of a shop are, where that differs."""
    _keep(conn, shop_id, {InputTopic.SLOWER: written(slower)}, at)


def _keep(conn: Connection, shop_id: int, bodies: Mapping[InputTopic, str], at: datetime) -> None:
    i = decision_input.c
    newest = select(i.topic, func.max(i.at, type_=i.at.type).label("at")).where(i.shop_id == shop_id, i.subject == "")
    last = newest.where(i.topic.in_([topic.value for topic in bodies])).group_by(i.topic).subquery()
    query = select(i.topic, i.body).join(last, (i.topic == last.c.topic) & (i.at == last.c.at))
    known = {row.topic: row.body for row in conn.execute(query.where(i.shop_id == shop_id, i.subject == ""))}
    note(
        conn,
        *(Input(shop_id, topic.value, "", at, body) for topic, body in bodies.items() if known.get(topic) != body),
    )


def between(conn: Connection, since: datetime, until: datetime) -> list[Input]:
    """What was recorded in this time, and what already applied to whole shops when it began; oldest first."""
    i = decision_input.c
    newest = select(i.shop_id, i.topic, func.max(i.at, type_=i.at.type).label("at")).where(i.at < since)
    last = newest.where(i.subject == "").group_by(i.shop_id, i.topic).subquery()
    same = (i.shop_id == last.c.shop_id) & (i.topic == last.c.topic) & (i.at == last.c.at) & (i.subject == "")
    applied = select(decision_input).join(last, same).order_by(i.at)
    recorded = select(decision_input).where(i.at >= since, i.at <= until).order_by(i.at)
    rows = [*conn.execute(applied), *conn.execute(recorded)]
    return [Input(row.shop_id, row.topic, row.subject, row.at, row.body) for row in rows]


def prune(conn: Connection, before: datetime) -> int:
    """Remove what was recorded before a time, but not what still applies to a whole shop; returns how many rows."""
    i, later = decision_input.c, decision_input.alias("later")
    replaced = select(later.c.at).where(
        later.c.shop_id == i.shop_id, later.c.topic == i.topic, later.c.subject == "", later.c.at > i.at,
        later.c.at < before,
    )  # fmt: skip
    return conn.execute(delete(decision_input).where(i.at < before, (i.subject != "") | replaced.exists())).rowcount


read_plan = msgspec.json.Decoder(Plan).decode
_read_learned = msgspec.json.Decoder(Learned).decode
read_slower = msgspec.json.Decoder(Slower).decode
read_unread = msgspec.json.Decoder(frozenset[str]).decode
read_handled = msgspec.json.Decoder(tuple[AlertState, datetime | None]).decode


def read_learned(body: str) -> Learned:
    """Nothing, if it was written in an earlier form."""
    try:
        return _read_learned(body)
    except msgspec.ValidationError:
        return {}
