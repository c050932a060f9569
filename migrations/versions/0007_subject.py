"""Store what an alert is about as a value of its kind, instead of a key whose beginning tells the kind."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Json = dict[str, Any]
BATCH = 500
_SIZE: Json = {"late": 0, "total": 0, "shops": [], "parts": [], "watched": []}


def upgrade() -> None:
    """Rewrite every alert, and every notification with the alert as it was then."""
    op.add_column("alert", sa.Column("subject", sa.Text))
    _rewrite("alert", "diagnosis", _alert)
    _rewrite("notification", "snapshot", lambda old: {"snapshot": old | {"diagnosis": renewed(old["diagnosis"])}})


def _alert(old: Json) -> Json:
    new = renewed(old)
    return {"diagnosis": new, "subject": next(iter(new["subject"]))}


def renewed(old: Json) -> Json:
    """A diagnosis with its subject."""
    new = {name: value for name, value in old.items() if name not in ("shop", "posting_number", "incident", *_SIZE)}
    size = {name: old.get(name, none) for name, none in _SIZE.items()}
    shop, number, key = old["shop"], old["posting_number"], old.get("incident")
    scope, _, name = (key or "").partition(":")
    if number is not None:
        explained_by = {"scope": scope, "name": name} if key else None
        return new | {"subject": {"posting": {"shop": shop, "number": number}}, "explained_by": explained_by}
    subjects: dict[str, Json] = {
        "": {"shop": {"name": shop}},
        "channel": {"channel": {"name": name, "waiting": size["late"]}},
        "database": {"database": {}},
        "handover": {"shift": {"channel": name}},
    }
    if scope in subjects:
        return new | {"subject": subjects[scope]}
    carrier, since = old["method"]["carrier"], old["waiting_since"]
    incident = {
        "id": {"scope": scope, "name": name},
        **size,
        "deadline": old.get("deadline"),
        "act_by": old.get("act_by"),
        "carriers": carrier.split(", ") if carrier else [],
        "since": since["latest"] if since else None,
        "is_compared": old["certainty"] != "unknown",
    }
    return new | {"method": {}, "subject": {"incident": incident}}


def _rewrite(name: str, column: str, how: Callable[[Json], Json]) -> None:
    connection, table = op.get_bind(), sa.table(name, *map(sa.column, ("id", column, "subject")))
    last, query = 0, sa.select(table.c.id, table.c[column]).order_by(table.c.id).limit(BATCH)
    while found := connection.execute(query.where(table.c.id > last)).all():
        for last, text in found:
            with suppress(ValueError, KeyError, TypeError, AttributeError):  # it could not be read before, either
                new = {key: one if isinstance(one, str) else _json(one) for key, one in how(json.loads(text)).items()}
                connection.execute(sa.update(table).where(table.c.id == last).values(new))


_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
