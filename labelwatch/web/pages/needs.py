"""`/needs`: what new orders need before they are packed, and the products that need it again and again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.core.alert import Diagnosis
from labelwatch.messages import diagnosis_text
from labelwatch.messages.plain import plain
from labelwatch.web.page import Reader, app_of, reader_of, respond

LOOK_BACK = timedelta(days=30)
RECURS = 3
"""A product that needed the same this often is worth correcting in its card."""
MOST = 200
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One order and one thing that it needs."""

    number: str
    shop: str
    due: str
    what: str
    first_step: str


@dataclass(frozen=True, slots=True)
class Recurring:
    """A product that needed the same thing in several orders."""

    sku: str
    shop: str
    what: str
    orders: int


def page(request: Request) -> Response:
    """Of all shops in the configuration, by deadline."""
    app, reader = app_of(request), reader_of(request)
    shops = [name for name, _ in app.shops()]
    needs = sorted(app.store.needs.open_needs(shops), key=_by_deadline)
    counts = app.store.needs.recurring(shops, since=reader.now - LOOK_BACK)
    return respond(
        request,
        "needs.html",
        total=len({one.posting_number for one in needs}),
        rows=[_row(reader, one) for one in needs[:MOST]],
        hidden=max(len(needs) - MOST, 0),
        recurring=_recurring(reader, counts),
        days=LOOK_BACK.days,
        with_shop=len(shops) > 1,
    )


def _by_deadline(need: Diagnosis) -> tuple[datetime, str]:
    return need.deadline or _END_OF_TIME, need.posting_number or ""


def _row(reader: Reader, need: Diagnosis) -> Row:
    context = reader.context
    return Row(
        number=need.posting_number or "",
        shop=need.shop,
        due=diagnosis_text.time_left(context, need),
        what=diagnosis_text.words_of(context, need.cause).name,
        first_step=diagnosis_text.first_step(context, need, several=False),
    )


def _recurring(reader: Reader, counts: dict[tuple[str, str, str], int]) -> Sequence[Recurring]:
    return [
        Recurring(plain(sku), shop, diagnosis_text.words_of(reader.context, cause).name, orders)
        for (shop, cause, sku), orders in Counter(counts).most_common(50)
        if orders >= RECURS
    ]
