"""labelwatch itself: one poll of one shop, with the store and the source that the service uses."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import labelwatch.service.scheduler  # noqa: F401 - what the service has loaded counts as its memory
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.polling.poll import poll_shop
from labelwatch.sources.ozon.client import Access, OzonSource
from labelwatch.store import open_store
from tests.bench.contestants import database

_PLAN = Plan("main", timedelta(minutes=2))
_FACTS = """SELECT posting.number, state.status, state.substatus, posting.tracking_number, posting.cutoff
FROM posting JOIN state ON state.id = posting.state_id ORDER BY posting.number"""


class Ours:
    """Its rate is set so high that it limits nothing, unless another one is asked for."""

    def __init__(self, port: int, folder: Path, requests_per_second: float = 1_000_000) -> None:
        self._file = database(folder)
        self.store = open_store(f"sqlite:///{self._file}")
        self.store.upgrade()
        self.store.shops.sync([(_PLAN.shop, "1")])
        self.source = OzonSource(
            Access(
                "1",
                "key",
                base_url=f"http://127.0.0.1:{port}",
                requests_per_second=requests_per_second,
                timeout=timedelta(seconds=30),
                user_agent="labelwatch-bench",
                proxy="",
            ),
            clock=_now,
        )

    def poll(self) -> int:
        return self.report().changed

    def report(self) -> Report:
        """One poll that must have been complete."""
        report = poll_shop(_PLAN, store=self.store, source=self.source, now=_now, stop=lambda: False)
        if report.error:
            raise RuntimeError(report.error)
        return report

    def facts(self) -> Iterable[tuple[object, ...]]:
        with closing(sqlite3.connect(self._file)) as db:
            yield from db.execute(_FACTS)

    def close(self) -> None:
        self.source.close()
        self.store.close()


def _now() -> datetime:
    return datetime.now(UTC)
