"""The catalogs of the board say the same in every language, and nothing that a template could not reach."""

import re
from importlib.resources import files

import pytest
from babel import Locale

from labelwatch.core.alert import Reason
from labelwatch.i18n import LANGUAGES
from labelwatch.web.words import accepted, words

TEMPLATES = files("labelwatch.web").joinpath("templates")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str) -> None:
    assert set(words(language).said["reason"]) == set(Reason)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_has_every_form_that_the_language_needs(language: str) -> None:
    rule = Locale.parse(language).plural_form
    needed = {rule(n) for n in range(200)} | {"other"}
    for key, forms in words(language).count.items():
        # Where all forms would read alike, one is enough.
        assert set(forms) >= needed or len(set(forms.values())) == 1, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_hidden_by_what_a_table_can_do(language: str) -> None:
    for table, said in words(language).said.items():
        assert not set(said) & set(dir(dict)), table


def test_everything_that_is_said_is_used() -> None:
    """A phrase that no page says any more is dead weight for three translators."""
    sources = [files("labelwatch.web"), files("labelwatch.web").joinpath("pages"), TEMPLATES]
    program = "\n".join(
        one.read_text("utf-8")
        for folder in sources
        for one in folder.iterdir()
        if one.name.endswith((".py", ".html"))
    )
    for table in ("page", "late", "posting", "shops", "channels", "incidents", "causes", "trouble"):
        for key in words("en").said[table]:
            assert re.search(rf"""["'.]{key.removesuffix("_meaning")}\b""", program), (table, key)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("ru", "ru"),
        ("ZH-hant-TW", "zh"),
        ("fr, de;q=0.9", None),
        ("en;q=0.1, ru;q=0.2", "ru"),
        ("ru;q=0, en;q=0.1", "en"),
        ("ru;q=x", None),
        ("," * 5000, None),
    ],
)
def test_the_language_that_a_browser_likes_best_is_found(header: str, language: str | None) -> None:
    assert accepted(header) == language
