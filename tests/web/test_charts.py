"""The plots say in words what they draw, count what is still awaited, and bring nothing that the board forbids."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from labelwatch.core.baseline import QUANTILE
from labelwatch.core.posting import Interval, Stage
from labelwatch.core.survival import Wait, product_limit
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.time_format import RenderContext, brief
from labelwatch.store import PollRow
from labelwatch.store.charts import LabelTimes, Open
from labelwatch.web import charts
from labelwatch.web.chart_svg import CLEAR, LOOKS, BarChart, draw
from labelwatch.web.distribution import BINS, Spread, binned, quantile, spread
from labelwatch.web.words import words
from tests.store.build import POSTING, change, track
from tests.support.alert_builders import NOW, minutes
from tests.web.build import LATE, NASTY, Board, Hands

MOSCOW = ZoneInfo("Europe/Moscow")


def context(language: str = "en", zone: ZoneInfo = MOSCOW) -> RenderContext:
    return RenderContext(catalog(language), zone, NOW)


# --- how label times spread

TIMES = st.dictionaries(st.integers(0, 5000), st.integers(1, 40), max_size=30)


@given(took=TIMES)
def test_with_nothing_awaited_it_is_the_nearest_rank(took: Mapping[int, int]) -> None:
    each = [timedelta(seconds=seconds) for seconds, count in sorted(took.items()) for _ in range(count)]
    expected = product_limit(Wait(one, one) for one in each).quantile(QUANTILE)
    assert quantile(took, {}, QUANTILE) == (None if expected is None else expected // timedelta(seconds=1))


@given(took=TIMES, waiting=TIMES)
def test_what_is_awaited_only_makes_times_longer(took: Mapping[int, int], waiting: Mapping[int, int]) -> None:
    shares = (0.5, 0.95, 0.99)
    without = [quantile(took, {}, share) for share in shares]
    having = [quantile(took, waiting, share) for share in shares]
    assert all(b is None or (a is not None and a <= b) for a, b in zip(without, having, strict=True))
    known = [one for one in having if one is not None]
    assert known == sorted(known)


QUANTILES: dict[str, tuple[dict[int, int], dict[int, int], int | None]] = {
    "a young one that waits tells nothing": ({60: 5, 120: 5}, {30: 90}, 60),
    "an old one counts as longer": ({60: 5, 120: 5}, {200: 2}, 120),
    "too many wait longer": ({60: 5}, {61: 6}, None),
    "nothing came": ({}, {600: 3}, None),
}


@pytest.mark.parametrize("what", QUANTILES)
def test_half_of_the_labels_come_within(what: str) -> None:
    took, waiting, expected = QUANTILES[what]
    assert quantile(took, waiting, 0.5) == expected


@pytest.mark.parametrize(
    ("came", "expected"),
    [(4, (None, None, None)), (5, (60, None, None)), (20, (60, 60, None)), (100, (60, 60, 60))],
)
def test_a_quantile_is_told_from_so_many_labels_on(came: int, expected: tuple[int | None, ...]) -> None:
    assert spread({60: came}, {}) == Spread(came, 0, *expected)


def test_a_bar_holds_what_took_up_to_its_end() -> None:
    counts = binned(dict.fromkeys(BINS, 1) | {BINS[-1] + 1: 7, 0: 3})
    assert counts == [4, *[1] * (len(BINS) - 1), 7]


# --- the figures


def times(took: Mapping[int, int], waiting: Mapping[int, int] | None = None, unseen: int = 0) -> LabelTimes:
    return LabelTimes("main", "22", "Courier", took, waiting or {}, unseen)


READINGS: dict[str, tuple[LabelTimes, str]] = {
    "enough": (
        times({70: 60, 200: 36, 900: 4}),
        "Half of the labels of Courier come within 1 min 10 sec; 1 in 20 takes longer than 3 min 20 sec.",
    ),
    "few": (times({70: 6}), "Half of the labels of Courier come within 1 min 10 sec."),
    "too few": (times({70: 2}), "Courier: too few labels so far to say how long they take."),
    "stuck": (times({70: 2}, {900: 6}), "Courier: more labels are awaited than have come."),
}


@pytest.mark.parametrize("what", READINGS)
def test_a_figure_begins_with_a_sentence_that_reads_it(what: str) -> None:
    found, expected = READINGS[what]
    figure = charts.of_method(found, words("en"), context(), key="k", with_shop=False)
    assert figure.reading == expected
    assert expected in figure.picture


def test_the_notes_tell_how_many_are_awaited_and_left_out() -> None:
    found = times({60: 400}, {900: 3}, unseen=2)
    assert charts.of_method(found, words("en"), context(), key="k", with_shop=True).notes == [
        "400 labels",
        "99 of 100 within 1 min",
        "3 still awaited: counted as “longer than so far”",
        "2 left out: nobody looked often enough",
    ]


def test_the_quantiles_are_marked_above_their_bars() -> None:
    found = times({70: 60, 200: 36, 7000: 4})
    picture = charts.of_method(found, words("en"), context(), key="k", with_shop=False).picture
    labels = [one.text for one in svg(picture).iter("text") if one.get("class") == "label"]
    assert labels == ["50%", "95%", "99%"]


BRIEF = {
    1: "10 sec",
    60: "1 min",
    61: "1 min 10 sec",
    599: "10 min",
    601: "11 min",
    3601: "1 hr 1 min",
    0: "under a minute",
}


@pytest.mark.parametrize("seconds", BRIEF)
def test_times_are_rounded_up_so_that_within_is_true(seconds: int) -> None:
    assert brief(context(), seconds) == BRIEF[seconds]


def test_the_heat_map_counts_on_the_clock_of_the_reader() -> None:
    sunday_late = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)  # Monday, half past midnight in Moscow
    seen = charts.heat({sunday_late: 16, sunday_late + timedelta(hours=9): 6}, words("en"), context())
    assert seen.reading == "Most labels become late on Mondays, 00:00–01:00: 16 of 22 in the last 28 days."
    assert seen.days[0] == "Mon"
    filled = [(hour, day, cell) for hour, row in seen.hours for day, cell in enumerate(row) if cell.count]
    assert [(hour, day, cell.count, cell.warmth) for hour, day, cell in filled] == [("00", 0, 16, 5), ("09", 0, 6, 2)]


def test_of_a_few_late_labels_it_is_not_told_when_they_are_late() -> None:
    told = [charts.heat({NOW: count} if count else {}, words("en"), context()).reading for count in (0, 1, 19)]
    assert told[0] == "No label became late in the last 28 days."
    assert [sentence.partition(" in")[0] for sentence in told[1:]] == ["1 label became late", "19 labels became late"]


def test_days_go_from_midnight_to_midnight_also_when_the_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    days = charts.days_until(datetime(2026, 10, 27, 12, tzinfo=UTC), berlin)
    spans = [span for _, span in days]
    assert all(a.latest == b.earliest for a, b in pairwise(spans))
    lengths = {str(day): span.latest.astimezone(UTC) - span.earliest.astimezone(UTC) for day, span in days}
    assert lengths["2026-10-25"] == timedelta(hours=25)
    assert list(lengths)[-1] == "2026-10-27"


def causes(found: list[Open], language: str = "en") -> tuple[charts.Figure, list[charts.Kind]]:
    days = [day for day, _ in charts.days_until(NOW, MOSCOW)]
    return charts.by_cause(found, days, words(language), context(language))


def late(cause: str, today: int, before: int = 0) -> Open:
    return Open(cause, (*[0] * 12, before, today))


CAUSES: dict[str, tuple[list[Open], str]] = {
    "nothing": ([], "No label was late in the last 14 days."),
    "today the worst": (
        [late("not_packed", 3), late("label_overdue", 1)],
        "Today 4 labels were late, most of all: not assembled (3). That is the most in 14 days.",
    ),
    "better than yesterday": (
        [late("not_packed", 1, 7)],
        "Today 1 label was late, most of all: not assembled (1). The worst of the last 14 days was Sun, Nov 22: 7.",
    ),
    "none more than others": (
        [late(name, 1) for name in ("not_packed", "label_overdue", "arbitration", "not_accepted", *"abcde")],
        "Today 9 labels were late, for many different causes. That is the most in 14 days.",
    ),
    "over": (
        [late("not_packed", 0, 7)],
        "Today 0 labels were late. The worst of the last 14 days was Sun, Nov 22: 7.",
    ),
}


@pytest.mark.parametrize("what", CAUSES)
def test_what_was_late_today_is_compared_with_the_days_before(what: str) -> None:
    found, expected = CAUSES[what]
    assert causes(found)[0].reading == expected


def test_more_causes_than_can_be_told_apart_are_one() -> None:
    names = [
        "not_packed",
        "label_overdue",
        "label_pending",
        "arbitration",
        "not_accepted",
        "split_pending",
        "unexplained",
    ]
    figure, legend = causes([late(name, 10 - n, 1) for n, name in enumerate(names)])
    assert [(kind.sign, kind.count) for kind in legend] == [
        ("A", 10),
        ("B", 9),
        ("C", 8),
        ("D", 7),
        ("E", 6),
        ("F", 9),
    ]
    assert legend[-1].name == "other causes"
    assert figure.table.rows[0] == ["Mon, Nov 23", "10", "9", "8", "7", "6", "9"]
    assert len(figure.table.head) == len(LOOKS) + 1


# --- the drawing


def svg(picture: Markup) -> ET.Element:
    return ET.fromstring(str(picture).replace(' xmlns="http://www.w3.org/2000/svg"', ""))


def bars(**changes: Any) -> Markup:
    usual = [
        BarChart(NASTY, [3, 0, 1], "a"),
        BarChart("waits", [0, 2, 0], "b"),
        BarChart("", [1, 1, 1], CLEAR, ("", "50%", "")),
    ]
    kwargs: dict[str, Any] = {"key": "k", "title": NASTY, "desc": "What it shows"}
    return draw(usual, ["1m", NASTY, "4m"], **(kwargs | changes))


def test_nothing_of_what_the_policy_refuses_stands_in_a_drawing() -> None:
    text = str(bars())
    assert "<!--" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    for element in svg(bars()).iter():
        assert element.tag not in ("style", "script", "a", "image", "foreignObject")
        assert not {"style", "onclick", "onload", "href"} & element.attrib.keys()


def test_a_drawing_has_a_title_and_a_description_and_ids_of_its_own() -> None:
    root = svg(bars())
    named = {element.get("id"): element.text for element in root.iter() if element.tag in ("title", "desc")}
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "k-title k-desc"
    assert (named["k-title"], named["k-desc"]) == (NASTY, "What it shows")
    ids = [{element.get("id") for element in svg(one).iter()} - {None} for one in (bars(), bars(key="other"))]
    assert ids[0].isdisjoint(ids[1])


def test_each_kind_of_bar_has_its_hatching_and_each_bar_its_number() -> None:
    root = svg(bars())
    drawn = [
        (one.get("fill"), title.text)
        for group in root.iter("g")
        if group.get("class") == "bar"
        for one, title in zip(group.findall("rect"), group.findall("title"), strict=True)
    ]
    assert drawn[:3] == [("url(#k-a)", "1m: 3"), ("url(#k-a)", "4m: 1"), ("url(#k-b)", f"{NASTY}: 2")]
    assert {fill for fill, _ in drawn[3:]} == {"none"}
    assert [pattern.get("id") for pattern in root.iter("pattern")] == ["k-a", "k-b"]


# --- the page


def fill(board: Board) -> None:
    """Some labels that came, as if each had been seen."""
    ids = {state.name: state.id for state in board.app.store.shops.all()}
    for n in range(30):
        item = replace(POSTING, number=f"7-{n}")
        entered = Interval(NOW - minutes(70 + n), NOW - minutes(69 + n))
        came = Interval(NOW - minutes(61), NOW - minutes(60))
        with board.app.store.write() as tx:
            tx.postings.put(ids["main"], [change(item, seen=replace(track(Stage.LABEL), since=entered))])
        with board.app.store.write() as tx:
            tx.postings.put(ids["main"], [change(item, seen=replace(track(Stage.DONE, label=came), since=came))])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_every_language_and_leaves_nothing_out(board: Board, language: str) -> None:
    fill(board)
    page = board.page(f"/plots?lang={language}")
    said = words(language).said["plots"]
    for key in ("times", "hours", "causes", "measured", "all_methods", "numbers"):
        assert said[key].split("{")[0] in page
    assert page.count("<svg") == page.count("</svg>") >= 2
    assert "Aurora to the door" in page


def test_the_page_of_one_shop_shows_that_shop_and_an_unknown_one_is_not_found(board: Board) -> None:
    fill(board)
    assert "Aurora to the door" in board.text("/plots?shop=main")
    assert "Aurora to the door" not in board.text("/plots?shop=north")
    assert board.client.get("/plots?shop=nowhere").status_code == 404


def test_with_nothing_to_show_it_says_so(calm_board: Board) -> None:
    text = calm_board.text("/plots?lang=en")
    for sentence in ("No label came", "No label became late", "No label was late"):
        assert sentence in text


def test_the_page_is_counted_anew_after_a_minute_and_not_before(board: Board, hands: Hands) -> None:
    before = board.text("/plots?lang=en")
    fill(board)
    assert board.text("/plots?lang=en") == before
    hands.at += minutes(1)
    assert "Aurora to the door" in board.text("/plots?lang=en")


def test_a_posting_is_drawn_with_the_times_when_nobody_looked(board: Board) -> None:
    shop = next(state for state in board.app.store.shops.all() if state.name == "main")
    with board.app.store.write() as tx:
        for ago in (25 * 60, 600, 400, 1):
            at = NOW - minutes(ago)
            tx.shops.record_poll(shop.id, PollRow(at, at, True, 1, 0, 0, 0, 1))
    drawn = board.page(f"/posting/{LATE}?lang=en")
    assert drawn.count('class="unseen"') == 3
    assert "nobody looked for 3 hr 20 min" in drawn
