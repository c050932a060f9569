"""What people do about a late posting from the command line and the board: acknowledge, snooze, correct its cause."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from labelwatch.core.alert import Alert
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.delivery.handled import Audience, changed
from labelwatch.store import Store
from labelwatch.store.verdicts import Verdict


class PostingActions:
    """The actions on one database; `audience` is notified of who did what."""

    def __init__(self, store: Store, *, audience: Audience, now: Callable[[], datetime]) -> None:
        self._store = store
        self._audience = audience
        self._now = now

    def acknowledge(self, number: str, *, by: str, note: str, shop: str | None) -> list[Alert]:
        """Acknowledge the open alerts of a posting; empty = there are none."""
        now = self._now()
        return self._changed(number, lambda alert: acknowledge(alert, by=by, note=note, now=now), shop)

    def snooze(self, number: str, *, span: timedelta, by: str, note: str, shop: str | None) -> list[Alert]:
        """Snooze the open alerts of a posting; empty = there are none."""
        now = self._now()
        return self._changed(number, lambda alert: snooze(alert, until=now + span, by=by, note=note, now=now), shop)

    def _changed(self, number: str, how: Callable[[Alert], Alert | None], shop: str | None) -> list[Alert]:
        with self._store.write() as tx:
            change = partial(tx.alerts.change, number, shop=shop)
            return changed(tx, change, how, audience=self._audience, now=self._now())

    def judge(self, number: str, *, really: str, by: str, note: str, shop: str | None) -> list[tuple[str, str]]:
        """Record what a late posting's cause really was; (shop, the cause that was named) where it was late."""
        now, judged = self._now(), []
        for name in self._store.postings.find(number):
            alerts = self._store.alerts.find(shops=[name], posting_number=number, open_only=False)
            if alerts and shop in (None, name):
                state = self._store.shops.named(name)
                said = alerts[-1].diagnosis.cause
                assert state is not None, "a posting belongs to a shop"
                self._store.verdicts.record(state.id, number, Verdict(said, really, by=by, note=note, at=now))
                judged.append((name, said))
        return judged
