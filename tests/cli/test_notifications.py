"""`test-alert` and `outbox`: what was told, and what became of it."""

import pytest

from tests.chaos.births import serving
from tests.cli.conftest import LATE
from tests.support.http_server import answer
from tests.support.place import Place, until

ROW = {"id", "channel", "reason", "state", "postings", "attempts", "sent_at", "receipt", "error"}


@pytest.mark.fault("D17")
def test_test_alert_sends_a_real_message_and_prints_the_receipt(place: Place) -> None:
    done = place.run("test-alert")
    assert done.code == 0, done.err
    assert done.out == 'packers: delivered (HTTP 200 {"ok": true})\n'
    (request,) = place.hook.requests
    assert request.json["title"]
    assert [alert["reason"] for alert in request.json["labelwatch"]] == ["test"]
    (row,) = place.run("outbox", "--json").json
    assert (row["reason"], row["state"], row["receipt"]) == ("test", "sent", 'HTTP 200 {"ok": true}')
    assert place.run("late", "--json").json["alerts"] == []


@pytest.mark.fault("D17")
@pytest.mark.parametrize(
    ("status", "said", "state"), [(401, "refused: HTTP 401", "dead"), (503, "not delivered: HTTP 503", "retry")]
)
def test_test_alert_says_why_a_channel_did_not_take_it(place: Place, status: int, said: str, state: str) -> None:
    place.hook.acts = [answer(status, "no")]
    done = place.run("test-alert", "--channel", "packers")
    assert done.code == 1
    assert done.out.startswith(f"packers: {said}")
    assert [row["state"] for row in place.run("outbox", "--json").json] == [state]
    assert "s3cret" not in done.out + done.err


def test_late_says_which_channel_does_not_work_since_when_and_why(place: Place) -> None:
    place.hook.acts = [answer(401, "no such \x1b[31mkey"), answer(200)]
    place.run("poll")
    (mute,) = place.run("late", "--json").json["channels"]
    assert mute["channel"] == "packers"
    assert mute["reason"].startswith("HTTP 401 no such [31mkey: check the user, the password or the token")
    since = mute["since"][11:16]
    assert f"channel packers does not work since {since} (UTC): HTTP 401 no such [31mkey" in place.run("late").out
    assert "канал packers не работает" in place.run("late", "--language", "ru").out
    place.run("outbox", "retry", "--channel", "packers")
    place.run("poll")
    assert place.run("late", "--json").json["channels"] == []
    assert "does not work" not in place.run("late").out


@pytest.mark.fault("D17")
def test_test_alert_works_beside_the_running_service(place: Place) -> None:
    with serving(place):
        until(lambda: LATE in place.told("first"))
        done = place.run("test-alert")
        assert done.code == 0, done.out + done.err
    assert [alert["reason"] for alert in place.alerts()].count("test") == 1


def test_outbox_lists_what_was_told_latest_first(seen: Place) -> None:
    rows = seen.run("outbox", "--json").json
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert sorted(number for row in rows for number in row["postings"]) == sorted(seen.told("first"))
    for row in rows:
        assert row.keys() >= ROW
        told = (row["channel"], row["reason"], row["state"], row["attempts"], row["receipt"])
        assert told == ("packers", "first", "sent", 1, 'HTTP 200 {"ok": true}')


def test_outbox_is_narrowed_down_by_its_options(seen: Place) -> None:
    heading, line = seen.run("outbox", "--posting", seen.told("first")[0], "--state", "sent").out.splitlines()
    assert heading.split("\t")[:3] == ["ID", "State", "Channel"]
    assert line.split("\t")[1:5] == ["sent", "packers", "first", seen.told("first")[0]]
    assert seen.run("outbox", "--state", "dead").out == "There is nothing of that kind.\n"


@pytest.mark.parametrize("named", ["by its number", "by its channel"])
def test_what_waits_for_a_channel_that_was_mended_is_sent_at_once_by_retry(place: Place, named: str) -> None:
    place.hook.acts = [answer(403, "not you"), answer(200)]
    place.run("poll")
    (waiting,) = place.run("outbox", "--state", "retry", "--json").json
    assert waiting["error"].startswith("HTTP 403 not you: check the user, the password or the token")
    which = [str(waiting["id"])] if named == "by its number" else ["--channel", "packers"]
    assert place.run("outbox", "retry", *which).code == 0
    place.run("poll")
    assert [row["state"] for row in place.run("outbox", "--json").json] == ["sent"]
    refused = place.run("outbox", "retry", str(waiting["id"]))
    assert refused.code == 1
    assert "none of these waits" in refused.err


def test_every_try_to_send_a_message_is_shown(place: Place) -> None:
    place.hook.acts = [answer(403, "not you"), answer(200)]
    place.run("poll")
    (row,) = place.run("outbox", "--json").json
    place.run("outbox", "retry", "--channel", "packers")
    place.run("poll")
    shown = place.run("outbox", "show", str(row["id"]), "--json").json
    assert [(one["outcome"], one["said"].partition(":")[0]) for one in shown["trail"]] == [
        ("permanent", "HTTP 403 not you"),
        ("delivered", "HTTP 200"),
    ]
    assert "permanent" in place.run("outbox", "show", str(row["id"])).out
    unknown = place.run("outbox", "show", "999")
    assert (unknown.code, "no message 999" in unknown.err) == (1, True)


def test_retry_wants_to_know_which(place: Place) -> None:
    place.run("poll")
    assert place.run("outbox", "retry").code == 2
