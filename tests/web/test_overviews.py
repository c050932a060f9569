"""`/shops`, `/channels`, `/incidents` and `/causes`: what an operator wants to know."""

from dataclasses import replace

import pytest

from labelwatch.core.alert import Notification as Told
from labelwatch.core.alert import Outcome, Reason
from labelwatch.core.rules import CAUSES
from labelwatch.i18n import LANGUAGES
from labelwatch.store import Attempt, ChannelState, OutboxState, PollRow
from labelwatch.store.values import Settled
from tests.support.alert_builders import NOW, incident, minutes
from tests.support.reasons import because
from tests.web.build import LATE, SOON, Board
from tests.web.test_posting import tell


def test_a_shop_that_cannot_be_seen_stands_first_with_what_to_do(board: Board) -> None:
    text = board.text("/shops")
    assert text.index("north") < text.index("main Read as it should be")
    for said in ("Cannot be read", "Check the API key", "Settings → Seller API", "Invalid Api-Key"):
        assert said in text
    assert "5 labels are late" in text


def test_the_last_reading_of_a_shop_is_told(board: Board) -> None:
    main = board.app.store.shops.named("main")
    assert main is not None
    poll = PollRow(NOW - minutes(2), NOW - minutes(1), True, 5, 1, 5, 0, 12)
    with board.app.store.write() as tx:
        tx.shops.record_poll(main.id, poll)
    assert "Read 1 min ago in 60 s, 12 requests." in board.text("/shops")


def test_postings_that_could_not_be_read_are_named(board: Board) -> None:
    main = board.app.store.shops.named("main")
    assert main is not None
    with board.app.store.write() as tx:
        tx.shops.quarantine(main.id, path="$.postings[3].shipment_date", number="77-1", problem="no time", at=NOW)
    text = board.text("/shops")
    assert "Postings that could not be read" in text
    assert "$.postings[3].shipment_date: no time" in text


def test_a_channel_that_does_not_work_stands_first_with_the_reason(board: Board) -> None:
    with board.app.store.write() as tx:
        tx.channels.save(ChannelState("packers", failing_since=NOW - minutes(9), error=because("HTTP 403: kicked")))
        tx.channels.save(ChannelState("owner", sent_at=NOW - minutes(4)))
    text = board.text("/channels")
    assert text.index("✗ Does not work since 16:59: HTTP 403: kicked") < text.index("✓ Works")
    assert "Last message 4 min ago" in text


def test_what_did_not_arrive_can_be_sent_again(board: Board) -> None:
    tell(board.app.store, LATE, error=because("HTTP 400: bad chat"))
    (row,) = board.app.store.outbox.find()
    page = board.page("/channels")
    assert "Not delivered" in page
    assert 'action="/channels/retry"' in page
    assert f'name="id" value="{row.id}"' in page
    assert "HTTP 400: bad chat" in page


def test_a_message_is_one_row_however_many_alerts_it_told_of(board: Board) -> None:
    store = board.app.store
    told = [
        Told(one, 1, Reason.FIRST, "packers", NOW, NOW + minutes(600))
        for number in (LATE, SOON)
        for one in store.alerts.find(posting_number=number)
    ]
    with store.write() as tx:
        tx.outbox.add(told, created_at=NOW)
    ids = [row.id for row in store.outbox.claim("packers", now=NOW, lease_until=NOW + minutes(1), key="k")]
    with store.write() as tx:
        tx.outbox.settle(ids, Settled(OutboxState.SENT, receipt="HTTP 200"), at=NOW)
        tx.channels.note(Attempt("packers", NOW - minutes(1), "k", "retry", because("HTTP 502")), ids)
        tx.channels.note(Attempt("packers", NOW, "k", "delivered", because("HTTP 200")), ids)
    text = board.text("/channels")
    assert text.count("✓ delivered") == 1
    assert "2 alerts" in text
    assert "2 tries 17:07 · failed, to be tried again · HTTP 502 17:08 · delivered · HTTP 200" in text


def test_only_what_one_channel_was_told_can_be_asked_for(board: Board) -> None:
    tell(board.app.store, LATE)
    assert LATE in board.text("/channels?channel=packers")
    assert LATE not in board.text("/channels?channel=owner")
    assert LATE in board.text("/channels?channel=nobody")


def test_an_open_incident_is_told_in_full(board: Board) -> None:
    text = board.text("/incidents")
    for said in ("China Post is stuck", "63 of 80 labels late", "Shops: main, north, south, west", "What to do"):
        assert said in text


def test_an_incident_that_is_over_is_kept_for_a_while(board: Board) -> None:
    past = incident("platform_incident").alert
    past = replace(past, id=None, resolved_at=NOW - minutes(30), outcome=Outcome.OVER)
    with board.app.store.write() as tx:
        tx.alerts.save(None, [past])
    assert "Ozon: labels come again" in board.text("/incidents").partition("In the last four weeks")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_is_explained(board: Board, language: str) -> None:
    page = board.page(f"/causes?lang={language}")
    assert {cause for cause in CAUSES if f'id="{cause}"' in page} == set(CAUSES)
    assert "{" not in board.text(f"/causes?lang={language}")


def test_how_often_people_said_that_a_cause_was_right_is_told(board: Board) -> None:
    board.app.actions.judge(LATE, really="not_packed", by="Anna", note="", shop=None)
    board.app.actions.judge(SOON, really="arbitration", by="Anna", note="", shop=None)
    assert "People said it was right 1 of 2 times." in board.text("/causes")
