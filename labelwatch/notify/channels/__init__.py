"""The ways out: our own adapters where the answer can be read, Apprise for everything else."""

import re
from datetime import timedelta

from apprise.plugins.custom_json import NotifyJSON
from apprise.utils.parse import parse_urls

from labelwatch.notify.channels.http import Line
from labelwatch.notify.channels.outcome import Channel
from labelwatch.notify.channels.secrecy import hush
from labelwatch.notify.channels.services import open_service, plugin
from labelwatch.notify.channels.webhook import open_webhook

__all__ = ["check_url", "open_channel"]

DEADLINE = timedelta(seconds=30)
"""For one message from first byte to last; the lease of the outbox is four times as long."""


def check_url(url: str) -> str | None:
    """What is wrong with a channel's URL, in words that hold none of its secrets; None when it is fine."""
    hush(url)
    scheme = _scheme(url)
    if not scheme:
        return "is no Apprise URL: it begins with a service, like tgram://, mailto:// or json://"
    if len(parse_urls(url)) > 1:  # type: ignore[no-untyped-call]
        return "holds several URLs: give each a [[channel]] of its own"
    service = plugin(url)
    if service is None:
        return f"{scheme}:// with these parts is not understood: see https://appriseit.com/services/"
    if len(service) == 0:
        return f"{scheme}:// names nobody to tell: add the destination"
    if len(service) > 1:
        return (
            f"{scheme}:// names {len(service)} destinations: give each a [[channel]] of its own, so that each is "
            f"told once whatever happens to the others"
        )
    return None


def open_channel(url: str, *, deadline: timedelta = DEADLINE) -> Channel:
    """The channel behind an Apprise URL; ValueError with the words of `check_url` when there is none."""
    wrong = check_url(url)
    service = plugin(url)
    if wrong is not None or service is None:
        raise ValueError(f"the channel's URL {wrong}")
    if isinstance(service, NotifyJSON):
        # The host of a webhook is no secret, and who mends it wants to read it.
        secrets = tuple(secret for secret in hush(url) if secret != service.host)
        return open_webhook(service, Line(deadline, secrets, verify=service.verify_certificate))
    return open_service(url, service, deadline=deadline)


def _scheme(url: str) -> str:
    found = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return found[1].lower() if found else ""
