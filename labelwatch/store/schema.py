"""The tables as the code expects them; migrations/ creates them, and a test compares the two.

Times are UTC milliseconds since 1970 in integers: short rows, simple comparisons, the same on both databases.
There is no column for anything about the buyer.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from labelwatch.store.columns import (
    Id,
    Utc,
    metadata,
    of_posting,
    of_shop,
    part_of,
    partial_index,
    said_column,
    shop_column,
    text_column,
)

REVISION = "0014"
"""The newest migration; zero-padded, so that older and newer compare as text."""


shop = Table(
    "shop",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("client_id", Text, nullable=False, unique=True),
    text_column("policy"),  # hash of the delays under which late_at was last computed for all
    Column("read_from", Utc),  # the last complete sweep: its start
    Column("read_at", Utc),  # ... and its end
    Column("failing_since", Utc),
    Column("failures", Integer, nullable=False),
    text_column("cause"),
    text_column("detail"),
    Column("retry_at", Utc),
)

# Shared and never changed: the method of a posting or its history stays as it was read.
delivery_method = Table(
    "delivery_method",
    metadata,
    Column("id", Id, primary_key=True),
    shop_column(),
    text_column("ozon_id"),
    text_column("name"),
    text_column("warehouse_id"),
    text_column("warehouse"),
    text_column("carrier_id"),
    text_column("carrier"),
    Column("first_label_at", Utc),
    UniqueConstraint(
        "shop_id",
        "ozon_id",
        "name",
        "warehouse_id",
        "warehouse",
        "carrier_id",
        "carrier",
        name="uq_delivery_method",
    ),
)

# Shared as well: millions of history rows refer to a few hundred of these.
state = Table(
    "state",
    metadata,
    Column("id", Id, primary_key=True),
    text_column("status"),
    text_column("substatus"),
    text_column("flow"),
    text_column("actions"),  # JSON list
    text_column("requirements"),  # JSON list of the keys
    UniqueConstraint("status", "substatus", "flow", "actions", "requirements", name="uq_state"),
)

posting = Table(
    "posting",
    metadata,
    Column("id", Id, primary_key=True),
    shop_column(),
    text_column("number"),
    Column("digest", BigInteger, nullable=False),
    Column("closed_at", Utc),  # null while it is open and watched
    text_column("stage"),
    Column("since_earliest", Utc, nullable=False),
    Column("since_latest", Utc, nullable=False),
    Column("first_seen", Utc, nullable=False),
    Column("label_earliest", Utc),
    Column("label_latest", Utc),
    Column("late_at", Utc),
    Column("state_id", Id, ForeignKey("state.id"), nullable=False),
    Column("method_id", Id, ForeignKey("delivery_method.id"), nullable=False),
    Column("in_process_at", Utc),
    Column("cutoff", Utc),
    Column("hard_cutoff", Utc),
    text_column("tracking_number"),
    text_column("details"),  # JSON: what is shown but never searched for
    UniqueConstraint("shop_id", "number", name="uq_posting"),
)
partial_index(
    "ix_posting_open",
    posting.c.shop_id,
    posting.c.digest,
    posting.c.closed_at,  # always null here, but with it the index alone answers which postings are open
    where="closed_at IS NULL",
)
partial_index(
    "ix_posting_late",
    posting.c.shop_id,
    posting.c.late_at,
    where="late_at IS NOT NULL AND closed_at IS NULL",
)
partial_index(
    "ix_posting_closed",
    posting.c.closed_at,
    where="closed_at IS NOT NULL",
)
# The next two are covering indexes: how many labels came lately, and how many postings ended without one.
partial_index(
    "ix_posting_labelled",
    posting.c.label_latest,
    posting.c.method_id,
    where="label_latest IS NOT NULL AND stage = 'done'",
)
partial_index(
    "ix_posting_unlabelled",
    posting.c.method_id,
    posting.c.state_id,
    where="closed_at IS NOT NULL AND label_latest IS NULL",
)

# Append-only; integers, because there are many of them. `unseen` is the time between the last reading that saw
# another state and this one in milliseconds: half the size of a timestamp.
history = Table(
    "history",
    metadata,
    of_posting(),
    Column("seen_at", Utc, primary_key=True),
    Column("unseen", BigInteger),
    Column("state_id", Id, ForeignKey("state.id"), nullable=False),
    Column("method_id", Id, ForeignKey("delivery_method.id"), nullable=False),
    Column("cutoff", Utc),
    Column("tracking_number", Text),
    Column("before", Text),  # JSON: what else decisions depend on, as it was until then; null: it did not change
    sqlite_with_rowid=False,
)

label_evidence = Table(
    "label_evidence",
    metadata,
    of_posting(),
    Column("level", Text, primary_key=True),  # offered, printed, verified
    Column("not_before", Utc),
    Column("seen_at", Utc, nullable=False),
    sqlite_with_rowid=False,
)

# How long a posting was in a stage before the next one, between these two; what is normal is learned from it.
stage_wait = Table(
    "stage_wait",
    metadata,
    of_posting(),
    Column("stage", Text, primary_key=True),
    Column("method_id", Id, ForeignKey("delivery_method.id"), nullable=False),
    Column("left_at", Utc, nullable=False),
    Column("shortest", BigInteger, nullable=False),  # milliseconds
    Column("longest", BigInteger, nullable=False),
    Index("ix_stage_wait_method_id", "method_id", "left_at"),
    sqlite_with_rowid=False,
)

# The last answer to each question that Ozon was asked beyond its lists.
answer = Table(
    "answer",
    metadata,
    of_shop(),
    Column("topic", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # a posting number; empty: the shop
    Column("asked_at", Utc, nullable=False),
    Column("body", Text),  # JSON; null: the question failed
    Index("ix_answer_asked_at", "asked_at"),
    sqlite_with_rowid=False,
)

alert = Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shop_id", Id, ForeignKey("shop.id", ondelete="CASCADE")),  # null: an incident, which has no single shop
    text_column("posting_number"),  # empty: the shop's own trouble; the key of an incident or a channel
    text_column("state"),
    Column("opened_at", Utc, nullable=False),
    Column("cause_since", Utc, nullable=False),
    Column("told_at", Utc),
    Column("told_count", Integer),
    Column("told_severity", Text),
    Column("told_cause", Text),
    Column("told_left", BigInteger),  # milliseconds: the last escalation step that was notified
    Column("told_verdict", Text),
    Column("told_missed", Boolean),
    Column("unseen_since", Utc),  # its posting was not read since; null: it was read at the last poll of its shop
    text_column("handled_by"),
    text_column("note"),
    Column("handled_at", Utc),
    Column("snoozed_until", Utc),
    Column("resolved_at", Utc),
    Column("outcome", Text),
    text_column("kind"),  # what it waits for if it has no cause of its own; these four are counted over all shops
    text_column("carrier"),
    Column("waiting_since", Utc),
    Column("deadline", Utc),
    text_column("diagnosis"),  # JSON
    Column("subject", Text),  # posting, shop, incident, channel, database or shift
)
partial_index(
    "ix_alert_waiting",
    alert.c.shop_id,
    alert.c.carrier,
    alert.c.kind,
    where="resolved_at IS NULL AND kind != ''",
)
partial_index(
    "uq_alert_open",
    alert.c.shop_id,
    alert.c.posting_number,
    unique=True,
    where="resolved_at IS NULL",
)
partial_index(
    "uq_alert_incident",  # the index above allows duplicate incidents: no null equals another
    alert.c.posting_number,
    unique=True,
    where="shop_id IS NULL AND resolved_at IS NULL",
)
Index("ix_alert_posting_number", alert.c.posting_number)
partial_index(
    "ix_alert_unseen",
    alert.c.shop_id,
    where="unseen_since IS NOT NULL",
)
partial_index(
    "ix_alert_resolved",
    alert.c.resolved_at,
    where="resolved_at IS NOT NULL",
)

notification = Table(
    "notification",
    metadata,
    Column("id", Id, primary_key=True),
    Column("alert_id", Id, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("telling", Integer, nullable=False),
    text_column("channel"),
    text_column("reason"),
    text_column("state"),
    Column("due_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Utc),
    Column("message_key", Text),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("sent_at", Utc),
    text_column("receipt"),
    said_column("error"),
    text_column("snapshot"),  # JSON: the alert as it was when the notification was decided
    Column("ref", Text),  # the message's id at the service, while it can be edited
    Column("revise_at", Utc),  # from when on the message is out of date
    UniqueConstraint("alert_id", "telling", "channel", name="uq_notification"),
)
partial_index(
    "ix_notification_waiting",
    notification.c.channel,
    notification.c.due_at,
    where="state IN ('pending', 'retry', 'leased')",
)
partial_index(
    "ix_notification_outdated",
    notification.c.channel,
    notification.c.revise_at,
    where="revise_at IS NOT NULL",
)
Index("ix_notification_message_key", notification.c.message_key)

# The state of each channel. A row is created when there is something to store.
channel = Table(
    "channel",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sent_at", Utc),  # its last message
    Column("paused_until", Utc),
    Column("failing_since", Utc),
    Column("is_final", Boolean, nullable=False),  # it fails until a person changes something
    said_column("error"),
    text_column("address"),  # where its destination has moved; empty: not moved
    Column("handover_at", Utc),  # the end of the last shift summary
)

# Every attempt to send a message, and which notifications it held.
attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    text_column("channel"),
    Column("at", Utc, nullable=False),
    text_column("message_key"),
    text_column("outcome"),  # delivered, unverified, retry, rate_limited, ambiguous, permanent, bad_message
    said_column("said"),
    Index("ix_attempt_at", "at"),
)
attempt_notification = Table(
    "attempt_notification",
    metadata,
    part_of("notification_id", "notification.id"),
    part_of("attempt_id", "attempt.id"),
    Index("ix_attempt_notification_attempt_id", "attempt_id"),
    sqlite_with_rowid=False,
)

poll = Table(
    "poll",
    metadata,
    Column("id", Id, primary_key=True),
    shop_column(),
    Column("started_at", Utc, nullable=False),
    Column("finished_at", Utc, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("postings", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    text_column("trouble"),
    text_column("detail"),
    Column("polls", Integer, nullable=False, server_default="1"),  # complete ones of an hour are one row
    Column("first_at", Utc),  # when the first of them finished; null: there is one
    Column("gap", BigInteger, nullable=False, server_default="0"),  # milliseconds: the longest between two of them
    Column("gap_from", Utc),
    Index("ix_poll_shop_id", "shop_id", "finished_at"),
    Index("ix_poll_finished_at", "finished_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    of_shop(),
    Column("number", Text, primary_key=True),
    Column("place", Text, primary_key=True),  # the path without its index: $.postings[].shipment_date
    text_column("path"),
    text_column("problem"),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
    sqlite_with_rowid=False,
)

# What people said a cause really was; a later verdict replaces an earlier one.
verdict = Table(
    "verdict",
    metadata,
    of_shop(),
    Column("posting_number", Text, primary_key=True),
    Column("said", Text, primary_key=True),  # the cause that labelwatch had named
    text_column("really"),
    text_column("judged_by"),
    text_column("note"),
    Column("judged_at", Utc, nullable=False),
    sqlite_with_rowid=False,
)

# The key that signs sessions and links; generated when first needed.
secret = Table("secret", metadata, Column("name", Text, primary_key=True), text_column("value"))

# Signed links that were used and sessions that were ended, until they would have expired.
spent_token = Table(
    "spent_token", metadata, Column("token", Text, primary_key=True), Column("until", Utc, nullable=False)
)

# How far the clock of each machine is ahead of Ozon's, measured by the process that polls there.
clock = Table(
    "clock",
    metadata,
    Column("host", Text, primary_key=True),
    Column("ahead", BigInteger, nullable=False),  # milliseconds
    Column("against_monotonic", BigInteger, nullable=False),  # milliseconds: the wall clock minus the monotonic one
    Column("noted_at", Utc, nullable=False),
)
