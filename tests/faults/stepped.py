"""A clock that can be set, for a real process: libfaketime in front of the C library."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")
LIBRARY = "libfaketimeMT.so.1"
# libfaketime takes the monotonic time until which time.sleep waits for a time of day and answers EINVAL.
SLEEP = "import threading, time\ntime.sleep = lambda seconds: threading.Event().wait(seconds)\n"


@dataclass(frozen=True, slots=True)
class SteppedClock:
    """The clock of every process that is started with `environ`; the monotonic one goes on as ever."""

    file: Path
    library: Path

    @property
    def environ(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Waits with a limit are right already; mended once more they would return at once, for ever.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "PYTHONPATH": str(self.file.parent),
        }

    def set(self, seconds: int) -> None:
        """From now on it is ahead by so much."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n", "utf-8")
        new.replace(self.file)


def stepped_clock(folder: Path) -> SteppedClock:
    """A clock that is right as yet; skips where there is no libfaketime."""
    library = next((found for place in PLACES for found in Path("/").glob(f"{place[1:]}/{LIBRARY}")), None)
    if library is None:
        pytest.skip("no libfaketime to set a clock with (Debian, Ubuntu: apt install libfaketime)")
    clock = SteppedClock(folder / "clock", library)
    (folder / "sitecustomize.py").write_text(SLEEP, "utf-8")
    clock.set(0)
    return clock
