"""`doctor` as people run it: green when all is well, else what is wrong and what to do, in three languages."""

import re

import pytest

from labelwatch.sandbox import Fault, Kind
from tests.chaos.births import serving
from tests.support.forked import Ended
from tests.support.http_server import answer, closed_port
from tests.support.place import Place, until

NO_SYSTEMD = {"PATH": ""}
"""So that a unit of this machine is not taken for that of the test."""


def doctor(place: Place, *args: str, **environ: str) -> Ended:
    return place.run("doctor", *args, **NO_SYSTEMD | environ)


def kinds(ended: Ended, *levels: str) -> set[tuple[str, str | None]]:
    """(what was found, of which shop or channel) on these levels."""
    return {(one["what"], one["name"]) for one in ended.json["findings"] if one["level"] in levels}


def calmer(place: Place) -> None:
    """A configuration of which there is nothing to say."""
    place.config.write_text(place.config.read_text().replace('every = "1s"', 'every = "30s"'))


def test_all_is_well_beside_a_running_service(place: Place) -> None:
    calmer(place)
    with serving(place):
        until(lambda: bool(place.told("first")))
        done = doctor(place)
        as_json = doctor(place, "--json")
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1].startswith("All is well: ")
    assert all(line.startswith(("✓ ", "    ", "All is well")) for line in done.out.splitlines())
    assert (as_json.code, as_json.json["ok"]) == (0, True)
    assert ("service_by_hand", None) in kinds(as_json, "ok")
    assert {("key_good_until", "star"), ("key_good_until", "home"), ("channel_reached", "packers")} <= kinds(
        as_json, "ok"
    )


def test_looking_sends_nothing_and_makes_nothing(place: Place) -> None:
    before = sorted(place.folder.iterdir())
    done = doctor(place, "--json")
    assert done.code == 1
    assert kinds(done, "warning", "wrong") >= {("database_none", None), ("service_none", None)}
    assert sorted(place.folder.iterdir()) == before
    assert place.hook.requests == []
    assert {request.path for request in place.sandbox.requests} == {"/v1/roles"}


def test_offline_asks_nobody(place: Place) -> None:
    done = doctor(place, "--offline", "--json")
    assert {one["about"] for one in done.json["findings"]}.isdisjoint({"way", "clock", "key", "channel"})
    assert place.sandbox.requests == []


def test_each_trouble_is_found_where_it_is(place: Place) -> None:
    calmer(place)
    place.hook.acts = [answer(401, "go away")]
    place.run("poll")
    done = doctor(place, "--json", KEY_HOME="another-key", HOOK=f"json://127.0.0.1:{closed_port()}/hook-s3cret")
    assert done.code == 1
    assert kinds(done, "wrong") == {
        ("key_refused", "home"),
        ("channel_failing", "packers"),
        ("channel_mute", None),
        ("channel_unreachable", "packers"),
    }
    refused = next(one for one in done.json["findings"] if one["what"] == "key_refused")
    assert refused["cause"] == "key_rejected"
    assert "Seller API" in refused["do"]
    assert "another-key" not in done.out + done.err
    assert "s3cret" not in done.out + done.err


def test_an_ozon_that_cannot_be_reached_is_told_once(place: Place) -> None:
    place.configure(ozon=f"http://127.0.0.1:{closed_port()}")
    assert kinds(doctor(place, "--json"), "wrong") == {("way_connection", None)}


def test_an_ozon_in_trouble_is_told_for_each_shop(place: Place) -> None:
    place.sandbox.fault(Fault(kind=Kind.HTML, status=502, seconds=60))
    done = doctor(place, "--json")
    assert kinds(done, "wrong") == {("key_refused", "star"), ("key_refused", "home")}


def test_a_posting_that_makes_no_sense_is_shown(place: Place) -> None:
    fault = Fault(kind=Kind.MALFORMED, path="/v4/posting/fbs/unfulfilled/list", change={"shipment_date": "soon"})
    place.sandbox.fault(fault)
    place.run("poll")
    done = doctor(place, "--offline")
    assert "$.postings[0].shipment_date" in done.out


def test_a_wrong_configuration_ends_as_everywhere(place: Place) -> None:
    place.config.write_text("langauge = 'en'\n")
    assert doctor(place).code == 78
    done = doctor(place, "--json")
    assert (done.code, done.json["ok"]) == (78, False)
    assert {mistake["key"] for mistake in done.json["mistakes"]} == {"langauge", "shop"}


@pytest.mark.parametrize(
    ("language", "last", "lead"),
    [
        ("en", "Start with “channel packers”", "What to do: "),
        ("ru", "Начните с пункта «канал packers»", "Что делать: "),
        ("zh", "先处理“通知渠道 packers”", "怎么办："),
    ],
)
def test_the_worst_stands_last_and_the_summary_names_it(place: Place, language: str, last: str, lead: str) -> None:
    done = doctor(place, "--language", language, HOOK=f"json://127.0.0.1:{closed_port()}/hook")
    lines = done.out.splitlines()
    assert last in lines[-1]
    assert [line[0] for line in lines[:-1] if not line.startswith(" ")] == sorted(
        (line[0] for line in lines[:-1] if not line.startswith(" ")), key="✓!✗".index
    )
    assert lead in lines[-2]
    assert not re.search(r"[{}]", done.out)


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_is_wider_than_the_terminal(place: Place, columns: int) -> None:
    done = place.on_terminal("doctor", columns=columns)
    assert done.code == 1
    assert max(map(len, done.out.splitlines())) <= columns
