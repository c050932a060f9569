"""How many files and connections this process may have open: raised at the start as far as the system allows."""

import logging
import sys

ENOUGH = 65_536
"""More is never needed, however high the system's limit is."""
NEEDED = 1_200
"""For hundreds of connections to Ozon, those to the database, and everything else."""
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
