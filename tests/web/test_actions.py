"""What the forms do is done once, by name, and said in a sentence on the page they came from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Alert, AlertState
from labelwatch.store import OutboxState
from labelwatch.store.values import Settled
from tests.store.build import notification
from tests.support.alert_builders import NOW, diagnosis
from tests.support.reasons import because
from tests.web.asking import send
from tests.web.build import LATE, Board, Hands, alert

POSTING = f"/posting/{LATE}"


def act(board: Board, path: str, **fields: Any) -> str:
    """Send a form from the page of a posting, and what the next page says first."""
    answer = send(board.client, path, form=POSTING, **fields)
    assert answer.status_code == 200
    assert [one.status_code for one in answer.history] == [303]
    return str(answer.text.partition('class="flash" role="status">')[2].partition("</p>")[0])


def late(board: Board) -> Alert:
    (details,) = board.app.queries.posting_details(LATE)
    return details.alerts[-1]


def test_to_take_an_alert_says_who_has_it_and_is_told_once(board: Board) -> None:
    assert act(board, f"{POSTING}/ack", by="Anna", note="box is on the way", shop="main") == "Anna takes care of it."
    assert (late(board).state, late(board).handled_by) == (AlertState.ACKNOWLEDGED, "Anna")
    assert late(board).note == "box is on the way"
    assert "flash" not in board.page(POSTING).partition("<main")[2]


def test_the_name_is_remembered_and_offered_again(board: Board) -> None:
    act(board, f"{POSTING}/ack", by="安娜 <Анна>")
    assert 'value="安娜 ‹Анна›"' in board.page(POSTING)
    assert act(board, f"{POSTING}/ack").startswith("安娜 ‹Анна› takes care")


def test_who_gives_no_name_is_the_board(board: Board) -> None:
    assert act(board, f"{POSTING}/ack").startswith("board takes care")


@pytest.mark.parametrize(
    ("span", "until"),
    [
        ("30m", NOW + timedelta(minutes=30)),
        ("1h", NOW + timedelta(hours=1)),
        ("4h", NOW + timedelta(hours=4)),
        ("morning", datetime(NOW.year, NOW.month, NOW.day, 5, tzinfo=UTC) + timedelta(days=1)),
    ],
)
def test_to_silence_it_lasts_as_long_as_chosen(board: Board, span: str, until: datetime) -> None:
    said = act(board, f"{POSTING}/snooze", by="Anna", span=span)
    assert said.startswith("Quiet until ")
    assert said.endswith("(Anna).")
    assert (late(board).state, late(board).snoozed_until) == (AlertState.SNOOZED, until)


def test_before_the_morning_it_is_the_same_morning(board: Board, hands: Hands) -> None:
    hands.at = datetime(NOW.year, NOW.month, NOW.day, 3, 30, tzinfo=UTC) + timedelta(days=1)
    act(board, f"{POSTING}/snooze", span="morning")
    assert late(board).snoozed_until == hands.at + timedelta(hours=1, minutes=30)


@pytest.mark.parametrize("span", ["", "1s", "forever", "100000d"])
def test_no_other_span_is_taken(board: Board, span: str) -> None:
    assert "Nothing was changed" in act(board, f"{POSTING}/snooze", span=span)
    assert late(board).state is AlertState.FIRING


def test_what_is_not_open_can_not_be_taken(board: Board) -> None:
    assert "over already" in act(board, "/posting/41-nowhere/ack", next="/")
    assert "over already" in act(board, f"{POSTING}/ack", shop="north")
    assert late(board).state is AlertState.FIRING


def test_an_incident_is_taken_by_its_key(board: Board) -> None:
    (incident,) = board.app.store.alerts.incidents()
    act(board, f"/posting/{incident.diagnosis.subject}/ack", by="Anna", next="/incidents")
    assert board.app.store.alerts.incidents()[0].handled_by == "Anna"


@pytest.mark.parametrize("page", ["/", "/incidents"])
def test_the_forms_of_an_incident_are_where_it_is_told(board: Board, page: str) -> None:
    ack, snooze = "/posting/carrier%3AChina%20Post/ack", "/posting/carrier%3AChina%20Post/snooze"
    for path, fields, said in (
        (ack, {"note": "called them"}, "Anna is on it: called them"),
        (snooze, {"span": "1h"}, "Quiet until"),
    ):
        assert path in board.page(page)
        assert send(board.client, path, form=page, by="Anna", shop="", next=page, **fields).status_code == 200
        assert said in board.text(page)
    assert ack not in board.page("/?wall")


def test_what_it_really_was_is_written_down(board: Board) -> None:
    assert act(board, f"{POSTING}/judge", by="Anna", really="assembly_failed").startswith("Noted, thank you.")
    assert board.app.store.verdicts.counts() == [("not_packed", "assembly_failed", 1)]


def test_what_is_no_cause_or_was_never_late_is_not(board: Board) -> None:
    assert "choose one of the causes" in act(board, f"{POSTING}/judge", really="the weather")
    assert "was never late" in act(board, "/posting/41-nowhere/judge", really="not_packed", next="/")
    assert board.app.store.verdicts.counts() == []


def test_what_died_is_sent_again(board: Board) -> None:
    ids = dead(board, 3)
    assert act(board, "/channels/retry", id=[str(ids[0]), "x", "9" * 30, "-1"]) == "1 message is being sent again."
    assert act(board, "/channels/retry", channel="packers") == "2 messages are being sent again."
    assert "None of these" in act(board, "/channels/retry", channel="packers")
    assert {row.state for row in board.app.store.outbox.find() if row.id in ids} == {OutboxState.PENDING}


def dead(board: Board, count: int) -> list[int]:
    """Notifications of as many alerts that no channel took."""
    store = board.app.store
    state = store.shops.named("main")
    assert state
    with store.write() as tx:
        for number in range(count):
            one = alert(diagnosis("not_packed", posting_number=f"41-{number}"))
            (id_,) = tx.alerts.save(state.id, [one])
            tx.outbox.add([notification(replace(one, id=id_), due_at=NOW)], created_at=NOW)
    rows = store.outbox.claim("packers", now=NOW, lease_until=NOW + timedelta(minutes=1), key="k")
    with store.write() as tx:
        tx.outbox.settle([row.id for row in rows], Settled(OutboxState.DEAD, error=because("no such chat")), at=NOW)
    return [row.id for row in rows]


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/x"])
def test_no_form_leads_elsewhere(board: Board, to: str) -> None:
    answer = send(board.client, f"{POSTING}/ack", form=POSTING, next=to)
    assert str(answer.url).startswith("http://127.0.0.1:8765/")
