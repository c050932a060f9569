"""The configuration that is written: read back as it was meant, and whole or not at all."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from labelwatch.channels import check_url, check_way
from labelwatch.cli.words import phrases
from labelwatch.config import ConfigError, load
from labelwatch.setup.config_writer import Draft, NewChannel, NewShop, Written, write

KEY = "5a9d2c1e-0000-4b7f-8e21-invented0001"
DRAFT = Draft(
    language="ru",
    timezone="Europe/Moscow",
    shops=(NewShop('Дом "у моря" \\ 1', "100001", KEY),),
    channels=(
        NewChannel(
            "packers",
            "tgram://123456789:AA-invented-for-tests-only-0001/-5",
            api_base="http://127.0.0.1:1",
            proxy="socks5://me:pw@127.0.0.1:1080",
            quiet_hours="22:00-08:00",
        ),
        NewChannel("打包", "json://127.0.0.1/hook"),
    ),
)


def put(draft: Draft, path: Path, language: str = "zh") -> Written:
    comments = phrases(language, "init_file")
    return write(draft, path, comments=comments, environ={}, check_url=check_url, check_way=check_way)


def all_files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_it_is_read_back_as_it_was_meant(tmp_path: Path, language: str) -> None:
    path = tmp_path / "deep/er/labelwatch.toml"
    put(replace(DRAFT, base_url="http://127.0.0.1:8790", listen="127.0.0.1:8765"), path, language)
    config = load(path, environ={}, check_url=check_url, check_way=check_way)
    (shop,) = config.shops
    assert (shop.name, shop.api_key.get_secret_value()) == ('Дом "у моря" \\ 1', KEY)
    packers, others = config.channels
    assert packers.proxy is not None
    assert packers.proxy.get_secret_value() == "socks5://me:pw@127.0.0.1:1080"
    assert others.url.get_secret_value() == "json://127.0.0.1/hook"
    assert config.web is not None
    assert config.store.url.get_secret_value().endswith("/deep/er/labelwatch-trial.db")
    assert config.warnings == ()


def test_the_database_of_a_trial_is_kept_where_everything_is(tmp_path: Path) -> None:
    path, environ = tmp_path / "etc/labelwatch.toml", {"STATE_DIRECTORY": str(tmp_path / "state")}
    trial = replace(DRAFT, base_url="http://127.0.0.1:8790")
    comments = phrases("en", "init_file")
    write(trial, path, comments=comments, environ=environ, check_url=check_url, check_way=check_way)
    config = load(path, environ=environ, check_url=check_url, check_way=check_way)
    assert config.store.url.get_secret_value() == f"sqlite:///{tmp_path}/state/labelwatch-trial.db"


def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    written = put(DRAFT, tmp_path / "new/labelwatch.toml")
    assert stat.S_IMODE(written.secrets.stat().st_mode) == 0o700
    for path in (written.config, *written.secrets.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = written.config.read_text("utf-8")
    assert not any(secret in text for secret in (KEY, "AA-invented", "pw@"))


def test_the_configuration_before_stays_good(tmp_path: Path) -> None:
    path = tmp_path / "labelwatch.toml"
    put(DRAFT, path)
    other = replace(DRAFT, shops=(NewShop("main", "100001", "another-key-invented-0002"),))
    kept = put(other, path).kept
    assert kept is not None
    keys = [load(one, environ={}, check_url=check_url).shops[0].api_key.get_secret_value() for one in (kept, path)]
    assert keys == [KEY, "another-key-invented-0002"]
    third = put(other, path).kept
    assert third is not None
    assert third.name == "labelwatch.toml.old2"
    assert len(list((tmp_path / "labelwatch.secrets").glob("ozon-*"))) == 2


def test_a_draft_that_makes_no_configuration_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "labelwatch.toml"
    with pytest.raises(ConfigError):
        put(replace(DRAFT, shops=()), path)
    assert not list(tmp_path.iterdir())
    put(DRAFT, path)
    before = all_files(tmp_path)
    with pytest.raises(ConfigError):
        put(replace(DRAFT, timezone="Mars/Base", shops=(NewShop("x", "9", "some-other-key-0003"),)), path)
    assert all_files(tmp_path) == before


def test_an_interruption_at_any_moment_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "labelwatch.toml"
    put(DRAFT, path)
    before = all_files(tmp_path)

    def interrupted(url: str) -> str | None:
        raise KeyboardInterrupt

    other = replace(DRAFT, shops=(NewShop("x", "9", "some-other-key-0003"),))
    with pytest.raises(KeyboardInterrupt):
        write(
            other, path, comments=phrases("en", "init_file"), environ={}, check_url=interrupted, check_way=check_way
        )
    assert all_files(tmp_path) == before
