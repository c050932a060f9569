"""Store what an alert is about as a value of its kind, instead of a key whose beginning tells the kind; and what was
observed as a key and values, instead of an English sentence."""

import json
import re
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
_LATE = re.compile(r"(\d+) of (\d+) late")
_OVER = re.compile(r"(?P<value>.*) (?P<unit>g|RUB|cm) > (?P<limit>.*) (?:g|RUB|cm)")
_EMPTY = "empty: "
_BECAUSE = {
    "action_absent": "available_actions without (?P<raw>.*)",
    "gave_labels": "this delivery method has given labels before",
    "label_not_asked": "label_task=not asked",
    "method_unlisted": "delivery_method.status=not listed",
    "no_incident": "incident=none",
    "incident": "incident=(?P<raw>.*)",
    "rule_kept": "restrictions are kept",
    "rule_unknown": "restrictions=unknown",
    "waiting_longer": "waiting longer than (?P<seconds>.*) s",
    "watched_few": "only (?P<number>.*) postings of this delivery method were watched to the end",
}


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
    new["evidence"] = [_proof(one) for one in old.get("evidence", [])]
    new["ruled_out"] = [one | {"because": _because(one["because"])} for one in old.get("ruled_out", [])]
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


def _proof(old: Json) -> Json:
    scope, separator, name = old["field"].partition(":")
    if separator and (found := _LATE.fullmatch(old["value"])):
        size = {"scope": scope, "name": name, "late": int(found[1]), "total": int(found[2])}
        return old | {"field": "incident", "value": {"key": "late_of", "values": size}}
    if old["field"] in ("weight", "price", "size") and (found := _OVER.fullmatch(old["value"])):
        return old | {"value": {"key": "over", "values": found.groupdict()}}
    if old["field"] == "recipient" and old["value"].startswith(_EMPTY):
        names = old["value"].removeprefix(_EMPTY).split(", ")
        return old | {"value": {"key": "gaps", "values": {"names": names}}}
    return old


def _because(old: str) -> Json:
    for key, pattern in _BECAUSE.items():
        if found := re.fullmatch(pattern, old):
            return {"key": key, "values": found.groupdict()}
    field, separator, value = old.partition("=")
    if not separator:
        return {"key": "said", "values": {"raw": old}}
    return {"key": "is", "values": {"field": field, "value": value}}


def _rewrite(name: str, column: str, how: Callable[[Json], Json]) -> None:
    connection, table = op.get_bind(), sa.table(name, *map(sa.column, ("id", column, "subject")))
    last, query = 0, sa.select(table.c.id, table.c[column]).order_by(table.c.id).limit(BATCH)
    while found := connection.execute(query.where(table.c.id > last)).all():
        for last, text in found:
            with suppress(ValueError, KeyError, TypeError, AttributeError):  # it could not be read before, either
                new = {key: one if isinstance(one, str) else _json(one) for key, one in how(json.loads(text)).items()}
                connection.execute(sa.update(table).where(table.c.id == last).values(new))


_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
