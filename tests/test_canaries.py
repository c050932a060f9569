"""A test that lets a secret or a buyer out fails, however it gets out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.canaries import escaped

ROOT = Path(__file__).parents[1]
LEAKS = """
import logging, sys

def test_print(): print("the key is canary-token-4711")
def test_stderr(): print("bot AA-invented_for_these_tests-4711", file=sys.stderr)
def test_log(): logging.getLogger("x").warning("asked %s", "hook-s3cret-token")
def test_file(tmp_path): (tmp_path / "service.log").write_text("to Канарейкин", "utf-8")
def test_clean(tmp_path): print("nothing"); (tmp_path / "service.log").write_text("a canary sings")
"""


@pytest.mark.parametrize(
    "secret", ["AAcanary-telegram-token", "canary%2Fpassword", "5a9d-sandbox00001", "+70005550011"]
)
def test_a_secret_is_found_in_the_middle_of_a_text(secret: str) -> None:
    assert secret[:8] in escaped(f"asking {secret} again")


@pytest.mark.fault("K3")
def test_each_way_out_is_watched_in_every_test(tmp_path: Path) -> None:
    file = tmp_path / "test_leaks.py"
    file.write_text(LEAKS, "utf-8")
    options = ["-p", "tests.conftest", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-rE"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    told = [line for line in ended.stdout.splitlines() if line.startswith("ERROR")]
    assert [line.partition("::")[2].split()[0] for line in told] == [
        f"test_{way}" for way in ("print", "stderr", "log", "file")
    ], ended.stdout
