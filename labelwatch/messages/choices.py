"""A list as buttons below a message: which of many postings somebody takes or snoozes, or wants to know all about.

The buttons carry the whole state of the list: nothing is kept between two presses, and a press that comes twice does
the same twice. Only who opened a list may tick in it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from labelwatch.core.alert import Alert, AlertState
from labelwatch.messages import diagnosis_text
from labelwatch.messages.message import Kind, Message
from labelwatch.messages.plain import cut, plain
from labelwatch.messages.time_format import RenderContext

AT_MOST = 120
"""More do not fit into what a button carries: 64 bytes."""
ON_A_PAGE = 8
SHOW, TAKE, SNOOZE, TURN = "l", "a", "z", "t"
"""What a press in a list asks for: another state of the list, to take or snooze what is ticked, another page."""

_TEXT = 40
_TICKED, _EMPTY, _MORE = "☑️", "⬜️", "📄"

Buttons = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of buttons: what stands on each, and what it carries."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The state of a list."""

    key: str
    """Of the message whose alerts it lists; 32 hexadecimal digits."""
    opener: int
    """Who opened it, as the service counts people."""
    ticked: frozenset[int] = frozenset()
    """Places in the list, which is always in the same order."""
    page: int = 0

    def written(self, verb: str) -> str:
        """What a button carries that puts the list into this state, or acts on it."""
        bits = sum(1 << place for place in self.ticked)
        parts = (
            _packed(bytes.fromhex(self.key)),
            f"{self.opener:x}",
            _packed(bits.to_bytes(15, "little").rstrip(b"\0")),
        )
        return f"{verb}:{':'.join(parts)}:{self.page}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What stands after the verb; None = it is none of ours."""
        try:
            key, opener, ticked, page = text.split(":")
            bits = int.from_bytes(_unpacked(ticked), "little")
            places = frozenset(place for place in range(AT_MOST) if bits >> place & 1)
            return cls(_unpacked(key).hex(), int(opener, 16), places, int(page))
        except ValueError:
            return None


def chosen(choice: Choice, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that are ticked and not over."""
    return [one for place, one in _listed(alerts) if place in choice.ticked]


def message(context: RenderContext, by: str) -> Message:
    """What stands above the list."""
    return Message(f"👤 {context.words.press['choose'].format(by=by)}", (), Kind.INFO)


def buttons(context: RenderContext, choice: Choice, alerts: Sequence[Alert]) -> Buttons:
    """One for each alert that is open, on pages; below them what can be done with those that are ticked."""
    listed, words = _listed(alerts), context.words.button
    shown, page, leaves = _page(listed, choice.page)
    here = replace(choice, page=page, ticked=choice.ticked & {place for place, _ in listed})
    everything = replace(here, ticked=frozenset(place for place, _ in listed))
    rows = [
        *(
            ((_item(context, _TICKED if place in here.ticked else _EMPTY, one), _toggled(here, place).written(SHOW)),)
            for place, one in shown
        ),
        tuple((text, replace(here, page=to).written(SHOW)) for text, to in leaves),
        ((words["tick_all"].format(n=len(listed)), everything.written(SHOW)),),
    ]
    if here.ticked:
        n = len(here.ticked)
        acts = ((TAKE, words["take"]), (SNOOZE, words["quiet"]))
        rows.append(tuple((text.format(n=n), here.written(verb)) for verb, text in acts))
    return tuple(row for row in rows if row)


def doors(context: RenderContext, key: str, alerts: Sequence[Alert], page: int) -> Buttons:
    """One for each alert that is open, on pages, which leads to all that is known of it."""
    shown, _, leaves = _page(_listed(alerts), page)
    rows = [
        *(((_item(context, _MORE, one), f"details:{key}:{one.id}"),) for _, one in shown),
        tuple((text, f"{TURN}:{key}:{to}") for text, to in leaves),
    ]
    return tuple(row for row in rows if row)


def _page(
    listed: Sequence[tuple[int, Alert]], wanted: int
) -> tuple[Sequence[tuple[int, Alert]], int, list[tuple[str, int]]]:
    """What stands on the wanted page, the number of that, and what leads to the pages beside it."""
    pages = max(-(-len(listed) // ON_A_PAGE), 1)
    page = min(max(wanted, 0), pages - 1)
    beside = (("◀️", page - 1), ("▶️", page + 1))
    leaves = [(f"{sign} {to + 1}/{pages}", to) for sign, to in beside if 0 <= to < pages]
    return listed[page * ON_A_PAGE : (page + 1) * ON_A_PAGE], page, leaves


def _listed(alerts: Sequence[Alert]) -> list[tuple[int, Alert]]:
    """Those that can be chosen, each with its place among all."""
    return [(place, one) for place, one in enumerate(alerts[:AT_MOST]) if one.state is not AlertState.RESOLVED]


def _item(context: RenderContext, sign: str, alert: Alert) -> str:
    state = diagnosis_text.keeper(context, alert) or diagnosis_text.time_left(context, alert.diagnosis)
    said = " · ".join(filter(None, (plain(diagnosis_text.subject(context, alert.diagnosis)), state)))
    return cut(f"{sign} {said}", _TEXT)


def _toggled(choice: Choice, place: int) -> Choice:
    return replace(choice, ticked=choice.ticked ^ {place})


def _packed(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
