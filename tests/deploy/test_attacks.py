"""What the service's user may prepare for root's next run of install.sh: links, names, modules. Root falls for none.

The program is a stub, so that a run takes a second; test_install.py installs the real one.
"""

import os
import pty
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.machine import INSTALLER, Ended, Machine, bare_machine

STUB = """#!/bin/sh
# A Python whose environments hold a stub of labelwatch, which notes who runs it.
for n in 0 1 2; do [ ! -t $n ] || [ -z "${STATE_DIRECTORY-}" ] || echo "$n $*" >>"$STATE_DIRECTORY/terminals"; done
case "$*" in
--version | "-I --version") echo 3.11 ;;
*"-m venv "*) for last; do :; done; mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
*"pip install"*) cp "$0" "$(dirname "$0")/labelwatch" ;;
"db backup"*) mkdir -p "${5%/*}" && cp "$STATE_DIRECTORY/labelwatch.db" "$5" ;;
init*)
    mkdir -p "${LABELWATCH_CONFIG%.toml}.secrets"
    echo new >"$LABELWATCH_CONFIG"
    echo key >"${LABELWATCH_CONFIG%.toml}.secrets/key" ;;
esac
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be attacked by somebody else")
USER = "daemon"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def machine(place: Path) -> Machine:
    """Installed, with a configuration, a secret and a database."""
    root = place / "machine"
    root.mkdir()
    stub, lock = root / "python", place / "requirements.txt"
    stub.write_text(STUB)
    stub.chmod(0o755)
    lock.touch()
    bare = bare_machine(root, lock)
    machine = Machine(root=root, user=USER, python=str(stub), requirements=lock)
    assert bare.python
    assert again(machine).code == 0
    assert machine.command("init").code == 0
    as_user(f"echo kept > {machine.state}/labelwatch.db")
    (machine.etc / "secrets/ozon").write_text("key")
    return machine


@pytest.fixture
def outside(place: Path) -> Path:
    """A directory of root's with a file in it, which have to stay as they are."""
    outside = place / "outside"
    outside.mkdir(mode=0o755)
    (outside / "labelwatch-0.db").write_text("root's")
    (outside / "labelwatch-0.db").chmod(0o600)
    return outside


def again(machine: Machine, *options: str | Path) -> Ended:
    """Run the installer with a version that was not there before."""
    wheel = machine.root / "new.whl"
    wheel.write_text(f"{wheel.read_text() if wheel.exists() else ''}.")
    return machine.install("--no-start", "--wheel", wheel, *options)


def as_user(script: str) -> None:
    subprocess.run(["runuser", "-u", USER, "--", "sh", "-euc", script], check=True)


def older_layout(machine: Machine) -> None:
    """As versions before this one left it: the service's user may change what is in the directory."""
    machine.etc.chmod(0o770)
    as_user(f"test -w {machine.etc}")
    subprocess.run(["chown", "-R", f"{USER}:{USER}", machine.etc / "labelwatch.secrets"], check=True)
    (machine.etc / "labelwatch.secrets").chmod(0o700)


def is_as_it_was(outside: Path) -> bool:
    inside = outside / "labelwatch-0.db"
    return all(
        (path.owner(), path.stat().st_mode & 0o7777) == ("root", mode)
        for path, mode in ((outside, 0o755), (inside, 0o600))
    )


def test_only_root_changes_the_configuration_and_the_service_can_read_it(machine: Machine) -> None:
    assert again(machine).code == 0
    directories = (machine.etc, machine.etc / "secrets", machine.etc / "labelwatch.secrets")
    assert {(path.owner(), path.group(), path.stat().st_mode & 0o7777) for path in directories} == {
        ("root", USER, 0o750)
    }
    as_user(f"cat {machine.etc}/labelwatch.toml {machine.etc}/labelwatch.secrets/key {machine.etc}/secrets/ozon")
    for path in directories:
        with pytest.raises(subprocess.CalledProcessError):
            as_user(f"touch {path}/x 2>/dev/null")


def test_an_older_installation_is_upgraded_without_loss(machine: Machine) -> None:
    older_layout(machine)
    assert again(machine).code == 0
    test_only_root_changes_the_configuration_and_the_service_can_read_it(machine)
    (copy, *_) = sorted((machine.state / "backups").iterdir())
    assert (copy.read_text(), copy.owner()) == ("kept\n", USER)


