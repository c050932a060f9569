"""What is seen of the shops and of one posting, put together for whoever shows it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from labelwatch.core.alert import Alert
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.posting import Known
from labelwatch.store import Evidence, HistoryRow, ShopState


@dataclass(frozen=True, slots=True)
class ShopHealth:
    """How well a shop is seen: fresh, stale (not read for three intervals) or blind (it cannot be read)."""

    name: str
    state: str
    read_at: datetime | None
    postings: int
    cause: str | None
    detail: str | None


def shop_health(name: str, every: timedelta, state: ShopState | None, postings: int, *, now: datetime) -> ShopHealth:
    """How a shop that should be read so often is seen now; `postings` are the open ones."""
    if state is None:  # new in the config, and no poll has been since
        return ShopHealth(name, "stale", None, 0, None, None)
    overdue = state.read_at is None or now - state.read_at >= BLIND_AFTER_INTERVALS * every
    blind = bool(state.failing_since) and (overdue or state.retry_at is not None)
    return ShopHealth(
        name=name,
        state="blind" if blind else "stale" if overdue or state.failing_since else "fresh",
        read_at=state.read_at,
        postings=postings,
        cause=state.cause or None if blind else None,
        detail=state.detail or None if blind else None,
    )


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
    shops: tuple[ShopHealth, ...]
    alerts: tuple[Alert, ...]
    incidents: tuple[Alert, ...] = ()
    troubles: tuple[ChannelTrouble, ...] = ()
    """What keeps people from hearing of all this."""


def channel_trouble(name: str, alert: Alert) -> ChannelTrouble:
    """What the alert about a channel tells of it."""
    about = alert.diagnosis
    since = about.waiting_since.earliest if about.waiting_since else alert.opened_at
    return ChannelTrouble(name, since, next((proof.value for proof in about.evidence), ""))


def urgency(alert: Alert) -> tuple[datetime, datetime]:
    """Sorts alerts by deadline, then by age; those without a deadline last."""
    return alert.diagnosis.deadline or datetime.max.replace(tzinfo=UTC), alert.opened_at


@dataclass(frozen=True, slots=True)
class PostingDetails:
    """Everything known of one posting of one shop; `alerts` oldest first, resolved ones too."""

    shop: str
    known: Known
    history: tuple[HistoryRow, ...]
    evidence: tuple[Evidence, ...]
    alerts: tuple[Alert, ...]
