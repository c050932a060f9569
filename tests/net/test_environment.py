"""Whatever this process misses around it is a sentence with a cure and an exit code, never a traceback."""

import os
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import OutgoingMessage, Permanent
from labelwatch.config import ConfigError, load, values
from labelwatch.config.reading import find, home
from labelwatch.config.sentences import Unfit
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.net.environment import problems
from tests.support.forked import SCRIPT, Ended, ended
from tests.support.reasons import english

PAGE = """\
language = "{language}"
[store]
url = "sqlite:///labels.db"
[ozon]
base_url = "https://127.0.0.1:9"
timeout = "1s"
[[shop]]
name = "main"
client_id = "123456"
api_key = "env:KEY"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "labelwatch.toml"
    file.write_text(PAGE.format(language="en"), "utf-8")
    file.chmod(0o600)
    return tmp_path


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without an entry in the list of users, as in many containers."""

    def nobody(user: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    for name in ("HOME", "XDG_STATE_HOME", "LABELWATCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)


@pytest.fixture
def no_temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    yield
    tempfile.tempdir = None


def labelwatch(folder: Path, *args: str, **environ: str) -> Ended:
    around = {"PATH": os.environ["PATH"], "HOME": str(folder), "KEY": "0" * 36, **environ}
    return ended(*args, folder=folder, environ=around)


@pytest.mark.parametrize(
    ("command", "code"), [(("check",), 78), (("doctor", "--offline"), 1), (("poll",), 69)], ids=lambda one: str(one)
)
def test_a_stale_store_of_certificates_is_one_sentence_of_every_command(
    folder: Path, command: tuple[str, ...], code: int
) -> None:
    done = labelwatch(folder, *command, SSL_CERT_FILE="/gone/ca.pem")
    said = done.out + done.err
    assert done.code == code
    assert said.count("SSL_CERT_FILE = /gone/ca.pem cannot be read") == 1, said
    assert "correct it or remove it from the environment" in " ".join(said.split())
    assert "Traceback" not in said
    assert "may have arrived" not in said
    assert "Open the seller account" not in said


def test_check_names_everything_at_once_also_as_json(folder: Path) -> None:
    done = labelwatch(folder, "check", "--json", SSL_CERT_FILE="/gone/ca.pem", ALL_PROXY="socks4://proxy:1")
    assert done.code == 78
    found = done.json
    assert not found["ok"]
    assert [problem.partition(" ")[0] for problem in found["environment"]] == ["ALL_PROXY", "SSL_CERT_FILE"]


def test_a_directory_that_is_gone_is_said(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f"cd {gone} && rmdir {gone} && exec {SCRIPT} late"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 78
    assert "the current directory is gone" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("no_home")
def test_without_a_home_the_other_places_are_looked_at_and_the_database_wants_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home({}) is None
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"one of labelwatch\.toml, /etc/labelwatch"):
        find(None, {})
    page = tmp_path / "labelwatch.toml"
    page.write_text(PAGE.format(language="en").replace('url = "sqlite:///labels.db"', ""))
    with pytest.raises(ConfigError) as wrong:
        load(page, environ={"KEY": "k"}, check_url=lambda url: None)
    (mistake,) = wrong.value.mistakes
    assert mistake.key == "store.url"
    assert "set HOME or STATE_DIRECTORY" in mistake.allowed
    given = load(page, environ={"KEY": "k", "STATE_DIRECTORY": "/var/lib/labelwatch"}, check_url=lambda url: None)
    assert given.store.url.get_secret_value() == "sqlite:////var/lib/labelwatch/labelwatch.db"


@pytest.mark.usefixtures("no_temporary")
def test_a_missing_directory_for_temporary_files_is_named() -> None:
    assert problems({}) == [Text("no_temporary")]


def test_a_machine_without_zone_files_is_not_said_to_have_misspelt_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        with pytest.raises(Unfit, match="install the Python package tzdata"):
            values.zone("Europe/Moscow")
    finally:
        zoneinfo.reset_tzpath()
    with pytest.raises(Unfit, match="an IANA time zone, like"):
        values.zone("Europe/Moskau")


def test_a_stale_bundle_of_apprise_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/gone/bundle.pem")
    outgoing = OutgoingMessage(Message("late", (Section(lines=("Not packed yet.",)),), Kind.WARNING), [], "0" * 32)
    result = open_channel("gotifys://127.0.0.1:9/a-token-of-gotify").send(outgoing)
    assert isinstance(result, Permanent)
    assert english(result.error).startswith("REQUESTS_CA_BUNDLE = /gone/bundle.pem cannot be read")
    assert problems() == [result.error]


@pytest.mark.usefixtures("no_temporary")
@pytest.mark.parametrize("language", ["zh", "ru"])
def test_every_problem_is_said_in_every_language(tmp_path: Path, language: str) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    around = {"HTTP_PROXY": "http://", "ALL_PROXY": "ftp://x", "REQUESTS_CA_BUNDLE": "/gone"}
    found = [
        *problems({**around, "SSL_CERT_FILE": "/gone"}),
        *problems({"SSL_CERT_DIR": "/gone"}),
        *problems({"SSL_CERT_FILE": str(empty)}),
    ]
    assert len(found) == 9
    assert all(translate(one, language) for one in found)
