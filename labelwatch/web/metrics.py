"""The metrics for Prometheus, read from the store at each scrape; deploy/ has rules and a dashboard for them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from labelwatch import __version__
from labelwatch.app import App
from labelwatch.store import Fault, StoreError

Values = Mapping[Any, float]
"""The values of the labels as a tuple -> the reading."""


class Readings(Collector):
    """All metrics as they are now; if the database cannot be read, only that."""

    def __init__(self, app: App) -> None:
        self.app = app

    def collect(self) -> Iterable[Metric]:
        """One family for each measure."""
        yield _gauge("build_info", "Version of labelwatch.", ["version"], {(__version__,): 1})
        yield from _of_time(self.app)
        try:
            found = [*_of_shops(self.app), *_of_labels(self.app), *_of_sending(self.app), *_of_files(self.app)]
        except StoreError:
            found = []
        yield _gauge("database_up", "Whether the database can be read.", [], {(): float(bool(found))})
        yield _refusals(self.app)
        yield from found


class Numbered(Collector):
    """The same readings with numbers instead of the names of shops and channels, in alphabetical order."""

    def __init__(self, app: App) -> None:
        self.app = app
        names = {"shop": [shop.name for shop in app.config.shops], "channel": [to.name for to in app.config.channels]}
        self.numbers = {
            kind: {name: str(number) for number, name in enumerate(sorted(known), 1)} for kind, known in names.items()
        }

    def collect(self) -> Iterable[Metric]:
        for metric in Readings(self.app).collect():
            metric.samples = [sample._replace(labels=self._numbered(sample.labels)) for sample in metric.samples]
            yield metric

    def _numbered(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {
            kind: self.numbers[kind].get(value, "other") if kind in self.numbers else value
            for kind, value in labels.items()
        }


def exposition(app: App, *, named: bool = True) -> bytes:
    """All readings in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(Readings(app) if named else Numbered(app))
    return generate_latest(registry)


def _of_shops(app: App) -> Iterator[Metric]:
    now, shop = app.clock.now(), ["shop"]
    seen = {view.name: view for view in app.queries.shops()}
    read = {(name,): _age(now, view.read_at) for name, view in seen.items() if view.read_at is not None}
    every = {(name,): interval.total_seconds() for name, interval in app.shops()}
    trouble = {(name, view.cause or view.state): 1.0 for name, view in seen.items() if view.state != "fresh"}
    yield _gauge(
        "shop_read_age_seconds", "Seconds since a shop was last read completely; absent if never.", shop, read
    )
    yield _gauge("shop_interval_seconds", "Configured interval between two polls of a shop.", shop, every)
    yield _gauge(
        "shop_failing", "A shop that cannot be read or whose data are stale, and why.", ["shop", "cause"], trouble
    )
    open_ones = {(name,): float(view.postings) for name, view in seen.items()}
    yield _gauge("open_postings", "Postings that are watched.", shop, open_ones)
    polls = {name: poll for name, poll in app.store.shops.last_polls().items() if name in seen}
    lasted = {(name,): (poll.finished_at - poll.started_at).total_seconds() for name, poll in polls.items()}
    asked = {(name,): float(poll.requests) for name, poll in polls.items()}
    changed = {(name,): float(poll.changed) for name, poll in polls.items()}
    yield _gauge("poll_duration_seconds", "How long the last poll of a shop took.", shop, lasted)
    yield _gauge("poll_requests", "Requests of the last poll to Ozon.", shop, asked)
    yield _gauge("poll_changed_postings", "Postings that had changed at the last poll.", shop, changed)
    expiries = app.store.settings.key_expiries()
    left = {(name,): (at - now).total_seconds() for name, at in expiries.items() if name in seen}
    yield _gauge(
        "key_expires_in_seconds", "Seconds until the API key of a shop expires; absent if unknown.", shop, left
    )


def _of_time(app: App) -> Iterator[Metric]:
    skew = app.time.skew
    ahead = {} if skew is None else {(): skew.total_seconds()}
    about = "How far this machine's clock is ahead of Ozon's by its last answer; absent until the first one."
    yield _gauge("clock_skew_seconds", about, [], ahead)
    lag = app.lag()
    about = "For how long the shop has been due that waits longest for its poll; absent in a board of its own."
    yield _gauge("poll_lag_seconds", about, [], {} if lag is None else {(): lag})


def _of_labels(app: App) -> Iterator[Metric]:
    late = Counter[tuple[str, ...]]()
    for one in app.store.board.counts([name for name, _ in app.shops()]):
        late[one.shop, one.cause, str(one.severity), str(one.hands)] += one.number
    labels = ["shop", "cause", "severity", "hands"]
    yield _gauge("late_postings", "Postings whose label is late, by cause, severity and who has them.", labels, late)
    yield _gauge(
        "open_incidents",
        "Open incidents: events that delay many labels.",
        [],
        {(): float(len(app.store.alerts.incidents()))},
    )


def _of_sending(app: App) -> Iterator[Metric]:
    now, names = app.clock.now(), [to.name for to in app.config.destinations()]
    states, troubles = app.store.channels.states(), app.store.alerts.open_of_channels()
    rows = {key: float(number) for key, number in app.store.gauges.outbox().items()}
    oldest = app.store.gauges.oldest_due(now)
    overdue = {(name,): _age(now, oldest[name]) if name in oldest else 0.0 for name in names}
    failing = {(name,): float(name in troubles) for name in names}
    sent = {(name,): _age(now, at) for name in names if name in states and (at := states[name].sent_at)}
    about = "Waiting notifications, and of the latest those that died or expired."
    yield _gauge("outbox_notifications", about, ["channel", "state"], rows)
    yield _gauge(
        "outbox_overdue_seconds", "Seconds since the oldest unsent notification was due.", ["channel"], overdue
    )
    yield _gauge("channel_failing", "Whether a channel does not work.", ["channel"], failing)
    yield _gauge("channel_sent_age_seconds", "Seconds since a channel accepted its last message.", ["channel"], sent)


def _of_files(app: App) -> Iterator[Metric]:
    sizes = {(kind,): float(size) for kind, size in app.store.gauges.files().items()}
    yield _gauge("database_file_bytes", "Size of the database and of its write-ahead log.", ["file"], sizes)


def _refusals(app: App) -> Metric:
    about = "Refusals of the database since the start: busy = locked by another program for too long."
    family = CounterMetricFamily("labelwatch_database_refusals", about, labels=["fault"])
    counted = app.store.condition.failures
    for fault in filter(lambda one: one.is_condition, Fault):
        family.add_metric([str(fault)], counted.get(fault, 0))
    return family


def _gauge(name: str, about: str, labels: Sequence[str], values: Values) -> Metric:
    family = GaugeMetricFamily(f"labelwatch_{name}", about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _age(now: datetime, at: datetime) -> float:
    return max((now - at).total_seconds(), 0.0)
