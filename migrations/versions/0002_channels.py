"""Keep how each channel fares, every try to send, messages that can be changed, steps of escalation, and since when
a posting cannot be seen."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add to what is there; all or nothing, since it runs in one transaction."""
    op.add_column("alert", sa.Column("told_left", sa.BigInteger))
    op.add_column("alert", sa.Column("unseen_since", sa.BigInteger))
    _partial_index("ix_alert_unseen", "alert", ["shop_id"], "unseen_since IS NOT NULL")
    op.add_column("notification", sa.Column("ref", sa.Text))
    op.add_column("notification", sa.Column("revise_at", sa.BigInteger))
    _partial_index("ix_notification_outdated", "notification", ["channel", "revise_at"], "revise_at IS NOT NULL")
    op.create_index("ix_notification_message_key", "notification", ["message_key"])
    _channel()
    _attempts()


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger) for name in ("sent_at", "paused_until", "failing_since")),
        sa.Column("is_final", sa.Boolean, nullable=False),
        _text("error"),
        _text("address"),
        sa.Column("handover_at", sa.BigInteger),
    )


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", _id(), primary_key=True),
        _text("channel"),
        sa.Column("at", sa.BigInteger, nullable=False),
        *map(_text, ("message_key", "outcome", "said")),
    )
    op.create_index("ix_attempt_at", "attempt", ["at"])
    op.create_table(
        "attempt_notification",
        _part("notification"),
        _part("attempt"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attempt_notification_attempt_id", "attempt_notification", ["attempt_id"])


def _part(table: str) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(f"{table}_id", _id(), target, primary_key=True, autoincrement=False)
