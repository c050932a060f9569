"""The channels of a configuration, opened."""

from collections.abc import Mapping
from datetime import timedelta

from labelwatch.config import Channel as ChannelTable
from labelwatch.config import Config
from labelwatch.core.model import Destination
from labelwatch.notify.catalog import catalog
from labelwatch.notify.channels import DEADLINE, open_channel
from labelwatch.notify.channels.outcome import Channel


def channels_of(config: Config, addresses: Mapping[str, str]) -> dict[str, tuple[Destination, Channel]]:
    """Name -> whom it tells and the way there; `addresses` are those that a service gave anew, by channel."""
    tables = {table.name: table for table in config.channels}
    return {
        to.name: (to, way_to(tables[to.name], address=addresses.get(to.name, ""), labels=catalog(to.language).button))
        for to in config.destinations()
    }


def way_to(
    table: ChannelTable,
    *,
    address: str = "",
    labels: Mapping[str, str] | None = None,
    deadline: timedelta = DEADLINE,
) -> Channel:
    """The way to what a channel of the configuration names; the arguments are those of `open_channel`."""
    return open_channel(
        table.url.get_secret_value(),
        api_base=table.api_base or "",
        proxy=table.proxy.get_secret_value() if table.proxy else "",
        address=address,
        private=table.allow_private,
        labels=labels,
        deadline=deadline,
    )
