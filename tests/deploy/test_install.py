"""install.sh, from a bare machine through upgrades, good and bad, to a bare machine."""

import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelwatch.sandbox import Sandbox, TellableClock
from labelwatch.sandbox.scenarios import build
from tests.deploy.machine import INSTALLER, Ended, Machine, bare_machine
from tests.deploy.wheels import altered, own_wheel, wheelhouse
from tests.docs.test_setup import START

# One environment with all libraries takes its time, and the machine is shared.
pytestmark = [pytest.mark.timeout(300), pytest.mark.lengthy]

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)
SPOILT = "labelwatch/service/scheduler.py"
SPOILS_THE_TABLES = """
import os, sqlite3
with sqlite3.connect(os.environ["STATE_DIRECTORY"] + "/labelwatch.db") as spoilt:
    spoilt.execute("UPDATE alembic_version SET version_num = '9999'")
raise SystemExit("this version spoils the tables and ends")
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The requirements in their wheelhouse, and the wheel of this checkout."""
    return wheelhouse(tmp_path_factory.mktemp("wheelhouse")), own_wheel(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def wheel(wheels: tuple[Path, Path]) -> Path:
    return wheels[1]


@pytest.fixture(scope="module")
def bare(wheels: tuple[Path, Path]) -> Iterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="machine-"))
    machine = bare_machine(root, wheels[0])
    try:
        yield machine
    finally:
        machine.systemctl("stop")
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def installed(bare: Machine, wheel: Path) -> Machine:
    """Installed by somebody who has no configuration yet."""
    done = bare.install("--wheel", wheel)
    assert done.code == 0, done.err
    assert "Next: sudo labelwatch init" in done.out
    bare.keep_libraries()
    return bare


