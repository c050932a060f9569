"""Writes the lists of causes in the READMEs from the code: `python -m tests.docs.blocks`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path

from labelwatch.core.causes import CAUSES, MEANINGS
from labelwatch.notify.catalog import catalog, sayable

ROOT = Path(__file__).parents[2]
REGENERATE = "python -m tests.docs.blocks"
_BLOCK = re.compile(rf"(<!-- causes: written by `{REGENERATE}` -->\n).*?(<!-- /causes -->)", re.DOTALL)

# Nobody writes to sellers about families, so only this file needs them in their languages.
FAMILIES_ZH = {
    "blind": "labelwatch 看不到店铺，或者发不出通知",
    "delivery_method": "配送方式不出面单",
    "anomaly": "订单本身有异常",
    "not_processed": "订单还没处理完",
    "carrier": "物流商还没确认",
    "sync_lag": "平台同步延迟或大面积故障",
    "unknown": "原因未明",
}

FAMILIES_RU = {
    "blind": "labelwatch не видит магазин или не может сообщить",
    "delivery_method": "Метод доставки не даёт этикетки",
    "anomaly": "Что-то не так с самим заказом",
    "not_processed": "Заказ ещё не собран",
    "carrier": "Служба доставки ещё не подтвердила",
    "sync_lag": "Ozon запаздывает или сбой сразу у многих",
    "unknown": "Причина не ясна",
}


def in_english() -> str:
    """Each family with what it is, and of each cause what it means and what proves it."""
    parts = []
    for family, causes, again in _families():
        parts.append(f"**`{family}`**{', once more' if again else ''}: {_about(family)}.")
        rows = ((f"`{cause}`", " ".join(MEANINGS[cause].split())) for cause in causes)
        parts.append(_table(("cause", "what it means, and the proof"), rows))
    return "\n\n".join(parts)


def in_chinese() -> str:
    """Each family, and of each cause its name, what to do first and why."""
    headings = ("原因", "编号", "先做什么", "为什么没有面单")
    return _in_catalog(
        "zh", headings, lambda family, again: f"**{FAMILIES_ZH[family]}**（`{family}`{'，续' if again else ''}）"
    )


def in_russian() -> str:
    """The same in Russian."""
    headings = ("Причина", "Код", "Что сделать сначала", "Почему нет этикетки")
    more = ", продолжение"
    return _in_catalog(
        "ru", headings, lambda family, again: f"**{FAMILIES_RU[family]}** (`{family}`{more if again else ''})"
    )


def _in_catalog(language: str, headings: Sequence[str], title: Callable[[str, bool], str]) -> str:
    words = catalog(language)
    values: Mapping[str, str] = {"carrier": words.line.carrier}
    parts = []
    for family, causes, again in _families():
        parts.append(title(family, again))
        said = ((words.cause[cause], cause) for cause in causes)
        rows = (
            (one.name, f"`{cause}`", sayable(one.headline, values)[0], sayable(one.why, values)[0])
            for one, cause in said
        )
        parts.append(_table(headings, rows))
    return "\n\n".join(parts)


PAGES = {"README.md": in_english, "README.zh-CN.md": in_chinese, "README.ru.md": in_russian}
"""File -> what stands between its two marks."""


def written(page: str, text: str) -> str:
    """The text of a page with its block as the code has it; ValueError when the marks are missing."""
    if not _BLOCK.search(text):
        raise ValueError(f"{page} has no marks around its list of causes")
    return _BLOCK.sub(lambda marks: f"{marks[1]}\n{PAGES[page]()}\n\n{marks[2]}", text)


def _families() -> Iterator[tuple[str, list[str], bool]]:
    """Each family with its causes in the order of the ladder, and whether it has stood on a higher rung before."""
    met: set[str] = set()
    for family, causes in groupby(CAUSES, key=lambda cause: str(CAUSES[cause])):
        yield family, list(causes), family in met
        met.add(family)


def _about(family: str) -> str:
    """What the docstring of the family's file says of it."""
    module = import_module(f"labelwatch.core.causes.{family}")
    return (module.__doc__ or "").partition(": ")[2].partition(".")[0]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = "|---" * len(headings) + "|"
    head, *body = (f"| {' | '.join(cells)} |" for cells in (headings, *rows))
    return "\n".join((head, rule, *body))


if __name__ == "__main__":
    for page in PAGES:
        file = ROOT / page
        file.write_text(written(page, file.read_text(encoding="utf-8")), encoding="utf-8")
