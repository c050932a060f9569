"""The tables of what is known beside the postings; see labelwatch.store.schema."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text

from labelwatch.store.columns import (
    Id,
    Utc,
    metadata,
    of_posting,
    of_shop,
    partial_index,
    shop_column,
    text_column,
)

# The settings of a shop at Ozon: a new row where they differ from those read before.
settings_snapshot = Table(
    "settings_snapshot",
    metadata,
    Column("id", Id, primary_key=True),
    shop_column(),
    Column("taken_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("key_expires_at", Utc),
    Column("reminded_at", Integer),  # days before the expiry
    text_column("body"),  # JSON
    text_column("changes"),  # JSON: what differs from the row before
    Index("ix_settings_snapshot_shop_id", "shop_id", "id"),
    Index("ix_settings_snapshot_seen_at", "seen_at"),
)

# What a new order needs before it is packed, one row for each cause. An empty cause: its size and weight are still to
# be compared with the limits of the drop-off point.
need = Table(
    "need",
    metadata,
    of_posting(),
    Column("cause", Text, primary_key=True),
    shop_column(),
    Column("found_at", Utc, nullable=False),
    Column("gone_at", Utc),  # packed, or no longer needed
    Column("tell_at", Utc),  # when people are told at the latest; null: they were told, or are not to be
    Column("told_at", Utc),
    Column("is_listed", Boolean, nullable=False),  # told in a shift summary, which each channel has at its own time
    text_column("diagnosis"),  # JSON
    text_column("skus"),
    sqlite_with_rowid=False,
)
Index("ix_need_found_at", need.c.found_at)
partial_index("ix_need_tell_at", need.c.shop_id, need.c.tell_at, where="tell_at IS NOT NULL")
partial_index("ix_need_open", need.c.shop_id, need.c.cause, where="gone_at IS NULL")

# The orders that Ozon counts as errors of the seller, and what it charges for them.
charge = Table(
    "charge",
    metadata,
    of_shop(),
    Column("posting_number", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # Ozon's word
    Column("at", Utc, nullable=False),
    text_column("cost"),
    text_column("currency"),
    Column("percent", Float, nullable=False),
    Column("is_spared", Boolean, nullable=False),
    Index("ix_charge_at", "at"),
    sqlite_with_rowid=False,
)

# When each scheduled message was last due.
schedule = Table("schedule", metadata, Column("name", Text, primary_key=True), Column("at", Utc, nullable=False))

# What polls decided from beside the postings, one row where it changed: see labelwatch.store.decision_inputs.
decision_input = Table(
    "decision_input",
    metadata,
    Column("shop_id", Id, primary_key=True, autoincrement=False),  # 0: it concerns several shops
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("at", Utc, primary_key=True),
    text_column("body"),  # JSON
    Index("ix_decision_input_at", "at"),
    sqlite_with_rowid=False,
)
