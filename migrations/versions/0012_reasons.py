"""Store why a message was not sent as a key and values. An older sentence is kept as it is, except those that
say why a message is not needed any more, which have no values."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_SENTENCES = {
    "superseded by a newer notification, or resolved before this channel was notified": "superseded",
    "overtaken: a newer telling replaces it, or it was over before this channel was told": "superseded",
    "superseded: the channel works again": "works_again",
    "overtaken: the channel works again": "works_again",
    "it concerns no shop that this channel may see": "other_shops",
    "the channel is no longer in the configuration": "no_channel",
}


def upgrade() -> None:
    """Rewrite every reason."""
    if op.get_bind().dialect.name == "sqlite":
        kept = "json_object('key', 'as_is', 'values', json_object('text', {}))"
    else:
        kept = "json_build_object('key', 'as_is', 'values', json_build_object('text', {}))::text"
    for table, column in (("notification", "error"), ("channel", "error"), ("attempt", "said")):
        rows = sa.table(table, sa.column(column, sa.Text))
        old, new = rows.c[column], {key: _text(key) for key in ("withdrawn", *_SENTENCES.values())}
        known = [(old == sentence, new[key]) for sentence, key in _SENTENCES.items()]
        known.append((old.like("withdrawn: %"), new["withdrawn"]))
        text = sa.case(*known, else_=sa.literal_column(kept.format(column)))
        op.execute(rows.update().where(old != "").values({column: text}))


def _text(key: str) -> str:
    return json.dumps({"key": key, "values": {}}, separators=(",", ":"))
