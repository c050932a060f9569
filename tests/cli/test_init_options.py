"""`init` for scripts: options instead of answers, secrets from elsewhere, nothing written when anything is wrong."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelwatch.cli.words import phrases
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from tests.cli.conftest import LATE
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.forked import Ended
from tests.support.http_server import answer
from tests.support.place import Place

KEY = ("--client-id", HOME.client_id, "--key", "env:KEY_HOME")


@dataclass(frozen=True, slots=True)
class Desk:
    """An empty folder to write into."""

    place: Place

    @property
    def written(self) -> Path:
        return self.place.folder / "new/labelwatch.toml"

    def init(self, *options: str) -> Ended:
        return self.place.run(
            "init",
            "--yes",
            *("--language", "en", "--output", str(self.written), "--base-url", self.place.sandbox.base_url),
            *options,
        )


@pytest.fixture
def delivery(place: Place) -> Desk:
    return Desk(place)


def test_options_alone_set_everything_up(delivery: Desk) -> None:
    hour = datetime.now(UTC).hour  # nights far from now: what is told now must come at once
    nights = f"{(hour + 9) % 24:02}:00-{(hour + 12) % 24:02}:00"
    done = delivery.init(
        *("--shop", "home", *KEY, "--shop", "star", "--client-id", STAR.client_id, "--key", "env:KEY_STAR"),
        *("--webhook", "env:HOOK", "--timezone", "Europe/Moscow", "--quiet-hours", nights),
    )
    assert done.code == 0, done.err
    written = tomllib.loads(delivery.written.read_text("utf-8"))
    assert [(shop["name"], shop["client_id"]) for shop in written["shop"]] == [("home", "200002"), ("star", "100001")]
    assert written["timezone"] == "Europe/Moscow"
    assert delivery.place.hook.requests[0].json["title"] == phrases("en", "init_channel")["greeting"]
    assert f"poll --config {delivery.written}" in done.out
    assert delivery.place.run("poll", "--config", str(delivery.written)).code == 1
    assert LATE in delivery.place.told("first")


def test_secrets_come_from_a_file_or_the_input_too(delivery: Desk) -> None:
    secret = delivery.place.folder / "key"
    secret.write_text(HOME.api_key)
    secret.chmod(0o600)
    assert delivery.init("--client-id", HOME.client_id, "--key", "file:key").code == 0
    delivery.written.unlink()
    command = ("init", "--output", str(delivery.written), "--base-url", delivery.place.sandbox.base_url)
    piped = delivery.place.run(*command, "--client-id", HOME.client_id, "--key", "-", typed=HOME.api_key + "\n")
    assert piped.code == 0, piped.err
    assert HOME.api_key not in piped.out + piped.err


def test_a_secret_in_the_command_itself_is_warned_of(delivery: Desk) -> None:
    """It can be read by others while it runs; by reference nothing is to be said."""
    done = delivery.init("--client-id", HOME.client_id, "--key", HOME.api_key, "--proxy", "http://127.0.0.1:3128")
    assert done.code == 0, done.err
    assert "Others on this machine can read what stands in a command: for --key give" in done.err
    assert HOME.api_key not in done.out + done.err
    delivery.written.unlink()
    assert "Others on this machine" not in delivery.init(*KEY).err


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ((), "--client-id, --key"),
        (("--client-id", "1"), "--key"),
        ((*KEY, "--client-id", "1"), "--key"),
        ((*KEY, "--telegram-token", TOKEN), "--chat"),
        ((*KEY, "--mail", "a@qq.com"), "--mail-password"),
    ],
)
def test_what_is_missing_is_named_at_once(delivery: Desk, options: tuple[str, ...], missing: str) -> None:
    done = delivery.init(*options)
    assert done.code == 2
    assert missing in done.err
    assert not delivery.written.parent.exists()
    assert not delivery.place.sandbox.requests


@pytest.mark.parametrize(
    "options",
    [
        ("--client-id", "abc", "--key", "env:KEY_HOME"),
        (*KEY, "--key", "env:NOT_THERE", "--client-id", "5"),
        (*KEY, "--base-url", "ozon"),
        (*KEY, "--timezone", "Mars/Base"),
        (*KEY, "--webhook", "env:HOOK", "--quiet-hours", "nights"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(delivery: Desk, options: tuple[str, ...]) -> None:
    assert delivery.init(*options).code == 2
    assert not delivery.written.exists()


def test_a_key_that_ozon_refuses_ends_it(delivery: Desk) -> None:
    done = delivery.init("--client-id", HOME.client_id, "--key", "env:KEY_STAR")
    assert done.code == 1
    assert "Invalid Api-Key" in done.err
    assert STAR.api_key not in done.out + done.err
    assert not delivery.written.parent.exists()


def test_ozon_out_of_reach_ends_it_otherwise(delivery: Desk) -> None:
    done = delivery.init(*KEY, "--base-url", "http://127.0.0.1:9")
    assert done.code == 69
    assert not delivery.written.parent.exists()


def test_a_channel_that_refuses_ends_it(delivery: Desk) -> None:
    delivery.place.hook.acts = [answer(403, "not you")]
    done = delivery.init(*KEY, "--webhook", "env:HOOK")
    assert done.code == 1
    assert "not you" in done.err
    assert "s3cret" not in done.out + done.err
    assert not delivery.written.parent.exists()


def test_several_channels_have_names_of_their_own(delivery: Desk) -> None:
    with FakeTelegram() as telegram:
        bot = ("--telegram-token", TOKEN, "--chat", "-100222", "--api-base", telegram.base)
        assert delivery.init(*KEY, *bot, "--webhook", "env:HOOK").code == 0
    written = tomllib.loads(delivery.written.read_text("utf-8"))
    assert [channel["name"] for channel in written["channel"]] == ["telegram", "json"]


def test_what_was_there_stays_without_replace(delivery: Desk) -> None:
    assert delivery.init(*KEY).code == 0
    before = delivery.written.read_text("utf-8")
    refused = delivery.init(*KEY, "--shop", "other")
    assert refused.code == 1
    assert "--replace" in refused.err
    assert delivery.written.read_text("utf-8") == before
    assert delivery.init(*KEY, "--shop", "other", "--replace").code == 0
    assert delivery.written.with_name("labelwatch.toml.old").read_text("utf-8") == before
    assert delivery.place.run("check", "--config", str(delivery.written)).code == 0


def test_a_folder_nobody_may_write_is_told_before_anything_is_asked(delivery: Desk) -> None:
    blocked = delivery.place.folder / "file"
    blocked.write_text("")
    done = delivery.init(*KEY, "--output", str(blocked / "labelwatch.toml"))
    assert done.code == 1
    assert "--output" in done.err
    assert not delivery.place.sandbox.requests
