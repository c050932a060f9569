"""The naive way: requests, json, and a commit for every row.

sqlite3 is used as it comes, but spared the disk: with synchronous=OFF its commits wait for nothing. As it really
comes, each commit waits for the disk, and the way is slower by thousands of times what that takes.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import requests

from tests.bench.contestants import database
from tests.bench.world import milliseconds

_TABLE = """CREATE TABLE posting
(number TEXT PRIMARY KEY, status TEXT, substatus TEXT, tracking TEXT, cutoff INTEGER)"""


class Naive:
    """Reads the row of every posting, compares, and writes it in any case."""

    def __init__(self, port: int, folder: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/v4/posting/fbs/unfulfilled/list"
        self._session = requests.Session()
        self._session.trust_env = False
        self._db = sqlite3.connect(database(folder))
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_TABLE)

    def poll(self) -> int:
        cursor, changed = "", 0
        while True:
            page = self._session.post(self._url, json={"cursor": cursor, "limit": 100}, timeout=30).json()
            changed += sum(self._save(posting) for posting in page["postings"])
            if not page["has_next"]:
                return changed
            cursor = page["cursor"]

    def facts(self) -> Iterable[tuple[object, ...]]:
        return self._db.execute("SELECT * FROM posting ORDER BY number")

    def close(self) -> None:
        self._session.close()
        self._db.close()

    def _save(self, posting: dict[str, str]) -> bool:
        row = (
            posting["posting_number"],
            posting["status"],
            posting["substatus"],
            posting["tracking_number"],
            milliseconds(posting["shipment_date"]),
        )
        before = self._db.execute("SELECT * FROM posting WHERE number = ?", row[:1]).fetchone()
        self._db.execute("INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?, ?)", row)
        self._db.commit()
        return bool(before != row)
