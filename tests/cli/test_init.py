"""`init` at a terminal: what a person reads and types, and what is on the disk afterwards."""

import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from labelwatch.cli.words import phrases
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from tests.cli.conftest import LATE
from tests.support.fake_telegram import NAME, TOKEN, FakeTelegram
from tests.support.http_server import answer
from tests.support.place import Place
from tests.support.smtp_server import PostOffice
from tests.support.terminal import Conversation, conversation

NINA = {"id": 4711, "type": "private", "first_name": "Nina"}
GROUP = {"id": -100222, "type": "supergroup", "title": "打包群"}


@pytest.fixture
def home(place: Place) -> Path:
    """An empty home, in which no configuration is found."""
    place.config.unlink()
    folder = place.folder / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as service:
        yield service


def wizard(
    place: Place, home: Path, *more: str, columns: int = 80, lang: str = "C.UTF-8"
) -> AbstractContextManager[Conversation]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": lang}
    base_url = place.sandbox.base_url
    return conversation("init", "--base-url", base_url, *more, environ=environ, folder=home, columns=columns)


def config_of(home: Path) -> Path:
    return home / ".config/labelwatch/labelwatch.toml"


def connect_shop(talk: Conversation, language: str) -> None:
    words = phrases(language, "init_shop")
    talk.answer("Client-Id", HOME.client_id)
    talk.answer(words["key"], HOME.api_key)
    talk.answer(words["call_it"], "")
    talk.answer(words["another"], "n")


@pytest.mark.parametrize(("language", "number"), [("zh", "1"), ("ru", "2"), ("en", "3")])
def test_from_nothing_to_a_first_alert_in_a_chat(
    place: Place, home: Path, telegram: FakeTelegram, language: str, number: str
) -> None:
    kinds = {"zh": "4", "ru": "1", "en": "1"}
    with wizard(place, home, "--api-base", telegram.base, columns=40) as talk:
        talk.answer("Language", number)
        connect_shop(talk, language)
        talk.answer(phrases(language, "init_channel_kind")["none"], kinds[language])
        talk.answer(phrases(language, "init_telegram")["token"], f"Use this token: {TOKEN}")
        talk.expect(f"start@{NAME}")
        telegram.write(NINA)
        telegram.write(GROUP)
        talk.answer(phrases(language, "init_telegram")["by_hand"], "1")
        talk.answer("(y/n)", "")
        talk.answer(phrases(language, "init_end")["title"], "")
        talk.answer("22:00-08:00", "")
        assert talk.end() == 0, talk.shown
        assert HOME.api_key not in talk.shown
        assert TOKEN not in talk.shown
    greeting = phrases(language, "init_channel")["greeting"]
    assert [sent.text.splitlines()[0] for sent in telegram.said("-100222")] == [greeting]
    polled = place.run("poll", HOME=str(home))
    assert polled.code == 1, polled.err
    assert LATE in "".join(sent.text for sent in telegram.said("-100222")[1:])


