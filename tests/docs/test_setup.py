"""What a seller types in the first five minutes, taken from the pages as it stands there, works with a sandbox.

All languages have the same typed, block by block, so the English pages are walked.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios import build
from labelwatch.sandbox.shops import POSTINGS, WAREHOUSES
from tests.docs.keyboard import typed
from tests.docs.pages import OTHERS, PAGES, code, counterparts, guide
from tests.support.http_server import Hook, answer
from tests.support.place import Place

INSTALL, CHANNELS, CONFIGURATION, COMMANDS = (
    guide("en", name) for name in ("install", "channels", "configuration", "commands")
)
README = "README.md"
# The commands live by the machine's clock, so the sandbox has to.
START = datetime.now(UTC).replace(microsecond=0)
KEY_ENDS = START + timedelta(days=91)


@contextmanager
def first_day(folder: Path) -> Iterator[Place]:
    """Every cause that the API can show, keys with no more than the roles that the guide asks for, and a phone."""
    world = build("causes", START)
    for number, shop in world.shops.items():
        world.shops[number] = replace(shop, roles=(POSTINGS, WAREHOUSES), key_expires_at=KEY_ENDS)
    with Hook([answer(200)]) as phone, Sandbox(world, TellableClock(START, speed=1), requests_a_second=None) as ozon:
        yield Place(folder, ozon, phone)


STEPS = (
    (INSTALL, "check --online"),
    (CHANNELS, "--message"),
    (COMMANDS, "--accuracy"),
    (COMMANDS, "export"),
    (CHANNELS, "outbox show"),
)
"""What is typed once the configuration is there: which page, and what its block holds."""

KEY = "00000000-0000-4000-8000-000000000000"
"""What takes the place of YOUR-API-KEY."""


def whole(page: str) -> list[str]:
    """The configurations of a page that have shops and channels: the first one, and that of a team."""
    return [text for text in code(PAGES[page], "toml") if "[[shop]]" in text and "[[channel]]" in text]


def block(page: str, language: str, holding: str) -> str:
    """The one code block of a page in which something stands."""
    (found,) = (text for text in code(PAGES[page], language) if holding in text)
    return found


def bare(script: str) -> list[str]:
    """What is typed, without what each language says its own way: comments, --language, which services it tells."""
    script = re.sub(r' ARGS="--language \w+"| --language \w+', "", script)
    script = re.sub(r"echo '\w+://.*' > secrets/\w+", "echo URL > secrets/NAME", script)
    return [line.partition(" # ")[0].rstrip() for line in script.splitlines()]


def settings(text: str) -> dict[str, Any]:
    """A configuration without what each language chooses: its own name, its clock, its packers' service."""
    found = tomllib.loads(text)
    for channel in found.get("channel", []):
        channel.pop("url")
    return {key: value for key, value in found.items() if key not in ("language", "timezone")}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", counterparts("en"))
def test_every_page_has_the_same_typed_in_the_same_order(name: str, language: str) -> None:
    page, walked = counterparts(language)[name], counterparts("en")[name]
    for kind in ("sh", "bat"):
        assert [bare(script) for script in code(PAGES[page], kind)] == [
            bare(each) for each in code(PAGES[walked], kind)
        ]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", counterparts("en"))
def test_every_page_shows_the_same_configurations(name: str, language: str) -> None:
    page, walked = counterparts(language)[name], counterparts("en")[name]
    assert [settings(text) for text in code(PAGES[page], "toml")] == [
        settings(text) for text in code(PAGES[walked], "toml")
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_the_set_up_of_a_team_is_the_same_in_every_language(language: str) -> None:
    assert tomllib.loads(whole(guide(language, "configuration"))[1]) == tomllib.loads(whole(CONFIGURATION)[1])


def test_the_first_five_minutes_go_as_they_are_described(tmp_path: Path) -> None:
    with first_day(tmp_path) as place:
        (shop, *_) = place.sandbox.world.shops.values()
        config = whole(CONFIGURATION)[0].replace('"123456"', f'"{shop.client_id}"')
        place.config.write_text(f'{config}\n[ozon]\nbase_url = "{place.sandbox.base_url}"\n', encoding="utf-8")
        secrets = block(CHANNELS, "sh", "mkdir -m 700").replace("YOUR-API-KEY", shop.api_key)
        secrets = re.sub(r"echo '\w+://.*'", f"echo '{place.hook.url()}'", secrets)
        steps = [block(page, "sh", has) for page, has in STEPS]
        said = typed("".join([secrets, *steps]), at=place)
    assert "labelwatch.toml is right: shops 1, channels 2" in said
    roles = f"roles: Posting FBS, Warehouse, the key ends on {KEY_ENDS:%Y-%m-%d}"
    assert f"ok      shop main: Ozon accepts the key; {roles}" in said
    assert len(re.findall(r"its server 127\.0\.0\.1, port \d+, answers", said)) == 2
    assert said.count("delivered (HTTP 200)") == 2
    assert "could be better" not in said
    assert "\t75000013-0013-1\tmain\t" in said
    letters_of = ("(заказ 75000003-0003)", "75000029-0029-1\n", "75000008-0008")
    assert [number for number in letters_of if number not in said] == []
    assert "Right: 0 of 1 (0 %)." in said
    assert re.search(r"\nTried at \(Beijing time\)\tOutcome\tSaid\n\S+ \S+\tdelivered\tHTTP 200\n", said)
    assert [request.json["labelwatch"][0]["reason"] for request in place.hook.requests[:2]] == ["test", "test"]


def test_the_commands_of_the_readme_work_after_its_wizard(tmp_path: Path) -> None:
    steps = block(README, "sh", "check --online")
    with first_day(tmp_path) as place:
        asked = block(INSTALL, "sh", "init --yes").replace("labelwatch poll\n", "")
        asked = asked.replace("http://127.0.0.1:8790", place.sandbox.base_url)
        said = typed(asked.replace("--yes", f"--yes --webhook {place.hook.url()}"), at=place) + typed(steps, at=place)
    assert "ok      shop main: Ozon accepts the key" in said
    assert "delivered (HTTP 200)" in said
    assert "\t75000013-0013-1\tmain\t" in said


def test_the_wizard_needs_no_more_than_what_the_page_says(tmp_path: Path) -> None:
    steps = block(INSTALL, "sh", "init --yes")
    with first_day(tmp_path) as place:
        (shop, *_) = place.sandbox.world.shops.values()
        assert f"export OZON_KEY={shop.api_key}\n" in steps
        assert f"--client-id {shop.client_id} --key env:OZON_KEY " in steps
        said = typed(steps.replace("http://127.0.0.1:8790", place.sandbox.base_url), at=place)
    assert "Posting FBS, Warehouse" in said
    written = tmp_path / ".config" / "labelwatch" / "labelwatch.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    assert re.search(r"\nmain\tyes\t17\t17\t[1-9]", said)


def test_the_set_up_of_a_team_is_right_as_it_stands_there(tmp_path: Path) -> None:
    with first_day(tmp_path) as place:
        place.config.write_text(whole(CONFIGURATION)[1], encoding="utf-8")
        commands = block(CHANNELS, "sh", "mkdir -m 700") + block(CONFIGURATION, "sh", "secrets/heartbeat")
        said = typed(commands.replace("YOUR-API-KEY", KEY), at=place)
    assert said == "labelwatch.toml 没有错误：1 家店铺，2 个渠道\n"
