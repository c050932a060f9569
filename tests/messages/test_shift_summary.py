"""The hand-over: what is open and whose it is, what happened meanwhile; on a phone, and nothing unaccounted for."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import Alert, AlertState, Outcome, Severity
from labelwatch.core.subject import IncidentId, Scope
from labelwatch.i18n import LANGUAGES
from labelwatch.messages import shift_summary
from labelwatch.messages.message import Kind, Message, SizeLimit
from labelwatch.messages.plain import size
from labelwatch.messages.render import Layout
from labelwatch.messages.shift_summary import ShiftSummary
from tests.support.alert_builders import CHINA_POST, NOW, destination, incident, minutes, over, resolved, told
from tests.support.examples import examples

SINCE = NOW - timedelta(hours=12)


def posting(n: int, *, taken: dict[str, Any] | None = None, cause: str = "not_packed", **fields: Any) -> Alert:
    """Of the posting of this number, due the later, the higher it is."""
    alert = told(cause, n=n, **{"deadline": NOW + minutes(30 + 10 * n), **fields}).alert
    return replace(alert, **(taken or {}))


def ended(n: int, *, outcome: Outcome = Outcome.LABELLED, late: bool = False) -> Alert:
    deadline = NOW - minutes(31 + n) if late else NOW + minutes(n)
    return resolved(n=n, outcome=outcome, deadline=deadline).alert


def handed(
    open_ones: Sequence[Alert] = (), over_ones: Sequence[Alert] = (), language: str = "en", **kw: Any
) -> Message:
    given_over = ShiftSummary(SINCE, NOW, open_ones, over_ones)
    return shift_summary.message(given_over, destination(language), now=NOW, **kw)


NINA = {"state": AlertState.ACKNOWLEDGED, "handled_by": "Nina", "note": "waits for the courier"}
OLEG = {"state": AlertState.SNOOZED, "handled_by": "Oleg", "snoozed_until": NOW + minutes(30)}
OPEN = (posting(3, taken=OLEG), posting(1), posting(2, taken=NINA), posting(4, cause="label_overdue"))
OVER = (ended(20), ended(21), ended(22, late=True), ended(23, outcome=Outcome.CANCELLED, late=True))


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        (
            "zh",
            "‼️ 22:08 交班：4 单未解决 · 最急还剩 40 分钟 · 1 单已接手",
            [
                "未解决，按截单先后 · 4 单",
                "• 41517061-0214-1 · 还剩 40 分钟 · 还没备货 · 还没人接手",
                "• 41517061-0215-1 · 还剩 50 分钟 · 还没备货 · Nina 已接手：waits for the courier",
                "• 41517061-0216-1 · 还剩 1 小时 · 还没备货 · 暂停提醒到 22:38（Oleg）",
                "• 41517061-0217-1 · 还剩 1 小时 10 分钟 · 面单超时 · 还没人接手",
                "",
                "10:08 以来：",
                "新增 8 单 · 按时解决 2 单 · 过了截单才解决 1 单 · 取消 1 单",
                "• 41517061-0235-1 · 面单已出 · 已过 52 分钟",
            ],
        ),
        (
            "ru",
            "‼️ Передача смены 17:08: открыто 4 · ближайший срок через 40 мин · в работе 1",
            [
                "Открыто, по срокам · 4 отправления",
                "• 41517061-0214-1 · до срока 40 мин · Не собрано · никто не взялся",
                "• 41517061-0215-1 · до срока 50 мин · Не собрано · Этим занимается Nina: waits for the courier",
                "• 41517061-0216-1 · до срока 1 ч · Не собрано · Тихо до 17:38 (Oleg)",
                "• 41517061-0217-1 · до срока 1 ч 10 мин · Этикетка задерживается · никто не взялся",
                "",
                "С прошлой смены (05:08):",
                "новых 8 · решено в срок 2 · решено после срока 1 · отменено 1",
                "• 41517061-0235-1 · Этикетка готова · просрочено на 52 мин",
            ],
        ),
        (
            "en",
            "‼️ Shift hand-over 19:08: 4 open · first due in 40 min · 1 being handled",
            [
                "Open, by deadline · 4 postings",
                "• 41517061-0214-1 · due in 40 min · not assembled · nobody yet",
                "• 41517061-0215-1 · due in 50 min · not assembled · Nina is on it: waits for the courier",
                "• 41517061-0216-1 · due in 1 hr · not assembled · Quiet until 19:38 (Oleg)",
                "• 41517061-0217-1 · due in 1 hr 10 min · label overdue · nobody yet",
                "",
                "Since 07:08:",
                "8 new · 2 resolved in time · 1 resolved late · 1 canceled",
                "• 41517061-0235-1 · Label is there · overdue 52 min",
            ],
        ),
    ],
)
def test_a_hand_over_reads_like_this(language: str, title: str, body: list[str]) -> None:
    message = handed(OPEN, OVER, language)
    assert (message.title, message.body.split("\n"), message.kind) == (title, body, Kind.FAILURE)


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        ("zh", "✅ 22:08 交班：没有未解决的", "现在没有延误的面单。\n\n10:08 以来：\n没有新情况"),
        (
            "ru",
            "✅ Передача смены 17:08: всё закрыто",
            "Опаздывающих этикеток сейчас нет.\n\nС прошлой смены (05:08):\nничего нового",
        ),
        ("en", "✅ Shift hand-over 19:08: nothing open", "No label is late now.\n\nSince 07:08:\nnothing new"),
    ],
)
def test_a_quiet_shift_is_handed_over_calmly(language: str, title: str, body: str) -> None:
    message = handed(language=language)
    assert (message.title, message.body, message.kind) == (title, body, Kind.SUCCESS)


def test_what_an_incident_explains_is_counted_with_it_and_not_listed() -> None:
    explained = [posting(n, cause="carrier_incident", explained_by=CHINA_POST) for n in range(10, 70)]
    message = handed(
        [*explained, incident().alert, posting(1), told("key_expired").alert, told("channel_dead").alert]
    )
    assert message.title == "‼️ Shift hand-over 19:08: 61 open · first due in 40 min · 3 wider problems"
    wide, own, _ = message.sections
    assert wide.rows == (
        ("Wait: China Post is stuck for all", "63 of 80 labels late", "60 of the open ones"),
        ("Replace the API key", "shop main", ""),
        ("Channel “packers” does not work", "7 messages wait", ""),
    )
    assert (own.heading, len(own.rows)) == ("Open, by deadline · 1 posting", 1)


def test_what_else_is_over_is_told_with_how_long_it_took() -> None:
    shop = resolved(cause="key_expired", outcome=Outcome.SEEN_AGAIN)
    message = handed([], [over(incident()).alert, shop.alert])
    assert message.sections[-1].rows == (
        ("China Post: labels come again", "in 4 hr", ""),
        ("shop main", "Shop is readable again", "in 1 hr 4 min"),
    )


def test_items_of_several_shops_name_their_shop() -> None:
    message = handed([posting(1), posting(2, shop="north")], [ended(3, late=True)])
    assert [row[-1] for section in message.sections for row in section.rows] == ["main", "north", "main"]


def test_only_what_began_since_is_new() -> None:
    old = posting(1, taken={"opened_at": SINCE - minutes(1)})
    assert handed([old, posting(2)]).sections[-1].lines == ("1 new",)


def test_it_is_as_bad_as_the_worst_that_is_open() -> None:
    mild = [posting(n, severity=Severity.NOTICE) for n in (1, 2)]
    worse = posting(3, severity=Severity.WARNING)
    assert (handed(mild).kind, handed([*mild, worse]).kind) == (Kind.INFO, Kind.WARNING)
    assert handed([*mild, worse]).title.startswith("⚠️")


def test_old_data_are_dated_in_a_hand_over_too() -> None:
    message = handed([posting(1, as_of=NOW - minutes(12))])
    assert message.body.endswith("Data as of 18:56 (Yekaterinburg time), 12 min old.")


def test_the_board_is_where_the_rest_is() -> None:
    message = handed([posting(n) for n in range(1, 26)], layout=Layout(board="https://labels.example/"))
    assert message.sections[-1].lines == ("And 5 more not shown here.", "The whole list: https://labels.example/")


@examples(20)
@given(
    numbers=st.tuples(*[st.integers(0, 250) | st.integers(0, 3)] * 4),
    wide=st.integers(0, 20),
    limit=st.integers(500, 4000),
    language=st.sampled_from(LANGUAGES),
)
def test_a_hand_over_fits_and_adds_up(
    numbers: tuple[int, int, int, int], wide: int, limit: int, language: str
) -> None:
    mine, late, in_time, cancelled = numbers
    incidents = [incident(id=IncidentId(Scope.CARRIER, str(n))).alert for n in range(wide)]
    over_ones = [*(ended(n, late=True) for n in range(late)), *(ended(n) for n in range(in_time))]
    over_ones += [ended(n, outcome=Outcome.CANCELLED) for n in range(cancelled)]
    message = handed(
        [*map(posting, range(mine)), *incidents], over_ones, language, layout=Layout(limit=SizeLimit(limit))
    )
    assert size(message.title) + size(message.body) <= limit
    listed = sum(len(section.rows) for section in message.sections)
    assert len([line for line in message.body.splitlines() if line.startswith("•")]) == listed
    hidden = re.findall(r"And (\d+) more|И ещё (\d+),|还有 (\d+) 条", message.body)
    assert all(int("".join(found)) for found in hidden)
    assert listed + sum(int("".join(found)) for found in hidden) == mine + late + wide
