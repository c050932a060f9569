"""`poll`, `late`, `show`, `causes`: what is found stands on the terminal, in the pipe and in the JSON document."""

import re
from typing import Any

import pytest

from labelwatch.core.rules import CAUSES
from labelwatch.sandbox import Fault, Kind, state
from labelwatch.sandbox.scenarios.stage import OZON
from tests.cli.conftest import FINE, LATE
from tests.support.place import Place, assert_says_what_to_do

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
SHOP = {"shop", "state", "read_at", "postings", "cause", "detail"}
ALERT = {
    *("shop", "posting_number", "state", "stage", "severity", "family", "cause", "certainty", "evidence"),
    *("ruled_out", "verdict", "wait_until", "status", "substatus", "carrier", "delivery_method", "warehouse"),
    *("waiting_since", "deadline", "opened_at", "told_at", "told_count", "incident", "remedy", "link"),
}
REPORT = {"shop", "complete", "postings", "changed", "late", "told", "requests", "seconds", "error"}
HISTORY = {"seen_at", "not_before", "status", "substatus", "label", "tracking_number", "cutoff"}


@pytest.fixture(scope="module")
def board(seen: Place) -> Any:
    return seen.run("late", "--json").json


@pytest.fixture(scope="module")
def declined(board: Any) -> Any:
    return next(alert for alert in board["alerts"] if alert["cause"] == "registration_declined")


def numbers(board: Any) -> set[str]:
    return {alert["posting_number"] for alert in board["alerts"]}


def test_late_names_the_causes_that_are_played(seen: Place, board: Any) -> None:
    plain = {"passport_data_missing", "marking_missing", "registration_declined", "assembly_failed", "split_pending"}
    played = {number: cause for number, cause in seen.sandbox.world.expected.items() if cause in plain}
    named = {one["posting_number"]: one["cause"] for one in board["alerts"] if one["posting_number"] in played}
    assert named == played
    assert set(played.values()) == plain


def test_late_as_json_has_every_field_and_times_in_utc(board: Any) -> None:
    assert TIME.fullmatch(board["as_of"])
    assert [shop.keys() >= SHOP for shop in board["shops"]] == [True, True]
    assert {shop["state"] for shop in board["shops"]} <= {"fresh", "stale"}
    for alert in board["alerts"]:
        assert alert.keys() >= ALERT
        assert alert["state"] == "firing"
        assert alert["told_count"] == 1
        assert alert["remedy"]
        moments = [alert["opened_at"], alert["told_at"], *alert["waiting_since"]]
        assert all(TIME.fullmatch(moment) for moment in moments), moments


def test_late_begins_with_the_most_urgent(board: Any) -> None:
    ranks = {"critical": 0, "warning": 1, "notice": 2}
    order = [ranks[alert["severity"]] for alert in board["alerts"]]
    assert order == sorted(order)


def test_late_is_lines_with_tabs_in_a_pipe_and_a_table_on_a_terminal(seen: Place, board: Any) -> None:
    piped = seen.run("late")
    heading, *rows = [line.split("\t") for line in piped.out.splitlines() if "\t" in line]
    assert heading == ["Severity", "Due", "Posting", "Shop", "What to do", "State"]
    assert {len(row) for row in rows} == {6}
    assert {row[2] for row in rows} == numbers(board)
    assert not re.search(r"[\x1b─│╭]", piped.out)
    shown = seen.on_terminal("late", columns=80)
    assert "──" in shown.out
    assert all(number in shown.out for number in numbers(board))
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize(("language", "word"), [("zh", "先备货"), ("ru", "Соберите")])
def test_late_says_what_to_do_in_the_language_that_is_asked_for(seen: Place, language: str, word: str) -> None:
    assert word in seen.run("late", "--language", language).out


def test_show_as_json_is_the_alert_with_its_history(seen: Place, declined: Any) -> None:
    shown = seen.run("show", declined["posting_number"], "--json").json
    assert shown.keys() >= ALERT | {"history", "messages"}
    assert {key: shown[key] for key in declined} == declined
    (first,) = shown["history"]
    assert first.keys() >= HISTORY
    assert (first["status"], first["substatus"]) == ("awaiting_registration", "posting_registration_error")
    assert (first["label"], first["not_before"]) == (False, None)
    assert [told["state"] for told in shown["told"]] == ["sent"]


def test_show_tells_people_the_cause_its_evidence_and_what_was_ruled_out(seen: Place, declined: Any) -> None:
    shown = seen.run("show", declined["posting_number"])
    assert shown.code == 0
    for part in ("Carrier declined", "posting_registration_error", "Ruled out:", "Timeline:", "Told:", "1. "):
        assert part in shown.out


def test_show_says_all_that_a_message_says(seen: Place, board: Any) -> None:
    """The letters that are ready, the settings to look at, and the goods."""
    broken = next(alert for alert in board["alerts"] if alert["settings_link"])
    shown = seen.run("show", broken["posting_number"]).out
    assert f"labelwatch show {broken['posting_number']} --message" in shown
    assert broken["settings_link"] in shown
    assert broken["link"] in shown
    assert "Goods: " in shown


