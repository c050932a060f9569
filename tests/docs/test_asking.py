"""What the documentation says of questions and incidents is what the code does."""

import re
from datetime import timedelta

import pytest

from labelwatch.core import incidents
from labelwatch.core.enrichment import BATCH, BUDGET, FAILED_FOR, KEPT_FOR, PENDING_FOR, Topic
from tests.docs.pages import BOOKS, PAGES, ROOT, guide, rows, sections

ASKED = dict(sections(PAGES[guide("en", "install")]))["What Ozon is asked"]
TABLE = {cells[0].strip("`"): cells[1:] for cells in rows(ASKED)}
"""Method -> when it is asked, how long its answer stands, what it tells."""

METHODS = {
    Topic.METHODS: "/v2/delivery-method/list",
    Topic.WAREHOUSES: "/v2/warehouse/list",
    Topic.LABEL_TASK: "/v3/posting/fbs/package-label/create",
    Topic.LIMITS: "/v1/posting/fbs/restrictions",
    Topic.EXEMPLARS: "/v5/fbs/posting/product/exemplar/status",
    Topic.DETAIL: "/v3/posting/fbs/get",
}


def test_the_table_names_exactly_the_methods_that_are_called() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "labelwatch" / "sources").rglob("*.py"))
    assert set(TABLE) == set(re.findall(r'"(/v\d/[a-z/-]+)"', code))
    assert len(TABLE) == 13
    assert ("十一个接口" in BOOKS["zh"], "одиннадцать методов" in BOOKS["ru"]) == (True, True)


@pytest.mark.parametrize("topic", Topic)
def test_the_table_says_how_long_an_answer_stands(topic: Topic) -> None:
    hours, minutes = divmod(KEPT_FOR[topic] // timedelta(minutes=1), 60)
    assert TABLE[METHODS[topic]][1] == (f"{hours} h" if hours else f"{minutes} min")


def test_the_limits_of_asking_are_told_in_words_and_are_these() -> None:
    assert f"at most {BUDGET} requests per poll" in ASKED
    assert f"一轮最多多问 {BUDGET} 次" in BOOKS["zh"]
    assert f"не больше {BUDGET} запросов за один проход" in " ".join(BOOKS["ru"].split())
    assert (20, timedelta(minutes=2), timedelta(minutes=5)) == (BATCH, PENDING_FOR, FAILED_FOR)


def test_the_limits_of_an_incident_are_told_in_words_and_are_these() -> None:
    begins = (incidents.AT_LEAST, incidents.SHARE, incidents.USUAL, incidents.CHANCE, incidents.COUNTED_WITHIN)
    ends = (incidents.OVER_BELOW, incidents.OVER_SHARE)
    assert (begins, ends) == ((10, 0.5, 0.05, 1e-4, timedelta(hours=6)), (5, 0.2))
