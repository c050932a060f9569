"""What the READMEs say of the board, its door and its links is what the code does."""

import re
from datetime import timedelta

import pytest

from labelwatch.notify.act_links import LASTS, VERBS
from labelwatch.notify.catalog import catalog
from labelwatch.web import board
from labelwatch.web.password import FEW, MANY, WHILE
from labelwatch.web.seals import SESSION_LASTS
from labelwatch.web.words import words
from tests.docs.pages import LANGUAGES, PAGES, ROOT, rows, sections

HEADINGS = {"README.md": "The board", "README.zh-CN.md": "看板", "README.ru.md": "Панель в браузере"}
BOARD = {page: dict(sections(text))[HEADINGS[page]] for page, text in PAGES.items()}

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
    texts = (" ".join(BOARD[page].split()) for page in PAGES)
    assert [said for said, text in zip(words_for_it, texts, strict=True) if said not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_table_names_exactly_the_pages_that_there_are(page: str) -> None:
    told = {re.sub(r"(?<=/posting/).+", "", cells[0].strip("`")) for cells in rows(BOARD[page])}
    assert told == {route.path.partition("{")[0] for route in board.PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_the_links_and_verdicts_are_called_as_they_are_on_the_page(page: str) -> None:
    language = LANGUAGES[page]
    said = words(language).said["late"]
    names = [catalog(language).button[verb] for verb in VERBS] + [said["act"], said["wait"]]
    assert [name for name in names if name.lower() not in BOARD[page].lower()] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_to_lie_in_deploy_is_there(page: str) -> None:
    named = set(re.findall(r"deploy/[\w.-]+\w", PAGES[page]))
    assert {"deploy/install.sh", "deploy/prometheus-rules.yml", "deploy/grafana-dashboard.json"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_that_is_named_is_one_that_the_rules_or_the_dashboard_look_at(page: str) -> None:
    files = ("prometheus-rules.yml", "grafana-dashboard.json")
    looked_at = "".join((ROOT / "deploy" / file).read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r"`(labelwatch_\w+)`", PAGES[page]))
    assert "labelwatch_clock_skew_seconds" in named
    assert [metric for metric in sorted(named) if metric not in looked_at] == []
