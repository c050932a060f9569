"""What Ozon might send, built in a line: a posting, an item of a page, an answer."""

import json
from typing import Any

from hypothesis import strategies as st

from labelwatch.core.posting import Posting
from labelwatch.sources import Item
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.parse import digest, read

BARE: dict[str, Any] = {"posting_number": "11-22-1", "status": "awaiting_packaging"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON."""


def item(body: object, index: int = 0) -> Item:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Item(digest(raw), raw, index)


def parsed(**fields: Any) -> Posting:
    return read(item({**BARE, **fields}))


def answer(body: object, status: int = 200) -> Answer:
    return Answer("/list", status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
