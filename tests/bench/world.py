"""A shop made of numbers: posting `index` at its `version` is always the same bytes, so nothing has to be kept."""

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from tests.bench.posting import TEMPLATE

PAGE = 100

Facts = tuple[str, str, str, str, int]
"""What every contestant has to know of a posting: number, status, substatus, tracking, cutoff (ms since 1970)."""


@dataclass(frozen=True, slots=True)
class _Step:
    status: str
    substatus: str
    actions: str
    is_tracked: bool


_STEPS = (
    _Step("awaiting_packaging", "posting_created", '"cancel","set_cutoff","ship","ship_async"', is_tracked=False),
    _Step("awaiting_registration", "ship_pending", '"arbitration","cancel"', is_tracked=False),
    _Step("awaiting_deliver", "posting_registered", '"arbitration","cancel","label_download"', is_tracked=True),
)
# Where the postings of a working day stand. A change moves one a step on; after the last step, its tracking changes.
_BEGIN = (0, 0, 0, 0, 1, 2, 2, 2, 2, 2)

_GOODS = (
    "Чехол силиконовый прозрачный для смартфона",
    "Набор кистей для рисования акварелью, 24 шт.",
    "Лампа настольная светодиодная с зарядкой",
    "Кроссовки беговые дышащие летние мужские",
    "Термокружка автомобильная из нержавеющей стали",
)
_TOWNS = ("Екатеринбург", "Нижний Новгород", "Владивосток", "Казань", "Ростов-на-Дону", "Тюмень", "Улан-Удэ")
_CARRIERS = ("Ozon Логистика", "China Post", "CEL Standard", "GUOO Economy", "Почта России")


def facts(index: int, version: int, began: datetime) -> Facts:
    """What is to be known of a posting; every time is counted from `began`, which keeps all of them in time."""
    step = _step(index, version)
    return _number(index), step.status, step.substatus, _tracking(index, version), _cutoff(index, began) * 1000


def page(indices: range, versions: Sequence[int], *, began: datetime, following: str) -> bytes:
    """The body of one list answer; `versions` by index, `following` the cursor, empty on the last page."""
    postings = ",".join([_posting(index, versions[index], began) for index in indices])
    more = json.dumps(bool(following))
    return f'{{"postings":[{postings}],"cursor":"{following}","has_next":{more},"count":{len(versions)}}}'.encode()


def _step(index: int, version: int) -> _Step:
    return _STEPS[min(_BEGIN[index % len(_BEGIN)] + version, len(_STEPS) - 1)]


def _number(index: int) -> str:
    return f"{10_000_000 + index * 7:08d}-{index % 9000 + 1000:04d}-1"


def _tracking(index: int, version: int) -> str:
    return f"RC{index:09d}V{version}" if _step(index, version).is_tracked else ""


def _cutoff(index: int, began: datetime) -> int:
    return int(began.timestamp()) + 3600 * (48 + index % 60)


def _posting(index: int, version: int, began: datetime) -> str:
    step, number, cutoff = _step(index, version), _number(index), _cutoff(index, began)
    luck = (index + 1) * 0x9E3779B97F4A7C15 % 2**64  # looks random, is the same every time
    method, carrier = index % 12, _CARRIERS[index % 12 % len(_CARRIERS)]
    return TEMPLATE % {
        "number": number,
        "order": number.rpartition("-")[0],
        "order_id": 30_000_000_000 + luck % 10**9,
        "status": step.status,
        "substatus": step.substatus,
        "actions": step.actions,
        "tracking": _tracking(index, version),
        "ordered": _text(int(began.timestamp()) - index % 36_000),
        "cutoff": _text(cutoff),
        "hard_cutoff": _text(cutoff + 6 * 3600),
        "soon": _text(cutoff + 24 * 3600),
        "later": _text(cutoff + 12 * 24 * 3600),
        "much_later": _text(cutoff + 20 * 24 * 3600),
        "luck": luck,
        "method": method,
        "warehouse": method % 4,
        "carrier": carrier,
        "sku": luck // 7 % 10**9 + 10**9,
        "offer": luck // 11 % 10**6,
        "goods": _GOODS[luck % len(_GOODS)],
        "other": _GOODS[luck // 13 % len(_GOODS)],
        "town": _TOWNS[luck % len(_TOWNS)],
        "cents": luck // 17 % 90,
    }


@functools.cache
def _text(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fingerprint(rows: Iterable[Sequence[object]]) -> str:
    """Stands for all facts in the order of their numbers; two databases agree when theirs are equal."""
    whole = blake2b(digest_size=8)
    for row in rows:
        whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()


def milliseconds(text: str) -> int:
    """RFC 3339 to milliseconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp()) * 1000
