"""An open transaction: everything done in it is committed together, or rolled back on an exception."""

from contextlib import nullcontext

from sqlalchemy import Connection

from labelwatch.store.repositories import (
    Alerts,
    Answers,
    Channels,
    GroupCounts,
    Outbox,
    Postings,
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
        self.groups = GroupCounts(connect, connect)
        self.outbox = Outbox(connect, connect)
        self.channels = Channels(connect, connect)
        self.settings = Settings(connect, connect)
        self.tokens = OneTimeTokens(connect, connect)
