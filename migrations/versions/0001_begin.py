"""Begin: shops, postings with their history, answers, alerts, notifications, polls and verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table; all or nothing, since it runs in one transaction."""
    _shops()
    _postings()
    _observations()
    _alerts()
    _notifications()
    _polls()
    _verdicts()


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key() -> sa.Column[int]:
    return sa.Column("id", _id(), primary_key=True)


def _to(
    table: str, name: str, *, cascade: bool = False, primary_key: bool = False, nullable: bool = False
) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
    if primary_key:
        return sa.Column(name, _id(), target, primary_key=True, autoincrement=False)
    return sa.Column(name, _id(), target, nullable=nullable)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=nullable) for name in names]


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _shops() -> None:
    op.create_table(
        "shop",
        _key(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("client_id", sa.Text, nullable=False, unique=True),
        *_texts("policy"),
        *_times("read_from", "read_at", "failing_since", nullable=True),
        *_numbers("failures"),
        *_texts("cause", "detail"),
        *_times("retry_at", nullable=True),
    )
    method = ["ozon_id", "name", "warehouse_id", "warehouse", "carrier_id", "carrier"]
    op.create_table(
        "delivery_method",
        _key(),
        _to("shop", "shop_id", cascade=True),
        *_texts(*method),
        *_times("first_label_at", nullable=True),
        sa.UniqueConstraint("shop_id", *method, name="uq_delivery_method"),
    )


def _postings() -> None:
    state = ["status", "substatus", "flow", "actions", "requirements"]
    op.create_table("state", _key(), *_texts(*state), sa.UniqueConstraint(*state, name="uq_state"))
    op.create_table(
        "posting",
        _key(),
        _to("shop", "shop_id", cascade=True),
        *_texts("number"),
        *_times("digest"),
        *_times("closed_at", nullable=True),
        *_texts("stage"),
        *_times("since_earliest", "since_latest", "first_seen"),
        *_times("label_earliest", "label_latest", "late_at", nullable=True),
        _to("state", "state_id"),
        _to("delivery_method", "method_id"),
        *_times("in_process_at", "cutoff", "hard_cutoff", nullable=True),
        *_texts("tracking_number", "details"),
        sa.UniqueConstraint("shop_id", "number", name="uq_posting"),
    )
    _partial_index("ix_posting_open", "posting", ["shop_id", "digest", "closed_at"], "closed_at IS NULL")
    _partial_index("ix_posting_late", "posting", ["shop_id", "late_at"], "late_at IS NOT NULL AND closed_at IS NULL")
    _partial_index("ix_posting_closed", "posting", ["closed_at"], "closed_at IS NOT NULL")
    came = "label_latest IS NOT NULL AND stage = 'done'"
    _partial_index("ix_posting_labelled", "posting", ["label_latest", "method_id"], came)
    never = "closed_at IS NOT NULL AND label_latest IS NULL"
    _partial_index("ix_posting_unlabelled", "posting", ["method_id", "state_id"], never)


def _observations() -> None:
    op.create_table(
        "history",
        _to("posting", "posting_id", cascade=True, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, primary_key=True),
        *_times("unseen", nullable=True),
        _to("state", "state_id"),
        _to("delivery_method", "method_id"),
        *_times("cutoff", nullable=True),
        sa.Column("tracking_number", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label_evidence",
        _to("posting", "posting_id", cascade=True, primary_key=True),
        sa.Column("level", sa.Text, primary_key=True),
        *_times("not_before", nullable=True),
        *_times("seen_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stage_wait",
        _to("posting", "posting_id", cascade=True, primary_key=True),
        sa.Column("stage", sa.Text, primary_key=True),
        _to("delivery_method", "method_id"),
        *_times("left_at", "shortest", "longest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "answer",
        _to("shop", "shop_id", cascade=True, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        *_times("asked_at"),
        sa.Column("body", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answer_asked_at", "answer", ["asked_at"])


def _alerts() -> None:
    op.create_table(
        "alert",
        _key(),
        _to("shop", "shop_id", cascade=True, nullable=True),
        *_texts("posting_number", "state"),
        *_times("opened_at", "cause_since"),
        *_times("told_at", nullable=True),
        sa.Column("told_count", sa.Integer),
        sa.Column("told_severity", sa.Text),
        sa.Column("told_cause", sa.Text),
        *_texts("handled_by", "note"),
        *_times("handled_at", "snoozed_until", "resolved_at", nullable=True),
        sa.Column("outcome", sa.Text),
        *_texts("kind", "carrier"),
        sa.Column("waiting_since", sa.BigInteger),
        sa.Column("deadline", sa.BigInteger),
        *_texts("diagnosis"),
    )
    waiting = "resolved_at IS NULL AND kind != ''"
    _partial_index("ix_alert_waiting", "alert", ["shop_id", "carrier", "kind"], waiting)
    _partial_index("uq_alert_open", "alert", ["shop_id", "posting_number"], "resolved_at IS NULL", unique=True)
    incident = "shop_id IS NULL AND resolved_at IS NULL"
    _partial_index("uq_alert_incident", "alert", ["posting_number"], incident, unique=True)
    op.create_index("ix_alert_posting_number", "alert", ["posting_number"])
    _partial_index("ix_alert_resolved", "alert", ["resolved_at"], "resolved_at IS NOT NULL")


def _notifications() -> None:
    op.create_table(
        "notification",
        _key(),
        _to("alert", "alert_id", cascade=True),
        *_numbers("telling"),
        *_texts("channel", "reason", "state"),
        *_times("due_at", "expires_at", "created_at"),
        *_numbers("attempts"),
        *_times("lease_until", nullable=True),
        sa.Column("message_key", sa.Text),
        sa.Column("possible_duplicate", sa.Boolean, nullable=False),
        *_times("sent_at", nullable=True),
        *_texts("receipt", "error", "snapshot"),
        sa.UniqueConstraint("alert_id", "telling", "channel", name="uq_notification"),
    )
    _partial_index(
        "ix_notification_waiting",
        "notification",
        ["channel", "due_at"],
        "state IN ('pending', 'retry', 'leased')",
    )


def _polls() -> None:
    op.create_table(
        "poll",
        _key(),
        _to("shop", "shop_id", cascade=True),
        *_times("started_at", "finished_at"),
        sa.Column("complete", sa.Boolean, nullable=False),
        *_numbers("postings", "changed", "late", "told", "requests"),
        *_texts("trouble", "detail"),
    )
    op.create_index("ix_poll_shop_id", "poll", ["shop_id", "finished_at"])
    op.create_index("ix_poll_finished_at", "poll", ["finished_at"])
    op.create_table(
        "quarantine",
        _to("shop", "shop_id", cascade=True, primary_key=True),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        *_texts("path", "problem"),
        *_times("first_seen", "last_seen"),
        sqlite_with_rowid=False,
    )


def _verdicts() -> None:
    op.create_table(
        "verdict",
        _to("shop", "shop_id", cascade=True, primary_key=True),
        sa.Column("posting_number", sa.Text, primary_key=True),
        sa.Column("said", sa.Text, primary_key=True),
        *_texts("really", "judged_by", "note"),
        *_times("judged_at"),
        sqlite_with_rowid=False,
    )
