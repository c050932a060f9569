"""The port of the board: ours, somebody else's, or nobody's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labelwatch.doctor import Level
from labelwatch.doctor.board import board
from labelwatch.store import single_instance
from tests.doctor.patients import context, found, settings, told
from tests.support.http_server import Hook, answer


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nobody else gets meanwhile, and nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def listening(port: int) -> str:
    return f'[web]\nlisten = "127.0.0.1:{port}"\n'


def test_a_port_that_another_program_has_is_wrong_and_the_next_one_is_named(folder: Path) -> None:
    with (
        Hook([answer(200, "<html>another program</html>")]) as other,
        context(settings(folder, listening(other.port))) as one,
    ):
        finding = told(board, one, "board_taken")
        assert finding.level is Level.WRONG
        assert finding.values["next"] == other.port + 1


def test_the_board_itself_is_known_by_its_health(folder: Path) -> None:
    with Hook([answer(503, '{"state": "trouble"}')]) as ours, context(settings(folder, listening(ours.port))) as one:
        assert found(board, one) == {"board_answers": Level.OK}


def test_nobody_at_the_port_is_trouble_only_while_the_service_runs(folder: Path) -> None:
    with free_port() as port:
        config = settings(folder, listening(port))
        with context(config) as one:
            assert found(board, one) == {"board_free": Level.OK}
        with single_instance(config.store.url.get_secret_value()), context(config) as one:
            assert found(board, one) == {"board_silent": Level.WARNING}


def test_without_a_board_nothing_is_looked_for(folder: Path) -> None:
    with context(settings(folder)) as one:
        assert found(board, one) == {}
