"""Writes the generated parts of the documentation between their markers: `make docs`.

    <!-- generated: NAME -->
    what the code says
    <!-- /generated -->

Of tables with a column that people write (what a key means, what happens at a fault) that column is kept.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

import typer

from labelwatch.cli import application
from labelwatch.core.alert import Family
from labelwatch.core.rules import CAUSES, MEANINGS
from labelwatch.messages.catalog import catalog, sayable
from tests.docs import keys
from tests.docs.marks import NO_TEST, marked, named
from tests.docs.metrics import families
from tests.docs.pages import PAGES, ROOT, cells_of, language_of, rows, table

COMMAND = "make docs"
UNWRITTEN = "?"
"""What stands where people have to write something."""

_BLOCK = re.compile(r"(<!-- generated: ([\w. ]+) -->\n)(.*?)(<!-- /generated -->)", re.DOTALL)
_EVERYWHERE = ("--config", "--json", "--language")
"""Options that the page explains once."""

_CAUSES = {
    "en": ("cause", "id", "what to do first", "why there is no label"),
    "zh": ("原因", "编号", "先做什么", "为什么没有面单"),
    "ru": ("Причина", "Код", "Что сделать сначала", "Почему нет этикетки"),
}
# Nobody writes to sellers about families, so only this file needs them in their languages.
_FAMILIES = {
    "en": {
        Family.BLIND: "labelwatch cannot see a shop, or cannot send",
        Family.DELIVERY_METHOD: "The delivery method gives no label",
        Family.ANOMALY: "Something is wrong with the order itself",
        Family.NOT_PROCESSED: "The order is not processed yet",
        Family.CARRIER: "The carrier has not confirmed",
        Family.SYNC_LAG: "Ozon is behind, or many orders are stuck at once",
        Family.UNKNOWN: "The cause is not known",
    },
    "zh": {
        Family.BLIND: "labelwatch 看不到店铺，或者发不出通知",
        Family.DELIVERY_METHOD: "配送方式不出面单",
        Family.ANOMALY: "订单本身有异常",
        Family.NOT_PROCESSED: "订单还没处理完",
        Family.CARRIER: "物流商还没确认",
        Family.SYNC_LAG: "平台同步延迟或大面积故障",
        Family.UNKNOWN: "原因未明",
    },
    "ru": {
        Family.BLIND: "labelwatch не видит магазин или не может сообщить",
        Family.DELIVERY_METHOD: "Метод доставки не даёт этикетки",
        Family.ANOMALY: "Что-то не так с самим заказом",
        Family.NOT_PROCESSED: "Заказ ещё не собран",
        Family.CARRIER: "Служба доставки ещё не подтвердила",
        Family.SYNC_LAG: "Ozon запаздывает или сбой сразу у многих",
        Family.UNKNOWN: "Причина не ясна",
    },
}


def generated(page: str, text: str) -> str:
    """The text of a page with its blocks as the code has them."""

    def block(found: re.Match[str]) -> str:
        name, _, rest = found[2].partition(" ")
        return f"{found[1]}{BLOCKS[name](language_of(page), rest, found[3])}\n{found[4]}"

    return _BLOCK.sub(block, text)


def blocks_of(text: str) -> list[str]:
    """The names of the blocks of a page."""
    return [name for _, name, _, _ in _BLOCK.findall(text)]


def tables_of_keys(text: str) -> Mapping[str, list[list[str]]]:
    """Table of the file -> its rows as a page has them."""
    found = (one for one in _BLOCK.findall(text) if one[1].startswith("keys "))
    return {name.removeprefix("keys "): rows(body) for _, name, body, _ in found}


def without_blocks(text: str) -> str:
    """What people wrote of a page."""
    return _BLOCK.sub("", text)


def _causes(language: str, *_: str) -> str:
    """Each family, and of each cause its name, what to do first and why."""
    words = catalog(language)
    values: Mapping[str, str] = {"carrier": words.line.carrier}
    parts = []
    for family, causes in _families():
        said = ((words.cause[cause], cause) for cause in causes)
        body = [
            [w.name, f"`{cause}`", sayable(w.headline, values)[0], sayable(w.why, values)[0]] for w, cause in said
        ]
        parts.append(f"**{_FAMILIES[language][family]}** (`{family}`)\n\n{table(_CAUSES[language], body)}")
    return "\n\n".join(parts)


def _proofs(*_: str) -> str:
    """Each family with what it is, and of each cause what it means and what proves it: the docstrings."""
    parts = []
    for family, causes in _families():
        about = (import_module(f"labelwatch.core.rules.{family}").__doc__ or "").partition(": ")[2].partition(".")[0]
        body = [[f"`{cause}`", " ".join(MEANINGS[cause].split())] for cause in causes]
        parts.append(f"**`{family}`**: {about}.\n\n{table(('cause', 'what it means, and the proof'), body)}")
    return "\n\n".join(parts)


def _families() -> Iterator[tuple[Family, list[str]]]:
    """Each run of causes of one family, in the order in which they are checked."""
    for family, causes in groupby(CAUSES, key=lambda cause: CAUSES[cause]):
        yield family, list(causes)


def _keys(language: str, name: str, before: str) -> str:
    """The keys of a table with their defaults; the meaning, and a default that is no value, as people wrote them."""
    written = {cells[0].strip("`"): cells[1:] for cells in rows(before)}
    required, defaults = keys.required(name), keys.defaults(name)
    body = []
    for key in keys.keys_of(name):
        default, *meaning = written.get(key, (UNWRITTEN, UNWRITTEN))
        default = keys.REQUIRED[language] if key in required else defaults.get(key, default)
        body.append([f"`{key}`", default, " | ".join(meaning)])
    return table(cells_of(before.partition("\n")[0]), body)


def _faults(_: str, __: str, before: str) -> str:
    """The matrix; a row whose test is gone, or no longer bears its mark, gets those that do."""
    body = []
    for fault, what, happens, proof in rows(before):
        if fault not in NO_TEST and not (named(proof) and set(named(proof)) <= marked()[fault]):
            proof = ", ".join(f"`{test}`" for test in sorted(marked()[fault])[:2])
        body.append([fault, what, happens, proof])
    return table(cells_of(before.partition("\n")[0]), body)


def _metrics(*_: str) -> str:
    """What /metrics offers: names, labels and meaning."""
    body = [[f"`{one.name}`", ", ".join(f"`{label}`" for label in one.labels), one.about] for one in families()]
    return table(("metric", "labels", "meaning"), body)


def _layers(*_: str) -> str:
    """Who may import whom, from the top down."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    return "\n".join(["```", *(layer.replace("labelwatch.", "") for layer in layers), "```"])


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """(name, command) of all that can be called: `outbox` is a command and a group, `db` only a group."""
    for name, later in group.commands.items():
        command = later.loaded()
        if getattr(command, "commands", None):
            if command.invoke_without_command:
                yield before + name, command
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def _commands(*_: str) -> str:
    """Each command: its help, its arguments and options, its exit codes and an example."""
    found = commands(typer.main.get_command(application()))
    return "\n\n".join("\n\n".join(_command(name, command)) for name, command in found)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    called = [one.metavar or one.name.upper() for one in arguments]
    yield f"### `{' '.join(['labelwatch', name, *called])}`"
    yield " ".join(command.help.split())
    shown = [one for one in command.params if not one.hidden and one.opts[0] not in _EVERYWHERE]
    body = [[_called(one), _meaning(one)] for one in shown if one.param_type_name == "option"]
    if body:
        yield table(("option", "meaning"), body)
    shared = [option for option in _EVERYWHERE if any(option in one.opts for one in command.params)]
    yield "  \n".join([*_notes(command), *([f"Also {', '.join(f'`{one}`' for one in shared)}."] if shared else [])])


