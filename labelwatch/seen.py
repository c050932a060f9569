"""What is seen of the shops and of one posting, put together for whoever shows it."""

from dataclasses import dataclass
from datetime import datetime

from labelwatch.core.model import Alert, Known
from labelwatch.store import Evidence, HistoryRow


@dataclass(frozen=True, slots=True)
class ShopView:
    """How well a shop is seen: fresh, stale (not read for three intervals) or blind (it cannot be read)."""

    name: str
    state: str
    read_at: datetime | None
    postings: int
    cause: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The open alerts of all shops, most urgent first."""

    as_of: datetime
    shops: tuple[ShopView, ...]
    alerts: tuple[Alert, ...]
    incidents: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything known of one posting of one shop; `alerts` oldest first, resolved ones too."""

    shop: str
    known: Known
    history: tuple[HistoryRow, ...]
    evidence: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]
