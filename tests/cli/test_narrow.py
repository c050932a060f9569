"""What is late on terminals of any width: no deadline is broken, no bracket stands alone, nothing hides unsaid."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from labelwatch.cli.late_screen import drawn_board, screen
from labelwatch.cli.late_table import context
from labelwatch.cli.watch import _fitting
from labelwatch.core.alert import Alert
from labelwatch.messages import diagnosis_text
from labelwatch.queries import Overview
from tests.support import alert_builders
from tests.support.alert_builders import of_posting

CAUSES = ("not_packed", "registration_declined", "method_broken", "customs_number_missing")


def overview() -> Overview:
    alerts = [alert_builders.told(cause).alert for cause in CAUSES]
    return Overview(
        alerts[0].diagnosis.as_of or alert_builders.NOW, (), tuple(_named(alert, n) for n, alert in enumerate(alerts))
    )


def _named(alert: Alert, n: int) -> Alert:
    return replace(alert, diagnosis=of_posting(alert.diagnosis, f"7500000{n}-0001-1"))


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
@pytest.mark.parametrize("width", [60, 72, 80, 100, 140])
def test_deadlines_and_brackets_stay_whole(width: int, language: str) -> None:
    found = overview()
    speaker, console = context(language, "Asia/Shanghai", found.as_of), Console(width=width, file=io.StringIO())
    for part in drawn_board(found, speaker, width=width):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert not [line for line in lines if line.strip().startswith((")", "）"))]
    deadline = diagnosis_text.time_left(speaker, found.alerts[0].diagnosis)
    assert sum(deadline in line for line in lines) == len(CAUSES)


def test_a_screen_says_how_many_it_does_not_show() -> None:
    found = overview()
    whole = screen(found, context("zh", "Asia/Shanghai", found.as_of), width=60, height=30)
    for height, hidden in ((30, None), (8, 2), (4, 3)):
        console = Console(width=60, height=height, file=io.StringIO())
        text = "".join(segment.text for segment in _fitting(console, whole).segments)
        assert (f"还有 {hidden} 单没显示" in text) == (hidden is not None), height
        assert sum(f"7500000{n}" in text for n in range(4)) == 4 - (hidden or 0)
