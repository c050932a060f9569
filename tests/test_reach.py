"""Which addresses are everybody's, however they are written, and that only what was looked at is connected to."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address

import httpcore
import pytest

from labelwatch.reach import Guarded, NotPublicError, addresses, is_public, is_written_out

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
    with pytest.raises(NotPublicError, match=rf"^example.com stands for {found[-1]}, which is no public address$"):
        addresses("example.com", 443, lookup=says(*found))


class Switchboard(httpcore.NetworkBackend):
    """Notes to whom it is to connect; those in `silent` do not answer."""

    def __init__(self, *silent: str) -> None:
        self.asked: list[str] = []
        self.silent = silent

    def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.NetworkStream:
        self.asked.append(host)
        if host in self.silent:
            raise httpcore.ConnectError("silence")
        return httpcore.NetworkStream()


def test_a_name_that_turns_into_another_address_is_connected_to_where_it_was_looked_at() -> None:
    answers = iter(("8.8.8.8", "127.0.0.1"))
    board = Switchboard()
    guarded = Guarded(board, lookup=lambda host, port: [next(answers)])
    guarded.connect_tcp("example.com", 443)
    assert board.asked == ["8.8.8.8"]
    with pytest.raises(NotPublicError):
        guarded.connect_tcp("example.com", 443)
    assert board.asked == ["8.8.8.8"]


def test_an_address_that_is_silent_is_followed_by_the_next_and_the_last_one_says_why() -> None:
    board = Switchboard("2001:4860:4860::8888")
    Guarded(board, lookup=says("2001:4860:4860::8888", "8.8.8.8")).connect_tcp("example.com", 443)
    assert board.asked == ["2001:4860:4860::8888", "8.8.8.8"]
    with pytest.raises(httpcore.ConnectError, match="silence"):
        Guarded(Switchboard("8.8.8.8"), lookup=says("8.8.8.8")).connect_tcp("example.com", 443)


def test_a_name_that_nobody_knows_is_a_failure_to_connect() -> None:
    def nobody(host: str, port: int) -> Iterable[str]:
        raise OSError("Name or service not known")

    with pytest.raises(httpcore.ConnectError, match="not known"):
        Guarded(Switchboard(), lookup=nobody).connect_tcp("example.com", 443)
