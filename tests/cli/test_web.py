"""The board inside `run` and alone, and the password that opens it."""

import http.client
import json
import socket
import stat
from contextlib import closing

from labelwatch.web.auth.password import matches
from tests.chaos.births import Life, born
from tests.cli.conftest import LATE
from tests.support.forked import Ended
from tests.support.place import Place, until

PASSWORD = "correct horse battery"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(line):
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()


def answers(port: int, path: str = "/healthz") -> int:
    try:
        return ask(port, path)[0]
    except OSError:
        return 0


def seen(place: Place, port: int) -> str:
    """The first page, in a browser that has used the link of `labelwatch board`."""
    done = place.run("board")
    assert done.code == 0, done.err
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(line):
        line.request("GET", done.out.strip().removeprefix(f"http://127.0.0.1:{port}"))
        answer = line.getresponse()
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    return ask(port, "/", Cookie=cookie)[1]


def web(port: int, more: str = "") -> str:
    return f'[web]\nlisten = "127.0.0.1:{port}"\n{more}'


def ended(process: Life) -> tuple[int, str]:
    return process.stop(), process.log


def test_run_serves_the_board_and_both_end_together(place: Place) -> None:
    port = free_port()
    place.configure(web(port))
    service = born(place)
    until(lambda: answers(port) == 200)
    assert LATE in seen(place, port)
    assert LATE not in ask(port, "/")[1]
    assert json.loads(ask(port, "/healthz")[1])["state"] == "ok"
    code, log = ended(service)
    assert code == 0
    assert f"board: http://127.0.0.1:{port}" in log
    assert "Traceback" not in log
    assert answers(port) == 0


def test_a_taken_port_does_not_stop_the_watch(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place.configure(web(taken.getsockname()[1]))
        service = born(place)
        until(lambda: LATE in place.told("first"))
        code, log = ended(service)
    assert code == 0
    assert "CRITICAL the board is not served, everything else continues" in log


def test_the_board_alone_reads_the_database_of_the_service(place: Place) -> None:
    service = born(place)
    until(lambda: LATE in place.told("first"))
    port = free_port()
    place.configure(web(port))
    board = born(place, command="web")
    until(lambda: answers(port) != 0)
    assert LATE in seen(place, port)
    code, log = ended(board)
    assert "/enter" not in log
    assert (code, "Traceback" in log) == (0, False)
    assert service.process.is_alive()
    assert ended(service)[0] == 0


def test_the_board_alone_says_when_it_cannot_be_served(place: Place) -> None:
    place.run("poll")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place.configure(web(taken.getsockname()[1]))
        done = place.run("web")
    assert done.code == 69
    assert "No board: another program has port" in done.err


def test_the_board_alone_wants_a_database_that_is_there(place: Place) -> None:
    assert place.run("web").code == 78


def test_a_password_is_kept_as_a_hash_that_nobody_else_can_read(place: Place) -> None:
    done = made(place, "board.hash")
    file = place.folder / "board.hash"
    assert done.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert matches(file.read_text().strip(), PASSWORD)
    assert f'password = "file:{file}"' in done.out
    assert PASSWORD not in done.out + done.err


def test_without_a_file_the_hash_is_printed_and_nothing_else(place: Place) -> None:
    assert matches(made(place).out.strip(), PASSWORD)


def test_a_password_that_is_too_short_is_not_taken(place: Place) -> None:
    done = made(place, "board.hash", password="1234567")
    assert done.code == 2
    assert not (place.folder / "board.hash").exists()


def made(place: Place, *args: str, password: str = PASSWORD) -> Ended:
    return place.run("password", *args, typed=f"{password}\n")


def test_neither_the_password_nor_its_hash_is_logged(place: Place) -> None:
    made(place, "board.hash")
    port = free_port()
    place.configure(web(port, 'password = "file:board.hash"\n'))
    service = born(place, "--verbose")
    until(lambda: answers(port) == 200)
    assert ask(port, "/")[0] == 303
    assert ask(port, "/metrics", Authorization="Bearer not this one")[0] == 401
    assert ask(port, "/metrics", Authorization=f"Bearer {PASSWORD}")[0] == 200
    code, log = ended(service)
    assert code == 0
    assert "$argon2" not in log
    assert PASSWORD not in log
