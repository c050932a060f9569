"""Draws bars as SVG with pygal, and removes what the board does not allow: styles, scripts, comments.

All styles are in plots.css, so both themes use the same drawing. Every kind of bar has its own hatching, with its
letter inside if there is room.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pygal
from markupsafe import Markup
from pygal.etree import etree
from pygal.style import Style

WIDTH = 360
"""Width of a drawing on a phone; wider screens enlarge it a little."""
LOOKS = "abcdef"
"""The kinds of bars that can be distinguished; their letters are the same in capitals."""
CLEAR = "clear"
_ROOM_FOR_A_SIGN = 0.09
"""Of the height of the highest bar."""
# pygal would use lxml if that is installed, whose elements the clean-up here cannot handle.
etree.to_etree()
# pygal installs an import finder of an obsolete kind, which is not needed and breaks newer importers.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

_STYLE = Style(label_font_size=11, major_label_font_size=11, value_font_size=11, value_label_font_size=11)

_HATCHINGS = {
    "a": "",
    "b": "M-2 2 2-2M0 8 8 0M6 10 10 6",
    "c": "M0 4H8",
    "d": "M-2 6 2 10M0 0 8 8M6-2 10 2",
    "e": "M4 0V8",
    "f": "M0 4H8M4 0V8",
}
"""A pattern of 8 by 8 pixels."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """One kind of bar; bars of several kinds at one place are stacked."""

    name: str
    values: Sequence[float]
    look: str
    """a to f, each with its colour and hatching; or clear, for bars that only carry labels."""
    labels: Sequence[str] = ()
    """Written into each bar; empty = the letter of its look, if there is room."""


def draw(
    bars: Sequence[BarChart], places: Sequence[str], *, key: str, title: str, desc: str, height: int = 190
) -> Markup:
    """Bars over named places, as an inline SVG; `key` makes its ids differ from those of others on the page."""
    chart = pygal.StackedBar(
        width=WIDTH,
        height=height,
        style=_STYLE,
        js=(),
        no_prefix=True,
        disable_xml_declaration=True,
        show_legend=False,
        print_labels=True,
        print_values=False,
        margin=4,
        spacing=4,
        min_scale=2,
        max_scale=4,
        truncate_label=-1,
        value_formatter=lambda value: f"{value:.0f}",
    )
    chart.add_xml_filter(_tidy(bars, key=key, title=title, desc=desc))
    chart.x_labels = places
    tallest = max((sum(column) for column in zip(*(one.values for one in bars), strict=True)), default=0)
    for one in bars:
        chart.add(one.name, list(_values(one, tallest)))
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - pygal's XML writer has escaped all names


def _values(one: BarChart, tallest: float) -> Iterator[dict[str, Any]]:
    for place, value in enumerate(one.values):
        has_room = value > 0 and value >= tallest * _ROOM_FOR_A_SIGN
        sign = one.look.upper() if has_room and one.look != CLEAR else ""
        yield {"value": value, "label": one.labels[place] if one.labels else sign}


def _tidy(bars: Sequence[BarChart], *, key: str, title: str, desc: str) -> Callable[[Element], Element]:
    """The last step of pygal's rendering."""

    def tidied(root: Element) -> Element:
        _drop(root)
        root.attrib.pop("id", None)
        root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-desc", "class": "plot"}
        _describe(root, key, title, desc)
        _hatch(root, bars, key)
        return root

    return tidied


def _drop(element: Element) -> None:
    """Remove scripts, styles and tooltips, and bars without height."""
    for child in list(element):
        is_comment = not isinstance(child.tag, str)
        if is_comment or child.tag in ("style", "script") or "style" in child.attrib or _is_flat(child):
            element.remove(child)
        else:
            _drop(child)
    said = {child.get("class"): child for child in element if child.tag == "desc"}
    for child in said.values():
        element.remove(child)
    if "value" in said and any(child.tag == "rect" for child in element):
        place = said["x_label"].text if "x_label" in said else ""
        SubElement(element, "title").text = f"{place}: {said['value'].text}"


def _is_flat(element: Element) -> bool:
    return element.tag == "rect" and float(element.get("height", "1")) == 0


def _describe(root: Element, key: str, title: str, desc: str) -> None:
    named = next(child for child in root if child.tag == "title")
    named.set("id", f"{key}-title")
    named.text = title
    described = Element("desc", {"id": f"{key}-desc"})
    described.text = desc
    root.insert(list(root).index(named) + 1, described)


def _hatch(root: Element, bars: Sequence[BarChart], key: str) -> None:
    """Fill each kind of bar with its pattern; pygal calls the kinds serie-0, serie-1 ..."""
    looks = {f"serie-{place}": one.look for place, one in enumerate(bars)}
    defs = next(child for child in root if child.tag == "defs")
    for look in sorted({*looks.values()} - {CLEAR}):
        square = {"id": f"{key}-{look}", "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"}
        pattern = SubElement(defs, "pattern", square)
        SubElement(pattern, "rect", {"class": f"ground {look}", "width": "8", "height": "8"})
        SubElement(pattern, "path", {"class": "hatch", "d": _HATCHINGS[look]})
    for group in root.iter("g"):
        names = (group.get("class") or "").split()
        for shown in (looks[name] for name in names if name in looks):
            for bar in group.iter("rect"):
                bar.set("fill", "none" if shown == CLEAR else f"url(#{key}-{shown})")
