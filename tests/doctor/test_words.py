"""Whatever the doctor finds is said in three languages, and means the same in each."""

import ast
import re
from pathlib import Path

import pytest

import labelwatch.doctor
from labelwatch.channels.verify import Account
from labelwatch.cli.words import words
from labelwatch.doctor import EXAMINATIONS
from labelwatch.sources.ozon.connectivity import Failure

LANGUAGES = ("zh", "ru", "en")
PREFIXES = {name.partition("_")[0] for name in words("en").doctor.found}
_KIND = re.compile(r"[a-z]+_[a-z_]+$")


def kinds() -> set[str]:
    """The kinds of finding that stand in the code of the examinations: what begins as a known one does."""
    here = Path(labelwatch.doctor.__file__).parent
    texts = {
        node.value
        for file in here.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    like = {text for text in texts if text.partition("_")[0] in PREFIXES and _KIND.match(text)}
    return like | {"program"} | {f"way_{barrier}" for barrier in Failure} | {f"channel_{seen}" for seen in Account}


EXPECTED = kinds()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_finding_has_words_and_no_words_are_left_over(language: str) -> None:
    assert set(words(language).doctor.found) == EXPECTED


def test_every_examination_says_what_it_looks_at() -> None:
    assert all(examination.__doc__ for examination in EXAMINATIONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_that_mend_it_are_named(language: str) -> None:
    found, trouble = words(language).doctor.found, words(language).trouble
    for kind in ("service_by_hand", "service_none"):
        assert "`sudo sh deploy/install.sh`" in found[kind].todo
    for mended in (found["database_damaged"], found["database_newer"], trouble["corrupt"], trouble["too_new"]):
        assert "`labelwatch db restore " in mended.todo
    assert "`labelwatch init`" in words(language).demo.connect
