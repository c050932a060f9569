"""Prints as JSON how many seconds each way out takes to reach `both.lan`, which must stand for ::1 and 127.0.0.1: the
first is made to swallow packets. Run by test_ways_out.py."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from labelwatch.channels import open_channel
from labelwatch.channels.base import Delivered, OutgoingMessage
from labelwatch.channels.verify import reachable
from labelwatch.delivery.heartbeat import ping
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.sources.ozon.connectivity import check_connectivity
from tests.net.test_connect import silent
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Hook, answer
from tests.support.smtp_server import PostOffice

PARCEL = OutgoingMessage(Message("late", (Section(lines=("Not packed yet.",)),), Kind.WARNING), [], "0" * 32)
FIVE = timedelta(seconds=5)
LETTER = "from=a@example.com&to=b@example.com&mode=insecure"


def delivers(url: str, *, api_base: str = "") -> bool:
    return isinstance(open_channel(url, private=True, api_base=api_base).send(PARCEL), Delivered)


def main() -> None:
    took: dict[str, float] = {}
    with Hook([answer(200, "{}")]) as hook, PostOffice() as office, FakeTelegram() as telegram:
        web, bots = f"http://both.lan:{hook.port}", telegram.base.replace("127.0.0.1", "both.lan")
        ways: dict[str, tuple[int, Callable[[], bool]]] = {
            "ozon": (hook.port, lambda: not check_connectivity(web, timeout=FIVE, user_agent="t", now=_now).barrier),
            "webhook": (hook.port, lambda: delivers(f"json://both.lan:{hook.port}/x")),
            "heartbeat": (hook.port, lambda: ping(web) == 200),
            "check": (hook.port, lambda: reachable(web, FIVE).ok),
            "mail": (office.port, lambda: delivers(f"mailto://both.lan:{office.port}?{LETTER}")),
            "telegram": (
                int(bots.rpartition(":")[2]),
                lambda: delivers(telegram.url("-1001"), api_base=bots),
            ),
        }
        for name, (port, comes_through) in ways.items():
            with silent("::1", port):
                took[name] = min(_seconds(name, comes_through) for _ in range(3))
    json.dump(took, sys.stdout)


def _seconds(name: str, comes_through: Callable[[], bool]) -> float:
    began = time.monotonic()
    assert comes_through(), name
    return time.monotonic() - began


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