def _notes(command: Any) -> Iterator[str]:
    """The exit codes and the example."""
    for line in filter(None, (command.epilog or "").split("\n\n")):
        label, _, rest = " ".join(line.split()).partition(": ")
        yield f"{label}: `{rest}`" if label == "Example" else f"{label}: {rest}"


def _called(option: Any) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return _cell(", ".join(f"`{one}{metavar}`" for one in option.opts))


def _meaning(option: Any) -> str:
    default = option.default() if callable(option.default) else option.default
    shown = default not in (None, False, "", [], ()) and option.show_default
    return _cell(f"{option.help or ''}{f' Default: `{default}`.' if shown else ''}")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


BLOCKS: Mapping[str, Callable[[str, str, str], str]] = {
    "causes": _causes,
    "proofs": _proofs,
    "keys": _keys,
    "faults": _faults,
    "layers": _layers,
    "metrics": _metrics,
    "commands": _commands,
}
"""Name of a block -> what writes it, of the page's language, what follows the name, and the block as it is."""


def changed(pages: Iterable[str] = PAGES) -> Iterator[tuple[str, str]]:
    """The pages that are out of date, with what they would say."""
    for page in pages:
        if (text := generated(page, PAGES[page])) != PAGES[page]:
            yield page, text


if __name__ == "__main__":
    for path, content in changed():
        (ROOT / path).write_text(content, encoding="utf-8")
