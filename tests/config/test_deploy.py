"""What is shipped to be copied onto a server works as it is: the example configuration and the systemd unit."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from labelwatch.config import Alerts, Channel, Config, Escalation, Heartbeat, Limits, Ozon, Shop, Store, Web, load
from labelwatch.core.policy import AlertPolicy, DelayPolicy
from tests.config.files import ENVIRON, SHOP, read

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = (DEPLOY / "labelwatch.toml.example").read_text(encoding="utf-8")
UNIT = (DEPLOY / "labelwatch.service").read_text(encoding="utf-8")

# A key or a header that the example shows but leaves out.
COMMENTED = re.compile(r"^# ([a-z_]+ = .+|\[.+\])$", re.MULTILINE)

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A directory as systemd makes it, with each credential that the example names."""
    directory = tmp_path / "credentials"
    directory.mkdir()
    for name in re.findall(r'"credential:(\w+)"', EXAMPLE):
        is_key = name.startswith("ozon")
        (directory / name).write_text(ENVIRON["KEY"] if is_key else "https://example.org/secret")
    return directory


def load_example(directory: Path, text: str, credentials: Path) -> Config:
    path = directory / "labelwatch.toml"
    path.write_text(text, encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), "WEBHOOK_SIGNING_SECRET": f"whsec_{'A' * 44}"}
    return load(path, environ=environ, check_url=lambda _: None)


def test_the_example_is_read_without_a_warning(tmp_path: Path, credentials: Path) -> None:
    config = load_example(tmp_path, EXAMPLE, credentials)
    assert config.warnings == ()
    assert [to.name for to in config.destinations()] == ["packers", "owner"]


def test_what_the_example_leaves_out_is_the_default(tmp_path: Path, credentials: Path) -> None:
    shown = load_example(tmp_path, COMMENTED.sub(r"\1", EXAMPLE), credentials)
    default = read(tmp_path, SHOP)
    assert shown.calm_interval == default.calm_interval
    assert (shown.ozon, replace(shown.alerts, calm_interval=None), shown.store.history) == (
        default.ozon,
        default.alerts,
        default.store.history,
    )
    assert replace(shown.alert_policy(), escalation=()) == AlertPolicy()
    assert shown.delays.over(DelayPolicy().default) == DelayPolicy().default
    assert (shown.language, shown.timezone) == (default.language, default.timezone)


def keys(text: str) -> Iterator[tuple[str, str]]:
    """(table, key) of everything that is written, commented out or not."""
    table = ""
    for line in COMMENTED.sub(r"\1", text).splitlines():
        if header := re.fullmatch(r"\[+([a-z_.]+)\]+", line):
            table = header[1]
        elif assignment := re.match(r"([a-z_]+) =", line):
            yield table, assignment[1]


# Tables below others have headers of their own.
TABLES_BELOW = {"delays", "warehouses", "delivery_methods", "escalations"}


@pytest.mark.parametrize("shape", [Store, Ozon, Limits, Alerts, Escalation, Shop, Channel, Web, Heartbeat])
def test_the_example_shows_every_key_that_there_is(shape: type) -> None:
    table = "delays" if shape is Limits else shape.__name__.lower()
    known = {field.name for field in fields(shape)} - TABLES_BELOW
    assert known == {key for place, key in keys(EXAMPLE) if place == table}


def test_the_unit_hands_over_every_credential_that_the_example_names() -> None:
    def named(pattern: str, text: str) -> set[str]:
        return set(re.findall(pattern, text, re.MULTILINE))

    assert named(r"^LoadCredential=(\w+):", UNIT) == named(r'^[a-z_]+ = "credential:(\w+)"', EXAMPLE)
    assert named(r"^#?LoadCredential=(\w+):", UNIT) == named(r'= "credential:(\w+)"', EXAMPLE)


@needs_systemd
def test_the_unit_exposes_next_to_nothing() -> None:
    # The threshold is in tenths: the command fails above 1.1.
    judged = ["systemd-analyze", "security", "--offline=true", "--threshold=11", str(DEPLOY / "labelwatch.service")]
    subprocess.run([*judged, "--no-pager"], check=True, capture_output=True)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "labelwatch.service"
    # The program is not installed where the unit expects it.
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT), encoding="utf-8")
    found = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


# (lock, the extras of pyproject.toml that it holds beside the dependencies)
LOCKS = [("deploy/requirements.txt", ["postgres"]), (".ci/requirements.txt", ["postgres", "bench", "dev"])]


@pytest.mark.fault("C5")
@pytest.mark.parametrize(("lock", "extras"), LOCKS)
def test_a_lock_holds_every_library_that_the_project_asks_for_with_its_hashes(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    for extra in extras:
        wanted += project["project"]["optional-dependencies"][extra]
    text = (DEPLOY.parent / lock).read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==\S+ .*\\\n +--hash=sha256:", text, re.MULTILINE))
    assert {re.split(r"[\[<>=~]", requirement)[0] for requirement in wanted} - pinned == set()
