"""The sandbox as a program of its own, until a signal ends it."""

import signal
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

from labelwatch.sandbox.clock import TellableClock
from labelwatch.sandbox.sandbox import Sandbox
from labelwatch.sandbox.scenarios import build


def serve(port: int = 0, scenario: str = "day", *, speed: float = 1.0) -> None:
    """Play a scenario that starts now on 127.0.0.1:port, until SIGINT or SIGTERM; prints its address on stdout.

    Call it from the main thread. ValueError for an unknown scenario, OSError for a port in use.
    """
    start = datetime.now(UTC).replace(microsecond=0)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    with Sandbox(build(scenario, start), TellableClock(start, speed=speed), port=port) as sandbox:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        sys.stdout.write(f"listening on {sandbox.base_url}; keys and methods: {sandbox.base_url}/sandbox/\n")
        sys.stdout.flush()
        while not ended.wait(0.5):
            pass
