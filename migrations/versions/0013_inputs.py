"""Keep everything that polls decided from, so that their decisions can be made again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add to what is there."""
    op.add_column("history", sa.Column("before", sa.Text))
    op.create_table(
        "decision_input",
        sa.Column("shop_id", _ID, nullable=False, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "topic", "subject", "at", name="pk_decision_input"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decision_input_at", "decision_input", ["at"])
