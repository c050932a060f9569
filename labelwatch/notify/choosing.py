"""A list to tick, as buttons below a message: which of many postings somebody takes or snoozes.

The buttons carry the whole state of the list: nothing is kept between two presses, and a press that comes twice does
the same twice. Only who opened a list may tick in it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from labelwatch.core.model import Alert, AlertState
from labelwatch.notify import wording
from labelwatch.notify.message import Kind, Message
from labelwatch.notify.moments import Voice
from labelwatch.notify.plain import cut, plain

AT_MOST = 120
"""More do not fit into what a button carries: 64 bytes."""
ON_A_PAGE = 8
SHOW, TAKE, SNOOZE = "l", "a", "z"
"""What a press in a list asks for: another state of the list, or to take or snooze what is ticked."""

_TEXT = 40
_TICKED, _EMPTY = "☑️", "⬜️"

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


def message(voice: Voice, by: str) -> Message:
    """What stands above the list."""
    return Message(f"👤 {voice.words.press['choose'].format(by=by)}", (), Kind.INFO)


def buttons(voice: Voice, choice: Choice, alerts: Sequence[Alert]) -> Buttons:
    """One for each alert that is open, on pages; below them what can be done with those that are ticked."""
    listed, words = _listed(alerts), voice.words.button
    pages = max(-(-len(listed) // ON_A_PAGE), 1)
    page = min(max(choice.page, 0), pages - 1)
    here = replace(choice, page=page, ticked=choice.ticked & {place for place, _ in listed})
    shown = listed[page * ON_A_PAGE : (page + 1) * ON_A_PAGE]
    everything = replace(here, ticked=frozenset(place for place, _ in listed))
    leaf = [(sign, replace(here, page=to)) for sign, to in (("◀️", page - 1), ("▶️", page + 1)) if 0 <= to < pages]
    rows = [
        *(((_item(voice, here, place, one), _toggled(here, place).written(SHOW)),) for place, one in shown),
        tuple((f"{sign} {to.page + 1}/{pages}", to.written(SHOW)) for sign, to in leaf),
        ((words["tick_all"].format(n=len(listed)), everything.written(SHOW)),),
    ]
    if here.ticked:
        n = len(here.ticked)
        acts = ((TAKE, words["take"]), (SNOOZE, words["quiet"]))
        rows.append(tuple((text.format(n=n), here.written(verb)) for verb, text in acts))
    return tuple(row for row in rows if row)


def _listed(alerts: Sequence[Alert]) -> list[tuple[int, Alert]]:
    """Those that can be chosen, each with its place among all."""
    return [(place, one) for place, one in enumerate(alerts[:AT_MOST]) if one.state is not AlertState.RESOLVED]


def _item(voice: Voice, choice: Choice, place: int, alert: Alert) -> str:
    state = wording.keeper(voice, alert) or wording.time_left(voice, alert.diagnosis)
    said = " · ".join(filter(None, (plain(wording.subject(voice, alert.diagnosis)), state)))
    return cut(f"{_TICKED if place in choice.ticked else _EMPTY} {said}", _TEXT)


def _toggled(choice: Choice, place: int) -> Choice:
    return replace(choice, ticked=choice.ticked ^ {place})


def _packed(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
