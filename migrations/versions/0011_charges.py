"""Keep what Ozon charges for single orders."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what is there."""
    op.create_table(
        "charge",
        sa.Column("shop_id", _ID, nullable=False, autoincrement=False),
        sa.Column("posting_number", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("percent", sa.Float, nullable=False),
        sa.Column("is_spared", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "posting_number", "kind", name="pk_charge"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_charge_shop_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_charge_at", "charge", ["at"])
