"""A page, a single posting, what a key may do: read from their wrappers, and never half."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.sources import KeyInfo, SourceError, Trouble
from labelwatch.sources.ozon.parse import Page, key_info, one, page, read
from tests.sources.build import ANYTHING, BARE, answer

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POSTINGS = [{**BARE, "posting_number": f"11-22-{n}"} for n in (1, 2)]


@pytest.mark.parametrize(
    ("body", "cursor", "more"),
    [
        ({"postings": POSTINGS, "cursor": "c", "has_next": True}, "c", True),
        ({"result": {"postings": POSTINGS, "has_next": True}}, None, True),
        ({"result": {"postings": POSTINGS, "count": 2}}, None, False),
        ({"postings": POSTINGS}, None, False),
        ({"postings": POSTINGS, "cursor": None, "has_next": None}, None, False),
        ({"postings": POSTINGS, "cursor": 5, "has_next": False, "added": [1]}, "5", False),
    ],
)
def test_a_page_is_read_at_top_level_and_in_its_wrapper(body: object, cursor: str, more: bool) -> None:
    found = page(answer(body))
    assert [read(each).number for each in found.items] == ["11-22-1", "11-22-2"]
    assert [each.index for each in found.items] == [0, 1]
    assert (found.cursor, found.has_next) == (cursor, more)


def test_an_empty_list_is_a_page_without_postings() -> None:
    assert page(answer({"postings": [], "has_next": False, "cursor": ""})) == Page([], "", False)


@pytest.mark.fault("O3")
@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"", Trouble.OZON_DOWN),
        (b'{"postings":[{"posting_number":', Trouble.OZON_DOWN),
        (b"<html>please wait</html>", Trouble.OZON_DOWN),
        (b"null", Trouble.NOT_UNDERSTOOD),
        (b"{}", Trouble.NOT_UNDERSTOOD),
        (b"[]", Trouble.NOT_UNDERSTOOD),
        ({"postings": None, "has_next": False}, Trouble.NOT_UNDERSTOOD),
        ({"postings": {}}, Trouble.NOT_UNDERSTOOD),
        ({"result": []}, Trouble.NOT_UNDERSTOOD),
        ({"result": {"postings": None}}, Trouble.NOT_UNDERSTOOD),
        ({"postings": [], "has_next": "yes"}, Trouble.NOT_UNDERSTOOD),
        (b'{"postings":[],"cursor":"\xff"}', Trouble.NOT_UNDERSTOOD),
        (b'{"postings":[{"name":"a"}],"has_next":false,"cursor":"\xff"}', Trouble.NOT_UNDERSTOOD),
        (b'{"added":"\xff","postings":[{"name":"a"}],"has_next":false,"cursor":""}', Trouble.NOT_UNDERSTOOD),
        (b'{"\xffhas_next":true,"cursor":"c","postings":[]}', Trouble.NOT_UNDERSTOOD),
        (b'{"postings":[]} and more', Trouble.NOT_UNDERSTOOD),
        ({"code": 16, "message": "Client-Id and Api-Key headers are required"}, Trouble.KEY_REJECTED),
        ({"error": {"code": "X", "message": "Offer not signed"}}, Trouble.OFFER_NOT_SIGNED),
    ],
)
def test_an_answer_without_an_array_of_postings_is_no_empty_page(body: object, trouble: Trouble) -> None:
    with pytest.raises(SourceError) as caught:
        page(answer(body))
    assert caught.value.trouble is trouble


def test_a_single_posting_is_read_from_its_wrapper_and_may_be_unknown() -> None:
    found = one(answer({"result": BARE}))
    assert found is not None
    assert read(found).number == "11-22-1"
    assert one(answer({"code": 5, "message": "POSTING_NOT_FOUND"}, 404)) is None
    assert one(answer({"error": {"code": "NOT_FOUND_ERROR", "message": "POSTING_NOT_FOUND"}})) is None
    empty: list[dict[str, Any]] = [{"result": None}, {"result": []}, {}, BARE]
    for body in empty:
        with pytest.raises(SourceError, match="answer_not_understood"):
            one(answer(body))


@pytest.mark.parametrize(
    ("body", "info"),
    [
        (
            {"expires_at": "2026-11-20T12:00:00Z", "roles": [{"name": "Admin", "methods": ["/"]}]},
            KeyInfo(NOON, ("Admin",)),
        ),
        ({"expires_at": None, "roles": []}, KeyInfo(None, ())),
        ({"roles": [{"name": "A"}, {"methods": []}, {"name": "B"}]}, KeyInfo(None, ("A", "B"))),
    ],
)
def test_a_key_tells_its_roles_and_may_hide_its_end(body: object, info: KeyInfo) -> None:
    assert key_info(answer(body)) == info


@pytest.mark.parametrize("body", [{}, {"roles": None}, {"roles": [], "expires_at": "soon"}, []])
def test_an_answer_without_roles_is_not_understood(body: object) -> None:
    with pytest.raises(SourceError, match="answer_not_understood"):
        key_info(answer(body))


@pytest.mark.fault("O3")
@given(
    st.binary(max_size=200) | st.builds(msgspec.json.encode, ANYTHING),
    st.sampled_from([200, 302, 404, 429, 500]),
    st.sampled_from([page, one, key_info]),
)
def test_any_answer_is_understood_or_a_named_trouble(body: bytes, status: int, understand: Any) -> None:
    with pytest.raises(SourceError) as caught:
        understand(answer(body, status))
    assert isinstance(caught.value.trouble, Trouble)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_envelope_around_postings_is_a_page_or_a_named_trouble(cursor: Any, more: Any, postings: Any) -> None:
    body = msgspec.json.encode({"cursor": cursor, "has_next": more, "postings": postings})
    try:
        found = page(answer(body))
    except SourceError:
        return
    assert len(found.items) == len(postings)
