"""Keep the secret that signs sessions and links, and which of those must not be taken again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to what is there; all or nothing, since it runs in one transaction."""
    op.create_table(
        "secret",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "spent_token",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
