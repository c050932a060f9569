"""Keep which verdict people were told, and whether they were told that the deadline has passed."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add to what is there. A deadline that passed before the upgrade is no news after it."""
    op.add_column("alert", sa.Column("told_verdict", sa.Text))
    op.add_column("alert", sa.Column("told_missed", sa.Boolean))
    alert = sa.table(
        "alert",
        sa.column("told_at", sa.BigInteger),
        sa.column("told_missed", sa.Boolean),
        sa.column("deadline", sa.BigInteger),
    )
    now = time.time_ns() // 1_000_000
    op.execute(
        sa.update(alert)
        .where(alert.c.told_at.is_not(None))
        .values(told_missed=sa.func.coalesce(alert.c.deadline <= now, sa.false()))
    )
