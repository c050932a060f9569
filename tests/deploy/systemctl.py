"""As much of systemctl as the installer needs, for a machine without systemd: it starts what the unit says.

A program of its own, called like systemctl. TRIAL_ROOT names the root in which the unit is; what runs, what is
enabled and what was asked are noted below TRIAL_ROOT/run. Starting waits for READY=1, as Type=notify does.
"""

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(os.environ["TRIAL_ROOT"])
RUN = ROOT / "run"
PID, ENABLED, ASKED = RUN / "pid", RUN / "enabled", RUN / "asked"
UNIT = ROOT / "etc/systemd/system/labelwatch.service"
PATIENCE = 60.0
MARK = "LABELWATCH_TESTS_RUN"
"""What tests/support/ending.py ends services by when the tests end."""


def main() -> int:
    """Do one command; the exit code is systemctl's."""
    verb = sys.argv[1]
    with ASKED.open("a") as asked:
        asked.write(f"{verb}\n")
    if verb == "is-system-running":
        sys.stdout.write("running\n")
    if verb == "enable":
        ENABLED.touch()
    if verb == "disable":
        ENABLED.unlink(missing_ok=True)
    if verb in ("stop", "restart") or (verb == "disable" and "--now" in sys.argv):
        stop()
    if verb in ("start", "restart"):
        return start()
    if verb == "is-active":
        return 0 if pid() else 3
    return 0 if verb != "is-enabled" or ENABLED.exists() else 1


def pid() -> int | None:
    """The process that runs, if one does."""
    if not PID.exists():
        return None
    number = int(PID.read_text())
    try:
        is_gone = "\nState:\tZ" in Path(f"/proc/{number}/status").read_text()
    except OSError:
        is_gone = True
    return None if is_gone else number


def stop() -> None:
    """Ask it to end, and wait until it has."""
    if number := pid():
        os.kill(number, signal.SIGTERM)
        while pid():
            time.sleep(0.05)
    PID.unlink(missing_ok=True)


def start() -> int:
    """Run ExecStart= as User= with the credentials of LoadCredential=; 1 when it ends before it is ready."""
    said = UNIT.read_text() + "".join(file.read_text() for file in sorted(Path(f"{UNIT}.d").glob("*.conf")))
    (command,), (user,) = (re.findall(rf"^{key}=(.+)$", said, re.MULTILINE) for key in ("ExecStart", "User"))
    credentials = re.findall(r"^LoadCredential=(\w+):(.+)$", said.rpartition("\nLoadCredential=\n")[2], re.MULTILINE)
    handed = RUN / "credentials"
    handed.mkdir(exist_ok=True)
    for name, source in credentials:
        (handed / name).write_bytes(Path(source).read_bytes())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, (RUN / "journal").open("ab") as journal:
        address = RUN / "notify"
        address.unlink(missing_ok=True)
        line.bind(str(address))
        address.chmod(0o777)
        environ = {"NOTIFY_SOCKET": str(address), "CREDENTIALS_DIRECTORY": str(handed), "LANG": "C.UTF-8"}
        environ["STATE_DIRECTORY"] = str(ROOT / "var/lib/labelwatch")
        environ |= {name: value for name, value in os.environ.items() if name == MARK}
        order = [*_become(user), *command.split()]
        started = subprocess.Popen(order, env=environ, stdout=journal, stderr=journal)
        PID.write_text(str(started.pid))
        return 0 if _is_ready(line, started) else 1


def _become(user: str) -> list[str]:
    """What runs a program as somebody else, in its own process; nothing when it is us."""
    if pwd.getpwnam(user).pw_uid == os.geteuid():
        return []
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]


def _is_ready(line: socket.socket, started: "subprocess.Popen[bytes]") -> bool:
    line.settimeout(0.1)
    end = time.monotonic() + PATIENCE
    while started.poll() is None and time.monotonic() < end:
        try:
            if b"READY=1" in line.recv(4096):
                return True
        except TimeoutError:
            continue
    return False


if __name__ == "__main__":
    sys.exit(main())
