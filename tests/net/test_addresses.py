"""Which addresses are everybody's, however they are written, and that only what was looked at is connected to."""

import socket
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address

import pytest

from labelwatch.net.addresses import NotPublicError, addresses, is_public, is_written_out
from labelwatch.net.backend import Backend

PUBLIC = (
    *("8.8.8.8", "149.154.167.220", "2001:4860:4860::8888", "2001:67c:4e8:f004::9", "::ffff:8.8.8.8"),
    *("64:ff9b::8.8.8.8", "2002:808:808::1", "198.18.0.7"),
)
NOT_PUBLIC = (
    *("127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::"),
    *("10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1", "fec0::1"),
    *("169.254.169.254", "fe80::1", "fe80::1%eth0", "100.64.0.1", "100.100.100.200"),
    *("::ffff:10.0.0.5", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.5", "2002:a00:5::1"),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1", "192.0.2.1"),
)
WRITTEN_OUT = ("127.0.0.1", "::1", "192.168.1.7", "fe80::1%eth0", "localhost", "mail.localhost")
NAMES = ("example.com", "nas", "mail.lan", "127.1", "0x7f000001", "2130706433", "localhost.example.com", "")


@pytest.mark.parametrize("address", PUBLIC)
def test_everybodys_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_of_a_machine_or_a_network_of_ones_own_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("host", WRITTEN_OUT)
def test_what_cannot_turn_into_another_address_is_written_out(host: str) -> None:
    assert is_written_out(host)


@pytest.mark.parametrize("host", NAMES)
def test_what_somebody_has_to_look_up_is_not(host: str) -> None:
    assert not is_written_out(host)


def says(*found: str) -> Callable[[str, int], Iterable[str]]:
    return lambda host, port: found


@pytest.mark.parametrize("found", [("10.0.0.5",), ("8.8.8.8", "127.0.0.1"), ("2001:4860:4860::8888", "fd00::1")])
def test_one_private_address_among_others_is_enough_to_refuse_a_name(found: tuple[str, ...]) -> None:
    with pytest.raises(NotPublicError, match=rf"^example.com stands for {found[-1]}, which is no public address: "):
        addresses("example.com", 443, lookup=says(*found))


def test_a_name_that_turns_into_another_address_is_connected_to_where_it_was_looked_at() -> None:
    answers = iter(("127.0.0.1", "10.0.0.5"))
    guarded = partial(addresses, allowed=lambda ip: ip.is_loopback, lookup=lambda host, port: [next(answers)])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        Backend(lookup=guarded).connect_tcp("example.com", port, 5).close()
        peer, address = server.accept()
        peer.close()
        assert address[0] == "127.0.0.1"
        with pytest.raises(NotPublicError):
            Backend(lookup=guarded).connect_tcp("example.com", port, 5)
