"""What is usual, in a message about a posting that only waits."""

from datetime import datetime, timedelta

import pytest

from labelwatch.cli.late_table import context
from labelwatch.core.baseline import LearnedLimit, Usual
from labelwatch.core.posting import Interval
from labelwatch.messages import usual_text
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, minutes, told

LEARNED = LearnedLimit(timedelta(minutes=6), timedelta(minutes=30), 214)
SEEN = Usual(timedelta(seconds=68), timedelta(minutes=4), 0.327, LEARNED)
SINCE = Interval(NOW - minutes(39), NOW - minutes(38))
TOO_FEW = {
    "en": "Not enough has been seen yet to say whether it comes by itself before the deadline.",
    "ru": "Данных пока мало",
    "zh": "见过的还太少",
}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Usually 1 min 10 sec, 95 % within 4 min; now 38 min. Of those that waited this long, 33 % came"),
        (
            "ru",
            "Обычно 1 мин 10 с, в 95 % случаев до 4 мин; сейчас 38 мин. Из тех, кто ждал столько же,",
        ),
        ("zh", "平时 1 分钟 10 秒，95% 不超过 4 分钟；现在已等 38 分钟。"),
    ],
)
def test_a_message_says_what_is_usual_once_it_is_known(language: str, said: str) -> None:
    known = told("label_overdue", usual=SEEN, waiting_since=SINCE)
    body = render([known], destination(language), now=NOW).body
    assert said in body
    assert view(known.alert, language=language, now=NOW)["usual"] == {
        "median_s": 68.0,
        "p95_s": 240.0,
        "chance": 0.327,
        "learned": {"limit_s": 360.0, "fixed_s": 1800.0, "cases": 214},
    }


@pytest.mark.parametrize("language", TOO_FEW)
@pytest.mark.parametrize(
    ("cause", "usual", "deadline", "is_said"),
    [
        ("label_overdue", None, NOW + minutes(90), True),
        ("registration_pending", Usual(SEEN.median, SEEN.most), NOW + minutes(90), True),
        ("label_overdue", None, NOW - minutes(1), False),
        ("label_overdue", None, None, False),
        ("label_overdue", SEEN, NOW + minutes(90), False),
        ("tracking_missing", None, NOW + minutes(90), False),  # of which nothing is learned
        ("not_packed", None, NOW + minutes(90), False),  # which does not come by itself
    ],
)
def test_a_message_says_when_too_little_was_seen_to_name_a_chance(
    language: str, cause: str, usual: Usual | None, deadline: datetime | None, is_said: bool
) -> None:
    one = told(cause, usual=usual, waiting_since=SINCE, deadline=deadline)
    assert (TOO_FEW[language] in render([one], destination(language), now=NOW).body) is is_said


@pytest.mark.parametrize(
    ("language", "cause", "said"),
    [
        ("en", "label_overdue", "The limit is 6 min (learned from 214 labels; fixed: 30 min)."),
        ("en", "registration_pending", "The limit is 6 min (learned from 214 registrations; fixed: 30 min)."),
        ("ru", "label_overdue", "Ждём до 6 мин (выучено, этикеток: 214; без этого — 30 мин)."),
        ("zh", "label_overdue", "时限 6 分钟（从 214 张面单学来；固定的是 30 分钟）。"),
    ],
)
def test_a_learned_limit_is_said_with_the_fixed_one(language: str, cause: str, said: str) -> None:
    known = told(cause, usual=SEEN).alert.diagnosis
    assert usual_text.limit(context(language, "UTC", NOW), known) == said
