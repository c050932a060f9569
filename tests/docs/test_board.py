"""What the guides say of the board, its door and its links is what the code does."""

import re
from datetime import timedelta

import pytest

from labelwatch.delivery.action_links import LASTS, VERBS
from labelwatch.messages.catalog import catalog
from labelwatch.web import application
from labelwatch.web.auth.password import FEW, MANY, WHILE
from labelwatch.web.auth.signed_cookies import SESSION_LASTS
from labelwatch.web.words import words
from tests.docs.generate import without_blocks
from tests.docs.pages import BOOKS, PAGES, READMES, ROOT, guide, rows

BOARD = {language: PAGES[guide(language, "board")] for language in READMES}

FOR_PROMETHEUS = ("prometheus-rules.yml", "grafana-dashboard.json")
LINKED = {language: [("" if language == "en" else "../../", file) for file in FOR_PROMETHEUS] for language in READMES}
"""Where the files for Prometheus are linked to: in English by deploy/README.md."""

# (what the code does, what it is said to do, in which words of English, Chinese and Russian)
SAID = [
    (LASTS, timedelta(hours=48), ("for 48 hours", "48 小时内有效", "один раз, 48 часов")),
    (SESSION_LASTS, timedelta(days=30), ("lasts 30 days", "登录一次管 30 天", "Вход действует 30 дней")),
    (FEW, 5, ("After five wrong passwords", "输错五次", "После пяти неверных паролей")),
    (MANY, 50, ("fifty of all strangers", "输错五十次", "после пятидесяти")),
    (WHILE, timedelta(minutes=15), ("a quarter of an hour", "一刻钟", "четверть часа")),
]


@pytest.mark.parametrize(("does", "means", "words_for_it"), SAID)
def test_every_limit_of_the_door_is_told_as_it_is(does: object, means: object, words_for_it: tuple[str, ...]) -> None:
    assert does == means
    texts = (" ".join(BOARD[language].split()) for language in BOARD)
    assert [said for said, text in zip(words_for_it, texts, strict=True) if said not in text] == []


@pytest.mark.parametrize("language", READMES)
def test_the_table_names_exactly_the_pages_that_there_are(language: str) -> None:
    told = {re.sub(r"^(/posting/|/dispute/).+", r"\1", cells[0].strip("`")) for cells in rows(BOARD[language])}
    assert told == {route.path.partition("{")[0] for route in application.PAGES}


@pytest.mark.parametrize("language", READMES)
def test_the_links_and_verdicts_are_called_as_they_are_on_the_page(language: str) -> None:
    said = words(language).said["late"]
    names = [catalog(language).button[verb] for verb in VERBS] + [said["act"], said["wait"]]
    assert [name for name in names if name.lower() not in BOARD[language].lower()] == []


@pytest.mark.parametrize("language", READMES)
def test_what_is_said_to_lie_in_deploy_is_there(language: str) -> None:
    named = set(re.findall(r"(?<!tests/)deploy/[\w.-]+\w", BOOKS[language]))
    assert "deploy/install.sh" in named
    assert all(f"({path}{file})" in BOOKS[language] for path, file in LINKED[language])
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("language", READMES)
def test_every_metric_that_is_named_is_one_that_the_rules_or_the_dashboard_look_at(language: str) -> None:
    looked_at = "".join((ROOT / "deploy" / file).read_text(encoding="utf-8") for file in FOR_PROMETHEUS)
    named = set(re.findall(r"`(labelwatch_\w+)`", without_blocks(BOOKS[language])))
    assert "labelwatch_clock_skew_seconds" in named
    assert [metric for metric in sorted(named) if metric not in looked_at] == []
