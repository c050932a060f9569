"""Reports the state of the service to systemd (sd_notify): one datagram to its socket, nothing without a socket."""

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
                return  # the service must work without reporting

    return notify


def _ignore(state: str) -> None:
    return
