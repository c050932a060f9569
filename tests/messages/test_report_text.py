"""The report as people read it: the one thing to change first, on a phone, in three languages."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from labelwatch.channels.email.html import page
from labelwatch.core.period_report import Change
from labelwatch.core.posting import Interval
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.message import Kind, SizeLimit
from labelwatch.messages.plain import spaced
from labelwatch.messages.report_json import as_document
from labelwatch.messages.report_text import advice, message
from labelwatch.messages.time_format import RenderContext
from tests.core.test_period_report import CASES, END, WEEK, alert, made
from tests.messages.test_index_text import CHARGED, UNTOLD


def context(language: str) -> RenderContext:
    return RenderContext(catalog(language), ZoneInfo("Europe/Moscow"), END)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", CASES)
def test_the_first_sentence_is_the_one_thing_to_change(change: Change, language: str) -> None:
    found = made(*CASES[change])
    text = message(context(language), found, name="client-a")
    assert text.sections[0].lines == (advice(context(language), found),)
    assert "{" not in text.title + text.body
    assert "client-a" in text.title
    assert text.kind is (Kind.WARNING if found.total.missed else Kind.INFO)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_a_phone_and_the_smallest_service(language: str) -> None:
    found = made(*(alert(n, cause) for n, cause in enumerate(("not_packed", "label_overdue", "method_broken") * 9)))
    whole = message(context(language), found)
    assert len(whole.body.splitlines()) <= 24
    small = message(context(language), found, limit=SizeLimit(300))
    assert len(small.title) + len(small.body) <= 300
    assert small.sections[0] == whole.sections[0]
    assert whole.title in page(whole)


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_week_that_nobody_watched_nothing_else_is_said(language: str) -> None:
    text = message(context(language), made(alert(1), unwatched=(WEEK,)))
    assert text.body == catalog(language).report["unwatched"].replace("  ", " ")
    assert catalog(language).report["title_unwatched"] in text.title


@pytest.mark.parametrize(
    ("language", "days"),
    [("en", "Mar 2\u2009–\u20093, Mar 7"), ("ru", "2—3 мар., 7 мар."), ("zh", "3月2日至3日, 3月7日")],
)
def test_days_in_a_row_that_nobody_watched_are_one_span(language: str, days: str) -> None:
    since = WEEK.earliest
    gaps = (
        Interval(since, since + timedelta(days=2)),
        Interval(since + timedelta(days=4), since + timedelta(days=6)),
    )
    last = message(context(language), made(alert(7), unwatched=gaps)).sections[-1]
    assert spaced(days) in last.lines[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ozon_charged_is_said_with_the_dearest_orders(language: str) -> None:
    found = made(charged=(CHARGED, UNTOLD))
    text = message(context(language), found)
    assert "180\u00a0₽" in text.body
    assert [row[0].split(" · ")[0] for part in text.sections for row in part.rows] == ["41-0001-1", "41-0001-1"]
    assert "{" not in text.body
    document = as_document(found, advice="")
    assert (document["total"]["charged"], document["total"]["errors"]) == ({"RUB": "180"}, 1)
    assert [one["cause"] for one in document["charges"]] == ["label_overdue", "label_overdue"]
