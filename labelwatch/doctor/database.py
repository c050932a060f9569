"""The database: does it exist, undamaged, at the right revision, private, and with room to grow."""

from collections.abc import Iterator

from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.store import StoreError
from labelwatch.store.health import Files, Health

MEGABYTE = 10**6
LOG_BIG = 256 * MEGABYTE
"""The write-ahead log is cut back to a quarter of this; it grows only during a very long read."""
LITTLE_ROOM = 500 * MEGABYTE
NO_ROOM = 50 * MEGABYTE
_ROOT = 0


def database(context: DoctorContext) -> Iterator[Finding]:
    """Can the database be opened, is it damaged, does its revision fit this program; its files and its disk."""
    found = context.health
    if isinstance(found, StoreError):
        yield Finding("database", Level.WRONG, "database_unreachable", {"said": str(found)})
        return
    if not found.is_there:
        is_elsewhere = context.unit.get("ActiveState") == "active"
        what = "database_elsewhere" if is_elsewhere else "database_none"
        yield Finding("database", Level.WARNING, what, {"database": found.name})
        return
    yield _inside(found)
    if found.is_locked:
        yield Finding("database", Level.WRONG, "database_locked", {"database": found.name})
    if found.files is not None:
        yield from _outside(found, found.files, context.user)


def _inside(found: Health) -> Finding:
    values: dict[str, Value] = {"database": found.name, "revision": found.revision, "wanted": found.wanted}
    if found.problems:
        return Finding("database", Level.WRONG, "database_damaged", {**values, "said": found.problems[0]})
    if found.revision > found.wanted:
        return Finding("database", Level.WRONG, "database_newer", values)
    if found.revision != found.wanted:
        return Finding("database", Level.WARNING, "database_older" if found.revision else "database_empty", values)
    return Finding("database", Level.OK, "database_sound", values)


def _outside(found: Health, files: Files, user: int | None) -> Iterator[Finding]:
    megabytes = {"size": files.size, "log": files.log_size, "free": files.free}
    values: dict[str, Value] = {"database": found.name}
    values |= {name: f"{size / MEGABYTE:,.0f}".replace(",", " ") for name, size in megabytes.items()}
    if files.free < LITTLE_ROOM:
        level = Level.WRONG if files.free < NO_ROOM else Level.WARNING
        yield Finding("database", level, "disk_full", values)
    else:
        yield Finding("database", Level.OK, "disk_fine", values)
    if files.log_size > LOG_BIG:
        yield Finding("database", Level.WARNING, "log_big", values)
    if user is None:  # no such owners and modes here
        return
    if files.mode & 0o077:
        yield Finding("database", Level.WARNING, "database_open", {**values, "mode": f"{files.mode:04o}"})
    if user not in (_ROOT, files.owner):
        yield Finding("database", Level.WARNING, "database_foreign", {**values, "owner": _name_of(files.owner)})


def _name_of(number: int) -> str:
    try:
        import pwd  # not on Windows
    except ImportError:
        return str(number)
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
