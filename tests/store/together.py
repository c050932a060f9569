"""Runs programs at the same moment: each says that it is ready, then all are let go."""

import subprocess
from collections.abc import Sequence


def run_together(commands: Sequence[Sequence[str]]) -> list[str]:
    """What each program printed after "ready"; it begins its work when it can read a line."""
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0] * len(children)
    return answers
