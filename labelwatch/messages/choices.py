"""A list of postings as buttons below a message, to acknowledge, snooze or look up some of many.

The buttons carry the whole state of the list: nothing is kept between two presses, and a repeated press has the same
result. Only the person who opened a list may tick in it.
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
"""More do not fit into the 64 bytes that a button carries."""
ON_A_PAGE = 8
SHOW, TAKE, SNOOZE, TURN = "l", "a", "z", "t"
"""What a press in a list asks for: another state, acknowledge or snooze what is ticked, another page."""

_TEXT = 40
_TICKED, _EMPTY, _MORE = "☑️", "⬜️", "📄"

Buttons = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of buttons: the label of each and the data it carries."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The state of a list."""

    key: str
    """Key of the message whose alerts it lists; 32 hexadecimal digits."""
    opener: int
    """The service's id of the person who opened it."""
    ticked: frozenset[int] = frozenset()
    """Positions in the list, whose order never changes."""
    page: int = 0

    def written(self, verb: str) -> str:
        """The data of a button that puts the list into this state or acts on it."""
        bits = sum(1 << place for place in self.ticked)
        parts = (
            _packed(bytes.fromhex(self.key)),
            f"{self.opener:x}",
            _packed(bits.to_bytes(15, "little").rstrip(b"\0")),
        )
        return f"{verb}:{':'.join(parts)}:{self.page}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The state written after the verb; None = not ours."""
        try:
            key, opener, ticked, page = text.split(":")
            bits = int.from_bytes(_unpacked(ticked), "little")
            places = frozenset(place for place in range(AT_MOST) if bits >> place & 1)
            return cls(_unpacked(key).hex(), int(opener, 16), places, int(page))
        except ValueError:
            return None


def chosen(choice: Choice, alerts: Sequence[Alert]) -> list[Alert]:
    """The ticked alerts that are still open."""
    return [one for place, one in _listed(alerts) if place in choice.ticked]


def message(context: RenderContext, by: str) -> Message:
    """The text above the list."""
    return Message(f"👤 {context.words.press['choose'].format(by=by)}", (), Kind.INFO)


def buttons(context: RenderContext, choice: Choice, alerts: Sequence[Alert]) -> Buttons:
    """One button for each open alert, in pages; below them the actions for the ticked ones."""
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
        actions = ((TAKE, words["take"]), (SNOOZE, words["quiet"]))
        rows.append(tuple((text.format(n=n), here.written(verb)) for verb, text in actions))
    return tuple(row for row in rows if row)


def details(context: RenderContext, key: str, alerts: Sequence[Alert], page: int) -> Buttons:
    """One button for each open alert, in pages, which shows everything known about it."""
    shown, _, leaves = _page(_listed(alerts), page)
    rows = [
        *(((_item(context, _MORE, one), f"details:{key}:{one.id}"),) for _, one in shown),
        tuple((text, f"{TURN}:{key}:{to}") for text, to in leaves),
    ]
    return tuple(row for row in rows if row)


def _page(
    listed: Sequence[tuple[int, Alert]], wanted: int
) -> tuple[Sequence[tuple[int, Alert]], int, list[tuple[str, int]]]:
    """The items of the wanted page, its number, and the buttons for the previous and the next page."""
    pages = max(-(-len(listed) // ON_A_PAGE), 1)
    page = min(max(wanted, 0), pages - 1)
    beside = (("◀️", page - 1), ("▶️", page + 1))
    leaves = [(f"{sign} {to + 1}/{pages}", to) for sign, to in beside if 0 <= to < pages]
    return listed[page * ON_A_PAGE : (page + 1) * ON_A_PAGE], page, leaves


def _listed(alerts: Sequence[Alert]) -> list[tuple[int, Alert]]:
    """The alerts that can be chosen, each with its position among all."""
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
