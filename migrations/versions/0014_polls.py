"""Let a row stand for the polls of an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add to what is there: each row stands for one poll."""
    op.add_column("poll", sa.Column("polls", sa.Integer, nullable=False, server_default="1"))
    op.add_column("poll", sa.Column("first_at", sa.BigInteger))
    op.add_column("poll", sa.Column("gap", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("poll", sa.Column("gap_from", sa.BigInteger))
