"""What a service said is shown without the channel's secrets, however it quotes them and wherever it is cut."""

import json
from datetime import timedelta
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.channels.http import Answer, HttpOptions, exchange
from labelwatch.channels.redaction import quoted, redact, secrets_of
from tests.support.http_server import Hook, answer

SECRETS = ("p@ss<word>", 'quo"te/d', "scheme://x", "zero\u200bwidth", "two  words", "täg&nacht", "4711:AA-token")
LONG = "canary4711token" * 3


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("written", [str, json.dumps, escape, lambda secret: quote(secret, safe="")], ids=range(4))
def test_a_secret_is_hidden_in_whatever_form_it_is_quoted(secret: str, written: object) -> None:
    assert callable(written)
    said = quoted(f"no such key: {written(secret)} (sorry)", (secret,), 100)
    assert said.replace('"', "") == "no such key: *** (sorry)"


@given(st.integers(0, 120), st.integers(2, 60))
def test_no_part_of_a_secret_is_left_where_a_line_is_cut(before: int, most: int) -> None:
    said = quoted("." * before + LONG, (LONG,), most)
    assert len(said) <= most
    assert set(said) <= set(".*…")


def test_of_two_secrets_that_hold_each_other_the_longer_one_goes_whole() -> None:
    assert redact("key abcd-efgh", ("abcd", "abcd-efgh")) == "key ***"
    assert redact("nothing to hide", ("",)) == "nothing to hide"


@pytest.mark.parametrize("padding", [0, 60, 75, 90, 99, 150])
def test_a_service_that_tells_the_address_back_tells_no_secret(padding: int) -> None:
    secret = "s3cr<t@place"
    with Hook([answer(404, f"{'.' * padding} {secret} is not here")]) as hook:
        said = exchange(HttpOptions(timedelta(seconds=5), (secret,)), "GET", f"http://127.0.0.1:{hook.port}/")
    assert isinstance(said, Answer)
    assert len(said.said) <= 100
    assert not any(part in said.said for part in ("s3cr", "place"))


def test_the_names_of_parameters_are_no_secrets_but_their_values_are() -> None:
    url = "mailto://user:p%40ssw@mail.example/?mode=starttls&to=packer@shop.example&+X-Token=abcd&bare"
    assert set(secrets_of(url)) == {
        "user", "p%40ssw", "p@ssw", "mail.example", "starttls", "packer", "shop.example", "abcd", "bare"
    }  # fmt: skip
