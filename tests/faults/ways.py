"""What the tests of the faults share: a shop with something late, more of it on demand, and a free port."""

import socket
from datetime import timedelta

from labelwatch.sandbox import At, World
from labelwatch.sandbox.scenarios.stage import OZON, arrival, both_shops
from tests.support.place import now

BEFORE, MEANWHILE = "71000001-0001-1", "71000002-0001-1"


BRISK = 'group_wait = "0s"\ngroup_interval = "0s"'
"""[alerts] for who does not want to wait for the next message."""


def late(number: str) -> At:
    """A posting that is late as soon as it comes."""
    return arrival(now(), number, method=OZON, minutes=-600, cutoff=timedelta(minutes=90))


def one_late() -> World:
    """Both shops, and one such posting."""
    world = both_shops(now())
    world.plan(late(BEFORE))
    return world


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
