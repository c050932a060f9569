"""An open transaction: everything done in it is committed together, or rolled back on an exception."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.core.subject import Summary
from labelwatch.store.repositories import (
    Alerts,
    Answers,
    Channels,
    Charges,
    DecisionInputs,
    GroupCounts,
    Needs,
    Outbox,
    Postings,
    Schedules,
    Settings,
    Shops,
)
from labelwatch.store.tokens import OneTimeTokens


class Transaction:
    """Holds the write lock; made by `Store.write()`."""

    def __init__(self, conn: Connection) -> None:
        def connect() -> nullcontext[Connection]:
            return nullcontext(conn)

        self.postings = Postings(connect, connect)
        self.shops = Shops(connect, connect)
        self.alerts = Alerts(connect, connect)
        self.answers = Answers(connect, connect)
        self.inputs = DecisionInputs(connect, connect)
        self.groups = GroupCounts(connect, connect)
        self.outbox = Outbox(connect, connect)
        self.channels = Channels(connect, connect)
        self.needs = Needs(connect, connect)
        self.settings = Settings(connect, connect)
        self.charges = Charges(connect, connect)
        self.schedules = Schedules(connect, connect)
        self.tokens = OneTimeTokens(connect, connect)

    def add_summary(self, alert: Alert, *, due_at: datetime, expires_at: datetime, now: datetime) -> int:
        """Queue a summary for its channel; returns the id of its alert."""
        subject = alert.diagnosis.subject
        assert isinstance(subject, Summary), "made by labelwatch.core.summaries"
        (id_,) = self.alerts.save(None, [alert])
        reason = Reason(subject.kind.value)
        one = Notification(replace(alert, id=id_), 1, reason, subject.channel, due_at=due_at, expires_at=expires_at)
        self.outbox.queue([one], created_at=now)
        return id_
