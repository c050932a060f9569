"""The board: does it answer at its configured address, or does another program use its port."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from labelwatch.config import Address
from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.store.health import Health

ANSWERS_WITHIN = 3.0
"""Seconds."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def board(context: DoctorContext) -> Iterator[Finding]:
    """What answers at the port of [web]: the board, another program, or nothing although the service runs."""
    if context.config.web is None or context.config.web.listen.port == 0:
        return
    address = context.config.web.listen
    values: dict[str, Value] = {"host": address.host, "port": address.port, "next": address.port + 1}
    who = _who_answers(address)
    if who == "board":
        yield Finding("board", Level.OK, "board_answers", values)
    elif who == "stranger":
        yield Finding("board", Level.WRONG, "board_taken", values)
    elif isinstance(context.health, Health) and context.health.holder is not None:
        yield Finding("board", Level.WARNING, "board_silent", values)
    else:
        yield Finding("board", Level.OK, "board_free", values)


def _who_answers(address: Address) -> str:
    """board, stranger or nobody."""
    talk = HTTPConnection(_EVERYWHERE.get(address.host, address.host), address.port, timeout=ANSWERS_WITHIN)
    try:
        talk.connect()
    except (OSError, UnicodeError):
        return "nobody"
    try:
        talk.request("GET", "/healthz")
        answer = talk.getresponse()
        if answer.status == HTTPStatus.MISDIRECTED_REQUEST:  # a board with another host name, which it says
            return "board"
        said = json.loads(answer.read(64 * 1024))
        return "board" if isinstance(said, dict) and said.get("state") in ("ok", "trouble") else "stranger"
    except (OSError, HTTPException, ValueError):
        return "stranger"
    finally:
        talk.close()
