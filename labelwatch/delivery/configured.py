"""The channels of a configuration, opened."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from labelwatch.channels import DEADLINE, ServiceOptions, open_channel
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
        proxy=_secret(table.proxy),
        private=table.allow_private,
        options=ServiceOptions(address, labels or {}, _secret(table.signing_secret)),
        deadline=deadline,
    )


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
