"""`/`: what is late, the most urgent first, and nothing that hides it."""

import html
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import AlertState, Severity
from labelwatch.core.posting import Stage
from labelwatch.store import Store
from labelwatch.web.pages.late import CHOICES
from tests.support.alert_builders import CHINA_POST, NOW, diagnosis, minutes, of_posting, told
from tests.web.build import EXPLAINED, LATE, NASTY, SOON, TAKEN, WAITS, Board, Hands, alert

NUMBERS = (LATE, SOON, WAITS, TAKEN, EXPLAINED)
CHANNELS = ("packers", "owner")


def shown(board: Board, path: str = "/") -> list[str]:
    """The postings in the order in which they stand on the page."""
    text = board.page(path)
    return sorted((number for number in NUMBERS if f">{number}</a>" in text), key=lambda number: text.index(number))


def save(store: Store, *numbers: str, shop: str = "main", **changes: Any) -> None:
    state = store.shops.named(shop)
    assert state is not None
    about = replace(diagnosis("not_packed", shop=shop), **changes)
    with store.write() as tx:
        tx.alerts.save(state.id, [alert(of_posting(about, number)) for number in numbers])


def test_cards_stand_by_deadline_and_what_an_incident_explains_last(board: Board) -> None:
    assert shown(board) == [LATE, SOON, TAKEN, WAITS, EXPLAINED]


def test_what_an_incident_explains_stands_by_its_deadline_once_there_is_no_time_left(board: Board) -> None:
    number = "41517061-0213-1"
    about = diagnosis("carrier_incident", explained_by=CHINA_POST, stage=Stage.REGISTRATION)
    hurried = of_posting(about, number, severity=Severity.CRITICAL, deadline=NOW + minutes(30))
    state = board.app.store.shops.named("main")
    assert state is not None
    with board.app.store.write() as tx:
        tx.alerts.save(state.id, [alert(hurried)])
    text = board.page("/")
    places = [text.index(f">{one}</a>") for one in (LATE, number, SOON, TAKEN, WAITS, EXPLAINED)]
    assert places == sorted(places)
    assert "3 critical · 1 notice · 1 in hand · 1 explained by a wider problem" in board.text("/")


def test_a_card_tells_what_to_do_how_long_is_left_and_what_it_costs(board: Board) -> None:
    text = board.text("/")
    for said in (
        "5 labels are late",
        "2 critical · 1 notice · 1 in hand · 1 explained by a wider problem",
        "overdue 25 min",
        "due in 52 min",
        "After 17:44 (Moscow time) shipping costs 50 ₽ (1%) more.",
        "Act now",
        "Wait until 17:22",
        "waiting 25 hr",
        "Anna is on it",
        "Wait: a wider problem",
    ):
        assert said in text, said


def test_a_pick_up_stands_on_the_card_beside_the_cutoff_of_ozon(board: Board) -> None:
    save(board.app.store, "41517061-0213-1", deadline=NOW + minutes(90), cutoff=NOW + minutes(200))
    text = board.text("/")
    assert "Pick-up 18:38 (Moscow time), 1 hr 30 min left. Ozon's cutoff: 20:28 (Moscow time)." in html.unescape(text)


def test_what_concerns_more_than_one_posting_stands_above_them(board: Board) -> None:
    text = board.text("/")
    assert text.index("labelwatch has a problem: please fix it") < text.index("A wider problem") < text.index(LATE)
    assert "Check the API key shop north" in text
    assert "63 of 80 labels late" in text


@pytest.mark.fault("D14")
def test_while_nobody_can_be_told_that_stands_first_of_all(board: Board, hands: Hands) -> None:
    state = board.app.store.shops.named("main")
    assert state is not None
    about = diagnosis("not_packed", posting_number=LATE)
    with board.app.store.write() as tx:
        (id_,) = tx.alerts.save(state.id, [replace(alert(about), state=AlertState.RESOLVED, resolved_at=NOW)])
        news = replace(told().alert, id=id_, diagnosis=about)
        tx.outbox.add([replace(told(), alert=news, channel=one) for one in CHANNELS], created_at=NOW)
    for _ in range(8):  # nobody listens where the channels lead
        board.app.tell()
        hands.at += minutes(4)
    text = board.text("/")
    assert (
        text.index("“owner” does not work") < text.index("“packers” does not work") < text.index("Check the API key")
    )


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("carrier=China+Post", [WAITS]),
        ("cause=not_packed", [LATE, SOON]),
        ("shop=main", [LATE, SOON, TAKEN, WAITS, EXPLAINED]),
        ("shop=north", []),
        ("cause=not_packed&carrier=China+Post", []),
        ("cause=nonsense", []),
    ],
)
def test_a_filter_leaves_what_it_names(board: Board, asked: str, numbers: list[str]) -> None:
    assert shown(board, f"/?{asked}") == numbers


