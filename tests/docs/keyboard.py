"""Types what the READMEs say, line by line: commands of labelwatch are born quickly, all else goes to a shell."""

import shlex
import subprocess
from itertools import groupby

from tests.support.place import Place


def typed(script: str, *, at: Place) -> str:
    """What the commands print; what the shell exports, those that follow get."""
    said, exported = "", dict[str, str]()
    for is_command, lines in groupby(script.splitlines(), key=lambda line: line.startswith("labelwatch ")):
        if not is_command:
            exported |= _exported("\n".join(lines), at=at)
            continue
        for line in lines:
            ended = at.run(*shlex.split(line, comments=True)[1:], **exported)
            assert "Traceback" not in ended.err, ended.err
            said += ended.out
    return said


def _exported(script: str, *, at: Place) -> dict[str, str]:
    """Run it in a shell; the environment that a command after it would have."""
    shell = ["sh", "-euc", f"{script}\nenv -0"]
    done = subprocess.run(
        shell, cwd=at.folder, env=at.variables({}), capture_output=True, text=True, timeout=30, check=True
    )
    return dict(variable.split("=", 1) for variable in done.stdout.rstrip("\0").split("\0"))