def links_backups(machine: Machine, outside: Path) -> None:
    as_user(f"rmdir {machine.state}/backups 2>/dev/null || :; ln -s {outside} {machine.state}/backups")


def links_the_state(machine: Machine, outside: Path) -> None:
    as_user(f"ln -s {outside}/labelwatch-0.db {machine.state}/labelwatch-1.db")


def names_with_blanks(machine: Machine, outside: Path) -> None:
    backups = machine.state / "backups"
    as_user(
        f"""mkdir -p '{backups}/labelwatch-0 {outside}' && touch '{backups}/labelwatch-0 {outside}/labelwatch-0.db'
        touch '{backups}/labelwatch-
{outside.name}.db' {backups}/labelwatch-2.db
        for n in 1 2 3 4 5 6 7; do touch "{backups}/labelwatch-9$n.db"; done"""
    )


IN_THE_STATE = [links_backups, links_the_state, names_with_blanks]


@pytest.mark.parametrize("attack", IN_THE_STATE)
def test_what_lies_in_the_database_directory_leads_root_nowhere(
    machine: Machine, outside: Path, attack: Callable[[Machine, Path], None]
) -> None:
    attack(machine, outside)
    again(machine)
    assert is_as_it_was(outside)
    machine.install("--uninstall", "--purge", answers="yes\nremove\n")
    assert is_as_it_was(outside)
    assert not machine.state.exists()


def links_a_secret(machine: Machine, outside: Path) -> str:
    as_user(f"ln -s {outside}/labelwatch-0.db {machine.etc}/labelwatch.secrets/other")
    return "labelwatch.secrets/other"


def links_the_file(machine: Machine, outside: Path) -> str:
    as_user(f"rm -f {machine.etc}/labelwatch.toml; ln -s {outside}/labelwatch-0.db {machine.etc}/labelwatch.toml")
    return "labelwatch.toml"


def links_hard(machine: Machine, outside: Path) -> str:
    os.link(outside / "labelwatch-0.db", machine.etc / "labelwatch.secrets/other")
    return "labelwatch.secrets/other"


def swaps_secrets_for_a_link(machine: Machine, outside: Path) -> str:
    as_user(f"mv {machine.etc}/secrets {machine.etc}/gone; ln -s {outside} {machine.etc}/secrets")
    return "secrets"


def swaps_secrets_for_a_directory(machine: Machine, outside: Path) -> str:
    as_user(
        f"cd {machine.etc} && mv secrets gone && mkdir secrets && ln -s {outside}/labelwatch-0.db secrets/labelwatch"
    )
    return "secrets"


def swaps_the_folder_for_a_link(machine: Machine, outside: Path) -> str:
    as_user(
        f"mv {machine.etc}/labelwatch.secrets {machine.etc}/gone; ln -s {outside} {machine.etc}/labelwatch.secrets"
    )
    return "labelwatch.secrets"


def leaves_a_directory(machine: Machine, outside: Path) -> str:
    as_user(f"mkdir {machine.etc}/labelwatch.secrets/more")
    return "labelwatch.secrets/more"


IN_THE_CONFIGURATION = [
    links_a_secret,
    links_the_file,
    links_hard,
    swaps_secrets_for_a_link,
    swaps_secrets_for_a_directory,
    swaps_the_folder_for_a_link,
    leaves_a_directory,
]


@pytest.mark.parametrize("attack", IN_THE_CONFIGURATION)
def test_what_the_service_left_among_the_configuration_is_named_and_refused(
    machine: Machine, outside: Path, attack: Callable[[Machine, Path], str]
) -> None:
    older_layout(machine)
    name = attack(machine, outside)
    before = machine.in_use
    done = again(machine)
    assert (done.code, f"{machine.etc}/{name} was not made by root" in done.err) == (1, True), done.err
    assert is_as_it_was(outside)
    assert machine.in_use == before
    handed = (machine.root / "etc/systemd/system/labelwatch.service.d/secrets.conf").read_text()
    assert "labelwatch-0" not in handed


