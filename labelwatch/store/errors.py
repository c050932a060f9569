"""How the database may fail, described for people; every driver error becomes one of these."""

import sqlite3
from enum import StrEnum

from sqlalchemy import URL

from labelwatch.net.descriptors import is_out_of_files


class Fault(StrEnum):
    """The kind of failure."""

    BUSY = "busy"
    """Another process has been writing for too long; trying again helps."""
    UNREACHABLE = "unreachable"
    OUT_OF_FILES = "out_of_files"
    """This process may open no more files or connections."""
    FULL = "full"
    READ_ONLY = "read_only"
    CORRUPT = "corrupt"
    NOT_SET_UP = "not_set_up"
    """No tables, or older ones than this program needs."""
    TOO_NEW = "too_new"
    """Written by a newer version of this program."""
    REFUSED = "refused"
    """The requested operation is not possible here."""
    OTHER = "other"

    @property
    def is_condition(self) -> bool:
        """Whether it is the state of the database itself, and not a wrong use of it."""
        return self in (
            *(Fault.BUSY, Fault.UNREACHABLE, Fault.OUT_OF_FILES),
            *(Fault.FULL, Fault.READ_ONLY, Fault.CORRUPT),
        )


class StoreError(Exception):
    """The database cannot do what was requested; one line for people, without a password and without data."""

    def __init__(self, fault: Fault, line: str) -> None:
        super().__init__(line)
        self.fault = fault


class AlreadyRunning(StoreError):  # noqa: N818 - not an error of the database
    """Another instance is using this database; nothing was changed."""


_SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PERM: Fault.READ_ONLY,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Fault.UNREACHABLE,
    sqlite3.SQLITE_IOERR: Fault.UNREACHABLE,
    sqlite3.SQLITE_FULL: Fault.FULL,
    # A quota or a limit on the size of files; or no space for the index of the write-ahead log.
    sqlite3.SQLITE_IOERR_WRITE: Fault.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.CORRUPT,
    sqlite3.SQLITE_NOTADB: Fault.CORRUPT,
    sqlite3.SQLITE_INTERRUPT: Fault.REFUSED,
}

# SQLSTATE, the full code or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    "55P03": Fault.BUSY,
    "40P01": Fault.BUSY,
    "40001": Fault.BUSY,
    "42P01": Fault.NOT_SET_UP,
    "53100": Fault.FULL,
    "25006": Fault.READ_ONLY,
    "42501": Fault.READ_ONLY,
    "XX001": Fault.CORRUPT,
    "XX002": Fault.CORRUPT,
    "08": Fault.UNREACHABLE,
    "28": Fault.UNREACHABLE,
    "3D": Fault.UNREACHABLE,
    "53": Fault.UNREACHABLE,
    "57": Fault.UNREACHABLE,
}

_WORDS = {
    Fault.BUSY: "is locked by another writer; try again soon",
    Fault.UNREACHABLE: "cannot be opened or reached",
    Fault.OUT_OF_FILES: "cannot be opened: this process has too many files open (LimitNOFILE, ulimit -n)",
    Fault.FULL: "cannot grow: the disk is full, or a quota",
    Fault.READ_ONLY: "cannot be written to; do the file and its directory belong to this user?",
    Fault.CORRUPT: "is damaged or is not a database; stop the service and restore the last backup",
    Fault.NOT_SET_UP: "has no tables; run `labelwatch db upgrade`",
    Fault.REFUSED: "did not finish the query within half a minute and aborted it",
    Fault.OTHER: "failed",
}


def in_words(url: URL, problem: BaseException) -> StoreError:
    """What a driver's error means; `url` names the database, its password stays hidden."""
    fault = _fault(problem)
    if fault is Fault.UNREACHABLE and is_out_of_files(problem):
        fault = Fault.OUT_OF_FILES
    said = str(problem).strip().splitlines()
    line = f"the database {name_of(url)} {_WORDS[fault]} ({said[0] if said else type(problem).__name__})"
    return StoreError(fault, line)


def name_of(url: URL) -> str:
    """The database in messages: a file, or an address without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def _fault(problem: BaseException) -> Fault:
    if isinstance(problem, sqlite3.Error):
        if "no such table" in str(problem):
            return Fault.NOT_SET_UP
        code = getattr(problem, "sqlite_errorcode", 0)
        return _SQLITE.get(code) or _SQLITE.get(code & 0xFF, Fault.OTHER)
    code = getattr(problem, "sqlstate", None)
    if code is None:  # psycopg has none if no server answered
        return Fault.UNREACHABLE
    return _POSTGRES.get(code) or _POSTGRES.get(code[:2], Fault.OTHER)
