"""`check`, and how a wrong configuration is reported whatever the command."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelwatch.sandbox import Fault, Kind
from labelwatch.store import open_store
from tests.store.build import put_waits
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Hook
from tests.support.place import Place

MISTAKES = """\
langauge = "en"
language = "en"
[ozon]
every = 120
[[shop]]
name = "main"
client_id = "-1"
api_key = "env:NOT_SET"
[[channel]]
name = "packers"
url = "nonsense"
"""
WRONG_KEYS = {"langauge", "ozon.every", "shop[0].client_id", "shop[0].api_key", "channel[0].url"}


@pytest.mark.parametrize("command", ["late", "run"])
def test_every_mistake_is_listed_with_its_place_and_78(place: Place, command: str) -> None:
    place.config.write_text(MISTAKES)
    done = place.run(command)
    assert done.code == 78
    assert "mistakes: 5" in done.err
    *lines, means, todo = done.err.splitlines()[1:]
    assert {line.split(": ")[1].split(" = ")[0] for line in lines} == WRONG_KEYS
    assert all("labelwatch.toml:" in line and "allowed is" in line for line in lines)
    assert means.startswith("  For the orders: ")
    assert "`labelwatch check`" in todo


def test_a_command_that_sends_nothing_works_while_the_url_of_a_channel_is_wrong(place: Place) -> None:
    place.run("poll")
    assert place.run("late", HOOK="nonsense").out == place.run("late").out
    assert place.run("check", HOOK="nonsense").code == 78


def test_mistakes_and_doubts_are_said_in_the_language_of_the_configuration(place: Place) -> None:
    better = place.config.read_text().replace("env:KEY_STAR", "a-literal-key")
    place.config.write_text(better.replace('language = "en"', 'language = "zh"'))
    assert "可以改进：shop[0].api_key 直接写在文件里" in place.run("check").out
    assert "可以改进：shop[0].api_key 直接写在文件里" in place.run("doctor", "--offline").out
    place.config.write_text(MISTAKES.replace('"en"', '"ru"'))
    assert "langauge: такого ключа нет" in place.run("late").err


def test_the_mistakes_come_as_json_too(place: Place) -> None:
    place.config.write_text(MISTAKES)
    done = place.run("check", "--json")
    assert done.code == 78
    assert done.json["ok"] is False
    assert {mistake["key"] for mistake in done.json["mistakes"]} == WRONG_KEYS
    assert {mistake["line"] for mistake in done.json["mistakes"]} == {1, 4, 7, 8, 11}


def test_without_a_configuration_it_says_where_it_looked(place: Place) -> None:
    place.config.unlink()
    done = place.run("late")
    assert done.code == 78
    assert "--config FILE" in done.err
    assert "/etc/labelwatch/labelwatch.toml" in done.err


def test_the_file_may_be_named_before_or_after_the_command_or_by_the_environment(place: Place) -> None:
    elsewhere = place.folder / "elsewhere.toml"
    place.config.rename(elsewhere)
    name = str(elsewhere)
    calls = (
        place.run("--config", name, "check"),
        place.run("check", "--config", name),
        place.run("check", LABELWATCH_CONFIG=name),
    )
    assert [call.code for call in calls] == [0, 0, 0]
    assert len({call.out for call in calls}) == 1


def test_online_asks_ozon_for_each_key_and_knocks_at_each_channel(place: Place) -> None:
    done = place.run("check", "--online", "--json")
    assert done.code == 0, done.err
    found = {one["name"]: one for one in done.json["online"]}
    assert found.keys() == {"star", "home", "packers"}
    assert found["star"]["roles"]
    assert found["star"]["expires_at"].endswith("Z")
    assert {request.path for request in place.sandbox.requests} == {"/v1/roles"}
    assert place.hook.requests == []  # nothing was sent


def test_a_refused_key_is_trouble_and_a_silent_ozon_is_out_of_reach(place: Place) -> None:
    refused = place.run("check", "--online", "--json", KEY_STAR="another-key")
    assert refused.code == 1
    assert {one["name"]: one["ok"] for one in refused.json["online"]} == {
        "star": False,
        "home": True,
        "packers": True,
    }
    assert "another-key" not in refused.out + refused.err
    place.sandbox.fault(Fault(kind=Kind.HTML, status=502, seconds=60))
    down = place.run("check", "--online")
    assert down.code == 69
    assert "FAILED  shop star" in down.out


def test_online_asks_a_bot_where_its_channel_really_goes(place: Place) -> None:
    with FakeTelegram() as telegram:
        place.configure(f'api_base = "{telegram.base}"\n')
        fine = place.run("check", "--online", HOOK=telegram.url("-100"))
        telegram.refusals["-100"] = (403, "Forbidden: bot was kicked from the group chat")
        refused = place.run("check", "--online", HOOK=telegram.url("-100"))
    assert (fine.code, refused.code) == (0, 1)
    assert "ok      channel packers: the bot “@label_watch_bot” sees its chat" in fine.out
    assert "FAILED  channel packers: the bot was removed from the chat: add it again" in refused.out
    assert {method for method, _ in telegram.calls} == {"getMe", "getChat"}


def test_a_channel_without_a_server_is_trouble(place: Place) -> None:
    with Hook([]) as gone:
        address = gone.url()
    done = place.run("check", "--online", "--json", HOOK=address)
    assert done.code == 1
    assert [one["name"] for one in done.json["online"] if not one["ok"]] == ["packers"]


def test_what_could_be_better_is_said_and_is_no_mistake(place: Place, tmp_path: Path) -> None:
    text = place.config.read_text().replace("env:KEY_STAR", "a-literal-key")
    place.config.write_text(text)
    done = place.run("check")
    assert done.code == 0
    assert "could be better: shop[0].api_key" in done.out
    assert "a-literal-key" not in done.out + done.err


def test_the_limits_that_were_learned_are_named_once_there_is_a_database(place: Place) -> None:
    assert place.run("check", "--json").json["limits"] == []
    place.run("poll")
    with closing(open_store(f"sqlite:///{place.folder / 'labelwatch.db'}")) as store:
        put_waits(store, "star", until=datetime.now(UTC))
    line = "limit of the label 30 min (learned from 100 labels; fixed 15 min)"
    assert line in place.run("check").out
    (one,) = place.run("check", "--json").json["limits"]
    assert (one["shop"], one["limit"], one["fixed"], one["count"]) == ("star", 1800, 900, 100)
