"""Keep what was read of the settings of each shop at Ozon."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what is there."""
    op.create_table(
        "settings_snapshot",
        sa.Column("id", _ID, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("key_expires_at", sa.BigInteger),
        sa.Column("reminded_at", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings_snapshot"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_settings_snapshot_shop_id", ondelete="CASCADE"),
    )
    op.create_index("ix_settings_snapshot_shop_id", "settings_snapshot", ["shop_id", "id"])
    op.create_index("ix_settings_snapshot_seen_at", "settings_snapshot", ["seen_at"])
