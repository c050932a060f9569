"""The seller cabinet as people use it: pages of postings, and what can be done, all through the sandbox's answers."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from labelwatch.sandbox import Sandbox, Shop
from labelwatch.sandbox.http import Answer, Request
from labelwatch.sandbox.scenarios.stage import tracking
from labelwatch.sandbox.shops import stamp

Json = dict[str, Any]
LIST, UNFULFILLED = "/v4/posting/fbs/list", "/v4/posting/fbs/unfulfilled/list"
_PAGE = 100


class CabinetDown(Exception):  # noqa: N818 - a state of Ozon's
    """The cabinet does not open."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did, and whether Ozon took it."""

    at: datetime
    who: str
    action: str
    subject: str
    took: bool


@dataclass(slots=True)
class Hands:
    """What people do, and the list of what they did. No request leaves the process."""

    sandbox: Sandbox
    now: Callable[[], datetime]
    deeds: list[Deed] = field(default_factory=list)

    def ask(self, shop: Shop, path: str, body: Json) -> Answer:
        """What Ozon answers to one request."""
        self.sandbox.world.advance(self.now())
        key = self.sandbox.world.shops[shop.client_id].api_key  # people sign in, whatever key a program has
        headers = {"client-id": shop.client_id, "api-key": key}
        return self.sandbox.answer(
            Request(
                method="POST", path=path, headers=headers, content=json.dumps(body).encode(), at=self.now(), tick=0
            )
        )

    def page(self, shop: Shop, number: str) -> Json | None:
        """The page of a posting; None for one that the shop does not have."""
        now = self.now()
        window = {"since": stamp(now - timedelta(days=60)), "to": stamp(now + timedelta(days=1))}
        asked = {"limit": _PAGE, "filter": {**window, "order_numbers": [number.rpartition("-")[0]]}}
        found = self._answer(shop, LIST, asked)["postings"]
        return next((one for one in found if one["posting_number"] == number), None)

    def is_up(self, shop: Shop) -> bool:
        """Whether the cabinet opens."""
        return self.ask(shop, "/v1/roles", {}).status < 500

    def open_pages(self, shop: Shop) -> list[Json]:
        """Everything in the shop that is not handed over."""
        now, found, cursor = self.now(), list[Json](), ""
        window = {"cutoff_from": stamp(now - timedelta(days=30)), "cutoff_to": stamp(now + timedelta(days=30))}
        while True:
            page = self._answer(shop, UNFULFILLED, {"limit": _PAGE, "cursor": cursor, "filter": window})
            found += page["postings"]
            cursor = page["cursor"]
            if not page["has_next"]:
                return found

    def do(self, who: str, shop: Shop, action: str, page: Json) -> bool:
        """Do it to the posting of this page; True if Ozon took it. CabinetDown while nothing can be done."""
        number = page["posting_number"]
        if self.page(shop, number) is None:
            return False
        path, body, subject = _request(action, page, self.now())
        answer = self.ask(shop, path, body) if path else self._by_hand(action, subject)
        took = answer.status == 200
        self.deeds.append(Deed(self.now(), who, action, number, took))
        return took

    def _by_hand(self, action: str, subject: str) -> Answer:
        return self._send("/sandbox/act", {"subject": subject, "action": action}, {})

    def _send(self, path: str, body: Json, headers: Mapping[str, str]) -> Answer:
        content = json.dumps(body).encode()
        request = Request(method="POST", path=path, headers=headers, content=content, at=self.now(), tick=0)
        return self.sandbox.answer(request)

    def _answer(self, shop: Shop, path: str, body: Json) -> Json:
        answer = self.ask(shop, path, body)
        if answer.status >= 500:
            raise CabinetDown
        found: Json = msgspec.json.decode(answer.body)
        return found


def _request(action: str, page: Json, now: datetime) -> tuple[str, Json, str]:
    """The method of the API that does it, and its body; for what none does, no path and whom it is done to."""
    number, products = page["posting_number"], page["products"]
    packed = [{"product_id": one["sku"], "quantity": one["quantity"]} for one in products]
    requests: dict[str, tuple[str, Json]] = {
        "ship": ("/v4/posting/fbs/ship", {"posting_number": number, "packages": [{"products": packed}]}),
        "set_boxes": ("/v3/posting/multiboxqty/set", {"posting_number": number, "multi_box_qty": 2}),
        "set_cutoff": (
            "/v1/posting/cutoff/set",
            {"posting_number": number, "new_cutoff_date": page["shipment_date"]},
        ),
        "enter_tracking": (
            "/v2/fbs/posting/tracking-number/set",
            {"tracking_numbers": [{"posting_number": number, "tracking_number": tracking(number)}]},
        ),
    }
    if action in requests:
        return (*requests[action], str(number))
    method = page["delivery_method"]
    subjects = {"repair_method": str(method["id"]), "restore_warehouse": str(method["warehouse_id"])}
    return "", {}, subjects.get(action, str(number))


def of_outage(pages: Iterable[Json], carrier: str | None) -> list[Json]:
    """Those of a carrier (None = any) that stand packed without a label."""
    return [
        page
        for page in pages
        if page["status"] in ("awaiting_registration", "awaiting_deliver")
        and not any(str(action).startswith("label_download") for action in page["available_actions"])
        and carrier in (None, page["delivery_method"]["tpl_provider"])
    ]
