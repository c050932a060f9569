"""`audit`: what a seller reads of changed settings, and what a script gets."""

import json
from datetime import timedelta

from labelwatch.sandbox.scenarios.stage import AURORA
from labelwatch.sandbox.world import At
from tests.support.place import Place


def test_a_change_is_shown_once_in_words_and_ends_with_1(place: Place) -> None:
    first = place.run("audit", "--shop", "star")
    assert (first.code, first.err) == (0, "")
    assert "star: read for the first time" in first.out
    with place.sandbox.world.lock:
        place.sandbox.world.later(At(minutes=0, method=AURORA.id, change={"status": "BROKEN"}))
    place.clock.advance(timedelta(seconds=1))
    second = place.run("audit", "--shop", "star")
    assert second.code == 1
    assert "has an error (BROKEN) (was: active (ACTIVE))" in second.out
    assert "The API key of star expires" in second.out
    assert "Error index 0: green (up to 4) zone" in second.out
    third = place.run("audit", "--shop", "star", "--json")
    assert third.code == 0
    (shop,) = json.loads(third.out)["shops"]
    assert (shop["shop"], shop["changes"], shop["error"]) == ("star", [], None)
    assert shop["key_expires_at"] is not None
    assert (shop["error_index"]["value"], shop["error_index"]["zone"]) == (0, "green")


def test_a_shop_that_cannot_be_read_is_said_and_ends_with_69(place: Place) -> None:
    done = place.run("audit", "--json", KEY_HOME="wrong-key")
    assert done.code == 69
    star, home = json.loads(done.out)["shops"]
    assert (star["error"], home["cause"]) == (None, "key_rejected")
