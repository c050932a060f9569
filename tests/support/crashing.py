"""What a process does that tells what is due over a webhook and dies where it is told to."""

import os
import signal
from contextlib import closing
from datetime import UTC, datetime
from itertools import count

from labelwatch.channels import open_channel
from labelwatch.delivery.context import DeliveryContext
from labelwatch.delivery.dispatcher import recover, send_due
from labelwatch.store import open_store
from tests.support.alert_builders import destination


def main(database: str, hook: str, point: str, number: int) -> None:
    """Dies at the n-th passing of `point`; another point of that name never comes, and it ends by itself."""
    passed = count(1)

    def at(here: str) -> None:
        if here == point and next(passed) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    with closing(open_store(database)) as store:
        recover(store, now=datetime.now(UTC))
        channels = {"packers": (destination(), open_channel(hook))}
        for _ in range(3):
            send_due(DeliveryContext(store, channels, now=lambda: datetime.now(UTC), stop=lambda: False, at=at))
