"""Whatever Ozon, or what stands in its place, answers: a result or one named trouble, and nothing of it leaks."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelwatch.sandbox.label_pdf import Label, pdf
from labelwatch.sources import Item, LabelUnavailable, SourceError, Unreadable
from labelwatch.sources.ozon import parse as parse
from labelwatch.sources.ozon import responses as answers
from labelwatch.sources.ozon import shop_info as shop
from labelwatch.sources.ozon.errors import Answer, is_posting_missing, refusal
from labelwatch.sources.ozon.label_pdf import look
from labelwatch.sources.ozon.transport import HttpClient
from tests.fuzz.mangle import CANARY, bodies, damaged, is_fit_to_show
from tests.support.examples import examples

POSTING = {
    "posting_number": "41517061-0214-1",
    "order_number": "41517061-0214",
    "status": "awaiting_deliver",
    "substatus": "posting_created",
    "in_process_at": "2026-11-20T06:00:00Z",
    "shipment_date": "2026-11-21T06:00:00.123456789Z",
    "tracking_number": "TR1",
    "tpl_integration_type": "aggregator",
    "is_multibox": False,
    "available_actions": ["label_download", "ship"],
    "delivery_method": {"id": 22, "name": "Courier", "warehouse_id": 11, "warehouse": "Main", "tpl_provider": "Post"},
    "products": [{"sku": 1, "offer_id": "a-1", "name": "Jacket", "quantity": 1, "price": "10.5", "weight": 0.2}],
    "requirements": {"products_requiring_gtd": [148313911]},
    "tariffication": [{"current_tariff_rate": 1.5, "current_tariff_type": "commission"}],
    "customer": {"name": "Buyer", "phone": "79990000000", "address": {"city": "Town", "zip_code": "1"}},
    "legal_info": {"company_name": "", "inn": ""},
}
Understand = Callable[[Answer], Any]
ENDPOINTS: Mapping[str, tuple[Understand, Any]] = {
    "unfulfilled": (parse.page, {"cursor": "c", "has_next": True, "postings": [POSTING, POSTING]}),
    "one": (parse.one, {"result": POSTING}),
    "roles": (
        parse.key_info,
        {"expires_at": "2027-01-01T00:00:00Z", "roles": [{"name": "Admin", "methods": ["/v1"]}]},
    ),
    "methods": (
        answers.methods,
        {"delivery_methods": [{"id": 22, "name": "C", "status": "ACTIVE", "warehouse_id": 11}], "has_next": False},
    ),
    "warehouses": (
        answers.warehouses,
        {"warehouses": [{"warehouse_id": 11, "status": "created", "first_mile": {"first_mile_is_changing": True}}]},
    ),
    "limits": (answers.limits, {"result": {"max_posting_weight": 25.0, "max_posting_price": "500", "width": 60}}),
    "exemplars": (answers.exemplars, {"status": "ship_available"}),
    "detail": (answers.detail, {"result": POSTING | {"products": [{"dimensions": {"width": "1", "length": 2}}]}}),
    "barcodes": (answers.barcodes, {"result": {"barcodes": {"upper_barcode": "1", "lower_barcode": "2"}}}),
    "created": (answers.created, {"tasks": [{"task_id": 5819327210249, "task_type": "big_label"}]}),
    "printing": (
        answers.printing,
        {
            "status": {"code": "completed", "unprinted_postings": [{"posting_number": "1", "message": "not ready"}]},
            "file_url": "https://cdn.example/label.pdf",
        },
    ),
    "company": (shop._company, {"company": {"name": "Shop", "currency": "RUB"}}),
    "ways": (shop._page, {"delivery_methods": [{"name": "C", "status": "A"}], "cursor": "c", "has_next": True}),
}
ERROR = {"code": 7, "message": f"Api-key {CANARY} is missing a required role", "details": []}
INNER = {"error": {"code": "X", "message": f"{CANARY}: \x1b[31m{CANARY.upper()}"}}
STATUSES = st.sampled_from((200,) * 8 + (204, 301, 400, 401, 403, 404, 408, 409, 429, 500, 502, 599))
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.sampled_from(
            ("0", "7", "9" * 5000, "-1", "1e9", "٣", "soon", "Fri, 31 Dec 9999 23:59:59 GMT")
        ),
        "date": st.sampled_from(
            ("Mon, 23 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 0001 12:00:00 -9999", "yesterday", "")
        ),
        "content-type": st.sampled_from(("application/json", "text/html", "\x00")),
        "x-o3-trace-id": st.sampled_from((CANARY, "a\x1b[31m", "x" * 500)),
    },
)


@pytest.mark.fault("O3", "O10", "O11", "O12", "O18")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_answer_is_understood_or_has_one_named_trouble(endpoint: str) -> None:
    understand, sound = ENDPOINTS[endpoint]

    @examples(25)
    @example(status=200, headers={}, body=b"[" * 60_000)
    @given(status=STATUSES, headers=HEADERS, body=bodies(sound, ERROR, INNER))
    def check(status: int, headers: Mapping[str, str], body: bytes) -> None:
        answer = Answer(f"/{endpoint}", status, headers, body, CANARY)
        found, trouble = outcome(lambda: understand(answer))
        assert trouble is None or is_fit_to_show(trouble.detail)
        assert trouble is None or trouble.retry_after is None or trouble.retry_after >= 0
        assert is_fit_to_show(refusal(answer))
        is_posting_missing(answer)
        for item in getattr(found, "items", ()):
            assert is_fit_to_show(why_unreadable(item))

    check()


def outcome(work: Callable[[], Any]) -> tuple[Any, SourceError | None]:
    try:
        return work(), None
    except SourceError as error:
        return None, error


def why_unreadable(item: Item) -> str:
    try:
        parse.read(item)
    except Unreadable as error:
        return f"{error.path}{error.number}{error.problem}"
    return ""


HEADS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.0 500 \xff\xfe\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    b"220 post.office ESMTP\r\n",
    b"\x16\x03\x01\x02\x00",
]
LENGTHS = [b"", b"Content-Length: 2\r\n", b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n"]


@contextmanager
def saying(replies: list[bytes]) -> Iterator[int]:
    """A server that says to whoever connects what is in `replies` now, and hangs up."""

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:  # shut
                return
            with suppress(OSError), client:
                client.recv(65536)
                client.sendall(replies[0])

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.fault("O4", "O6", "O17")
def test_whatever_comes_over_the_wire_is_an_answer_or_one_named_trouble() -> None:
    replies = [b""]
    with saying(replies) as port:
        headers = {"Client-Id": "1001", "Api-Key": CANARY, "User-Agent": "labelwatch-test"}
        wire = HttpClient(
            f"http://127.0.0.1:{port}", headers, timeout=timedelta(seconds=2), proxy=lambda _: "", secret=CANARY
        )

        @examples(20)
        @given(st.sampled_from(HEADS), st.sampled_from(LENGTHS), bodies({"roles": []}, ERROR, INNER), st.booleans())
        def check(head: bytes, length: bytes, body: bytes, is_whole: bool) -> None:
            replies[0] = head + length + (b"\r\n" if is_whole else b"") + body
            _, trouble = outcome(lambda: wire.post("/v1/roles", b"{}"))
            assert trouble is None or is_fit_to_show(trouble.detail)

        check()
        wire.close()


def test_whatever_is_in_the_file_of_a_label_it_is_looked_at_or_refused_in_words() -> None:
    label = pdf([Label("41517061-0214-1", "123456789")], size=(58, 40))

    @examples(3)
    @given(damaged(label), st.binary(max_size=40))
    def check(body: bytes, more: bytes) -> None:
        found = look(b"%PDF-1.7\n" + body[9:] + more + b"\n%%EOF", within=20)
        if isinstance(found, LabelUnavailable):
            assert is_fit_to_show(found.detail)

    check()
