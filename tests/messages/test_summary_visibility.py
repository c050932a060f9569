"""What a channel reads in summaries (new orders, settings, reports, hand-overs) is of its own shops alone."""

import re
import tempfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.alert import Alert, AlertState, LastNotified, Severity
from labelwatch.core.arrival import Need
from labelwatch.core.error_index import Charge, ErrorIndex
from labelwatch.core.posting import DeliveryMethod, Product, Stage
from labelwatch.core.settings import SettingChange, ShopSettings
from labelwatch.core.subject import PostingId, Summary, SummaryKind
from labelwatch.core.summaries import summary
from labelwatch.i18n import LANGUAGES
from labelwatch.store.values import PollRow
from tests.store.build import POSTING, change
from tests.support import two_clients
from tests.support.alert_builders import NOW, diagnosis, minutes
from tests.support.examples import examples
from tests.support.two_clients import Clients, name

SHOPS = 4
MARK = re.compile(r"zq(\d)x")


def furnish(service: Clients) -> None:
    """In every shop an order that needs something, a late one, a changed setting, and a charge."""
    for n in range(SHOPS):
        state = service.store.shops.named(name(n))
        assert state is not None
        number, method = f"{name(n)}-0001-1", DeliveryMethod("7", name(n), "5", name(n), "9", f"{name(n)} Post")
        fields: dict[str, Any] = {
            "shop": name(n),
            "posting_number": number,
            "method": method,
            "deadline": NOW + timedelta(hours=9),
        }
        needed = diagnosis(
            "customs_number_missing", severity=Severity.NOTICE, stage=Stage.PACKING, is_late=False, **fields
        )
        needed = replace(needed, as_of=NOW, products=(Product(name(n), name(n), name(n), 1),))
        late = diagnosis(**fields)
        told = LastNotified(NOW, 1, late.severity, late.cause)
        alert = Alert(
            None, AlertState.FIRING, NOW - minutes(90), late, NOW, told=told, handled_by=name(n), note=name(n)
        )
        changed = SettingChange("method_status", "7", name(n), "ACTIVE", "BROKEN", 3)
        with service.store.write() as tx:
            numbers = [number, *(f"{name(n)}-{m}-1" for m in range(4))]
            orders = [replace(POSTING, number=one, method=method) for one in numbers]
            tx.postings.put(state.id, [change(order, seen_at=NOW - minutes(9)) for order in orders])
            needs = {one: [Need(replace(needed, subject=PostingId(name(n), one)), (name(n),))] for one in numbers}
            tx.needs.put(state.id, needs, at=NOW, tell_at=dict.fromkeys(numbers, NOW))
            assert tx.needs.due(state.id, NOW)
            tx.alerts.save(state.id, [alert])
            tx.settings.add(state.id, ShopSettings(index=ErrorIndex(9.0)), [changed], reminded_at=None, at=NOW)
            tx.charges.put(
                state.id,
                [Charge(number, "SELLER_DELAY", NOW - minutes(5), Decimal(90), "RUB")],
                since=NOW - minutes(9),
            )
            for ago in range(0, 60, 10):
                at = NOW - minutes(ago)
                tx.shops.record_poll(state.id, PollRow(at - minutes(0.1), at, True, 1, 0, 0, 0, 1))


def queue(service: Clients) -> None:
    """Every summary there is for every channel, as if it had been queued when the channel still had all shops."""
    everything = tuple(map(name, range(SHOPS)))
    about = [
        Summary("", SummaryKind.ARRIVAL),
        *(Summary("", SummaryKind.AUDIT, shop=shop, key_expires_at=NOW + timedelta(days=3)) for shop in everything),
        Summary("", SummaryKind.REPORT, shops=everything, group=" ".join(everything)),
        *(Summary("", SummaryKind.REPORT, shops=(shop,), group=shop) for shop in everything),
        Summary("", SummaryKind.HANDOVER),
    ]
    with service.store.write() as tx:
        for channel in service.channels:
            for one in about:
                made = summary(replace(one, channel=channel), since=NOW - timedelta(hours=1), at=NOW)
                tx.add_summary(made, due_at=NOW, expires_at=NOW + timedelta(days=1), now=NOW)


@examples(4)
@given(
    language=st.sampled_from(LANGUAGES),
    groups=st.lists(st.frozensets(st.integers(0, SHOPS - 1), min_size=1), min_size=2, max_size=3, unique=True),
)
def test_no_summary_tells_a_channel_of_a_shop_that_it_may_not_see(
    sqlite_template: Path, language: str, groups: list[frozenset[int]]
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        two_clients.clients(sqlite_template, Path(folder), groups=groups, shops=SHOPS, language=language) as service,
    ):
        furnish(service)
        queue(service)
        for _ in range(4):
            service.tell(minutes=5)
        service.press()
        for to, channel in service.channels.values():
            reasons = {view["reason"] for outgoing in channel.outgoing_messages for view in outgoing.views}
            assert reasons >= {"arrival", "handover"}, to.name
            assert len(channel.outgoing_messages) >= 4, "and what it may know of was sent"
        for group in groups:
            told = {int(n) for one, text in service.read() if one == group for n in MARK.findall(text)}
            assert told == group
