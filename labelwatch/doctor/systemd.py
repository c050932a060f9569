"""Asks systemd about the unit that runs labelwatch."""

import shutil
import subprocess
from collections.abc import Mapping

UNIT = "labelwatch.service"
_ASKED = "LoadState,ActiveState,SubState,UnitFileState,NRestarts"
_PATIENCE = 5.0


def unit_of(name: str = UNIT) -> Mapping[str, str]:
    """The properties of a unit, `LoadState` and so on; empty = no systemd or no such unit."""
    program = shutil.which("systemctl")
    if program is None:
        return {}
    order = [program, "show", name, f"--property={_ASKED}"]
    try:
        # Nothing in it comes from outside.
        done = subprocess.run(order, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return read(done.stdout) if done.returncode == 0 else {}


def read(shown: str) -> Mapping[str, str]:
    """What `systemctl show` printed; empty when no such unit is installed."""
    found = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    return found if found.get("LoadState", "not-found") != "not-found" else {}
