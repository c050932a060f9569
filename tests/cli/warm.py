"""Runs the console script in processes of their own that need not import everything anew.

Started as a program, it reads an order a line (JSON), forks, lets the child be the script, and answers with its exit
code. That saves half a second per command, and nearly every test calls a few.
"""

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
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            become(order)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(order: dict[str, Any]) -> None:
    """Take on folder, environment, files for the output, and arguments; then be the script."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    for number, file in enumerate((os.devnull, order["out"], order["err"])):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = [order["script"], *order["args"]]
    runpy.run_path(order["script"], run_name="__main__")


if __name__ == "__main__":
    serve()
