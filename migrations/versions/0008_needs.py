"""Keep what new orders need before they are packed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what is there."""
    op.create_table(
        "need",
        sa.Column("posting_id", _ID, nullable=False, autoincrement=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.Column("gone_at", sa.BigInteger),
        sa.Column("tell_at", sa.BigInteger),
        sa.Column("told_at", sa.BigInteger),
        sa.Column("is_listed", sa.Boolean, nullable=False),
        sa.Column("diagnosis", sa.Text, nullable=False),
        sa.Column("skus", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("posting_id", "cause", name="pk_need"),
        sa.ForeignKeyConstraint(["posting_id"], ["posting.id"], name="fk_need_posting_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_need_shop_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_need_found_at", "need", ["found_at"])
    for name, columns, where in (
        ("ix_need_tell_at", ["shop_id", "tell_at"], "tell_at IS NOT NULL"),
        ("ix_need_open", ["shop_id", "cause"], "gone_at IS NULL"),
    ):
        op.create_index(name, "need", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
