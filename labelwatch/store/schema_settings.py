"""The tables of what is known before anything is late; see labelwatch.store.schema."""

from sqlalchemy import Column, Index, Integer, Table

from labelwatch.store.columns import Id, Utc, metadata, shop_column, text_column

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
    Index("ix_settings_snapshot_shop_id", "shop_id", "id"),
    Index("ix_settings_snapshot_seen_at", "seen_at"),
)
