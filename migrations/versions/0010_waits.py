"""Find the waits of a delivery method without reading those of all others."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add to what is there."""
    op.create_index("ix_stage_wait_method_id", "stage_wait", ["method_id", "left_at"])
