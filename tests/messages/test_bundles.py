"""Many alerts in one message: grouped by what to do, the most urgent first, every one listed or counted."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import AlertState, Notification, Proof, Reason, Severity, Verdict
from labelwatch.core.posting import Stage
from labelwatch.core.rules import CAUSES
from labelwatch.core.subject import IncidentId, Scope
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.message import Kind, Message, SizeLimit
from labelwatch.messages.plain import size
from labelwatch.messages.render import LIMIT, Layout, render
from tests.support.alert_builders import NOW, destination, incident, minutes, resolved, told
from tests.support.examples import examples


def parts(message: Message) -> list[str]:
    return message.body.split("\n\n")


def test_a_bundle_is_grouped_by_what_to_do_with_the_most_urgent_first() -> None:
    many = [
        told(n=1, deadline=NOW + minutes(90), severity=Severity.WARNING),
        told("label_overdue", n=2, deadline=NOW + minutes(70), severity=Severity.WARNING),
        told(n=3, deadline=NOW + minutes(67), severity=Severity.WARNING, reason=Reason.REMINDER),
        resolved(n=4),
        told("ozon_down", severity=Severity.WARNING),
    ]
    message = render(many, destination(), now=NOW)
    assert message.title == "⚠️ Wait: Ozon does not answer · 1 shop · first due in 1 hr 7 min · and 4 more"
    assert [[line for line in part.splitlines() if line.startswith("•")] for part in parts(message)[:-1]] == [
        ["• shop main · Last read: 18:57"],
        ["• 41517061-0216-1 · due in 1 hr 7 min · Reminder", "• 41517061-0214-1 · due in 1 hr 30 min"],
        ["• 41517061-0215-1 · due in 1 hr 10 min"],
        ["• 41517061-0217-1 · Label is there · in 1 hr 4 min · 53 min to spare"],
    ]
    assert parts(message)[-1] == "All steps and the link of a posting: labelwatch show NUMBER"
    assert [part.splitlines()[0] for part in parts(message)[:-1]] == [
        "Wait: Ozon does not answer · 1 shop",
        "Assemble it now · 2 postings",
        "Reload; still none? Ask Ozon support · 1 posting",
        "✅ Resolved · 1 posting",
    ]
    assert message.kind is Kind.WARNING


def test_of_one_deadline_what_is_to_be_done_comes_before_what_is_to_be_waited_for() -> None:
    many = [
        told("label_pending", n=1, severity=Severity.WARNING, verdict=Verdict.WAIT),
        told(n=2, severity=Severity.WARNING),
        told(n=3, severity=Severity.WARNING, deadline=NOW + minutes(50)),
    ]
    listed = [row[0] for section in render(many, destination(), now=NOW).sections for row in section.rows]
    assert [number[-3] for number in listed] == ["6", "5", "4"]


def test_what_has_missed_its_deadline_or_is_about_to_is_a_group_of_its_own() -> None:
    waits: dict[str, Any] = {"verdict": Verdict.WAIT, "stage": Stage.REGISTRATION, "act_by": NOW + minutes(1)}
    many = [
        told("registration_pending", n=n, deadline=NOW + minutes(left), severity=severity, **waits)
        for n, left, severity in (
            (1, 120, Severity.WARNING),
            (2, 110, Severity.WARNING),
            (3, 40, Severity.CRITICAL),
            (4, -1, Severity.CRITICAL),
            (5, 0, Severity.CRITICAL),
        )
    ]
    message = render(many, destination(), now=NOW + minutes(0.1))
    assert message.title == (
        "‼️ Do not wait: write to support now · first due in 39 min · 41517061-0216-1 · and 4 more"
    )
    assert [part.splitlines()[0] for part in parts(message)[:3]] == [
        "Do not wait: write to support now · 1 posting",
        "Cutoff missed: write to support now · 2 postings",
        "Press the carrier to register it · 2 postings",
    ]


def test_a_bundle_of_one_kind_does_not_repeat_its_title() -> None:
    message = render([told(n=1), told(n=2)], destination(), now=NOW)
    assert message.title == "‼️ Assemble it now · 2 postings · first due in 52 min"
    assert message.body.startswith("Not assembled yet.")


def test_each_group_says_how_to_begin_without_the_number_of_one_for_all() -> None:
    many = [told(n=1), told(n=2), told("label_overdue", n=3), told("ozon_down")]
    message = render(many, destination("zh"), now=NOW)
    begins = [line for line in message.body.splitlines() if line.startswith("怎么做：")]
    assert begins == [
        "怎么做：在浏览器里打开后台：打不开，就是 Ozon 故障，等它恢复。",
        "怎么做：后台“等待备货”里打开每一单，核对货品，点“备货”。",
        "怎么做：后台打开 41517061-0216-1，刷新，点“下载标签”试一次。",
    ]


@pytest.mark.parametrize(("statuses", "is_quoted"), [(["awaiting_weighing"] * 2, True), (["a", "b"], False)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ozon_reports_of_one_posting_is_not_said_of_all(
    language: str, statuses: list[str], is_quoted: bool
) -> None:
    """Of each of them Ozon reports something that nobody knows."""
    many = [told("unknown_state", n=n, status=status, substatus="") for n, status in enumerate(statuses, 1)]
    message = render(many, destination(language), now=NOW)
    assert (f"{statuses[0]}”" in message.body or f"«{statuses[0]}»" in message.body) is is_quoted, message.body


@pytest.mark.parametrize("others", [1, 30])
def test_the_only_posting_to_do_something_about_is_told_in_full_above_the_others(others: int) -> None:
    one = told(n=1, reason=Reason.ESCALATED)
    calm = [told("label_pending", n=n, severity=Severity.NOTICE, verdict=Verdict.WAIT) for n in range(2, 2 + others)]
    message = render([resolved(n=90), one, *calm], destination(), now=NOW)
    by_itself = render([one], destination(), now=NOW)
    assert message.title == f"{by_itself.title} · and {others + 1} more"
    assert message.sections[: len(by_itself.sections)] == by_itself.sections
    below = message.sections[len(by_itself.sections) :]
    assert below[0].heading.endswith(f" · {others} posting{'s' * (others > 1)}")
    assert below[1].heading == "✅ Resolved · 1 posting"
    rest = render([resolved(n=90), one], destination(), now=NOW)
    assert rest.sections[: len(by_itself.sections)] == by_itself.sections
    assert rest.sections[-1].heading == "✅ Resolved · 1 posting"


def test_nothing_is_told_in_full_beside_what_is_worse_or_where_there_is_no_room() -> None:
    mild, bad = told(n=1, severity=Severity.NOTICE), told("label_pending", n=2, verdict=Verdict.WAIT)
    assert render([mild, bad], destination(), now=NOW).sections[0].rows
    tight = render([told(n=1), resolved(n=2)], destination(), now=NOW, layout=Layout(limit=SizeLimit(500)))
    assert [section.heading for section in tight.sections[:2]] == [
        "Assemble it now · 1 posting",
        "✅ Resolved · 1 posting",
    ]


def test_items_of_several_shops_name_their_shop() -> None:
    message = render([told(n=1), told(n=2, shop="Тёплый дом")], destination(), now=NOW)
    assert "41517061-0215-1 · due in 52 min · Тёплый дом" in message.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_hundred_alerts_fit_into_one_message_that_accounts_for_all(language: str) -> None:
    causes = sorted(cause for cause, family in CAUSES.items() if family != "blind")
    many = [told(causes[n % len(causes)], n=n, deadline=NOW + minutes(n)) for n in range(1, 501)]
    message = render(many, destination(language), now=NOW)
    assert size(message.title) + size(message.body) <= LIMIT.most < 4096
    counted = [int(re.findall(r" · (\d+) ", part.splitlines()[0])[0]) for part in parts(message)[: len(causes)]]
    listed = [line for line in message.body.splitlines() if line.startswith("•")]
    assert sum(counted) == 500
    assert str(500 - len(listed)) in parts(message)[-1]
    assert "labelwatch late" in parts(message)[-1]


def test_every_group_shows_its_first_posting_and_the_most_urgent_fill_the_rest() -> None:
    many = [told(n=n, deadline=NOW + minutes(n)) for n in range(1, 41)]
    many += [
        told(cause, n=n, deadline=NOW + minutes(60 + n))
        for cause in ("label_overdue", "arbitration")
        for n in (50, 51)
    ]
    message = render(many, destination(), now=NOW)
    assert [len(section.rows) for section in message.sections] == [18, 1, 1, 0]
    assert message.sections[-1].lines == (
        "And 24 more not shown here.",
        "The whole list: labelwatch late",
        "All steps and the link of a posting: labelwatch show NUMBER",
    )


def test_the_rest_is_found_on_the_board_where_there_is_one() -> None:
    many = [told(n=n) for n in range(1, 30)]
    message = render(many, destination(), now=NOW, layout=Layout(board="https://labels.example/"))
    assert "And 9 more not shown here.\nThe whole list: https://labels.example/" in message.body
    whole = render([told(n=1), told(n=2)], destination(), now=NOW, layout=Layout(board="https://labels.example/"))
    assert whole.body.endswith("links and ready texts: https://labels.example/")


def test_whether_items_name_their_shop_is_the_same_for_all() -> None:
    message = render([told(n=1), told("arbitration", n=2, shop="north")], destination(), now=NOW)
    assert [section.rows[0][-1] for section in message.sections[:-1]] == ["main", "north"]
    alone = render([told(n=1), told("arbitration", n=2)], destination(), now=NOW)
    assert [len(section.rows[0]) for section in alone.sections[:-1]] == [2, 2]


def test_a_test_among_others_is_marked_as_one_and_counts_for_nothing() -> None:
    fake = told("arbitration", n=9, reason=Reason.TEST, deadline=NOW + minutes(1))
    message = render([fake, told(n=1, severity=Severity.WARNING), resolved(n=2)], destination(), now=NOW)
    assert message.title == "⚠️ Assemble it now · first due in 52 min · 41517061-0214-1 · and 2 more"
    assert [section.heading for section in message.sections[:-1]] == [
        "Assemble it now · 1 posting",
        "TEST, nothing to do · 1 posting",
        "✅ Resolved · 1 posting",
    ]
    assert message.sections[1].rows[0][-1] == "Test"
    nothing_else = render([fake, resolved(n=2)], destination(), now=NOW)
    assert (nothing_else.title, nothing_else.kind) == ("TEST, nothing to do · 1 posting · and 1 more", Kind.INFO)


def test_a_channel_that_does_not_work_stands_among_others_with_its_messages() -> None:
    message = render([told("channel_dead"), told(n=1)], destination(), now=NOW)
    assert message.title == "‼️ Channel “packers” does not work · 7 messages wait · first due in 52 min · and 1 more"
    assert message.sections[0].lines[0].startswith("Messages do not get there: HTTP 403: bot was blocked. ")
    assert message.sections[0].rows == (("packers",),)


@pytest.mark.fault("O10")
def test_a_shop_that_is_read_but_for_some_postings_names_them() -> None:
    proof = Proof("answer", "41-1-1, 41-2-1: shipment_date: no time")
    message = render([told("posting_unreadable", evidence=(proof, proof)), told(n=1)], destination(), now=NOW)
    (row,) = next(section.rows for section in message.sections if section.heading.startswith("Look after"))
    assert row[:2] == ("shop main", "Ozon's answer: 41-1-1, 41-2-1: shipment_date: no time")


def test_items_say_who_took_them() -> None:
    taken: dict[str, Any] = {"state": AlertState.ACKNOWLEDGED, "handled_by": "Nina", "handled_at": NOW}
    many = [replace(one, alert=replace(one.alert, **taken)) for one in (told(n=1), told(n=2, reason=Reason.REMINDER))]
    message = render([*many, told(n=3)], destination(), now=NOW)
    assert message.sections[0].rows == (
        ("41517061-0214-1", "due in 52 min", "", "Nina is on it"),
        ("41517061-0215-1", "due in 52 min", "Reminder", "Nina is on it"),
        ("41517061-0216-1", "due in 52 min", "", ""),
    )


WIDE = [incident(id=IncidentId(Scope.CARRIER, str(n)), shops=("main", "north")) for n in range(40)]
BLIND = [told(cause, shop=shop) for cause in ("key_expired", "ozon_down") for shop in ("main", "north", "south")]
LATE = sorted(cause for cause, family in CAUSES.items() if family != "blind" and not cause.endswith("_incident"))


def mix(causes: list[str], late: int, *, over: int, tests: int, wide: int, blind: int) -> list[Notification]:
    """So many notifications of every kind; the postings take turns in their causes."""
    postings = [told(causes[n % len(causes)], n=n, deadline=NOW + minutes(n - 30)) for n in range(late)]
    ended = [resolved(n=n) for n in range(300, 300 + over)]
    made_up = [told(n=n, reason=Reason.TEST) for n in range(600, 600 + tests)]
    return [*postings, *ended, *made_up, *WIDE[:wide], *BLIND[:blind], told("channel_dead")]


def stated(heading: str) -> int:
    """How many alerts a heading speaks of; of an incident and of a channel there is one."""
    last = heading.split(" · ")[-1]
    return 1 if re.search("labels? late|messages wait", last) else int(last.split()[0])


SOME = st.integers(0, 200) | st.integers(0, 3)


@examples(25)
@given(
    causes=st.lists(st.sampled_from(LATE), min_size=1, unique=True),
    numbers=st.tuples(SOME, SOME, st.integers(0, 3), st.integers(0, len(WIDE)), st.integers(0, len(BLIND))),
    limit=st.integers(700, 4000),
)
def test_headings_add_up_and_every_alert_is_listed_or_counted(
    causes: list[str], numbers: tuple[int, int, int, int, int], limit: int
) -> None:
    late, over, tests, wide, blind = numbers
    many = mix(causes, late, over=over, tests=tests, wide=wide, blind=blind)
    message = render(many, destination(), now=NOW, layout=Layout(limit=SizeLimit(limit)))
    assert size(message.title) + size(message.body) <= limit
    if len(many) > 1:
        headings = [section.heading for section in message.sections if section.heading]
        hidden = re.findall(r"And (\d+) more not shown here", message.body)
        assert sum(map(stated, headings)) == len(many)
        assert "0" not in hidden
        assert sum(len(section.rows) for section in message.sections) + sum(map(int, hidden)) == len(many)


HIDDEN = re.compile(r"And (\d+) more not|И ещё (\d+), не|还有 (\d+) 条没列出")


@examples(60)
@given(
    n=st.integers(2, 30),
    limit=st.integers(500, 4000),
    causes=st.lists(st.sampled_from(LATE), min_size=1, max_size=4, unique=True),
    language=st.sampled_from(LANGUAGES),
    board=st.sampled_from(["", "https://labels.example/"]),
)
def test_how_many_are_hidden_is_told_only_when_some_are(
    n: int, limit: int, causes: list[str], language: str, board: str
) -> None:
    many = [told(causes[i % len(causes)], n=i, deadline=NOW + minutes(i)) for i in range(1, n + 1)]
    message = render(many, destination(language), now=NOW, layout=Layout(limit=SizeLimit(limit), board=board))
    hidden = [int("".join(found)) for found in HIDDEN.findall(message.body)]
    listed = sum(len(section.rows) for section in message.sections)
    assert hidden == ([n - listed] if listed < n else [])


@given(
    n=st.integers(1, 60),
    limit=st.integers(300, 4000),
    cause=st.sampled_from(sorted(CAUSES)),
    language=st.sampled_from(LANGUAGES),
)
def test_a_message_never_grows_beyond_what_the_service_takes(n: int, limit: int, cause: str, language: str) -> None:
    many = [told(cause, n=i, deadline=NOW + minutes(i)) for i in range(1, n + 1)]
    message = render(many, destination(language), now=NOW, layout=Layout(limit=SizeLimit(limit)))
    assert size(message.title) + size(message.body) <= limit
    assert message.body
