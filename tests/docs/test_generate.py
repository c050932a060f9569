"""The generated parts of the documentation are those of the code."""

import pytest

from labelwatch.core.rules import CAUSES
from tests.docs import keys
from tests.docs.generate import BLOCKS, COMMAND, UNWRITTEN, blocks_of, generated
from tests.docs.marks import marked
from tests.docs.pages import PAGES, READMES, guide, rows

WITH_BLOCKS = [page for page in PAGES if blocks_of(PAGES[page])]
CONFIGURATION = guide("en", "configuration")


@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_the_generated_parts_of_a_page_are_current(page: str) -> None:
    assert PAGES[page] == generated(page, PAGES[page]), f"{page} is out of date: run {COMMAND}"


def test_every_part_that_can_be_generated_stands_somewhere_and_is_closed() -> None:
    found = [name for page in WITH_BLOCKS for name in blocks_of(PAGES[page])]
    assert {name.partition(" ")[0] for name in found} == set(BLOCKS)
    assert len(found) == sum(text.count("<!-- generated:") for text in PAGES.values())


@pytest.mark.parametrize("language", READMES)
def test_every_guide_has_all_causes_and_all_tables_of_keys(language: str) -> None:
    assert blocks_of(PAGES[guide(language, "troubleshooting")]) == ["causes"]
    assert blocks_of(PAGES[guide(language, "configuration")]) == [f"keys {name}" for name in keys.SHAPES]


@pytest.mark.parametrize("page", [page for page in WITH_BLOCKS if {"causes", "proofs"} & set(blocks_of(PAGES[page]))])
def test_every_cause_stands_in_its_own_row(page: str) -> None:
    assert [cause for cause in CAUSES if PAGES[page].count(f"| `{cause}` |") != 1] == []


@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_nothing_is_left_for_people_to_write(page: str) -> None:
    assert [cells for cells in rows(PAGES[page]) if UNWRITTEN in cells or "" in cells[-1:] * (len(cells) == 2)] == []


def test_a_default_that_has_changed_is_corrected_and_the_meaning_is_kept() -> None:
    wrong = PAGES[CONFIGURATION].replace('| `every` | `"2m"` |', '| `every` | `"3m"` |')
    assert wrong != PAGES[CONFIGURATION]
    assert generated(CONFIGURATION, wrong) == PAGES[CONFIGURATION]


def test_a_new_key_gets_a_row_whose_meaning_has_to_be_written() -> None:
    (row,) = (line for line in PAGES[CONFIGURATION].splitlines() if line.startswith("| `timeout` |"))
    assert f'| `timeout` | `"30s"` | {UNWRITTEN} |' in generated(
        CONFIGURATION, PAGES[CONFIGURATION].replace(f"{row}\n", "")
    )


def test_a_fault_whose_test_was_renamed_gets_one_that_bears_its_mark() -> None:
    text = PAGES["tests/README.md"]
    (line,) = (one for one in text.splitlines() if one.startswith("| P9 |"))
    renamed = line.rpartition(" | ")[0] + " | `tests/faults/test_p_damage.py::test_of_another_name` |"
    (now,) = (
        one for one in generated("tests/README.md", text.replace(line, renamed)).splitlines() if "| P9 |" in one
    )
    assert any(f"`{test}`" in now for test in marked()["P9"])
    assert "another_name" not in now