@pytest.fixture(scope="module")
def ozon() -> Iterator[Sandbox]:
    with Sandbox(build("causes", START), TellableClock(START, speed=1)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def running(installed: Machine, ozon: Sandbox, wheel: Path) -> Machine:
    """Set up with `labelwatch init` and started."""
    (shop, *_) = ozon.world.shops.values()
    options = ["--language", "en", "--client-id", shop.client_id, "--key", "-", "--base-url", ozon.base_url, "--yes"]
    done = installed.command("init", *options, stdin=f"{shop.api_key}\n")
    assert done.code == 0, done.err
    config = installed.etc / "labelwatch.toml"
    told = re.sub(r'url = "sqlite:.*labelwatch-trial.db"', "", config.read_text())  # what a real shop does not have
    config.write_text(told.replace("127.0.0.1:8765", "127.0.0.1:0"))
    done = installed.install("--wheel", wheel)
    assert "The service runs" in done.out, f"{done.err}{installed.journal}"
    return installed


def runs(machine: Machine) -> bool:
    return machine.systemctl("is-active").code == 0


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_command_works_for_who_administers_the_machine(installed: Machine) -> None:
    assert installed.command("--version").out.startswith("labelwatch ")
    nothing_yet = installed.command("late")
    assert nothing_yet.code == 78
    assert "For the orders" in nothing_yet.err


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_installed_unit(installed: Machine) -> None:
    found = subprocess.run(["systemd-analyze", "verify", installed.unit], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@needs_systemd
def test_the_installed_unit_exposes_next_to_nothing(installed: Machine) -> None:
    judged = ["systemd-analyze", "security", "--offline=true", "--threshold=11", "--no-pager", str(installed.unit)]
    subprocess.run(judged, check=True, capture_output=True)


def test_what_init_wrote_belongs_to_the_service_alone(running: Machine) -> None:
    secrets = running.etc / "labelwatch.secrets"
    written = [running.etc / "labelwatch.toml", *secrets.iterdir()]
    assert {(path.owner(), mode(path)) for path in written} == {(running.user, 0o600)}
    assert (mode(running.etc), mode(secrets), mode(running.state)) == (0o750, 0o750, 0o700)


def test_the_service_runs_and_the_command_sees_what_it_sees(running: Machine) -> None:
    assert runs(running)
    assert running.systemctl("is-enabled").code == 0
    assert running.command("poll").code == 75
    late = running.command("late", "--json")
    assert late.code == 0, late.err
    assert {path.owner() for path in running.state.iterdir()} == {running.user}


def test_a_second_time_nothing_is_touched(running: Machine, wheel: Path) -> None:
    before = (running.in_use, pid(running))
    running.asked()
    done = running.install("--wheel", wheel)
    assert (done.code, done.err) == (0, "")
    assert "Nothing has changed; the service runs." in done.out
    assert {"stop", "start", "restart"} & set(running.asked()) == set()
    assert (running.in_use, pid(running)) == before


def pid(machine: Machine) -> str:
    return (machine.root / "run/pid").read_text()


def test_the_service_is_handed_the_secrets_that_there_are(running: Machine, wheel: Path) -> None:
    secret = running.etc / "secrets/heartbeat"
    secret.write_text("https://example.org/ping")
    (running.etc / "secrets/not a name").write_text("?")
    done = running.install("--wheel", wheel)
    assert "Passed over" in done.err
    assert (mode(secret), mode(secret.parent)) == (0o640, 0o750)
    handed = (running.root / "etc/systemd/system/labelwatch.service.d/secrets.conf").read_text().splitlines()
    assert handed[2:] == ["LoadCredential=", f"LoadCredential=heartbeat:{secret}"]
    assert runs(running)


def test_a_configuration_that_the_new_version_refuses_stops_nothing(running: Machine, wheel: Path) -> None:
    config = running.etc / "labelwatch.toml"
    was, number = config.read_text(), pid(running)
    config.write_text(f"colour = 'blue'\n{was}")
    done = running.install("--wheel", wheel)
    config.write_text(was)
    assert done.code == 1
    assert "colour" in done.err
    assert (runs(running), pid(running)) == (True, number)


def upgraded(machine: Machine, wheel: Path, to: Path, more: dict[str, str]) -> tuple[Ended, str, str]:
    """What an upgrade said, and the versions before and after."""
    before = machine.in_use
    done = machine.install("--upgrade", "--wheel", altered(wheel, to, more=more))
    return done, before, machine.in_use


def test_an_upgrade_keeps_the_data_and_copies_them_first(running: Machine, wheel: Path, tmp_path: Path) -> None:
    while not (known := opened(running)):
        time.sleep(0.2)
    more = {"labelwatch/py.typed": "# another\n"}
    done, before, after = upgraded(running, wheel, tmp_path / "new", more)
    assert done.code == 0, done.err
    assert before != after
    assert runs(running)
    assert opened(running) >= known
    assert list((running.state / "backups").glob("labelwatch-*.db"))
    assert {path.name for path in (running.app / "versions").iterdir()} == {before, after}


def opened(machine: Machine) -> set[tuple[str, str]]:
    """What is late, and since when it has been known."""
    late = machine.command("late", "--json")
    assert late.code == 0, late.err
    return {(one["posting_number"], one["opened_at"]) for one in late.json["alerts"]}


def test_a_version_that_spoils_the_tables_and_does_not_start_gives_way_to_the_old_one_and_its_copy(
    running: Machine, wheel: Path, tmp_path: Path
) -> None:
    known = opened(running)
    done, before, after = upgraded(running, wheel, tmp_path / "broken", {SPOILT: SPOILS_THE_TABLES})
    assert done.code == 1
    assert "the old one is in use again" in done.err
    assert before == after
    assert runs(running)
    assert opened(running) >= known
    assert running.in_use in {path.name for path in (running.app / "versions").iterdir()}


def test_a_library_that_is_not_what_was_locked_is_not_installed(
    running: Machine, wheel: Path, tmp_path: Path
) -> None:
    other = tmp_path / "requirements.txt"
    (first, *rest) = running.requirements.read_text().splitlines(keepends=True)
    other.write_text("".join([first[:-9] + "00000000\n", *rest]))
    before, versions = running.in_use, set((running.app / "versions").iterdir())
    running.kept.rename(running.kept.with_name("not kept"))
    done = running.install("--wheel", wheel, "--requirements", other)
    assert done.code == 1
    assert "what was there is as it was" in done.err
    assert (running.in_use, runs(running)) == (before, True)
    assert set((running.app / "versions").iterdir()) == versions


def test_uninstalled_it_is_gone_and_the_data_are_not(running: Machine) -> None:
    done = running.install("--uninstall", "--purge", answers="yes\nno\n")
    assert done.code == 0, done.err
    assert not runs(running)
    gone = (running.app, running.unit, running.root / "usr/local/bin/labelwatch")
    assert [path for path in gone if path.exists()] == []
    assert (running.etc / "labelwatch.toml").exists()
    assert (running.state / "labelwatch.db").exists()
    assert running.install("--uninstall", "--purge", answers="yes\nremove\n").code == 0
    assert [path for path in (running.etc, running.state) if path.exists()] == []


WRONG = [
    (("--colour", "blue"), 2, "there is no option --colour"),
    (("--wheel",), 2, "--wheel needs a value"),
    (("--purge",), 2, "--purge goes with --uninstall"),
    (("--upgrade",), 1, "nothing is installed yet"),
    (("--wheel", "/nowhere.whl"), 1, "/nowhere.whl is not there"),
    (("--python", "/bin/true"), 1, ""),
    (("--python", "/nowhere"), 1, "/nowhere is not Python 3.11 or newer"),
]


@pytest.mark.parametrize(("options", "code", "said"), WRONG)
def test_what_cannot_be_done_is_said_before_anything_is_changed(
    tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    order = ["sh", str(INSTALLER), "--root", str(tmp_path), *options]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not on this machine")
def test_shellcheck_finds_nothing() -> None:
    subprocess.run(["shellcheck", str(INSTALLER)], check=True)
