"""The picture of a posting tells every moment in words, shows what is not known, and can be read on a phone."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import Alert, AlertState, Notification, Outcome, Reason
from labelwatch.core.posting import DeliveryMethod, Interval, Known, Posting, Stage, Track
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.time_format import RenderContext
from labelwatch.queries import PostingDetails
from labelwatch.store import Evidence, EvidenceLevel, HistoryRow, OutboxRow, OutboxState
from labelwatch.web.timeline import MAX_REMINDERS, Look, Mark, Span, Timeline, span, timeline_of
from labelwatch.web.timeline_svg import LETTERS, draw, wrapped
from tests.support.alert_builders import NOW, ZONES, diagnosis, minutes

METHOD = DeliveryMethod("22", "Courier")
NUMBER = "41517061-0214-1"


def row(ago: float, status: str, *, unseen: float | None = 2, **changes: Any) -> HistoryRow:
    at = NOW - minutes(ago)
    before = None if unseen is None else at - minutes(unseen)
    usual = HistoryRow(at, before, status, "posting_created", "ozon", (), (), METHOD, NOW + minutes(52), "")
    return replace(usual, **changes)


PACKING, WAITING = row(600, "awaiting_packaging", unseen=None), row(60, "awaiting_deliver", unseen=20)
CAME = row(6, "awaiting_deliver", actions=("label_download",))


def details(*history: HistoryRow, alerts: Iterable[Alert] = (), **changes: Any) -> PostingDetails:
    posting = Posting(
        NUMBER, "41517061-0214", "awaiting_deliver", "", "ozon", "fbs", METHOD, cutoff=NOW + minutes(52)
    )
    posting = replace(posting, **changes.pop("posting", {}))
    track = Track(
        changes.pop("stage", Stage.LABEL), Interval(NOW - minutes(62), NOW - minutes(60)), NOW - minutes(600)
    )
    return PostingDetails("main", Known(1, posting, track, 1), history, changes.pop("evidence", ()), tuple(alerts))


def late(ago: float = 45, **changes: Any) -> Alert:
    at = NOW - minutes(ago)
    return replace(Alert(1, AlertState.FIRING, at, diagnosis("label_overdue"), at), **changes)


def told(
    ago: float, *, n: int = 1, reason: Reason = Reason.FIRST, channel: str = "packers", state: str = "sent"
) -> OutboxRow:
    at = NOW - minutes(ago)
    about = Notification(late(), n, reason, channel, at, at)
    sent = at if state in ("sent", "unverified") else None
    return OutboxRow(n, about, OutboxState(state), at, 1, None, "key", False, sent, "", None)


def context(language: str = "en") -> RenderContext:
    return RenderContext(catalog(language), ZoneInfo(ZONES[language]), NOW)


def story(found: PostingDetails, *rows: OutboxRow, gaps: Iterable[Interval] = (), language: str = "en") -> Timeline:
    return timeline_of(found, rows, context(language), gaps=tuple(gaps))


def said(told_: Timeline, *marks: Mark) -> list[str]:
    return [one.text for one in told_.events if one.mark in marks]


# --- the story


def test_a_status_lasts_from_when_it_was_seen_until_the_next_one_was() -> None:
    assert said(story(details(PACKING, WAITING, CAME)), Mark.STATUS) == [
        "awaiting packaging, for 9 hr",
        "awaiting shipping, for 1 hr so far",
    ]


def test_between_last_seen_otherwise_and_seen_it_is_unsure() -> None:
    assert story(details(PACKING, WAITING)).standing == (
        Span(NOW - minutes(600), NOW - minutes(80), Look.EVEN),
        Span(NOW - minutes(80), NOW - minutes(60), Look.UNSURE),
        Span(NOW - minutes(60), NOW, Look.ODD),
    )


def test_where_nobody_looked_there_is_a_gap_with_its_length_in_words() -> None:
    gap = Interval(NOW - minutes(300), NOW - minutes(200))
    seen = story(details(PACKING), gaps=[gap])
    assert seen.standing[-1] == Span(gap.earliest, gap.latest, Look.UNSEEN)
    assert said(seen, Mark.GAP) == ["nobody looked for 1 hr 40 min"]


def test_a_substatus_that_says_more_is_told() -> None:
    failed = replace(PACKING, substatus="ship_failed")
    strange = row(5, "sent_to_the_moon", substatus="half_way")
    assert said(story(details(failed, strange)), Mark.STATUS) == [
        "awaiting packaging (packaging failed), for 9 hr 55 min",
        "sent_to_the_moon (half_way), for 5 min so far",
    ]


def test_a_tracking_number_and_a_moved_cutoff_are_told_when_they_appear() -> None:
    after = replace(WAITING, tracking_number="LB1", cutoff=NOW + minutes(112))
    assert said(story(details(PACKING, after)), Mark.CHANGE) == ["tracking number LB1", "cutoff moved to 21:00"]


LABELS: dict[EvidenceLevel, tuple[float | None, str]] = {
    EvidenceLevel.OFFERED: (2, "label offered, at most 2 min earlier"),
    EvidenceLevel.PRINTED: (None, "label printed"),
    EvidenceLevel.VERIFIED: (None, "label fetched and checked"),
}


@pytest.mark.parametrize("level", LABELS)
def test_each_level_of_evidence_has_a_mark_and_words(level: EvidenceLevel) -> None:
    unsure, expected = LABELS[level]
    at = NOW - minutes(6)
    one = Evidence(level, None if unsure is None else at - minutes(unsure), at)
    assert said(story(details(PACKING, evidence=(one,))), Mark(level)) == [expected]


def test_an_alert_is_told_from_its_beginning_to_its_end() -> None:
    ended: dict[str, Any] = {
        "state": AlertState.RESOLVED,
        "resolved_at": NOW - minutes(6),
        "outcome": Outcome.LABELLED,
    }
    alert = late(handled_by="Anna", handled_at=NOW - minutes(30), **ended)
    seen = story(details(PACKING, alerts=[alert]))
    assert said(seen, Mark.LATE, Mark.TAKEN, Mark.OVER) == [
        "late: label overdue",
        "Anna is on it",
        "alert closed after 39 min: Label is there",
    ]
    assert [(band.look, band.begin, band.end) for band in seen.trouble] == [
        (Look.LATE, NOW - minutes(45), NOW - minutes(6)),
        (Look.TAKEN, NOW - minutes(30), NOW - minutes(6)),
    ]


def test_a_snooze_ends_at_its_end_and_not_after_now() -> None:
    snoozed = late(state=AlertState.SNOOZED, handled_by="", handled_at=NOW - minutes(30))
    for until, end in ((NOW - minutes(10), NOW - minutes(10)), (NOW + minutes(10), NOW)):
        seen = story(details(PACKING, alerts=[replace(snoozed, snoozed_until=until)]))
        assert seen.trouble[-1] == Span(NOW - minutes(30), end, Look.SNOOZED)
        assert said(seen, Mark.SNOOZED)[0].startswith("somebody wants quiet until")


def test_the_channels_of_one_telling_are_one_moment_and_what_did_not_arrive_is_told_apart() -> None:
    rows = [told(44), told(43.5, channel="owner"), told(44, channel="boss", state="dead")]
    assert said(story(details(PACKING), *rows), Mark.TOLD, Mark.UNTOLD) == [
        "told owner, packers: first alert",
        "could not be told: boss",
    ]
    assert said(story(details(PACKING), told(44, state="pending"), told(44, state="superseded")), Mark.TOLD) == []


def test_many_reminders_are_told_as_a_number() -> None:
    rows = [told(500 - 10 * n, n=n, reason=Reason.REMINDER) for n in range(MAX_REMINDERS + 5)]
    assert said(story(details(PACKING), *rows), Mark.TOLD) == [
        *["told packers: Reminder"] * MAX_REMINDERS,
        "and 5 more reminders until here",
    ]


CUTOFFS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "ahead": ({"cutoff": NOW + minutes(52)}, ["cutoff, 52 min left"]),
    "over": ({"cutoff": NOW - minutes(5)}, ["cutoff"]),
    "and the hard one": (
        {"cutoff": NOW - minutes(5), "hard_cutoff": NOW + minutes(60)},
        ["cutoff", "from here on it counts as late, 1 hr left"],
    ),
    "both the same": ({"cutoff": NOW, "hard_cutoff": NOW}, ["cutoff"]),
    "none": ({"cutoff": None}, []),
}


@pytest.mark.parametrize("what", CUTOFFS)
def test_cutoffs_are_told_with_what_is_left(what: str) -> None:
    posting, expected = CUTOFFS[what]
    assert said(story(details(PACKING, posting=posting)), Mark.CUTOFF, Mark.HARD_CUTOFF) == expected


def test_gaps_matter_until_now_or_until_nothing_is_waited_for() -> None:
    assert span(details(PACKING), NOW) == Interval(NOW - minutes(600), NOW)
    assert span(details(PACKING, CAME, stage=Stage.DONE), NOW) == Interval(NOW - minutes(600), NOW - minutes(6))


# --- the picture

_SVG = {"svg": "http://www.w3.org/2000/svg"}


def picture(language: str = "en", **changes: Any) -> ET.Element:
    """A long story, drawn."""
    alert = late(handled_by="Анна <b>&", handled_at=NOW - minutes(30))
    found = details(PACKING, WAITING, CAME, alerts=[alert], **changes)
    gaps = [Interval(NOW - minutes(300), NOW - minutes(200))]
    return ET.fromstring(str(draw(found, context(language), told=[told(44), told(20, n=2)], gaps=gaps)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_is_well_formed_and_says_all_for_those_who_do_not_see_it(language: str) -> None:
    svg = picture(language).find("svg")
    assert svg is not None
    title, desc = svg.find("title"), svg.find("desc")
    assert title is not None
    assert desc is not None
    assert svg.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert NUMBER in (title.text or "")
    assert "Анна <b>&" in (desc.text or "").replace("‹", "<").replace("›", ">")
    drawn = "".join(text.text or "" for text in svg.iter("text")).replace(" ", "")
    for sentence in re.split("; ", desc.text or ""):
        assert sentence.partition(": ")[2].replace(" ", "") in drawn


def test_no_style_script_or_colour_stands_in_the_picture() -> None:
    """The policy of the board refuses the first two, and the dark theme needs the third in the style sheet."""
    for element in picture().iter():
        assert element.tag not in ("style", "script", "a", "image", "foreignObject")
        assert not {"style", "onclick", "onload", "href", "stroke"} & element.attrib.keys()
        assert element.get("fill", "url(#").startswith("url(#")


def test_later_is_further_down_and_no_two_lines_of_text_touch() -> None:
    texts = [one for one in picture().iter("text") if "clock" not in (one.get("class") or "")]
    tops = sorted(float(one.get("y", "0")) for one in texts)
    assert all(below - above >= 14 for above, below in pairwise(tops))
    clocks = [one for one in picture().iter("text") if one.get("class") == "clock"]
    assert [float(one.get("y", "0")) for one in clocks] == sorted(float(one.get("y", "0")) for one in clocks)
    assert [one.text for one in clocks][:2] == ["09:08", "14:08"]


def test_two_pictures_on_a_page_have_no_id_in_common() -> None:
    ids = [
        {element.get("id") for element in ET.fromstring(str(draw(found, context()))).iter()} - {None}
        for found in (details(PACKING), replace(details(PACKING), shop="north"))
    ]
    assert ids[0].isdisjoint(ids[1])


def test_a_posting_of_which_next_to_nothing_is_known_is_drawn_too() -> None:
    nothing = details(posting={"cutoff": None})
    assert [one.text for one in story(nothing).events] == ["now"]
    assert "<svg" in draw(nothing, context())


@given(st.lists(st.sampled_from(["面单", "label,", "2 小时 20 分钟", "ждёт", "（北京时间）", "x" * 40]), max_size=12))
def test_wrapped_text_loses_nothing_and_fits_unless_a_word_is_longer(words: list[str]) -> None:
    text = " ".join(words)
    lines = list(wrapped(text, LETTERS))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= LETTERS or "x" * 40 in line for line in lines)


def test_a_number_is_not_parted_from_its_unit() -> None:
    assert list(wrapped("等待发运，已经过去了整整 20 分钟", 28)) == ["等待发运，已经过去了整整", "20 分钟"]
    assert list(wrapped("awaiting registration, for 20 min", 30)) == ["awaiting registration, for", "20 min"]
