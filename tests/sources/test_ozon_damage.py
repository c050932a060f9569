"""Damage to one value of a page costs at most the posting it is in: all others are judged as before."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.posting import Posting
from labelwatch.sandbox import scenarios
from labelwatch.sandbox.lists import unfulfilled
from labelwatch.sandbox.scenarios.stage import HOME
from labelwatch.sources import SourceError, Unreadable
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.parse import page, read
from tests.sources.build import ANYTHING

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
RECORDED = Path(__file__).parents[3] / "shared" / "ozon" / "fixtures"
ASKED = {
    "limit": 12,
    "filter": {"cutoff_from": "2026-10-01T00:00:00Z", "cutoff_to": "2027-04-01T00:00:00Z"},
    "with": {"analytics_data": True, "barcodes": True, "financial_data": True, "legal_info": True},
}
Place = tuple[str | int, ...]


def pages() -> Iterator[Any]:
    """A page of the sandbox, and those that others recorded where they are at hand."""
    yield json.loads(unfulfilled(scenarios.many(START, 40).shelves[HOME.client_id], ASKED))
    for path in sorted(RECORDED.glob("*v4_*list*.json")):
        body = json.loads(path.read_bytes())
        if (postings := body.get("result", body).get("postings")) and "request" not in path.name:
            # One alone has no others: twelve of it, under numbers of their own.
            many = [{**postings[n % len(postings)], "posting_number": f"{n}-1-1"} for n in range(12)]
            yield json.loads(json.dumps({"postings": many, "has_next": False, "cursor": ""}))


def places(value: Any, before: Place = ()) -> Iterator[Place]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*before, step)
        yield from places(one, (*before, step))


PAGES = list(pages())
WHERE = [[place for place in places(body) if place[0] == "postings" and len(place) > 1] for body in PAGES]
BROKEN = ['"x \\ud83d"', '"a\tb"', '"a\x01b\n"', '"\\x"', "[" * 3000 + "]" * 3000, "1e999", "9" * 6000]
DAMAGE = st.builds(json.dumps, ANYTHING | st.text(st.characters())) | st.sampled_from(BROKEN)


def damaged(body: Any, place: Place, value: str) -> bytes:
    """The page with the JSON `value` at a place."""
    worse = deepcopy(body)
    inner = worse
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = "(here)"
    return json.dumps(worse, ensure_ascii=False).replace('"(here)"', value).encode()


def judged(raw: bytes) -> list[Posting | None]:
    found: list[Posting | None] = []
    for item in page(Answer("/list", 200, {}, raw)).items:
        try:
            found.append(read(item))
        except Unreadable:
            found.append(None)
    return found


@pytest.mark.fault("O10", "O12", "O18")
@given(st.data(), DAMAGE)
def test_damage_to_any_value_of_a_posting_leaves_all_others_as_they_were(data: st.DataObject, value: str) -> None:
    which = data.draw(st.integers(0, len(PAGES) - 1))
    place = data.draw(st.sampled_from(WHERE[which]))
    before, after = judged(json.dumps(PAGES[which]).encode()), judged(damaged(PAGES[which], place, value))
    assert None not in before
    assert len(after) == len(before)
    assert [one for n, one in enumerate(after) if n != place[1]] == [
        one for n, one in enumerate(before) if n != place[1]
    ]


@given(st.sampled_from(["postings", "has_next", "cursor", "count", "added"]), DAMAGE)
def test_damage_around_the_postings_leaves_them_as_they_were_or_refuses_the_page(key: str, value: str) -> None:
    try:
        after = judged(damaged(PAGES[0], (key,), value))
    except SourceError:
        return
    assert key == "postings" or after == judged(json.dumps(PAGES[0]).encode())
