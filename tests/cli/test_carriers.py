"""`carriers` at a terminal, in a pipe, as CSV, JSON and as a letter."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing

import pytest

from labelwatch.store import open_store
from tests.cli.conftest import one_late
from tests.support.month import furnish
from tests.support.place import Place, now, place_for

SHOPS = """
[[shop]]
name = "main"
client_id = "1001"
api_key = "k"
[[shop]]
name = "north"
client_id = "1002"
api_key = "k"
"""


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_for(one_late(), tmp_path_factory.mktemp("month"), in_process=True) as place:
        with place.config.open("a", encoding="utf-8") as config:
            config.write(SHOPS)
        text = place.config.read_text("utf-8").replace('every = "1s"', 'every = "1h"')
        place.config.write_text(text, encoding="utf-8")
        with closing(open_store(f"sqlite:///{place.folder}/labelwatch.db")) as store:
            store.upgrade()
            furnish(store, orders=400, now=now())
        yield place


def test_the_json_has_a_line_per_delivery_method_and_totals_per_carrier(month: Place) -> None:
    found = month.run("carriers", "--json").json
    assert found["days"] == 28
    assert {one["carrier"] for one in found["carriers"]} == {"Aurora Post", "Silk Road Express"}
    (aurora,) = found["totals"]
    methods = [one for one in found["carriers"] if one["carrier"] == "Aurora Post"]
    assert len(methods) == 2
    for key in ("orders", "labelled", "late", "declined"):
        assert aurora[key] == sum(one[key] for one in methods)
    assert all(one["label_median_least_s"] <= one["label_median_s"] for one in methods)
    assert found["unwatched_s"] > 0


def test_csv_is_the_same_for_a_spreadsheet(month: Place) -> None:
    lines = list(csv.DictReader(io.StringIO(month.run("carriers", "--csv").out)))
    found = month.run("carriers", "--json").json["carriers"]
    assert [int(line["orders"]) for line in lines] == [one["orders"] for one in found]


def test_one_shop_has_fewer(month: Place) -> None:
    def orders(*more: str) -> int:
        return sum(one["orders"] for one in month.run("carriers", "--json", *more).json["carriers"])

    assert orders("--shop", "main") + orders("--shop", "north") == orders()
    refused = month.run("carriers", "--shop", "none")
    assert refused.code == 2
    assert "there is no shop none" in refused.err


@pytest.mark.parametrize(
    ("language", "hello", "ask"),
    [
        ("zh", "您好！", "等得最久的货件"),
        ("ru", "Здравствуйте!", "Самые долгие ожидания"),
        ("en", "Hello!", "The longest waits"),
    ],
)
def test_the_letter_has_figures_and_five_cases(month: Place, language: str, hello: str, ask: str) -> None:
    text = month.run("carriers", "--days", "60", "--letter", "silk road express", "--language", language).out
    assert text.startswith(hello)
    assert ask in text
    assert all(f"\n{n}. " in text for n in range(1, 6))
    assert "{" not in text


def test_a_letter_to_nobody_names_those_that_were_seen(month: Place) -> None:
    refused = month.run("carriers", "--letter", "Nobody")
    assert refused.code == 1
    assert "seen were: " in refused.err
    assert "Silk Road Express" in refused.err


@pytest.mark.parametrize("columns", [40, 80, 240])
def test_nothing_is_wider_than_the_terminal(month: Place, columns: int) -> None:
    shown = month.on_terminal("carriers", columns=columns).out
    assert "Silk Road Express" in shown
    assert max(map(len, shown.splitlines())) <= columns


def test_without_history_it_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with place_for(one_late(), tmp_path_factory.mktemp("new"), in_process=True) as place:
        place.run("db", "upgrade")
        shown = place.run("carriers")
    assert shown.code == 0
    assert "No new order was seen in the last 28 days." in shown.out