def test_a_filter_tells_how_many_each_choice_would_leave_and_keeps_what_was_chosen(board: Board) -> None:
    page = board.page("/?cause=not_packed")
    assert '<option value="not_packed" selected>not assembled (2)</option>' in page
    assert '<option value="Aurora Post">Aurora Post (4)</option>' in page
    assert '<details class="filters" open>' in page


def test_when_nothing_is_late_the_page_is_calm_and_says_when_it_last_looked(calm_board: Board) -> None:
    with calm_board.app.store.write() as tx:
        for shop in calm_board.app.store.shops.all():
            tx.shops.mark_read(shop.id, started_at=NOW - minutes(3), finished_at=NOW - minutes(2))
    text = calm_board.text("/")
    assert "No label is late" in text
    assert "Last looked at all shops 2 min ago" in text


def test_a_shop_that_was_not_read_is_not_passed_over_in_silence(calm_board: Board) -> None:
    assert "2 shops were not read as they should be" in calm_board.text("/")


def test_a_long_list_is_shown_in_pages_and_the_whole_is_counted(board: Board) -> None:
    save(board.app.store, *(f"7000-{n:04}-1" for n in range(120)), severity=Severity.NOTICE, deadline=None)
    first, second, third = (board.page(path) for path in ("/", "/?from=50", "/?from=100"))
    assert "125 labels are late" in first
    assert [page.count('<article class="card') for page in (first, second, third)] == [50, 50, 25]
    assert "Show the next (75 more)" in first
    assert 'href="/?from=50"' in first
    assert board.page("/?from=999999").count('<article class="card') == 25
    assert board.page("/?from=x").count('<article class="card') == 50


def test_the_wall_shows_the_top_and_nothing_to_touch(board: Board) -> None:
    save(board.app.store, *(f"7000-{n:04}-1" for n in range(20)), severity=Severity.NOTICE, deadline=None)
    page = board.page("/?wall")
    assert 'class="wall"' in page
    for control in ("<form", "<nav", "<button", "<select"):
        assert control not in page
    assert page.count('<article class="card') == 9
    assert "<h1>25 labels are late</h1>" in page


def test_foreign_words_stay_words(board: Board) -> None:
    save(board.app.store, NASTY, method=replace(diagnosis().method, carrier=NASTY), deadline=None)
    for path in ("/", f"/?carrier={NASTY}", f"/?shop={NASTY}", f"/posting/{NASTY}"):
        text = board.client.get(path).text
        assert "<script>" not in text, path
        assert 'alert("x")' not in text, path


def test_a_filter_offers_the_most_frequent_by_harmless_names_and_the_one_that_is_chosen(calm_board: Board) -> None:
    method = diagnosis().method
    for n in range(CHOICES + 5):
        save(calm_board.app.store, f"70-{n:04}-1", method=replace(method, carrier=f"Post {n}"))
    save(calm_board.app.store, "71-0001-1", "71-0002-1", method=replace(method, carrier="Hawk\u202e\a" + "x" * 100))
    text = calm_board.text("/")
    assert f"Hawk{'x' * 55}… (2)" in text
    assert text.count(" (1)") == CHOICES - 1
    last = f"Post {CHOICES + 4}"
    assert f"{last} (1)" not in text
    assert f"{last} (1)" in calm_board.text("/", params={"carrier": last})


def test_a_page_goes_on_telling_the_time_that_is_left(board: Board, hands: Hands) -> None:
    hands.at += timedelta(minutes=50)
    assert "due in 2 min" in board.text("/")


def test_ten_thousand_open_alerts_are_a_page_like_any_other(board: Board) -> None:
    def cost() -> float:
        """The least processor time that the page takes, in seconds."""
        costs = []
        for _ in range(3):
            began = time.process_time()
            board.page("/")
            costs.append(time.process_time() - began)
        return min(costs)

    few = [f"7999-{n:05}-1" for n in range(200)]
    save(board.app.store, *few, severity=Severity.NOTICE)
    of_few = cost()
    save(board.app.store, *(f"8000-{n:05}-1" for n in range(10_000)), severity=Severity.NOTICE)
    page = board.page("/")
    assert f"{10_005 + len(few)} labels are late" in page
    assert page.count('<article class="card') == 50
    assert cost() < 8 * of_few  # fifty times as many
