"""The sandbox as a program: it says where it is and ends when told."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

PROGRAM = "import sys; from labelwatch.sandbox import serve; serve(0, sys.argv[1], speed=60)"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_plays_a_scenario_until_it_is_told_to_end(stop: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, "quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        base_url = line.split()[2].rstrip(";")
        with urllib.request.urlopen(f"{base_url}/sandbox/requests") as answer:
            assert json.load(answer) == {"requests": []}
        program.send_signal(stop)
        assert program.wait(10) == 0


def test_an_unknown_scenario_is_named() -> None:
    command = [sys.executable, "-c", PROGRAM, "apocalypse"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "there are day, causes" in ended.stderr
