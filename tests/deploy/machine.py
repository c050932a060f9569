"""A machine to install on: a folder as its root, a user without rights if there is one, wheels but no network."""

import getpass
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pip

from tests.deploy.wheels import NO_COMPILE, ROOT
from tests.support.ending import MARKED

INSTALLER = ROOT / "deploy" / "install.sh"
SYSTEMCTL = f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("systemctl.py")}" "$@"\n'
PYTHON = """#!/bin/sh
# The Python of the machine. An environment gets the pip that there is, or is copied from the one that was kept.
case "$*" in
"-I -m venv "*)
    for last; do :; done
    if [ -d "{kept}" ]; then cp -al "{kept}" "$last" && exit; fi
    "{python}" "$@" --without-pip && ln -s "{pip}" "$last"/lib/python3*/site-packages/ ;;
*) exec "{python}" "$@" ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`root` may be entered by everybody."""

    root: Path
    user: str
    python: str
    requirements: Path

    @property
    def app(self) -> Path:
        return self.root / "opt/labelwatch"

    @property
    def etc(self) -> Path:
        return self.root / "etc/labelwatch"

    @property
    def state(self) -> Path:
        return self.root / "var/lib/labelwatch"

    @property
    def unit(self) -> Path:
        return self.root / "etc/systemd/system/labelwatch.service"

    @property
    def systemctl_program(self) -> Path:
        return self.root / "run/systemctl"

    @property
    def in_use(self) -> str:
        """The version that the link leads to."""
        return (self.app / ".venv").readlink().name

    @property
    def kept(self) -> Path:
        """Where an environment with all libraries is, once it was kept."""
        return self.root / "run/environment"

    def keep_libraries(self) -> None:
        """The next versions find in their environment what was installed now, but for labelwatch itself."""
        subprocess.run(["cp", "-al", str(self.app / "versions" / self.in_use), str(self.kept)], check=True)
        (self.kept / "bin/labelwatch").unlink()
        for folder in self.kept.glob("lib/python3*/site-packages/labelwatch*"):
            shutil.rmtree(folder)

    def install(self, *options: str | Path, answers: str = "", environ: dict[str, str] | None = None) -> "Ended":
        """Run the installer."""
        given: list[str | Path] = ["--root", self.root, "--user", self.user, "--python", self.python]
        given += ["--wheelhouse", self.requirements.parent, "--requirements", self.requirements]
        return self._run("sh", INSTALLER, *given, *options, stdin=answers, environ=environ or {})

    def command(self, *arguments: str, stdin: str = "") -> "Ended":
        """Run the installed command, as whoever administers the machine."""
        return self._run(self.root / "usr/local/bin/labelwatch", *arguments, stdin=stdin, environ={})

    def systemctl(self, *arguments: str) -> "Ended":
        return self._run(self.systemctl_program, *arguments, stdin="", environ={})

    @property
    def journal(self) -> str:
        """What the service said."""
        return (self.root / "run/journal").read_text()

    def asked(self) -> list[str]:
        """What systemctl was asked since the last time."""
        noted = self.root / "run/asked"
        words = noted.read_text().split() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return words

    def _run(self, *order: str | Path, stdin: str, environ: dict[str, str]) -> "Ended":
        fixed = {"PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        fixed |= {"TRIAL_ROOT": str(self.root), "SYSTEMCTL": str(self.systemctl_program)}
        done = subprocess.run(
            list(map(str, order)),
            input=stdin,
            env=MARKED | NO_COMPILE | fixed | environ,
            capture_output=True,
            text=True,
            timeout=280,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a program left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def bare_machine(root: Path, requirements: Path) -> Machine:
    """A machine that has nothing but a systemctl."""
    root.chmod(0o755)
    (root / "run").mkdir()
    user, python = _user_and_python()
    machine = Machine(root=root, user=user, python=str(root / "run/python"), requirements=requirements)
    wrapper = PYTHON.format(kept=machine.kept, python=python, pip=Path(pip.__file__).parent)
    programs = {machine.systemctl_program: SYSTEMCTL, Path(machine.python): wrapper}
    for program, text in programs.items():
        program.write_text(text)
        program.chmod(0o755)
    return machine


def _user_and_python() -> tuple[str, str]:
    """Somebody without rights, and a Python like ours that he can run; ourselves, where there is no such."""
    ours = f"python3.{sys.version_info.minor}"
    for candidate in (ours, f"/usr/bin/{ours}"):
        found = shutil.which(candidate)
        order = ["runuser", "-u", "daemon", "--", str(found), "-c", "import venv, ensurepip"]
        if os.geteuid() == 0 and found and subprocess.run(order, check=False, capture_output=True).returncode == 0:
            return "daemon", found
    return getpass.getuser(), sys.executable
