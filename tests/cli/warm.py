"""Runs the console script in processes of their own that need not import everything anew.

Started as a program, it reads an order a line (JSON), forks, lets the child be the script, and answers with its exit
code. That saves half a second per command, and nearly every test calls a few.
"""

import atexit
import gc
import json
import os
import runpy
import sys
from typing import Any

from labelwatch import app, cli
from labelwatch.notify.channels import check_url

IMPORTED = (app, cli)


def serve() -> None:
    check_url("json://127.0.0.1/")  # makes Apprise read all of its services
    gc.freeze()  # so that a child need not copy all of that to look through it
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(become(order))  # without taking apart what was imported, which takes longer than a command
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(order: dict[str, Any]) -> int:
    """Take on folder, environment, files for the output, and arguments; then be the script. Its exit code."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, file in enumerate((os.devnull, order["out"], order["err"])):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = [order["script"], *order["args"]]
    try:
        runpy.run_path(order["script"], run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve()
