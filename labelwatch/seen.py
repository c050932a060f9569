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
class ChannelTrouble:
    """A channel that does not work: since when, and why in its service's own words."""

    name: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The open alerts of all shops, most urgent first."""

    as_of: datetime
    shops: tuple[ShopView, ...]
    alerts: tuple[Alert, ...]
    incidents: tuple[Alert, ...] = ()
    troubles: tuple[ChannelTrouble, ...] = ()
    """What keeps people from hearing of all this."""


def channel_trouble(name: str, alert: Alert) -> ChannelTrouble:
    """What the alert about a channel tells of it."""
    about = alert.diagnosis
    since = about.waiting_since.earliest if about.waiting_since else alert.opened_at
    return ChannelTrouble(name, since, next((proof.value for proof in about.evidence), ""))


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything known of one posting of one shop; `alerts` oldest first, resolved ones too."""

    shop: str
    known: Known
    history: tuple[HistoryRow, ...]
    evidence: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]
