"""Only requests to a name of ours, and forms from a page of ours, are listened to."""

import pytest

from labelwatch.config import Address, Web
from labelwatch.web.auth.origin import is_from_us, local_path, names

LOCAL = names(Web())
PUBLIC = names(Web(public_url="https://watch.example.org:8443"))
WIDE = names(Web(listen=Address("0.0.0.0", 8765)))


def test_nobody_but_this_machine_is_listened_to_unless_told_otherwise() -> None:
    assert Web().listen.is_loopback


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8765", "127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:8765", "127.0.0.1:9999"],
)
def test_this_machine_is_known_by_its_own_names(host: str) -> None:
    assert LOCAL.know(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        None,
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil",
        "localhost:x",
        "[::1",
        "[::1]evil.example",
        "10.0.0.1:8765",
        "watch.example.org",
    ],
)
def test_any_other_name_is_somebody_elses(host: str | None) -> None:
    assert not LOCAL.know(host)


def test_the_public_name_is_known_where_there_is_one() -> None:
    assert PUBLIC.know("watch.example.org:8443")
    assert PUBLIC.know("127.0.0.1:8765")
    assert not PUBLIC.know("other.example.org")


def test_who_listens_everywhere_has_every_number_but_no_name() -> None:
    assert WIDE.know("192.168.1.5:8765")
    assert WIDE.know("[fe80::1]:8765")
    assert not WIDE.know("evil.example:8765")


FORMS: list[tuple[dict[str, str], bool]] = [
    ({"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}, True),
    ({"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765"}, True),
    ({"host": "127.0.0.1:8765"}, True),
    ({"host": "127.0.0.1:8765", "origin": "https://watch.example.org:8443"}, True),
    ({"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:9999"}, False),
    ({"host": "127.0.0.1:8765", "origin": "http://evil.example"}, False),
    ({"host": "127.0.0.1:8765", "origin": "null"}, False),
    ({"host": "127.0.0.1:8765", "origin": ""}, False),
    ({"host": "127.0.0.1:8765", "origin": "file://127.0.0.1:8765"}, False),
    ({"host": "127.0.0.1:8765", "sec-fetch-site": "cross-site"}, False),
    ({"host": "127.0.0.1:8765", "sec-fetch-site": "same-site"}, False),
    ({"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765", "sec-fetch-site": "cross-site"}, False),
]


@pytest.mark.parametrize(("headers", "ours"), FORMS)
def test_a_form_is_ours_if_nothing_says_otherwise(headers: dict[str, str], ours: bool) -> None:
    assert is_from_us(headers, PUBLIC) is ours


@pytest.mark.parametrize("path", ["/", "/posting/41-1?x=1", "/?shop=%E5%BA%97"])
def test_a_path_of_ours_is_gone_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\r\nx: y", "/" + "a" * 2000]
)
def test_no_path_leads_elsewhere(path: str) -> None:
    assert local_path(path) == "/"
