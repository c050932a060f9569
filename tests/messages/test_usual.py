"""What is usual, in a message about a posting that only waits."""

from datetime import timedelta

import pytest

from labelwatch.core.baseline import Usual
from labelwatch.core.posting import Interval
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, minutes, told

SEEN = Usual(timedelta(seconds=68), timedelta(minutes=4), 0.327)
SINCE = Interval(NOW - minutes(39), NOW - minutes(38))


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
    }
    unknown = render([told("label_overdue", waiting_since=SINCE)], destination(language), now=NOW).body
    assert "95" not in unknown


def test_beyond_all_that_was_seen_no_chance_is_named() -> None:
    known = told("label_overdue", usual=Usual(SEEN.median, SEEN.most), waiting_since=SINCE)
    body = render([known], destination("en"), now=NOW).body
    assert "now 38 min." in body
    assert "Of those" not in body