def test_show_says_of_what_is_over_how_it_ended_and_not_what_to_do(place: Place) -> None:
    assert place.run("poll").code == 1
    with place.sandbox.world.lock:
        place.sandbox.world.change(LATE, state(OZON.flow, "awaiting_deliver", label=True))
    place.run("poll")
    heading = place.run("show", LATE).out.splitlines()[0]
    assert (heading.startswith(f"{LATE} · Label is there · "), "Assemble" in heading) == (True, False)


def test_a_posting_that_is_not_late_is_shown_with_the_same_fields(place: Place) -> None:
    place.run("poll")
    fine = place.run("show", FINE, "--json").json
    assert fine.keys() >= place.run("show", LATE, "--json").json.keys()
    assert (fine["state"], fine["history"][0]["label"]) == (None, True)
    assert f"{FINE} is not late." in place.run("show", FINE).out


def test_a_posting_that_was_never_seen_is_said_to_be_so(seen: Place) -> None:
    done = seen.run("show", "1-2-3")
    assert done.code == 1
    assert "never seen" in done.err


def test_poll_tells_once_and_then_nothing_new(place: Place) -> None:
    first = place.run("poll", "--json")
    again = place.run("poll", "--json")
    assert (first.code, again.code) == (1, 1)
    assert [report.keys() >= REPORT for report in first.json] == [True, True]
    assert [(one["shop"], one["late"], one["told"]) for one in first.json] == [("star", 0, 0), ("home", 1, 1)]
    assert [(one["changed"], one["told"]) for one in again.json] == [(0, 0), (0, 0)]
    assert place.told("first") == [LATE]


def test_poll_without_a_channel_prints_what_one_would_be_told_until_there_is_one(place: Place) -> None:
    whole = place.config.read_text("utf-8")
    place.config.write_text(whole.partition("[[channel]]")[0], "utf-8")
    printed = [place.run("poll").out for _ in range(2)]
    assert place.run("poll", "--json").json[1]["told"] == 0
    assert "Assemble" not in place.run("poll", "--shop", "star").out
    place.config.write_text(whole, "utf-8")
    assert "What to do:" not in place.run("poll").out
    (message,) = (request.json for request in place.hook.requests)
    assert place.told("first") == [LATE]
    for said in printed:
        assert message["title"].split(" · ")[0] in said
        assert next(line for line in message["message"].splitlines() if line[:2] == "1.") in said


def test_poll_of_a_shop_where_all_is_well_ends_with_0(place: Place) -> None:
    done = place.run("poll", "--shop", "star", "--json")
    assert done.code == 0
    assert [report["shop"] for report in done.json] == ["star"]


def test_poll_of_a_shop_that_cannot_be_read_ends_with_69(place: Place) -> None:
    place.sandbox.fault(Fault(kind=Kind.HTML, status=502, seconds=600, client_id="100001"))
    done = place.run("poll", "--json")
    assert done.code == 69
    assert [(one["complete"], one["error"] is None) for one in done.json] == [(False, False), (True, True)]
    assert "HTTP 502" in done.json[0]["error"]


@pytest.mark.parametrize(
    "command", ["late", "show 7", "outbox", "export", "causes --accuracy", "db check", "db prune", "web"]
)
def test_what_only_looks_makes_no_database_and_says_where_it_looked(place: Place, command: str) -> None:
    done = place.run(*command.split())
    assert done.code == 78
    assert f"there is no database {place.folder / 'labelwatch.db'}" in done.err
    assert "`labelwatch run`" in done.err
    assert_says_what_to_do(done.err)
    assert not list(place.folder.glob("labelwatch.db*"))


def test_causes_needs_no_configuration_and_knows_every_cause_with_its_remedy(place: Place) -> None:
    place.config.unlink()
    document = place.run("causes", "--json", LANG="ru_RU.UTF-8").json
    assert document["language"] == "ru"
    assert {one["cause"]: one["family"] for one in document["causes"]} == dict(CAUSES)
    texts = ("name", "meaning", "headline", "why", "advice")
    for one in document["causes"]:
        assert all(one[text] for text in texts)
        assert one["remedy"]
        assert not re.search(r"[{}]", str([one[text] for text in texts] + one["remedy"]))


def test_causes_speaks_the_language_of_the_configuration_unless_told_otherwise(place: Place) -> None:
    place.config.write_text(place.config.read_text().replace('"en"', '"zh"', 1))
    assert "还没备货" in place.run("causes").out
    assert "Не собрано" in place.run("causes", "--language", "ru").out


def test_causes_is_set_out_for_people_on_a_terminal(place: Place) -> None:
    shown = place.on_terminal("causes", columns=80)
    assert "not assembled  (not_packed)" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
