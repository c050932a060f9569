"""`/posting/<number>`: what to do first, then why, then everything that was seen."""

from dataclasses import replace

import pytest

from labelwatch.core.alert import Alert, AlertState, Outcome, Reason
from labelwatch.core.alert import Notification as Told
from labelwatch.core.text import Text
from labelwatch.store import Change, OutboxState, Store
from labelwatch.store.values import Settled
from tests.support.alert_builders import NOW, minutes
from tests.web.build import EXPLAINED, LATE, TAKEN, WAITS, Board


def tell(store: Store, number: str, *, error: Text | None = None) -> None:
    """One message about a posting over `packers`; with an error it died."""
    (one,) = store.alerts.find(posting_number=number)
    told = Told(one, 1, Reason.FIRST, "packers", NOW - minutes(60), NOW + minutes(600))
    with store.write() as tx:
        tx.outbox.add([told], created_at=NOW - minutes(60))
    rows = store.outbox.claim("packers", now=NOW - minutes(60), lease_until=NOW - minutes(59), key="k1")
    with store.write() as tx:
        state = OutboxState.DEAD if error else OutboxState.SENT
        tx.outbox.settle(
            [row.id for row in rows], Settled(state, receipt="HTTP 200", error=error), at=NOW - minutes(60)
        )


def test_the_first_thing_said_is_what_to_do_and_the_rest_follows_in_order(board: Board) -> None:
    text = board.text(f"/posting/{TAKEN}")
    parts = ("due in 3 hr", "Act now", "What to do", "Who takes care of it", "Ready to paste", "Timeline", "Evidence")
    places = [text.index(part) for part in (*parts, "What Ozon reported", "Who was told")]
    assert places == sorted(places)


def test_the_letter_stands_in_full_in_the_language_of_whom_it_goes_to(board: Board) -> None:
    page = board.page(f"/posting/{TAKEN}?lang=zh")
    assert 'lang="ru" tabindex="0"' in page
    assert "Здравствуйте" in page
    assert TAKEN in page.partition('<pre class="letter"')[2].partition("</pre>")[0]
    assert "消息的意思" in page


def test_the_forms_work_by_themselves(board: Board) -> None:
    page = board.page(f"/posting/{LATE}")
    for part in (
        f'action="/posting/{LATE}/ack"',
        f'formaction="/posting/{LATE}/snooze"',
        f'action="/posting/{LATE}/judge"',
        'name="csrf"',
        'name="shop" value="main"',
        'name="by"',
        'name="note"',
        'name="span"',
        'name="really"',
    ):
        assert part in page, part


def test_who_has_it_and_why_it_is_quiet_is_said(board: Board) -> None:
    assert "Anna is on it" in board.text(f"/posting/{TAKEN}")


def test_of_what_an_incident_explains_nothing_is_asked(board: Board) -> None:
    text = board.text(f"/posting/{EXPLAINED}")
    assert "Wait: a wider problem" in text
    assert "See the wider problem" in text


def test_what_was_told_is_listed_with_its_receipt(board: Board) -> None:
    tell(board.app.store, WAITS)
    text = board.text(f"/posting/{WAITS}")
    assert "✓ delivered packers · 16:08 first alert HTTP 200" in text


def test_what_is_over_asks_for_nothing_any_more(board: Board) -> None:
    def end(one: Alert) -> Alert:
        return replace(one, state=AlertState.RESOLVED, resolved_at=NOW - minutes(2), outcome=Outcome.LABELLED)

    board.app.store.alerts.change(WAITS, end)
    text = board.text(f"/posting/{WAITS}")
    assert "Label is there" in text
    assert "Who takes care of it" not in text
    assert "Ready to paste" not in text


@pytest.mark.parametrize("number", ["0000-0000-1", "a/b", "%2e%2e", "%00", "x" * 5000])
def test_a_number_that_nobody_has_is_said_to_be_none(board: Board, number: str) -> None:
    answer = board.client.get(f"/posting/{number}")
    assert answer.status_code in (404, 400)


def test_of_two_shops_with_the_same_number_both_are_shown_or_the_one_that_is_asked_for(board: Board) -> None:
    store = board.app.store
    known = store.postings.find(LATE)["main"]
    north = store.shops.named("north")
    assert north is not None
    with store.write() as tx:
        tx.postings.put(north.id, [Change(known.posting, known.track, 5, is_open=True, seen_at=NOW, not_before=None)])
    assert "shop north" in board.text(f"/posting/{LATE}")
    assert "This label is not late." in board.text(f"/posting/{LATE}?shop=north")
    assert "Act now" not in board.text(f"/posting/{LATE}?shop=north")


def test_a_number_is_shown_without_what_turns_text_around(board: Board) -> None:
    store, number = board.app.store, "41\u202e-0009-1"
    known, north = store.postings.find(LATE)["main"], store.shops.named("north")
    assert north is not None
    posting = replace(known.posting, number=number)
    with store.write() as tx:
        tx.postings.put(north.id, [Change(posting, known.track, 9, is_open=True, seen_at=NOW, not_before=None)])
    page = board.page(f"/posting/{number}")
    assert "<h1>41-0009-1</h1>" in page
    assert "<title>41-0009-1 " in page
