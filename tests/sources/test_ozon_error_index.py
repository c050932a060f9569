"""The error index as Ozon gives it: the sandbox's, odd ones, and none for want of a role."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from labelwatch.core.error_index import Charge
from labelwatch.core.retirements import SWITCH_OFFS, SwitchOff, retiring
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.client import OzonSource
from labelwatch.sources.ozon.error_index import CHARGED, INDEX
from labelwatch.sources.ozon.used import USED, retiring_methods
from tests.sources.scripted import Asked, Reply, says, scripted
from tests.support.poll_world import START

GOOD = {"index": 4.6, "currency_code": "RUB", "processing_costs_sum": 90.5, "period_from": "2026-11-18"}
ROW = {"posting_number": "41-1-1", "posting_error_type": "SELLER_DELAY", "error_at": "2026-11-20T10:00:00Z"}


def read(index: Any, *pages: Any) -> Any:
    """What is made of these answers; an empty page follows."""
    left = list(pages) or [{"errors": [], "has_next": False}]

    def script(asked: Asked) -> Reply:
        if asked.path == INDEX:
            return says(index)
        assert asked.path == CHARGED
        return says(left.pop(0))

    with scripted(script) as scene:
        source: OzonSource = scene.source("4711")
        try:
            return source.error_index(START - timedelta(days=30))
        finally:
            source.close()


def test_index_days_and_costs_are_read_whatever_their_type() -> None:
    rows = [{"date": "2026-11-21", "index_by_date": "4.6", "processing_costs_sum_by_date": 1}, {"date": "never"}]
    found = read({**GOOD, "defects": [*rows, {"date": "2026-11-20T00:00:00Z", "index_by_date": 3}]}).index
    assert (found.value, found.cost, found.currency, found.since) == (
        4.6,
        Decimal("90.50"),
        "RUB",
        date(2026, 11, 18),
    )
    assert [(one.day.day, one.value) for one in found.days] == [(20, 3.0), (21, 4.6)]


def test_charges_are_read_over_all_pages_and_one_that_cannot_be_read_spoils_none() -> None:
    odd = [{**ROW, "error_at": "yesterday"}, {**ROW, "posting_number": ""}]
    first = {"errors": [{**ROW, "charge_price": -30, "charge_price_currency_code": "RUB"}, *odd]}
    second = {"errors": [{**ROW, "posting_number": "41-2-1", "has_grace_status": True}]}
    found = read(GOOD, {**first, "cursor": "2", "has_next": True}, {**second, "cursor": "", "has_next": False})
    at = found.charges[0].at
    assert found.charges == (
        Charge("41-1-1", "SELLER_DELAY", at, Decimal("30.00"), "RUB"),
        Charge("41-2-1", "SELLER_DELAY", at, Decimal("0.00"), "", is_spared=True),
    )


@pytest.mark.parametrize("index", [{}, {"index": True}, {"index": [1]}, []])
def test_an_answer_without_an_index_is_none(index: Any) -> None:
    with pytest.raises(SourceError) as raised:
        read(index)
    assert raised.value.trouble is Trouble.NOT_UNDERSTOOD


def test_a_list_without_an_end_is_no_list() -> None:
    pages = [{"errors": [ROW], "cursor": str(n), "has_next": True} for n in range(20)]
    with pytest.raises(SourceError, match="does not end"):
        read(GOOD, *pages)


def test_no_method_in_use_is_switched_off_and_each_entry_names_its_source() -> None:
    assert retiring_methods() == {}
    assert all(one.source and one.path not in USED and one.instead in USED for one in SWITCH_OFFS)
    gone = SwitchOff(INDEX, date(2027, 1, 31), "", "a test")
    assert retiring(USED, (*SWITCH_OFFS, gone)) == {INDEX: date(2027, 1, 31)}
