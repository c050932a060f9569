"""Pages over a real socket in which something that nobody needs is odd: what is late is told all the same."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.report import Report
from labelwatch.polling.poll import poll_shop
from labelwatch.sources import Trouble
from labelwatch.sources.ozon.client import UNFULFILLED
from labelwatch.store import Store
from tests.sources.scripted import Asked, Reply, says, scripted
from tests.support.poll_world import START, Story

pytestmark = pytest.mark.fault("O10", "O18")

COUNT = 8
SHAPES: dict[str, Any] = {
    "analytics_data": [],
    "tariffication_steps": {},
    "requirements": [],
    "delivery_method": [],
    "products": [None],
    "available_actions": ["ship", None],
    "dimensions": [],
    "in_process_at": [],
    "order_number": {"a": 1},
    "substatus": 5,
}
UNEXPECTED = set(SHAPES) - {"dimensions", "substatus"}
"""Of the fields that are read, those in which the value is odd."""
LOST: dict[str, Any] = {"status": None, "available_actions": "ship", "shipment_date": "soon", "posting_number": []}
STRINGS = [r'"\u0427\u0435 \ud83d"', '"a\tb"', '"a\nb"', '"a\x01b"']


def body(n: int, **changes: Any) -> dict[str, Any]:
    """A posting that was to be packed hours ago."""
    return {
        "posting_number": f"0101-{n:04}-1",
        "order_number": f"0101-{n:04}",
        "status": "awaiting_packaging",
        "substatus": "posting_created",
        "tpl_integration_type": "ozon",
        "in_process_at": "2026-11-21T01:00:00Z",
        "shipment_date": (START + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "available_actions": ["cancel", "ship"],
        "products": [{"sku": 5, "name": "(name)", "quantity": 1}],
        "delivery_method": {"id": 7, "name": "Courier", "warehouse_id": 5},
        **changes,
    }


def polled(store: Store, listed: str, *, polls: int = 1) -> tuple[Report, Story]:
    story = Story(store)

    def script(asked: Asked) -> Reply:
        return Reply(body=listed.encode()) if asked.path == UNFULFILLED else says({"postings": [], "has_next": False})

    with scripted(script) as scene:
        source = scene.source(clock=lambda: story.at)
        for _ in range(polls):
            report = poll_shop(story.plan, store=store, source=source, now=lambda: story.at, stop=lambda: False)
        source.close()
    return report, story


def page(odd: Mapping[int, Mapping[str, Any]]) -> str:
    return json.dumps(
        {"postings": [body(n, **odd.get(n, {})) for n in range(COUNT)], "has_next": False, "cursor": ""}
    )


@pytest.mark.parametrize("share", [1, COUNT])
@pytest.mark.parametrize("field", SHAPES)
def test_an_odd_value_that_is_not_needed_hides_no_late_posting(
    sqlite_store: Store, field: str, share: int, caplog: pytest.LogCaptureFixture
) -> None:
    report, story = polled(sqlite_store, page({n: {field: SHAPES[field]} for n in range(share)}), polls=2)
    assert (report.complete, report.postings, report.late, report.quarantined) == (True, COUNT, COUNT, 0)
    assert len(story.alerts()) == COUNT
    rows = sqlite_store.shops.quarantined(START - timedelta(days=1))
    places = [row.path.partition("]")[2].lstrip(".").partition("[")[0] for row in rows]
    assert places == [field] * (field in UNEXPECTED)
    assert all(row.problem.endswith("; read without it") for row in rows)
    assert caplog.text.count("is read without its invalid values") == len(rows)


@pytest.mark.parametrize("field", LOST)
def test_without_what_is_needed_a_posting_is_set_aside_and_a_shop_of_such_is_not_read(
    sqlite_store: Store, field: str
) -> None:
    report, story = polled(sqlite_store, page({7: {field: LOST[field]}}))
    assert (report.complete, report.late, report.quarantined) == (True, COUNT - 1, 1)
    report, _ = polled(sqlite_store, page({n: {field: LOST[field]} for n in range(COUNT)}))
    assert (report.complete, report.cause) == (False, Trouble.NOT_UNDERSTOOD)
    assert len(story.alerts()) == COUNT


@pytest.mark.parametrize("name", STRINGS)
def test_a_name_that_is_no_valid_string_is_mended(sqlite_store: Store, name: str) -> None:
    report, story = polled(sqlite_store, page({}).replace('"(name)"', name, 1))
    assert (report.complete, report.late, report.quarantined) == (True, COUNT, 0)
    assert "0101-0000-1" in story.alerts()


def test_a_page_with_damaged_characters_is_believed_in_nothing(sqlite_store: Store) -> None:
    listed = page({}).encode().replace(b"(name)", b"\xff", 1)
    report, story = polled(sqlite_store, listed.decode("latin-1"))
    assert report.complete, "in latin-1 it was a letter"
    with scripted(lambda _: Reply(body=listed)) as scene:
        source = scene.source(clock=lambda: story.at)
        report = poll_shop(story.plan, store=sqlite_store, source=source, now=lambda: story.at, stop=lambda: False)
        source.close()
    assert (report.complete, report.cause) == (False, Trouble.NOT_UNDERSTOOD)
