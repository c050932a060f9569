"""Every way out reaches a host whose IPv6 address swallows packets, by the system's own resolver."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNSHARE = shutil.which("unshare")


@pytest.mark.skipif(UNSHARE is None or os.geteuid() != 0, reason="a name of one's own needs a mount namespace")
def test_every_way_out_takes_the_address_that_answers_within_two_seconds(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n::1 both.lan\n127.0.0.1 both.lan\n")
    named = f"mount --bind {hosts} /etc/hosts && exec {sys.executable} -m tests.net.both_families"
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    order = [str(UNSHARE), "-m", "sh", "-c", named]
    done = subprocess.run(order, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=100, check=False)
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    assert took.keys() == {"ozon", "webhook", "heartbeat", "check", "mail", "telegram"}
    assert {name: seconds for name, seconds in took.items() if seconds > 2} == {}
    assert min(took.values()) > 0.2, "the silent address was tried first"
