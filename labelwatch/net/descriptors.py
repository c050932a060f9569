"""How many files and connections this process may have open: raised at the start as far as the system allows."""

import errno
import logging
import os
import sys
from contextlib import suppress

from labelwatch.net.errors import chain_of

ENOUGH = 65_536
"""More is never needed, however high the system's limit is."""
NEEDED = 1_200
"""For hundreds of connections to Ozon, those to the database, and everything else."""
SPARE = 4
"""With fewer than this to spare nothing can be opened: a database takes up to three files."""
_NONE_LEFT = tuple(map(os.strerror, (errno.EMFILE, errno.ENFILE)))
log = logging.getLogger(__name__)


def raise_limit() -> int:
    """Raise the limit of open files as far as allowed, and log if that is not enough; returns the limit."""
    if sys.platform == "win32":
        return ENOUGH
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

    soft, hard = getrlimit(RLIMIT_NOFILE)
    allowed = ENOUGH if hard == RLIM_INFINITY else min(hard, ENOUGH)
    if soft != RLIM_INFINITY and soft < allowed:
        setrlimit(RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    limit = ENOUGH if soft == RLIM_INFINITY else soft
    if limit < NEEDED:
        log.warning("only %d files may be open at once, with many shops %d are needed (ulimit -n)", limit, NEEDED)
    return limit


def is_out_of_files(error: BaseException) -> bool:
    """Whether something failed because no more files may be open.

    Name servers' errors and SQLite's do not say so: what can be opened now decides.
    """
    return any(words in str(one) for one in chain_of(error) for words in _NONE_LEFT) or not _has_spare()


def _has_spare() -> bool:
    opened: list[int] = []
    with suppress(OSError):
        opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(SPARE))
    for one in opened:
        os.close(one)
    return len(opened) == SPARE