def test_root_runs_what_writes_the_configuration_and_looks_for_nothing_in_the_service_s_home(
    machine: Machine,
) -> None:
    command = (machine.root / "usr/local/bin/labelwatch").read_text()
    as_root, *as_service = [line for line in command.splitlines() if '"$@"' in line and "exec sudo" not in line][::-1]
    assert "HOME" not in as_root
    assert all(f'HOME="{machine.state}" exec' in line for line in as_service)


def test_nothing_of_the_service_s_user_has_root_s_terminal() -> None:
    """It could type into it (TIOCSTI): what is run as that user gets a terminal of its own, or none."""
    deploy = Path(__file__).parents[2] / "deploy"
    text = "".join((deploy / name).read_text() for name in ("install.sh", "labelwatch.sh"))
    runs = re.findall(r"(setsid -w )?runuser( --pty)? -u", text)
    assert len(runs) == 3
    assert all(any(run) for run in runs)


def test_what_runs_as_the_service_s_user_has_no_end_of_root_s_terminal(machine: Machine) -> None:
    """Not even for output: a terminal can be read at any of its ends, as by a process that traces this one."""
    (machine.root / "new.whl").write_text("another")
    terminal, end = pty.openpty()
    given = [
        "--root",
        machine.root,
        "--user",
        USER,
        "--python",
        machine.python,
        "--requirements",
        machine.requirements,
    ]
    done = subprocess.run(
        ["sh", *map(str, (INSTALLER, *given, "--no-start", "--wheel", machine.root / "new.whl"))],
        env={"PATH": os.environ["PATH"]},
        stdin=end,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    said = os.read(terminal, 4096)
    os.close(terminal)
    assert (done.returncode, b"Installed" in said) == (0, True), said
    assert list((machine.state / "backups").iterdir()), "it was run"
    assert not (machine.state / "terminals").exists()


def test_a_module_in_the_current_directory_is_not_run(place: Path) -> None:
    here, root, empty = (place / name for name in ("here", "root", "empty"))
    for folder in (here, root, empty):
        folder.mkdir()
    here.chmod(0o777)
    for module in ("venv", "ensurepip", "pip", "sitecustomize", "usercustomize", "subprocess"):
        (here / f"{module}.py").write_text(f"open({str(here / 'ran')!r}, 'a').write(__name__)\n")
    (empty / "lock").write_text("nothing==1 --hash=sha256:00\n")
    machine = bare_machine(root, empty / "lock")
    options = ["--root", root, "--user", USER, "--python", machine.python, "--wheelhouse", empty]
    given = [*options, "--requirements", empty / "lock", "--wheel", empty / "lock"]
    installer = Path(__file__).parents[2] / "deploy/install.sh"
    done = subprocess.run(
        ["sh", str(installer), *map(str, given)],
        cwd=here,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert not (here / "ran").exists()
    assert (done.returncode, "what was there is as it was" in done.stderr) == (1, True), done.stderr


def test_the_directories_are_as_the_fragments_for_systemd_have_them(machine: Machine) -> None:
    lines = (Path(__file__).parents[2] / "deploy/tmpfiles.conf").read_text().splitlines()
    wanted = {line.split()[1]: line.split()[2:] for line in lines if line.startswith("d ")}
    assert wanted.keys() == {
        *(f"/etc/labelwatch{name}" for name in ("", "/secrets", "/labelwatch.secrets")),
        "/var/lib/labelwatch",
    }
    for place, (mode, user, group) in wanted.items():
        path = machine.root / place[1:]
        found = f"{path.stat().st_mode & 0o7777:04o}", path.owner(), path.group()
        assert found == (mode, *(name.replace("labelwatch", USER) for name in (user, group)))


def test_the_user_that_is_made_cannot_log_in(place: Path) -> None:
    fragment = Path(__file__).parents[2] / "deploy/sysusers.conf"
    (place / "etc").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={place}", str(fragment)], check=True)
    (line,) = [one for one in (place / "etc/passwd").read_text().splitlines() if one.startswith("labelwatch:")]
    assert line.endswith(":/var/lib/labelwatch:/usr/sbin/nologin")
    assert "labelwatch:!" in (place / "etc/shadow").read_text()
