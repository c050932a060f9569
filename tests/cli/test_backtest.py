"""`backtest` at a terminal and as JSON."""

import pytest

from labelwatch.replaying import backtest
from tests.support.place import Place

ROW = {"en": "messages over all channels", "ru": "сообщений во всех каналах", "zh": "所有渠道的消息数"}


def test_the_recorded_time_comes_out_as_it_was(seen: Place) -> None:
    found = seen.run("backtest", "--json").json
    assert found["shops"] == ["home", "star"]
    assert found["notifications"] == found["reproduced"] > 0
    assert found["invented"] == 0
    assert found["then"] == found["now"]
    assert found["now"]["told"] > 0
    assert (found["limits"], found["suggested"], found["suggested_from"]) == ({}, None, None)
    (alone,) = seen.run("backtest", "--json", "--shop", "star").json["shops"]
    assert alone == "star"


@pytest.mark.parametrize("language", list(ROW))
def test_people_read_what_other_limits_would_change(seen: Place, language: str) -> None:
    shown = seen.run("backtest", "--label", "3h", "--before-cutoff", "30m", "--language", language, "--suggest").out
    rows = [line.split("\t") for line in shown.splitlines()]
    (messages,) = (row for row in rows if row[0] == ROW[language])
    assert int(messages[2]) <= int(messages[1])


def test_limits_are_tried_on_the_last_orders_of_many_and_that_is_said(
    seen: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = seen.run("backtest", "--suggest", "--language", "en").out
    whole = seen.run("backtest", "--suggest", "--json").json
    assert (whole["suggested_from"], "tried on" in shown) == (whole["from"], False)
    monkeypatch.setattr(backtest, "ENOUGH_ORDERS", 2)
    shown = seen.run("backtest", "--suggest", "--language", "en").out
    part = seen.run("backtest", "--suggest", "--json").json
    assert part["from"] < part["suggested_from"] < part["to"]
    assert part["suggested"]
    assert "tried on" in shown


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--label", "soon"), "soon"),
        (("--before-cutoff", "0s"), "0s"),
        (("--order", "400d"), "400d"),
        (("--shop", "none"), "none"),
        (("--days", "0"), "--days"),
    ],
)
def test_what_is_no_limit_and_no_shop_is_refused(seen: Place, options: tuple[str, ...], hint: str) -> None:
    refused = seen.run("backtest", *options)
    assert refused.code == 2
    assert hint in refused.err


def test_without_a_history_there_is_nothing_to_try_limits_on(place: Place) -> None:
    place.run("db", "upgrade")
    refused = place.run("backtest")
    assert refused.code == 1
    assert "nothing to try limits on" in refused.err
    assert refused.out == ""
