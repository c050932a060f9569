"""A command that fails says what happened, what it means for the orders, and what to do, in the reader's language."""

from pathlib import Path

import pytest

from labelwatch.cli.errors import UNREACHABLE, error_lines, language_of_errors
from labelwatch.cli.words import words
from labelwatch.config import ConfigError, Mistake, NoConfigError, Sentence
from labelwatch.sources import SourceError, Trouble
from labelwatch.store import AlreadyRunning, Fault, StoreError
from tests.support.place import Place

LANGUAGES = ("zh", "ru", "en")
MISTAKES = [Mistake(Path("x.toml"), "ozon.every", Sentence("missing"), line=3)]
FAILURES = [
    ConfigError(MISTAKES),
    NoConfigError(MISTAKES),
    AlreadyRunning(Fault.BUSY, "pid 7"),
    *(StoreError(fault, "the database labels.db did not") for fault in Fault),
    *(SourceError(trouble, "HTTP 500") for trouble in Trouble),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("error", FAILURES, ids=lambda error: f"{type(error).__name__} {error}"[:40])
def test_every_failure_says_what_it_means_and_what_to_do(error: Exception, language: str) -> None:
    found = error_lines(error, language)
    assert found is not None
    text, code = found
    said = words(language).doctor
    *happened, means, todo = text.split("\n")
    assert happened
    assert means.strip().startswith(said.means.strip())
    assert len(means.strip()) > len(said.means) + 5
    assert todo.strip().startswith(said.todo.strip())
    assert len(todo.strip()) > len(said.todo) + 5
    assert code in (1, 69, 75, 78)
    assert "{" not in text


@pytest.mark.parametrize("language", ["zh", "ru"])
def test_the_exact_words_of_the_database_stand_below_the_translated_ones(language: str) -> None:
    found = error_lines(StoreError(Fault.BUSY, "the database labels.db is busy"), language)
    assert found is not None
    assert found[0].split("\n")[1] == "  the database labels.db is busy"


def test_what_nobody_expected_has_no_words() -> None:
    assert error_lines(KeyError("x"), "en") is None


@pytest.mark.parametrize(
    ("arguments", "text", "language"),
    [
        (["late"], 'language = "ru"', "ru"),
        (["late"], "", "zh"),
        (["late"], 'language = "fr"', "en"),
        (["late"], "language = ru", "ru"),
        (["late", "--config", "other.toml"], 'language = "ru"', "zh"),
        (["late", "--config=other.toml"], 'language = "ru"', "zh"),
        (["--config", "other.toml", "late"], 'language = "ru"', "zh"),
        (["late", "--config", "gone.toml"], 'language = "ru"', "en"),
    ],
)
def test_errors_speak_the_language_of_the_configuration_however_wrong_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], text: str, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labelwatch.toml").write_text(f"{text}\nnonsense = 5\n")
    (tmp_path / "other.toml").write_text('language = "zh"')
    assert language_of_errors(arguments, {"LANG": "en_US.UTF-8", "HOME": str(tmp_path)}) == language


def test_a_beginner_is_told_to_set_it_up(place: Place) -> None:
    place.config.unlink()
    for language, said in (("zh_CN.UTF-8", "还没有配置文件"), ("ru_RU.UTF-8", "настроек ещё нет")):
        done = place.run("late", LANG=language)
        assert done.code == 78
        assert done.err.startswith(f"labelwatch: {said}\n")
        assert "`labelwatch init`" in done.err


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_what_the_system_refuses_is_said_with_its_own_words_and_a_code(language: str) -> None:
    found = error_lines(PermissionError(13, "Permission denied", "/var/lib/labelwatch/x"), language)
    assert found is not None
    text, code = found
    assert code == UNREACHABLE
    assert "Permission denied: '/var/lib/labelwatch/x'" in text
    assert "labelwatch doctor" in text
