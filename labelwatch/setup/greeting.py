"""The first message over a new channel, by the same adapter that will carry the alerts."""

from datetime import timedelta

from labelwatch.notify.channels import check_url, check_way, open_channel
from labelwatch.notify.channels.outcome import BadMessage, Parcel, Result
from labelwatch.notify.message import Message
from labelwatch.setup.writing import NewChannel

PATIENCE = timedelta(seconds=20)


def wrong_with(channel: NewChannel) -> str | None:
    """What is wrong with the parts of a channel, in words without secrets; None when nothing is."""
    return check_url(channel.url) or check_way(channel.url, channel.api_base, channel.proxy)


def greet(channel: NewChannel, message: Message, *, key: str) -> Result:
    """Send it once; `key` is 32 hexadecimal digits, another one each time."""
    wrong = wrong_with(channel)
    if wrong:
        return BadMessage(wrong)
    opened = open_channel(channel.url, api_base=channel.api_base, proxy=channel.proxy, deadline=PATIENCE)
    return opened.send(Parcel(message, (), key))
