"""The channels of a configuration, opened."""

from collections.abc import Mapping

from labelwatch.config import Channel as ChannelTable
from labelwatch.config import Config
from labelwatch.core.model import Destination
from labelwatch.notify.catalog import catalog
from labelwatch.notify.channels import open_channel
from labelwatch.notify.channels.outcome import Channel


def channels_of(config: Config, addresses: Mapping[str, str]) -> dict[str, tuple[Destination, Channel]]:
    """Name -> whom it tells and the way there; `addresses` are those that a service gave anew, by channel."""
    tables = {table.name: table for table in config.channels}
    return {to.name: (to, _open(tables[to.name], to, addresses.get(to.name, ""))) for to in config.destinations()}


def _open(table: ChannelTable, to: Destination, address: str) -> Channel:
    return open_channel(
        table.url.get_secret_value(),
        api_base=table.api_base or "",
        proxy=table.proxy.get_secret_value() if table.proxy else "",
        address=address,
        private=table.allow_private,
        labels=catalog(to.language).button,
    )
