"""What a seller types in the first five minutes, taken from the READMEs as it stands there, works with a sandbox."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios import build
from labelwatch.sandbox.shops import POSTINGS, WAREHOUSES
from tests.docs.pages import PAGES, code
from tests.notify.loopback import Hook, answer

# The commands live by the machine's clock, so the sandbox has to.
START = datetime.now(UTC).replace(microsecond=0)
KEY_ENDS = START + timedelta(days=91)


@pytest.fixture
def ozon() -> Iterator[Sandbox]:
    """Every cause that the API can show, and keys with no more than the roles that the READMEs ask for."""
    world = build("causes", START)
    for number, shop in world.shops.items():
        world.shops[number] = replace(shop, roles=(POSTINGS, WAREHOUSES), key_expires_at=KEY_ENDS)
    with Sandbox(world, TellableClock(START, speed=1)) as sandbox:
        yield sandbox


def whole(page: str) -> list[str]:
    """The configurations of a page that have shops and channels: the first one, and that of a team."""
    return [text for text in code(PAGES[page], "toml") if "[[shop]]" in text and "[[channel]]" in text]


def block(page: str, language: str, holding: str) -> str:
    """The one code block of a page in which something stands."""
    (found,) = (text for text in code(PAGES[page], language) if holding in text)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_the_first_five_minutes_go_as_they_are_described(page: str, ozon: Sandbox, tmp_path: Path) -> None:
    (shop, *_) = ozon.world.shops.values()
    config = whole(page)[0].replace('"123456"', f'"{shop.client_id}"')
    (tmp_path / "labelwatch.toml").write_text(f'{config}\n[ozon]\nbase_url = "{ozon.base_url}"\n', encoding="utf-8")
    with Hook([answer(200)]) as phone:
        secrets = re.sub(
            r"echo '.*' > secrets/ozon", f"echo '{shop.api_key}' > secrets/ozon", block(page, "sh", "mkdir -m 700")
        )
        secrets = re.sub(r"echo '\w+://.*'", f"echo '{phone.url()}'", secrets)
        steps = (block(page, "sh", has) for has in ("check --online", "--message", "--accuracy", "outbox show"))
        said = typed("".join([secrets, *steps]), at=tmp_path)
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
    assert re.search(r"\nTried at \(UTC\)\tOutcome\tSaid\n\S+ \S+\tdelivered\tHTTP 200\n", said)
    assert [request.json["labelwatch"][0]["reason"] for request in phone.requests[:2]] == ["test", "test"]


@pytest.mark.parametrize("page", PAGES)
def test_the_wizard_needs_no_more_than_what_the_page_says(page: str, ozon: Sandbox, tmp_path: Path) -> None:
    steps = block(page, "sh", "init --yes")
    (shop, *_) = ozon.world.shops.values()
    assert f"--client-id {shop.client_id} --key {shop.api_key}" in steps
    said = typed(steps.replace("http://127.0.0.1:8790", ozon.base_url), at=tmp_path)
    assert "Posting FBS, Warehouse" in said
    written = tmp_path / ".config" / "labelwatch" / "labelwatch.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    assert re.search(r"\nmain\tyes\t17\t17\t[1-9]", said)


@pytest.mark.parametrize("page", PAGES)
def test_the_set_up_of_a_team_is_right_as_it_stands_there(page: str, tmp_path: Path) -> None:
    (tmp_path / "labelwatch.toml").write_text(whole(page)[1], encoding="utf-8")
    said = typed(block(page, "sh", "mkdir -m 700") + block(page, "sh", "secrets/heartbeat"), at=tmp_path)
    assert said == "labelwatch.toml is right: shops 1, channels 2\n"


def test_the_set_up_of_a_team_is_the_same_in_both_languages() -> None:
    one, other = (tomllib.loads(whole(page)[1]) for page in PAGES)
    assert one == other


def typed(script: str, *, at: Path) -> str:
    """What a shell prints, with the command on its path and nothing of this machine's own configuration."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(at),
        "STATE_DIRECTORY": str(at / "state"),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(["sh", "-c", script], cwd=at, env=environ, capture_output=True, text=True, timeout=90)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout
