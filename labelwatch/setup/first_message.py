"""The first message over a new channel, by the same adapter that will carry the alerts."""

from dataclasses import replace
from datetime import timedelta

from labelwatch.channels import check_url, check_way, open_channel
from labelwatch.channels.base import BadMessage, Channel, OutgoingMessage, Result
from labelwatch.channels.verify import leads_home
from labelwatch.core.text import Text
from labelwatch.messages.message import Message
from labelwatch.setup.config_writer import NewChannel

PATIENCE = timedelta(seconds=20)


def wrong_with(channel: NewChannel) -> str | None:
    """What is wrong with the parts of a channel, without secrets; None if nothing is."""
    return check_url(channel.url) or check_way(channel.url, channel.api_base, channel.proxy)


def greet(channel: NewChannel, message: Message, *, key: str) -> Result:
    """Send it once; `key` is 32 hexadecimal digits, another one each time."""
    wrong = wrong_with(channel)
    if wrong:
        return BadMessage(Text("foreign", {"raw": wrong}))
    return _opened(channel).send(OutgoingMessage(message, (), key))


def with_permission(channel: NewChannel) -> NewChannel:
    """The channel with `allow_private` if the name of its server resolves to a private address: the user has just
    written that name and intends it, but its address may change later."""
    return channel if wrong_with(channel) else replace(channel, allow_private=leads_home(_opened(channel)))


def _opened(channel: NewChannel) -> Channel:
    return open_channel(
        channel.url,
        api_base=channel.api_base,
        proxy=channel.proxy,
        private=channel.allow_private,
        deadline=PATIENCE,
    )
