"""The lists of causes in the READMEs are those of the code."""

import pytest

from labelwatch.core.causes import CAUSES
from tests.docs.blocks import PAGES as BLOCKS
from tests.docs.blocks import REGENERATE, written
from tests.docs.pages import PAGES


@pytest.mark.parametrize("page", BLOCKS)
def test_the_list_of_causes_is_current(page: str) -> None:
    assert PAGES[page] == written(page, PAGES[page]), f"{page} is out of date: run `{REGENERATE}`"


@pytest.mark.parametrize("page", BLOCKS)
def test_every_cause_stands_in_its_own_row(page: str) -> None:
    listed = BLOCKS[page]()
    assert [cause for cause in CAUSES if listed.count(f"| `{cause}` |") != 1] == []


def test_a_page_without_marks_is_not_taken_for_current() -> None:
    with pytest.raises(ValueError, match="no marks"):
        written("README.md", "# labelwatch\n")
