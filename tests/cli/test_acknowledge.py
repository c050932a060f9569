"""`ack` and `snooze`: somebody takes care, or it can wait; with nothing to do they say so."""

from typing import Any

import pytest

from tests.support.place import Place


def alert_of(place: Place, number: str) -> Any:
    return next(one for one in place.run("late", "--json").json["alerts"] if one["posting_number"] == number)


@pytest.fixture(scope="module")
def open_ones(seen: Place) -> list[str]:
    return [alert["posting_number"] for alert in seen.run("late", "--json").json["alerts"]]


def test_ack_writes_down_who_takes_care_and_late_shows_it(seen: Place, open_ones: list[str]) -> None:
    done = seen.run("ack", open_ones[0], "--note", "box is on the way")
    assert done.code == 0
    assert done.out.endswith("): packer takes care of it; no reminders unless it gets worse\n")
    alert = alert_of(seen, open_ones[0])
    assert (alert["state"], alert["handled_by"]) == ("acknowledged", "packer")
    assert alert["note"] == "box is on the way"
    assert "packer is on it: box is on the way" in seen.run("late").out
    assert "packer is on it: box is on the way" in seen.run("show", open_ones[0]).out


def test_who_takes_over_without_a_word_keeps_the_note_and_whose_it_is_now(seen: Place, open_ones: list[str]) -> None:
    seen.run("ack", open_ones[0], "--note", "box is on the way")
    seen.run("ack", open_ones[0], "--by", "nina")
    assert "nina is on it: box is on the way" in seen.run("late").out


def test_a_note_steers_no_terminal(seen: Place, open_ones: list[str]) -> None:
    seen.run("ack", open_ones[3], "--by", "\x1b[31mred", "--note", "bell\x07 \u202ednuora\ttab\nline")
    shown = seen.run("late").out + seen.run("show", open_ones[3]).out
    assert not set("\x1b\x07\u202e") & set(shown)
    assert "dnuora tab line" in shown


def test_snooze_is_silent_until_a_time(seen: Place, open_ones: list[str]) -> None:
    assert seen.run("snooze", open_ones[1], "1h30m", "--by", "anna").code == 0
    alert = alert_of(seen, open_ones[1])
    assert (alert["state"], alert["handled_by"]) == ("snoozed", "anna")
    assert alert["snoozed_until"]


@pytest.mark.parametrize(("span", "code"), [("30d", 0), ("30d1s", 2), ("999999d", 2), ("0m", 2), ("soon", 2)])
def test_nothing_is_silenced_for_more_than_a_month(seen: Place, open_ones: list[str], span: str, code: int) -> None:
    done = seen.run("snooze", open_ones[4], span)
    assert done.code == code
    assert ("at most 30d" in done.err) == (span in ("30d1s", "999999d"))


@pytest.mark.parametrize("args", [("ack", "1-2-3"), ("snooze", "1-2-3", "1h")])
def test_with_nothing_to_acknowledge_both_say_so_and_end_with_1(seen: Place, args: tuple[str, ...]) -> None:
    done = seen.run(*args)
    assert (done.code, done.out) == (1, "")
    assert "has no open alert" in done.err


def test_the_shop_that_is_named_must_be_the_one(seen: Place, open_ones: list[str]) -> None:
    shop = alert_of(seen, open_ones[2])["shop"]
    other = {"star": "home", "home": "star"}[shop]
    assert seen.run("ack", open_ones[2], "--shop", other).code == 1
    assert seen.run("ack", open_ones[2], "--shop", shop).code == 0
