"""The three catalogs say the same things about the same causes, and nothing that nobody says."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from string import Formatter

import pytest

import labelwatch.core.rules
from labelwatch.core.alert import Certainty, Outcome, Reason
from labelwatch.core.diagnosis import INCIDENT_CAUSES
from labelwatch.core.facts import TaskState
from labelwatch.core.lateness import KNOWN_STATUSES
from labelwatch.core.rules import CAUSES, delivery_method
from labelwatch.core.rules.blind import OUT_OF_FILES
from labelwatch.core.system_problems import BEHIND, DEAD, FAILING, FULL
from labelwatch.i18n import LANGUAGES, source
from labelwatch.messages.catalog import Catalog, Counts, Lines, Template, catalog, counted
from labelwatch.messages.letters import KINDS
from labelwatch.messages.raw_text import RAW

GLOSSARY = Path(__file__).parents[2].parent / "shared" / "ozon" / "glossary.md"
SAYABLE_OF_MANY = {"wait_until", "checking", "carrier"}
"""What holds for a whole group as well: the last variant of a headline, why or advice names nothing else."""
SAYABLE_OF_ONE = SAYABLE_OF_MANY | {
    *("posting", "order", "shop", "skus", "missing", "waiting", "method", "warehouse", "alternatives"),
    *("message", "quoted", "over", "state", "gaps", "paused", "tally", "since", "in_shops", "channel", "reason"),
    *("dark", "unknown", "behind"),
}
SAYABLE_IN_LETTERS = SAYABLE_OF_ONE | {
    *("status", "substatus", "flow", "tracking", "goods", "weight", "watched"),
    *("ordered", "assembled", "standing", "deadline", "missed"),
}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_what_rules_out_a_cause_is_said_to_people_and_to_programs() -> None:
    of_values, said = {"empty", "unknown"}, set(catalog("en").ruled_out)
    assert said - of_values == RAW.keys() - {"is", "said", "late_of", "over", "gaps"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_has_words_and_no_words_are_without_a_cause(language: str) -> None:
    assert set(catalog(language).cause) == set(CAUSES)
    assert set(catalog(language).proof) == (set() if language == "en" else set(CAUSES))  # there the rule says it


@pytest.mark.parametrize(
    ("table", "wanted"), [("reason", set(Reason)), ("outcome", set(Outcome)), ("certainty", set(Certainty))]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_core_may_say_can_be_said(language: str, table: str, wanted: set[str]) -> None:
    assert set(getattr(catalog(language), table)) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_that_is_known_has_a_word(language: str) -> None:
    assert set(catalog(language).status) >= KNOWN_STATUSES


def flat(steps: Sequence[Template]) -> Iterator[str]:
    for step in steps:
        yield from (step,) if isinstance(step, str) else step


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cause_names_only_what_is_known_of_it(language: str) -> None:
    for words in catalog(language).cause.values():
        for variants in (words.headline, words.why, words.advice):
            assert names(variants[-1]) <= SAYABLE_OF_MANY, variants
        for text in (*words.headline, *words.why, *words.advice, *flat(words.steps)):
            assert names(text) <= SAYABLE_OF_ONE, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_variant_of_a_text_is_hidden_behind_another(language: str) -> None:
    """The first one that can be filled in is said: one that needs less must not stand before one that needs more."""
    for words in catalog(language).cause.values():
        remedies = [one for one in (words, words.urgent, words.missed) if one is not None]
        lists = [words.why, *(said for one in remedies for said in (one.headline, one.advice))]
        lists += [step for one in remedies for step in one.steps if not isinstance(step, str)]
        for variants in lists:
            needed = [names(text) for text in variants]
            assert all(not earlier <= later for earlier, later in combinations(needed, 2)), variants


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_names_only_what_is_known(language: str) -> None:
    for words in catalog(language).letter.values():
        pleas = (text for plea in words.cause.values() for text in (*plea.say, *plea.ask))
        for text in (*words.subject, *words.facts, *words.tried, *pleas):
            assert names(text) <= SAYABLE_IN_LETTERS, text
        for plea in words.cause.values():
            assert names(plea.say[-1]) | names(plea.ask[-1]) <= {"order"}, plea


def test_letters_about_the_same_cause_ask_for_time_in_every_language_or_in_none() -> None:
    asked = []
    for language in LANGUAGES:
        words = catalog(language).letter["support"]
        ones = {cause: plea for cause, plea in words.cause.items() if not cause.endswith("_incident")}
        asked.append({cause for cause, plea in ones.items() if all(words.excuse in ask for ask in plea.ask)})
    assert {"passport_data_missing", "recipient_incomplete", "country_missing", "registration_pending"} <= asked[0]
    assert asked == [asked[0]] * len(asked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_has_words_and_no_words_are_without_a_letter(language: str) -> None:
    written = {(kind, cause) for kind, words in catalog(language).letter.items() for cause in words.cause}
    assert written == {(str(kind), cause) for cause, kinds in KINDS.items() for kind in kinds}
    assert set(KINDS) <= set(CAUSES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_that_a_rule_may_name_has_a_word(language: str) -> None:
    rules = "\n".join(path.read_text("utf-8") for path in Path(labelwatch.core.rules.__file__).parent.glob("*.py"))
    quoted = set(re.findall(r'\b(?:Proof|said)\((?:finding, )?"([^"]+)"', rules))
    calls = re.findall(r"\bcertain\(finding, ([^)]*)\)", rules)
    quoted |= {name for call in calls for name in re.findall(r'"(\w+)"', call)}
    assert {"status", "substatus", "delivery_method.status", "label_task", "recipient"} <= quoted
    assert quoted - set(catalog(language).field) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_facts_may_say_has_words(language: str) -> None:
    value = catalog(language).value
    assert set(value["label_task"]) == set(TaskState)
    assert set(value["delivery_method.status"]) >= {*delivery_method._UNFINISHED, "BROKEN", "DISABLED", "not listed"}
    assert set(value["warehouse.status"]) >= {*delivery_method._PAUSED, delivery_method._ARCHIVED}
    assert "validation_in_process" in value["exemplars"]
    assert set(catalog(language).calm) == {
        *INCIDENT_CAUSES.values(),
        "outage",
        DEAD,
        FULL,
        FAILING,
        OUT_OF_FILES,
        BEHIND,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cause_can_be_told_without_a_time_to_wait_for(language: str) -> None:
    for words in catalog(language).cause.values():
        for variants in (words.headline, words.why, words.advice):
            assert "wait_until" not in names(variants[-1]), variants


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phrase_with_a_number_has_every_plural_form_of_its_language(language: str) -> None:
    words = catalog(language)
    wanted = {*words.locale.plural_form.tags, "other"}
    assert {field.name: set(getattr(words.count, field.name)) for field in fields(Counts)} == {
        field.name: wanted for field in fields(Counts)
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["1 单", "2 单", "5 单", "21 单"]),
        ("ru", ["1 отправление", "2 отправления", "5 отправлений", "21 отправление"]),
        ("en", ["1 posting", "2 postings", "5 postings", "21 postings"]),
    ],
)
def test_numbers_take_the_form_of_the_language(language: str, said: list[str]) -> None:
    words = catalog(language)
    assert [counted(words, words.count.postings, n) for n in (1, 2, 5, 21)] == said


def test_no_key_is_in_a_catalog_for_nothing() -> None:
    house = Path(labelwatch.__file__).parent
    files = [path for path in house.rglob("*.py") if path != house / "messages" / "catalog.py"]
    program = "\n".join(path.read_text("utf-8") for path in files)
    said = set(re.findall(r"\b(?:line|count)\.(\w+)", program))
    for table, kind in (("line", Lines), ("count", Counts)):
        names = {field.name for field in fields(kind)}
        assert names - said == set()
        assert set(source("en", "messages")[table]) == names
    assert set(source("en", "messages")) == {field.name for field in fields(Catalog)} - {"language"}


@pytest.mark.skipif(not GLOSSARY.exists(), reason="Ozon's own words are not beside this project")
@pytest.mark.parametrize(("language", "column"), [("en", 2), ("ru", 3), ("zh", 4)])
def test_delivery_methods_are_called_what_ozon_calls_them(language: str, column: int) -> None:
    rows = [
        line.split("|") for line in GLOSSARY.read_text("utf-8").split("## delivery method status")[1].splitlines()
    ]
    ozon = {row[1].strip(" `"): row[column].strip() for row in rows if len(row) == 6 and "`" in row[1]}
    said = catalog(language).value["delivery_method.status"]
    marks = "（）" if language == "zh" else "()"
    assert {word: re.split(f" ?[{marks}]", said[word])[0] for word in ozon} == ozon


@pytest.mark.skipif(not GLOSSARY.exists(), reason="Ozon's own words are not beside this project")
@pytest.mark.parametrize(("language", "column"), [("en", 2), ("ru", 3), ("zh", 4)])
def test_statuses_are_called_what_ozon_calls_them(language: str, column: int) -> None:
    rows = [line.split("|") for line in GLOSSARY.read_text("utf-8").split("## substatus")[0].splitlines()]
    ozon = {row[1].strip(" `"): row[column].strip() for row in rows if len(row) == 6 and "`" in row[1]}
    # The tabs of the seller's cabinet, where they are named otherwise.
    sellers = {
        "zh": {"awaiting_packaging": "等待备货", "awaiting_deliver": "等待发运"},
        "ru": {"awaiting_packaging": "ожидает сборки"},
    }.get(language, {})
    assert dict(catalog(language).status) == ozon | sellers
