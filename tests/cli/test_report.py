"""`report` at a terminal, as JSON and as the page of a mail."""

import pytest

from tests.support.place import Place

FIRST = {"zh": "先改这一件", "ru": "Что изменить сначала", "en": "Change first"}


def test_it_counts_what_the_polls_saw(seen: Place) -> None:
    late = seen.run("late", "--json").json["alerts"]
    found = seen.run("report", "--json").json
    assert found["total"]["late"] == len({(one["shop"], one["posting_number"]) for one in late})
    assert {one["shop"] for one in found["shops"]} == {"star", "home"}
    for one in [*found["shops"], found["total"]]:
        assert sum(one["by_cause"].values()) == one["late"]
        assert one["watched_s"] + one["unwatched_s"] in (7 * 86400, 14 * 86400)
    assert found["watched_s"] + found["unwatched_s"] == 14 * 86400
    (alone,) = seen.run("report", "--json", "--shop", "star", "--day").json["shops"]
    assert alone["shop"] == "star"


@pytest.mark.parametrize(("language", "first"), list(FIRST.items()))
def test_people_read_what_to_change_first(seen: Place, language: str, first: str) -> None:
    text = seen.config.read_text("utf-8")
    seen.config.write_text(text.replace('every = "1s"', 'every = "1h"'), encoding="utf-8")  # one poll is enough
    shown = seen.run("report", "--language", language).out
    assert shown.splitlines()[0].startswith("📊 ")
    assert first in shown.splitlines()[:4]
    page = seen.run("report", "--language", language, "--html").out
    assert page.startswith("<!doctype html>")
    assert first in page


def test_week_and_day_exclude_each_other_and_a_shop_must_be_there(seen: Place) -> None:
    assert seen.run("report", "--week", "--day").code == 2
    assert seen.run("report", "--shop", "none").code == 2


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_is_wider_than_the_terminal(seen: Place, columns: int) -> None:
    shown = seen.on_terminal("report", "--language", "en", columns=columns).out
    assert max(map(len, shown.splitlines())) <= columns


def test_it_is_sent_through_the_outbox_with_a_receipt(place: Place) -> None:
    place.configure('[[group]]\nname = "client-a"\nshops = ["star"]\nchannels = ["packers"]\nlanguage = "ru"\n')
    place.run("poll")
    before = len(place.hook.requests)
    sent = place.run("report", "--send", "--group", "client-a", "--day")
    assert sent.code == 0
    assert sent.out.startswith("packers: ")
    (request,) = list(place.hook.requests)[before:]
    assert request.json["title"].startswith("📊 client-a, ")
    assert "Что изменить сначала" in request.json["message"]
    (row,) = [one for one in place.run("outbox", "--json").json if one["reason"] == "report"]
    assert (row["state"], row["channel"]) == ("sent", "packers")
    listed = place.run("report", "--group", "client-a", "--json").json
    assert (listed["group"], [one["shop"] for one in listed["shops"]]) == ("client-a", ["star"])


def test_a_group_must_be_there_and_somebody_must_be_told(place: Place) -> None:
    place.run("poll")
    assert place.run("report", "--group", "none").code == 2
    assert place.run("report", "--group", "none", "--shop", "star").code == 2
    text = place.config.read_text("utf-8").partition("[[channel]]")[0]
    place.config.write_text(text, encoding="utf-8")
    refused = place.run("report", "--send")
    assert refused.code == 1
    assert "no channel is told about these shops" in refused.err
