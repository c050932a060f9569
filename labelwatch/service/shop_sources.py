"""One source per shop, opened when it is first needed."""

import logging
import threading

from labelwatch import __version__
from labelwatch.channels.base import Attachment
from labelwatch.config import Config, Shop
from labelwatch.service.clock import Clock
from labelwatch.sources import LabelUnavailable, Source
from labelwatch.sources.ozon.client import Access, Asking, OzonSource
from labelwatch.store import EvidenceLevel, Store

log = logging.getLogger(__name__)


class ShopSources:
    """The sources of one configuration; thread-safe."""

    def __init__(self, config: Config, store: Store, clock: Clock, *, asking: Asking) -> None:
        """`asking` as OzonSource has it."""
        self.opened: dict[str, Source] = {}
        self._config = config
        self._store = store
        self.clock = clock
        self._asking = asking
        self._lock = threading.Lock()

    def of(self, shop: Shop) -> Source:
        """The source of this shop."""
        with self._lock:
            if shop.name not in self.opened:
                self.opened[shop.name] = open_source(self._config, shop, self.clock, asking=self._asking)
            return self.opened[shop.name]

    def another(self, shop: Shop) -> Source:
        """A source of this shop for one purpose beside the polls; to be closed by the caller."""
        return open_source(self._config, shop, self.clock, asking=self._asking)

    def label(self, shop: str, number: str) -> Attachment | None:
        """The label of a posting, verified to be its own; None when there is none to send."""
        configured = next((one for one in self._config.shops if one.name == shop), None)
        if configured is None:
            return None
        found = self.of(configured).label(number)
        if isinstance(found, LabelUnavailable):
            log.warning("%s: no label of %s to attach: %s %s", shop, number, found.why, found.detail)
            return None
        known = self._store.postings.find(number).get(shop)
        if known is not None and known.id is not None:
            with self._store.write() as tx:
                now = self.clock.now()
                tx.postings.add_evidence(known.id, EvidenceLevel.VERIFIED, not_before=None, seen_at=now)
        return Attachment(f"{number}.pdf", "application/pdf", found.content)

    def close(self) -> None:
        """End every running request."""
        with self._lock:
            for source in self.opened.values():
                source.close()


def open_source(config: Config, shop: Shop, clock: Clock, *, asking: Asking = lambda: lambda told: None) -> Source:
    """The source of one shop at Ozon; `asking` as OzonSource has it."""
    return OzonSource(
        Access(
            shop.client_id,
            shop.api_key.get_secret_value(),
            base_url=config.ozon.base_url,
            requests_per_second=config.ozon.requests_per_second,
            timeout=config.ozon.timeout,
            user_agent=f"labelwatch/{__version__}",
        ),
        clock=clock.now,
        sleep=clock.sleep,
        asking=asking,
    )
