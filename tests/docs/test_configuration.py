"""Every key of the configuration stands in the README with the default that the code has."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from labelwatch.config import (
    Alerts,
    Channel,
    Config,
    Escalation,
    Heartbeat,
    Limits,
    OwnEscalation,
    Ozon,
    PlaceLimits,
    Shop,
    Store,
    Web,
    load,
)
from labelwatch.notify.channels import check_url, check_way
from tests.docs.pages import PAGES, code, rows, sections

SHAPES: dict[str, type] = {
    "Top of the file": Config,
    "`[store]`": Store,
    "`[ozon]`": Ozon,
    "`[delays]`": Limits,
    "`[alerts]`": Alerts,
    "`[[escalation]]`": Escalation,
    "`[[shop]]`": Shop,
    "`[[shop.escalation]]`": OwnEscalation,
    "`[[shop.warehouse]]` and `[[shop.delivery_method]]`": PlaceLimits,
    "`[[channel]]`": Channel,
    "`[web]`": Web,
    "`[heartbeat]`": Heartbeat,
}
# Tables that have rows of their own, and what is in no file.
NOT_KEYS: dict[type, set[str]] = {
    Config: {"store", "ozon", "delays", "alerts", "escalation", "shop", "channel", "web", "heartbeat", "warnings"},
    Shop: {"delays", "warehouse", "delivery_method", "escalation"},
    PlaceLimits: {"limits"},
}
REQUIRED = {
    "`[[escalation]]`": 'left = "90m"\nchannel = "packers"',
    "`[[shop]]`": 'name = "main"\nclient_id = "123456"\napi_key = "env:KEY"',
    "`[[channel]]`": 'name = "packers"\nurl = "env:URL"',
    "`[heartbeat]`": 'url = "https://example.org/ping"',
}
ENVIRON = {"KEY": "00000000-0000-4000-8000-000000000000", "URL": "json://127.0.0.1/hook"}

CONFIGURATION = dict(sections(PAGES["README.md"]))


def not_keys(heading: str) -> set[str]:
    return NOT_KEYS.get(SHAPES[heading], set())


def keys(heading: str) -> dict[str, str]:
    """Key -> what the table says of its default."""
    return {cells[0].strip("`"): cells[1] for cells in rows(CONFIGURATION[heading])}


def written(heading: str) -> str:
    """The defaults of a table that are values, as they would stand in the file."""
    values = {key: default.strip("`") for key, default in keys(heading).items() if default.startswith("`")}
    return "\n".join(f"{key} = {value}" for key, value in values.items())


def file_of(*, with_defaults: bool) -> str:
    """A file with every table, with what is required or with all the defaults as well."""
    parts = []
    for heading in SHAPES:
        if heading.startswith("`[[shop.") or heading == "Top of the file":
            continue
        parts += [heading.strip("`"), REQUIRED.get(heading, ""), written(heading) if with_defaults else ""]
    top = written("Top of the file") if with_defaults else ""
    return "\n".join([top, *parts])


def read(directory: Path, text: str, environ: dict[str, str] = ENVIRON) -> Config:
    file = directory / "labelwatch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ={"HOME": str(directory), **environ}, check_url=check_url, check_way=check_way)


@pytest.mark.parametrize("heading", SHAPES)
def test_the_table_names_exactly_the_keys_that_there_are(heading: str) -> None:
    known = set(TypeAdapter(SHAPES[heading]).json_schema()["properties"])
    assert set(keys(heading)) == known - not_keys(heading)


@pytest.mark.parametrize("heading", SHAPES)
def test_what_is_called_required_is_what_the_code_requires(heading: str) -> None:
    required = TypeAdapter(SHAPES[heading]).json_schema().get("required", [])
    called_so = {key for key, default in keys(heading).items() if default == "required"}
    assert called_so == set(required) - not_keys(heading)


def test_every_default_that_is_a_value_is_the_one_of_the_code(tmp_path: Path) -> None:
    spelt_out, left_out = (read(tmp_path, file_of(with_defaults=yes)) for yes in (True, False))
    (one,), (other,) = spelt_out.shops, left_out.shops
    assert spelt_out.delay_policy(one) == left_out.delay_policy(other)
    assert replace(spelt_out, delays=Limits()) == left_out


@pytest.mark.parametrize("heading", SHAPES)
def test_a_default_that_is_no_value_is_nothing_in_the_code(heading: str) -> None:
    properties = TypeAdapter(SHAPES[heading]).json_schema()["properties"]
    spoken_of = [key for key, said in keys(heading).items() if not said.startswith("`") and said != "required"]
    # pydantic shows no default of a secret, and that of [store] url is worked out when the file is read.
    assert [key for key in spoken_of if properties[key].get("default") is not None and key != "url"] == []


SECRETS = {"secrets/ozon_main": "00000000-0000-4000-8000-000000000000", "board.hash": "a hash of a password"}
"""What the example commands do not put into secrets/ before the file is written."""


def secrets_of(page: str) -> dict[str, str]:
    """The secrets that the commands of a page make, by their files."""
    made = (re.findall(r"echo '(.+)' > (secrets/\w+)", block) for block in code(PAGES[page], "sh"))
    return SECRETS | {name: secret for block in made for secret, name in block if "://" in secret}


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_configuration_is_read(page: str, tmp_path: Path) -> None:
    shop = f"[[shop]]\n{REQUIRED['`[[shop]]`']}\n"
    examples = code(PAGES[page], "toml")
    assert len(examples) >= 4
    (tmp_path / "secrets").mkdir()
    for name, secret in secrets_of(page).items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(secret, encoding="utf-8")
    for text in examples:
        read(tmp_path, text if "[[shop]]" in text else text + shop)


@pytest.mark.parametrize(("page", "title"), [("README.zh-CN.md", "配置"), ("README.ru.md", "Настройки")])
def test_the_short_tables_of_defaults_agree_with_the_english_ones(page: str, title: str) -> None:
    (short,) = (body for heading, body in sections(PAGES[page]) if heading == title)
    differing = [cells for cells in rows(short) if keys(cells[0])[cells[1].strip("`")] != cells[2]]
    assert rows(short)
    assert differing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_channel_url_that_is_shown_leads_to_one_destination(page: str) -> None:
    shown = re.findall(r"\b(?:tgram|mailtos|wecombot|dingtalk|feishu|lark|jsons)://[^`'\s]{2,}", PAGES[page])
    filled_in = [
        url.replace("BOT_TOKEN", "123456789:AAE0-dummy-Token").replace("CHAT_ID", "-1001234567890") for url in shown
    ]
    assert len(shown) >= 14
    assert {url: check_url(url) for url in filled_in if check_url(url)} == {}
