"""The service as a process: how it ends, once and impatiently, and where it refuses to begin."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from labelwatch.sandbox import Fault, Kind
from labelwatch.store.engine import read_url
from tests.chaos.births import Life, born, serving
from tests.faults.ways import BEFORE, BRISK, MEANWHILE, late, one_late
from tests.support.forked import SCRIPT
from tests.support.http_server import answer
from tests.support.place import Place, assert_says_what_to_do, place_for, until

pytestmark = pytest.mark.lengthy

GRANTED = 30 - 10
"""TimeoutStopSec of the unit, and some to spare."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_for(one_late(), tmp_path) as fresh:
        fresh.configure(alerts=BRISK)
        yield fresh


def hold(place: Place) -> threading.Event:
    """Have the channel take its time to answer, until the event is set."""
    let_go, fine = threading.Event(), answer(200, '{"ok": true}')

    def act(connection: socket.socket) -> None:
        let_go.wait(30)
        fine(connection)

    place.hook.acts = [act]
    return let_go


def ended(service: Life, began: float) -> int | None:
    service.process.join(GRANTED)
    assert time.monotonic() - began < GRANTED
    return service.process.exitcode


@pytest.mark.fault("P4")
@pytest.mark.parametrize("lets_go", [True, False])
def test_told_to_end_while_it_sends_it_waits_a_little_and_repeats_only_what_it_cannot_know(
    place: Place, lets_go: bool
) -> None:
    let_go, service = hold(place), born(place)
    service.until(lambda: len(place.hook.requests) == 1)
    began = time.monotonic()
    os.kill(service.process.pid or 0, signal.SIGTERM)
    if lets_go:
        let_go.set()
    assert ended(service, began) == 0
    let_go.set()
    place.hook.acts = [answer(200)]
    place.sandbox.world.plan(late(MEANWHILE))
    with serving(place) as again:
        again.until(lambda: MEANWHILE in place.told("first"))
        again.until(lambda: place.run("outbox", "--state", "leased", "--json").json in ([], {"notifications": []}))
    told = [request for request in place.hook.requests if BEFORE in str(request.json)]
    assert len(told) == (1 if lets_go else 2)
    assert len({request.headers["idempotency-key"] for request in told}) == 1


@pytest.mark.fault("P4")
def test_told_to_end_in_the_middle_of_a_poll_it_has_written_nothing_of_it(place: Place) -> None:
    with serving(place) as service:
        service.until(lambda: BEFORE in place.told("first"))
        place.sandbox.fault(Fault(kind=Kind.DRIP, seconds=600))
        asked = len(place.sandbox.requests)
        service.until(lambda: len(place.sandbox.requests) > asked)
        place.sandbox.world.plan(late(MEANWHILE))
    assert place.run("show", MEANWHILE).code == 1


IMPATIENT = [
    ([signal.SIGTERM, signal.SIGTERM], -signal.SIGTERM),
    ([signal.SIGINT, signal.SIGTERM], -signal.SIGTERM),
    ([signal.SIGINT] * 20, -signal.SIGINT),
]


@pytest.mark.fault("P5")
@pytest.mark.parametrize(("signals", "code"), IMPATIENT)
def test_told_to_end_again_it_ends_at_once_and_the_database_is_sound(
    place: Place, signals: list[signal.Signals], code: int
) -> None:
    let_go, service = hold(place), born(place)
    service.until(lambda: len(place.hook.requests) == 1)
    began = time.monotonic()
    os.kill(service.process.pid or 0, signals[0])
    service.until(lambda: service.log.rstrip().endswith("stopping"))
    for number in signals[1:]:
        os.kill(service.process.pid or 0, number)
    assert ended(service, began) == code
    assert time.monotonic() - began < 4  # and not only when its time to end is over
    let_go.set()
    assert place.run("db", "check").code == 0


@pytest.mark.fault("P12")
def test_of_three_that_begin_at_once_one_works(place: Place) -> None:
    three = [born(place) for _ in range(3)]
    until(lambda: sum(one.process.is_alive() for one in three) == 1)
    until(lambda: BEFORE in place.told("first"))
    (one,) = (one for one in three if one.process.is_alive())
    assert sorted(other.process.exitcode or 0 for other in three if other is not one) == [75, 75]
    assert one.stop() == 0
    assert place.told("first") == [BEFORE]


# --- where it does not begin


def somebody_elses(place: Place) -> tuple[list[str], str]:
    """The database belongs to somebody else than who runs it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    (place.folder / "labelwatch.db").chmod(0o644)
    place.config.chmod(0o644)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], "cannot be"


def on_a_disk_that_is_read_only(place: Place) -> tuple[list[str], str]:
    """The file system takes nothing."""
    script = f'mount --bind {place.folder} {place.folder} && mount -o remount,bind,ro {place.folder} && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    return command, "Read-only file system"


def newer(place: Place) -> tuple[list[str], str]:
    """A newer version has worked with it."""
    engine = create_engine(read_url(f"sqlite:///{place.folder}/labelwatch.db"))
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    return [], "is at revision 9999, this program knows only"


@contextmanager
def anybody_may_enter() -> Iterator[Path]:
    """A folder outside the private ones of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize(
    "hinder",
    [
        pytest.param(somebody_elses, marks=pytest.mark.fault("P8")),
        pytest.param(on_a_disk_that_is_read_only, marks=pytest.mark.fault("P8")),
        pytest.param(newer, marks=pytest.mark.fault("P11")),
    ],
)
def test_a_database_that_cannot_be_used_ends_it_at_once_with_a_line_and_78(
    hinder: Callable[[Place], tuple[list[str], str]],
) -> None:
    with anybody_may_enter() as folder, place_for(one_late(), folder) as place:
        assert place.run("poll").code == 1
        prefix, said = hinder(place)
        before = (folder / "labelwatch.db").read_bytes()
        command = [*prefix, str(SCRIPT), "run"]
        done = subprocess.run(
            command, cwd=folder, env=place.variables({}), capture_output=True, text=True, timeout=60, check=False
        )
        if "Permission denied" in done.stderr and done.returncode in (126, 127):
            pytest.skip("the program is where nobody else may go")
        assert done.returncode == 78, done.stderr
        assert said in done.stderr
        assert_says_what_to_do("\n".join(line for line in done.stderr.splitlines() if "WARNING" not in line))
        assert (folder / "labelwatch.db").read_bytes() == before
