"""A name that stands for a private address is not connected to, over any channel, until somebody allows it."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import Delivered, OutgoingMessage, Permanent, Result
from labelwatch.channels.verify import checked
from labelwatch.delivery.heartbeat import ping
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.setup.config_writer import NewChannel
from labelwatch.setup.first_message import with_permission
from tests.support.fake_telegram import TOKEN, FakeTelegram
from tests.support.http_server import Hook, answer
from tests.support.reasons import because, english, worded
from tests.support.relays import Relay, http
from tests.support.smtp_server import PostOffice

NAME = "0x7f000001"
"""127.0.0.1 to whoever looks it up, and no address as it is written: a name server could say the same of any name."""
FINE = '{"ok": true, "errcode": 0, "code": 0}'
KINDS = ("json", "mail", "tgram", "wecom", "dingtalk", "feishu", "gotify")
REFUSED = (
    f"{NAME} stands for 127.0.0.1, which is no public address: "
    "if that is meant, write allow_private = true into this [[channel]]"
)
PARCEL = OutgoingMessage(Message("Late", (Section(lines=("one",)),), Kind.INFO), (), "a" * 32)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Servers that listen on 127.0.0.1."""

    hook: Hook
    office: PostOffice
    telegram: FakeTelegram

    def way(self, kind: str, host: str) -> tuple[str, str]:
        """URL and api_base of a channel that leads to a host."""
        base = f"http://{host}:{self.hook.port}"
        return {
            "json": (f"json://{host}:{self.hook.port}/hook", ""),
            "mail": (f"mailto://{host}:{self.office.port}?from=watch@example.com&to=nina@example.com", ""),
            "tgram": (f"tgram://{TOKEN}/-1001", f"http://{host}:{self.telegram.base.rpartition(':')[2]}"),
            "wecom": ("wecombot://tokenwecom", base),
            "dingtalk": ("dingtalk://tokendingtalk", base),
            "feishu": ("feishu://tokenfeishu", base),
            "gotify": (f"gotify://{host}:{self.hook.port}/tokengotify", ""),
        }[kind]

    @property
    def heard(self) -> int:
        return len(self.hook.requests) + len(self.office.heard) + len(self.telegram.calls)


@contextmanager
def _listening() -> Iterator[Neighbour]:
    with ExitStack() as stack:
        enter = stack.enter_context
        yield Neighbour(enter(Hook([answer(200, FINE)])), enter(PostOffice()), enter(FakeTelegram()))


@pytest.fixture
def neighbour(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbour]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert socket.gethostbyname(NAME) == "127.0.0.1"
    with _listening() as there:
        yield there


def sent(neighbour: Neighbour, kind: str, host: str, *, private: bool = False) -> Result:
    url, api_base = neighbour.way(kind, host)
    return open_channel(url, api_base=api_base, private=private, deadline=timedelta(seconds=5)).send(PARCEL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_leads_home_is_refused_and_what_to_write_is_said(kind: str, neighbour: Neighbour) -> None:
    assert worded(sent(neighbour, kind, NAME)) == Permanent(because(REFUSED))
    assert neighbour.heard == 0


@pytest.mark.parametrize("kind", KINDS)
def test_before_anything_is_sent_that_is_found_out_as_well(kind: str, neighbour: Neighbour) -> None:
    url, api_base = neighbour.way(kind, NAME)
    found = checked(open_channel(url, api_base=api_base))
    assert not found.ok
    assert english(found.said) == REFUSED
    assert neighbour.heard == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_name_is_used_where_it_is_allowed(kind: str, neighbour: Neighbour) -> None:
    assert isinstance(sent(neighbour, kind, NAME, private=True), Delivered)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_address_that_is_written_out_is_allowed_by_that(kind: str, host: str, neighbour: Neighbour) -> None:
    assert isinstance(sent(neighbour, kind, host), Delivered)


def test_behind_a_proxy_the_proxy_looks_names_up(neighbour: Neighbour) -> None:
    with Relay(http()) as relay:
        url, _ = neighbour.way("json", NAME)
        assert isinstance(open_channel(url, proxy=f"http://127.0.0.1:{relay.port}").send(PARCEL), Delivered)


def test_the_heartbeat_goes_where_it_is_told_to(neighbour: Neighbour) -> None:
    assert ping(f"http://{NAME}:{neighbour.hook.port}/uuid") == 200


def test_a_token_in_the_place_of_a_host_is_shown_to_no_name_server() -> None:
    from labelwatch.channels.apprise_services import plugin, server_of

    service = plugin("ntfy://a-secret-topic")
    assert service is not None
    assert server_of(service) == ""


@pytest.mark.parametrize(("host", "asks"), [(NAME, True), ("127.0.0.1", False), ("no.such.name.invalid", False)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_wizard_writes_the_permission_down_where_it_is_needed(
    kind: str, host: str, asks: bool, neighbour: Neighbour
) -> None:
    url, api_base = neighbour.way(kind, host)
    if api_base and "." in host and not host[0].isdigit():
        api_base = api_base.replace("http:", "https:")
    assert with_permission(NewChannel(kind, url, api_base)).allow_private is asks
