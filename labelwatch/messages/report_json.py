"""The report of a day or a week as JSON."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from labelwatch.core.error_index import Charged
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
        "charges": [{"shop": one.shop, **charge(one)} for one in found.charged],
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
        "charged": _money(one.charged),
        "errors": one.errors,
        "watched_s": round(one.watched.total_seconds()),
        "unwatched_s": round(one.unwatched.total_seconds()),
    }


def charge(one: Charged) -> dict[str, Any]:
    """One order that Ozon counts as an error, beside what is known of it here."""
    about = one.charge
    return {
        "posting_number": about.posting_number,
        "kind": about.kind,
        "at": rfc3339(about.at),
        "cost": str(about.cost),
        "currency": about.currency or None,
        "percent": about.percent,
        "spared": about.is_spared,
        "cause": one.cause or None,
        "told_at": _time(one.told_at),
        "taken_at": _time(one.taken_at),
        "label_at": _time(one.labelled_at),
        "deadline": _time(one.deadline),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


def _money(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(cost) for currency, cost in amounts.items()}


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else -(-time // timedelta(seconds=1))
