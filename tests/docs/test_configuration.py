"""Every key of the configuration stands in the guides with the default that the code has."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from labelwatch.channels import check_url, check_way
from labelwatch.config import Config, Limits, load
from tests.docs.generate import UNWRITTEN, tables_of_keys
from tests.docs.keys import REQUIRED as REQUIRED_IS_CALLED
from tests.docs.keys import SHAPES, keys_of, required
from tests.docs.pages import BOOKS, OTHERS, PAGES, READMES, code, guide

REQUIRED = {
    "escalation": 'left = "90m"\nchannel = "packers"',
    "shop": 'name = "main"\nclient_id = "123456"\napi_key = "env:KEY"',
    "channel": 'name = "packers"\nurl = "env:URL"',
    "heartbeat": 'url = "https://example.org/ping"',
    "group": 'name = "client-a"\nshops = ["main"]',
}
HEADERS = {name: f"[[{name}]]" for name in ("escalation", "shop", "channel", "group")}
ENVIRON = {
    "KEY": "00000000-0000-4000-8000-000000000000",
    "URL": "json://127.0.0.1/hook",
    "LABELWATCH_DATABASE": "postgresql+psycopg://anna:PASSWORD@127.0.0.1/labelwatch",
}

TABLES = {language: tables_of_keys(PAGES[guide(language, "configuration")]) for language in READMES}
"""Language -> table of the file -> its rows."""


def keys(name: str, language: str = "en") -> dict[str, str]:
    """Key -> what the table says of its default."""
    return {cells[0].strip("`"): cells[1] for cells in TABLES[language][name]}


def written(name: str, language: str) -> str:
    """The defaults of a table that are values, as they would stand in the file."""
    values = {key: default.strip("`") for key, default in keys(name, language).items() if is_value(default)}
    return "\n".join(f"{key} = {value}" for key, value in values.items())


def is_value(default: str) -> bool:
    return default.startswith("`")


def file_of(language: str, *, with_defaults: bool) -> str:
    """A file with every table, with what is required or with all the defaults as well."""
    parts = [written("top", language) if with_defaults else ""]
    for name in SHAPES:
        if not name.startswith("shop.") and name != "top":
            parts += [HEADERS.get(name, f"[{name}]"), REQUIRED.get(name, "")]
            parts += [written(name, language)] if with_defaults else []
    return "\n".join(parts)


def read(directory: Path, text: str, environ: dict[str, str] = ENVIRON) -> Config:
    file = directory / "labelwatch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ={"HOME": str(directory), **environ}, check_url=check_url, check_way=check_way)


@pytest.mark.parametrize("language", READMES)
@pytest.mark.parametrize("name", SHAPES)
def test_the_table_names_exactly_the_keys_that_there_are(name: str, language: str) -> None:
    assert list(keys(name, language)) == keys_of(name)
    assert all(cells[-1] not in ("", UNWRITTEN) for cells in TABLES[language][name])


@pytest.mark.parametrize("language", READMES)
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_called_required_is_what_the_code_requires(name: str, language: str) -> None:
    said = keys(name, language).items()
    assert {key for key, default in said if default == REQUIRED_IS_CALLED[language]} == required(name)


@pytest.mark.parametrize("language", READMES)
def test_every_default_that_is_a_value_is_the_one_of_the_code(language: str, tmp_path: Path) -> None:
    spelt_out, left_out = (read(tmp_path, file_of(language, with_defaults=yes)) for yes in (True, False))
    (one,), (other,) = spelt_out.shops, left_out.shops
    assert spelt_out.delay_policy(one) == left_out.delay_policy(other)
    assert replace(spelt_out, delays=Limits()) == left_out


@pytest.mark.parametrize("language", READMES)
@pytest.mark.parametrize("name", SHAPES)
def test_a_default_that_is_no_value_is_nothing_in_the_code(name: str, language: str) -> None:
    properties = TypeAdapter(SHAPES[name]).json_schema()["properties"]
    said = keys(name, language).items()
    spoken_of = [key for key, default in said if not is_value(default) and key not in required(name)]
    # pydantic shows no default of a secret, and that of [store] url is worked out when the file is read.
    assert [key for key in spoken_of if properties[key].get("default") is not None and key != "url"] == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_defaults_are_values_in_every_language(language: str) -> None:
    said = {name: {key: one for key, one in keys(name, language).items() if is_value(one)} for name in SHAPES}
    assert said == {name: {key: one for key, one in keys(name).items() if is_value(one)} for name in SHAPES}


SECRETS = {"secrets/ozon_main": "00000000-0000-4000-8000-000000000000", "board.hash": "a hash of a password"}
"""What the example commands do not put into secrets/ before the file is written."""


def secrets_of(language: str) -> dict[str, str]:
    """The secrets that the commands of the guides make, by their files."""
    made = (re.findall(r"echo '(.+)' > (secrets/\w+)", block) for block in code(BOOKS[language], "sh"))
    return SECRETS | {name: secret for block in made for secret, name in block if "://" in secret}


@pytest.mark.parametrize("language", READMES)
def test_every_example_of_a_configuration_is_read(language: str, tmp_path: Path) -> None:
    shop = f"[[shop]]\n{REQUIRED['shop']}\n"
    examples = code(BOOKS[language], "toml")
    assert len(examples) >= 5
    (tmp_path / "secrets").mkdir()
    for name, secret in secrets_of(language).items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(secret, encoding="utf-8")
    for text in examples:
        read(tmp_path, text if "[[shop]]" in text else text + shop)


@pytest.mark.parametrize("language", READMES)
def test_every_channel_url_that_is_shown_leads_to_one_destination(language: str) -> None:
    shown = re.findall(r"\b(?:tgram|mailtos|wecombot|dingtalk|feishu|lark|jsons)://[^`'\s]{2,}", BOOKS[language])
    filled_in = [
        url.replace("BOT_TOKEN", "123456789:AAE0-dummy-Token").replace("CHAT_ID", "-1001234567890") for url in shown
    ]
    assert len(shown) >= 14
    assert {url: check_url(url) for url in filled_in if check_url(url)} == {}
