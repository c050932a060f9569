"""The report of a day or a week as JSON."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from labelwatch.core.period_report import PeriodReport, ShopReport
from labelwatch.messages.alert_json import rfc3339


def as_document(found: PeriodReport, *, group: str = "", advice: str) -> dict[str, Any]:
    """What `report --json` prints; `advice` is the sentence in the reader's language."""
    first = found.advice
    return {
        "from": rfc3339(found.within.earliest),
        "to": rfc3339(found.within.latest),
        "group": group or None,
        "advice": advice,
        "change_first": {
            "change": str(first.change),
            "cause": first.cause or None,
            "name": first.name or None,
            "n": first.n,
            "of": first.of,
        },
        "shops": [{"shop": one.shop, **_numbers(one)} for one in found.shops],
        "total": _numbers(found.total),
        "recurring": [{"cause": one.cause, "name": one.name or None, "n": one.n} for one in found.recurring],
        "label_median_s": _seconds(found.label.median),
        "label_p95_s": _seconds(found.label.p95),
        "label_median_before_s": _seconds(found.label_before.median),
        "days_not_watched": [day.isoformat() for day in found.dark_days],
        "watched_s": round(found.total.watched.total_seconds()),
        "unwatched_s": round(found.total.unwatched.total_seconds()),
    }


def _numbers(one: ShopReport) -> dict[str, Any]:
    return {
        "orders": one.orders,
        "labelled": one.labelled,
        "late": one.late,
        "told": one.told,
        "rescued": one.rescued,
        "missed": one.missed,
        "by_cause": dict(one.by_cause),
        "waiting_s": round(one.waiting.total_seconds()),
        "at_stake": _money(one.at_stake),
        "lost": _money(one.lost),
        "watched_s": round(one.watched.total_seconds()),
        "unwatched_s": round(one.unwatched.total_seconds()),
    }


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(cost) for currency, cost in amounts.items()}


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else -(-time // timedelta(seconds=1))
