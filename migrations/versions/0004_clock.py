"""Keep how far each machine's clock is ahead of Ozon's, for every process on it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add to what is there; all or nothing, since it runs in one transaction."""
    op.create_table(
        "clock",
        sa.Column("host", sa.Text, primary_key=True),
        sa.Column("ahead", sa.BigInteger, nullable=False),
        sa.Column("against_monotonic", sa.BigInteger, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
    )