def test_what_is_written_is_for_its_owner_alone_and_holds_no_secret(place: Place, home: Path) -> None:
    with wizard(place, home, "--language", "zh", "--webhook", place.hook.url("/hook-s3cret")) as talk:
        connect_shop(talk, "zh")
        talk.answer("还要加一个", "")
        talk.answer("时区", "")
        talk.answer("22:00-08:00", "23:00-07:30")
        assert talk.end() == 0, talk.shown
    config = config_of(home)
    text = config.read_text("utf-8")
    assert HOME.api_key not in text
    assert "s3cret" not in text
    written = tomllib.loads(text)
    assert written["language"] == "zh"
    assert written["timezone"] == "Asia/Shanghai"
    assert [shop["name"] for shop in written["shop"]] == [HOME.name]
    assert written["channel"][0]["quiet_hours"] == "23:00-07:30"
    assert written["store"]["url"] == "sqlite:///labelwatch-trial.db"
    files = [path for path in config.parent.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert place.run("check", "--online", HOME=str(home)).code == 0


def test_a_wrong_key_is_explained_and_asked_for_again(place: Place, home: Path) -> None:
    words = phrases("en", "init_shop")
    with wizard(place, home, "--language", "en") as talk:
        talk.answer("Client-Id", HOME.api_key)
        assert words["client_id_is_key"].split(".")[0] in talk.answer("Client-Id", "２００００２")
        talk.answer(words["key"], "short")
        talk.answer(words["key"], f"{HOME.api_key[:-1]}x")
        shown = talk.answer(words["what_now"], "1")
        assert "Invalid Api-Key" in shown + talk.shown
        assert "not copied whole" in talk.shown
        talk.answer("Client-Id", HOME.client_id)
        talk.answer(words["key"], HOME.api_key)
        shown = talk.answer(words["call_it"], "main")
        assert re.search(r"Currency +RUB", shown)
        assert re.search(r"To be shipped +\d", shown)
        assert "Ozon gives a label after packing" in shown


def test_a_shop_is_taken_once(place: Place, home: Path) -> None:
    words = phrases("ru", "init_shop")
    with wizard(place, home, "--language", "ru") as talk:
        talk.answer("Client-Id", HOME.client_id)
        talk.answer(words["key"], HOME.api_key)
        talk.answer(words["call_it"], "дом")
        talk.answer(words["another"], "д")
        talk.answer("Client-Id", HOME.client_id)
        assert words["client_id_taken"] in talk.answer("Client-Id", STAR.client_id)
        talk.answer(words["key"], STAR.api_key)
        talk.answer(words["call_it"], "дом")
        shown = talk.answer(words["call_it"], "звезда") + talk.shown
        assert phrases("ru", "init_shop_label")["never"].split(":")[0] in shown
        talk.answer(words["another"], "")
        talk.answer("7", "7")
        assert phrases("ru", "init_channel")["nobody"].split(".")[0] in talk.answer("часовом поясе", "Europe/Samara")
        assert talk.end() == 0
    written = tomllib.loads(config_of(home).read_text("utf-8"))
    assert [shop["name"] for shop in written["shop"]] == ["дом", "звезда"]
    assert written["timezone"] == "Europe/Samara"


@pytest.mark.parametrize("moment", ["Client-Id", "API key", "What to call", "Which one?", "Time zone"])
def test_ctrl_c_leaves_nothing(place: Place, home: Path, moment: str) -> None:
    words = phrases("en", "init_shop")
    answers = (
        ("Client-Id", HOME.client_id),
        (words["key"], HOME.api_key),
        (words["call_it"], ""),
        (words["another"], ""),
        ("Which one?", "7"),
        ("Time zone", ""),
    )
    with wizard(place, home, "--language", "en") as talk:
        for question, text in answers:
            if question.startswith(moment):
                break
            talk.answer(question, text)
        talk.expect(moment)
        talk.expect("\n> ")
        talk.interrupt()
        assert talk.end() == 130
        assert "Nothing was saved" in talk.shown
    assert not list(home.rglob("labelwatch*"))


def test_a_configuration_that_is_there_is_kept_unless_told_otherwise(place: Place, home: Path) -> None:
    config = config_of(home)
    config.parent.mkdir(parents=True)
    config.write_text("# mine\n", "utf-8")
    with wizard(place, home, "--language", "en") as talk:
        talk.answer("(y/n)", "")
        assert talk.end() == 1
    assert config.read_text("utf-8") == "# mine\n"
    with wizard(place, home, "--language", "en") as talk:
        talk.answer("(y/n)", "y")
        connect_shop(talk, "en")
        talk.answer("Which one?", "7")
        talk.answer("Time zone", "")
        assert talk.end() == 0, talk.shown
    assert config.with_name("labelwatch.toml.old").read_text("utf-8") == "# mine\n"
    assert HOME.client_id in config.read_text("utf-8")


def test_mail_goes_through_the_server_that_is_named(place: Place, home: Path) -> None:
    with PostOffice() as office, wizard(place, home, "--language", "en") as talk:
        connect_shop(talk, "en")
        talk.answer("Which one?", "2")
        talk.answer(phrases("en", "init_mail")["address"], "nobody")
        talk.answer(phrases("en", "init_mail")["address"], "watch@shop.test")
        talk.answer(phrases("en", "init_mail")["server"], f"127.0.0.1:{office.port}")
        talk.answer(phrases("en", "init_mail")["password"], "")
        talk.answer(phrases("en", "init_mail")["to"], "packer@shop.test")
        talk.answer(phrases("en", "init_channel")["another"], "")
        talk.answer("Time zone", "")
        talk.answer("22:00-08:00", "")
        assert talk.end() == 0, talk.shown
        (letter,) = office.letters
    assert letter["To"] == "packer@shop.test"
    assert letter["Subject"] == phrases("en", "init_channel")["greeting"]


def test_a_first_message_that_is_refused_can_be_sent_again_or_left_out(place: Place, home: Path) -> None:
    place.hook.acts = [answer(401, "who are you"), answer(401, "who are you")]
    with wizard(place, home, "--language", "en") as talk:
        connect_shop(talk, "en")
        talk.answer("Which one?", "3")
        talk.answer("Paste the address", "nonsense")
        talk.answer("Paste the address", place.hook.url("/x"))
        assert "who are you" in talk.answer("What now?", "2") + talk.shown
        talk.answer("What now?", "4")
        talk.answer("somewhere else", "")
        talk.answer("Time zone", "")
        assert talk.end() == 0, talk.shown
    assert "channel" not in tomllib.loads(config_of(home).read_text("utf-8"))


def test_an_unknown_bot_and_a_bot_that_is_listened_to_are_explained(
    place: Place, home: Path, telegram: FakeTelegram
) -> None:
    words = phrases("en", "init_telegram")
    other = TOKEN.replace("4711", "9999")
    telegram.unknown_tokens.add(other)
    telegram.webhooks.add(TOKEN)
    with wizard(place, home, "--language", "en", "--api-base", telegram.base) as talk:
        connect_shop(talk, "en")
        talk.answer("Which one?", "1")
        talk.answer(words["token"], other)
        assert "does not know this token" in talk.answer(words["token"], TOKEN)
        assert "Another program" in talk.answer(words["chat"], "4711")
        talk.answer("somewhere else", "")
        talk.answer("Time zone", "")
        talk.answer("22:00-08:00", "")
        assert talk.end() == 0, talk.shown
    assert len(telegram.said("4711")) == 1
