"""A signed link in a message: one tap, one confirmation, once; everything else changes nothing."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from labelwatch.app import App
from labelwatch.core.alert import Alert, AlertState
from labelwatch.delivery.action_links import LASTS, SECRET, Act, sealed, signing
from labelwatch.store import OutboxState, Store
from labelwatch.store.values import Settled
from labelwatch.web.auth.board_auth import new_secret
from tests.store.build import notification
from tests.support.alert_builders import NOW, diagnosis
from tests.web.asking import LOCKED, PUBLIC, browser
from tests.web.build import NASTY, Hands, alert, furnish

if TYPE_CHECKING:
    from starlette.testclient import TestClient

KEY = "0123456789abcdef0123456789abcdef"
NUMBERS = ("41-0001-1", "41-0002-1")
SETTINGS = replace(LOCKED, public_url=PUBLIC)


@pytest.fixture
def stranger(app: App) -> "Iterator[TestClient]":
    """Somebody who was sent a message about two of the late postings, and has no password."""
    furnish(app.store)
    tell(app.store)
    with browser(app, SETTINGS, at=PUBLIC) as client:
        yield client


def tell(store: Store) -> None:
    """One message to the packers about two alerts."""
    state = store.shops.named("main")
    assert state
    with store.write() as tx:
        for number in NUMBERS:
            one = alert(diagnosis("not_packed", posting_number=number))
            (id_,) = tx.alerts.save(state.id, [one])
            tx.outbox.add([notification(replace(one, id=id_), due_at=NOW)], created_at=NOW)
    rows = store.outbox.claim("packers", now=NOW, lease_until=NOW + timedelta(minutes=1), key=KEY)
    with store.write() as tx:
        tx.outbox.settle([row.id for row in rows], Settled(OutboxState.SENT, receipt="ok"), at=NOW)


def link(app: App, verb: str = "ack", *, key: str = KEY, ago: timedelta = timedelta(0), alert: int = 0) -> str:
    made = signing(app.store, PUBLIC, new_secret).links_of(key, now=NOW - ago, alert=alert)
    return made[verb].removeprefix(PUBLIC)


def press(client: "TestClient", path: str, **fields: Any) -> Any:
    """Send the form that the link shows, as a phone does."""
    everything = {} if "alert" in fields else {"all": "1"}
    return client.post(
        path, data={"by": "", **everything, **fields}, headers={"origin": PUBLIC, "sec-fetch-site": "same-origin"}
    )


def alerts(app: App) -> list[Alert]:
    return [one for number in NUMBERS for one in app.store.alerts.find(posting_number=number)]


def everything(app: App) -> object:
    return app.store.alerts.find(open_only=False), app.store.alerts.incidents(), app.store.outbox.find()


def test_to_open_a_link_shows_what_it_would_do_and_changes_nothing(stranger: "TestClient", app: App) -> None:
    before = everything(app)
    for _ in range(3):
        text = stranger.get(link(app)).text
        assert all(number in text for number in NUMBERS)
        assert "I&#39;ll take it?" in text
        assert stranger.head(link(app)).status_code == 200
    assert everything(app) == before


def test_confirmed_it_acts_on_the_alerts_of_the_message_and_on_no_other(stranger: "TestClient", app: App) -> None:
    answer = press(stranger, link(app), by="Olga")
    assert answer.status_code == 200
    assert "Olga is on it." in answer.text
    assert {(one.state, one.handled_by) for one in alerts(app)} == {(AlertState.ACKNOWLEDGED, "Olga")}
    taken = [one for one in app.store.alerts.find() if one.handled_by == "Olga"]
    assert len(taken) == len(NUMBERS)


def test_the_most_urgent_is_the_first_to_tick(stranger: "TestClient", app: App) -> None:
    mild = alerts(app)[0]
    with app.store.write() as tx:
        about = replace(mild.diagnosis, deadline=None)
        tx.alerts.change_by_id([mild.id or 0], lambda one: replace(one, diagnosis=about))
    text = stranger.get(link(app)).text
    places = [text.index(part) for part in ("<form", "Tick those", NUMBERS[1], NUMBERS[0], "</form>")]
    assert places == sorted(places)


def test_to_take_all_is_not_the_first_thing_to_touch(stranger: "TestClient", app: App) -> None:
    form = stranger.get(link(app)).text.partition("<form")[2].partition("</form>")[0]
    assert re.findall(r"<button([^>]*)>", form) == ["", ' class="quiet" name="all" value="1"']


def test_what_was_done_is_said_as_what_it_is(stranger: "TestClient", app: App) -> None:
    assert "<h1>No reminders for an hour: 2 alerts</h1>" in press(stranger, link(app, "snooze")).text
    assert "<h1>You took it: 2 alerts</h1>" in press(stranger, link(app)).text


def test_a_link_for_quiet_gives_an_hour_of_it(stranger: "TestClient", app: App) -> None:
    assert press(stranger, link(app, "snooze")).status_code == 200
    assert {one.snoozed_until for one in alerts(app)} == {NOW + timedelta(hours=1)}
    assert {one.handled_by for one in alerts(app)} == {"packers"}


def test_a_link_works_once_and_says_who_was_first(stranger: "TestClient", app: App) -> None:
    press(stranger, link(app), by="Anna")
    before = everything(app)
    again = press(stranger, link(app), by="Boris")
    assert again.status_code == 410
    assert "used already" in again.text
    assert "Anna is on it." in again.text
    assert "used already" in stranger.get(link(app)).text
    assert everything(app) == before


def test_all_copies_of_a_link_are_used_up_together_and_the_other_purpose_is_not(
    stranger: "TestClient", app: App
) -> None:
    press(stranger, link(app), by="Anna")
    assert press(stranger, link(app, ago=timedelta(hours=1)), by="Boris").status_code == 410
    assert press(stranger, link(app, "snooze"), by="Boris").status_code == 200


def test_of_two_taps_at_once_one_counts(stranger: "TestClient", app: App) -> None:
    path, answers = link(app), list[int]()

    def tap(name: str) -> None:
        with browser(app, SETTINGS, at=PUBLIC) as client:
            answers.append(press(client, path, by=name).status_code)

    taps = [threading.Thread(target=tap, args=(name,)) for name in ("Anna", "Boris", "Vera")]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert sorted(answers) == [200, 410, 410]
    assert len({one.handled_by for one in alerts(app)}) == 1


def test_what_is_ticked_is_taken_and_nothing_else(stranger: "TestClient", app: App) -> None:
    first, second = alerts(app)
    foreign = next(one.id for one in app.store.alerts.find() if one.diagnosis.posting_number not in NUMBERS)
    answer = press(stranger, link(app), by="Olga", alert=[str(second.id), str(foreign), "x", "-1"])
    assert "<h1>You took it: 1 alert</h1>" in answer.text
    assert [one.handled_by for one in alerts(app)] == ["", "Olga"]
    assert [one.id for one in app.store.alerts.find() if one.handled_by == "Olga"] == [second.id]
    text = stranger.get(link(app)).text  # the other one is still to be had
    assert NUMBERS[0] in text
    assert NUMBERS[1] not in text
    assert press(stranger, link(app), by="Boris", alert=[str(first.id)]).status_code == 200
    assert "used already" in stranger.get(link(app)).text


def test_nothing_ticked_changes_nothing_and_says_so(stranger: "TestClient", app: App) -> None:
    before = everything(app)
    answer = press(stranger, link(app), by="Olga", alert=[])
    assert "Nothing is ticked yet." in answer.text
    assert everything(app) == before


def test_a_link_about_one_posting_acts_on_that_one(stranger: "TestClient", app: App) -> None:
    first, _ = alerts(app)
    path = link(app, alert=first.id or 0)
    text = stranger.get(path).text
    assert NUMBERS[1] not in text
    assert "checkbox" not in text
    assert press(stranger, path, by="Olga", alert=[]).status_code == 200
    assert [one.handled_by for one in alerts(app)] == ["Olga", ""]
    assert press(stranger, path, by="Boris").status_code == 410


def test_a_link_about_an_alert_that_its_message_did_not_tell_of_does_nothing(
    stranger: "TestClient", app: App
) -> None:
    before = everything(app)
    foreign = next(one.id for one in app.store.alerts.find() if one.diagnosis.posting_number not in NUMBERS)
    assert "<form" not in press(stranger, link(app, alert=foreign or 0), by="Eve").text
    assert everything(app) == before


def test_after_two_days_a_link_does_nothing(stranger: "TestClient", app: App, hands: Hands) -> None:
    before, path = everything(app), link(app)
    hands.at += LASTS
    assert "expired" in stranger.get(path).text
    assert press(stranger, path).status_code == 410
    assert everything(app) == before


def test_an_altered_link_does_nothing(stranger: "TestClient", app: App) -> None:
    before, good = everything(app), link(app)
    forged = sealed(Act("ack", KEY, NOW + LASTS), "a secret of my own")
    bad = [
        good[:-1],
        good + "0",
        good[:8] + ("x" if good[8] != "x" else "y") + good[9:],
        f"/a/{forged}",
        "/a/x",
        "/a/ack.x.1000000000000000000.00",
    ]
    for path in bad:
        answer = press(stranger, path, by="Eve")
        assert answer.status_code == 404, path
        assert "does not work" in answer.text
    assert everything(app) == before


def test_to_open_what_is_no_link_writes_nothing(app: App) -> None:
    with browser(app, SETTINGS, at=PUBLIC) as client:
        assert client.get("/a/x").status_code == 404
    assert app.store.tokens.kept(SECRET) is None


def test_a_link_about_a_message_that_is_not_kept_any_more_says_so(stranger: "TestClient", app: App) -> None:
    answer = press(stranger, link(app, key="f" * 32))
    assert answer.status_code == 410
    assert "too old" in answer.text


def test_a_link_in_a_message_of_a_channel_that_was_removed_shows_and_does_nothing(
    stranger: "TestClient", app: App
) -> None:
    """What its readers might see is no longer known: an incident also concerns shops of others."""
    path, before = link(app), everything(app)
    app.config = replace(app.config, channels=tuple(one for one in app.config.channels if one.name != "packers"))
    for answer in (stranger.get(path), press(stranger, path)):
        assert answer.status_code == 410
        assert not any(number in answer.text for number in NUMBERS)
    assert everything(app) == before


def test_when_all_is_over_there_is_nothing_left_to_do(stranger: "TestClient", app: App) -> None:
    for number in NUMBERS:
        app.store.alerts.change(number, lambda one: replace(one, state=AlertState.RESOLVED, resolved_at=NOW))
    for answer in (stranger.get(link(app)), press(stranger, link(app))):
        assert answer.status_code == 200
        assert "nothing left to do" in answer.text
        assert "<form" not in answer.text


def test_a_link_used_by_a_foreign_page_does_nothing(stranger: "TestClient", app: App) -> None:
    before = everything(app)
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert stranger.post(link(app), data={"by": "Eve"}, headers=headers).status_code == 403
    assert everything(app) == before


def test_a_link_opens_nothing_else(stranger: "TestClient", app: App) -> None:
    text = stranger.get(link(app)).text
    assert "north" not in text
    press(stranger, link(app))
    assert stranger.get("/").status_code == 303


def test_a_name_is_shown_as_it_is_and_not_run(stranger: "TestClient", app: App) -> None:
    assert "<script>" not in press(stranger, link(app), by=NASTY).text


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "之后不再提醒"), ("ru", "Напоминаний больше не будет"), ("en", "Nobody is reminded")],
)
def test_a_link_speaks_the_language_of_its_reader(stranger: "TestClient", app: App, language: str, said: str) -> None:
    assert said in stranger.get(link(app), headers={"accept-language": language}).text
