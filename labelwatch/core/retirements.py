"""What Ozon has announced to switch off, of the methods that labelwatch uses or has used."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

KNOWN_ON = date(2026, 11, 30)
"""The last day on which the announcements were read."""


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """A method that Ozon switches off, what takes its place, and where Ozon says so."""

    path: str
    on: date
    instead: str
    source: str


_LIST = date(2026, 4, 7), "docs.ozon.ru/api/seller: the method is no longer in the description"
_POSTINGS = date(2026, 8, 31), "docs.ozon.ru/api/seller, news of 30 April and 10 July 2026"
_LABELS = date(2026, 11, 2), "docs.ozon.ru/api/seller, news of 22 September 2026"

SWITCH_OFFS = tuple(
    SwitchOff(path, on, instead, source)
    for (on, source), path, instead in (
        (_LIST, "/v1/warehouse/list", "/v2/warehouse/list"),
        (_LIST, "/v1/delivery-method/list", "/v2/delivery-method/list"),
        (_POSTINGS, "/v3/posting/fbs/list", "/v4/posting/fbs/list"),
        (_POSTINGS, "/v3/posting/fbs/unfulfilled/list", "/v4/posting/fbs/unfulfilled/list"),
        (_LABELS, "/v2/posting/fbs/package-label", "/v3/posting/fbs/package-label/create"),
        (_LABELS, "/v1/posting/fbs/package-label/create", "/v3/posting/fbs/package-label/create"),
        (_LABELS, "/v2/posting/fbs/package-label/create", "/v3/posting/fbs/package-label/create"),
        (_LABELS, "/v1/posting/fbs/package-label/get", "/v2/posting/fbs/package-label/get"),
    )
)


def retiring(used: Collection[str], table: Collection[SwitchOff] = SWITCH_OFFS) -> Mapping[str, date]:
    """Those of the methods that are used which Ozon switches off -> when."""
    return {one.path: one.on for one in sorted(table, key=lambda one: one.on) if one.path in used}
