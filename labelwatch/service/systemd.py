"""Tell systemd how the service does (sd_notify): one datagram to the socket it named, nothing without it."""

import socket
from collections.abc import Callable

Notify = Callable[[str], None]


def notifier(address: str | None) -> Notify:
    """A function that sends one state, like READY=1 or STATUS=...; `address` is $NOTIFY_SOCKET."""
    if not address:
        return _ignore
    path = "\0" + address[1:] if address.startswith("@") else address

    def notify(state: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            try:
                line.sendto(state.encode(), path)
            except OSError:
                return  # a service that cannot report must still work

    return notify


def _ignore(state: str) -> None:
    return
