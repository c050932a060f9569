"""The channels of a configuration, opened."""

from collections.abc import Mapping
from datetime import timedelta

from labelwatch.channels import DEADLINE, ChatOptions, open_channel
from labelwatch.channels.base import Channel
from labelwatch.config import Channel as ChannelTable
from labelwatch.config import Config
from labelwatch.core.policy import Destination
from labelwatch.messages.catalog import catalog


def configured_channels(config: Config, addresses: Mapping[str, str]) -> dict[str, tuple[Destination, Channel]]:
    """Name -> destination and channel; `addresses` are those that a service has changed, by channel."""
    tables = {table.name: table for table in config.channels}
    return {
        to.name: (
            to,
            open_configured(tables[to.name], address=addresses.get(to.name, ""), labels=catalog(to.language).button),
        )
        for to in config.destinations()
    }


def open_configured(
    table: ChannelTable,
    *,
    address: str = "",
    labels: Mapping[str, str] | None = None,
    deadline: timedelta = DEADLINE,
) -> Channel:
    """Open a channel of the configuration; the arguments are those of `open_channel`."""
    return open_channel(
        table.url.get_secret_value(),
        api_base=table.api_base or "",
        proxy=table.proxy.get_secret_value() if table.proxy else "",
        private=table.allow_private,
        chat=ChatOptions(address, labels or {}),
        deadline=deadline,
    )
