"""An alert as scripts get it: the fields of the interface, times in UTC, steps in words."""

import json
from dataclasses import replace

import pytest

from labelwatch.core.alert import AlertState, Reason, RuledOut, Severity
from labelwatch.core.posting import Interval, TariffStep
from labelwatch.core.text import Text
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, minutes, resolved, told

FIELDS = {
    *("shop", "posting_number", "state", "stage", "severity", "family", "cause", "certainty", "evidence"),
    *("ruled_out", "verdict", "wait_until", "status", "substatus", "carrier", "delivery_method", "warehouse"),
    *("waiting_since", "deadline", "opened_at", "told_at", "told_count", "incident", "remedy", "link", "next_tariff"),
}
"""What the interface promises; more may be added."""


def test_an_alert_has_every_promised_field() -> None:
    since = Interval(NOW - minutes(125.5), NOW - minutes(120))
    one = told(
        ruled_out=(RuledOut("split_pending", Text("is", {"field": "substatus", "value": "ship_failed"})),),
        waiting_since=since,
    ).alert
    seen = view(one, language="en", now=NOW, zone="Europe/Moscow")
    assert set(seen) >= FIELDS
    assert seen == json.loads(json.dumps(seen))
    assert {key: seen[key] for key in FIELDS - {"remedy", "evidence"}} == {
        "shop": "main",
        "posting_number": "41517061-0214-1",
        "state": "firing",
        "stage": "packing",
        "severity": "critical",
        "family": "not_processed",
        "cause": "not_packed",
        "certainty": "certain",
        "ruled_out": [{"cause": "split_pending", "because": "substatus=ship_failed"}],
        "verdict": "act",
        "wait_until": None,
        "status": "awaiting_packaging",
        "substatus": "ship_failed",
        "carrier": "Aurora Post",
        "delivery_method": "Courier",
        "warehouse": "Main warehouse",
        "waiting_since": ["2026-11-23T12:02:30Z", "2026-11-23T12:08:00Z"],
        "deadline": "2026-11-23T15:00:20Z",
        "opened_at": "2026-11-23T13:03:00Z",
        "told_at": "2026-11-23T14:08:00Z",
        "told_count": 1,
        "incident": None,
        "next_tariff": None,
        "link": "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1",
    }


def test_evidence_is_a_value_by_field_with_the_time_beside_it() -> None:
    assert view(told().alert, language="en", now=NOW)["evidence"] == {
        "status": "awaiting_packaging",
        "status_since": "2026-11-22T13:08:00Z",
        "substatus": "ship_failed",
        "substatus_since": "2026-11-22T13:08:00Z",
    }


@pytest.mark.parametrize(
    ("language", "step"),
    [
        ("zh", "约 1 分钟后刷新，打印面单。"),
        ("ru", "Примерно через минуту обновите страницу и печатайте этикетку."),
        ("en", "Reload about a minute later and print the label."),
    ],
)
def test_the_remedy_is_in_the_readers_language(language: str, step: str) -> None:
    remedy = view(told().alert, language=language, now=NOW)["remedy"]
    assert len(remedy) == 3
    assert remedy[1] == step


def test_a_shops_own_trouble_has_no_posting() -> None:
    seen = view(told("key_expired").alert, language="en", now=NOW)
    missing = ("posting_number", "stage", "status", "carrier", "waiting_since", "deadline")
    assert [seen[key] for key in missing] == [None] * len(missing)
    assert (seen["family"], seen["evidence"]["answer"]) == ("blind", "HTTP 404: Invalid Api-Key")


def test_the_reason_stands_there_only_in_a_message() -> None:
    one = told().alert
    assert "reason" not in view(one, language="en", now=NOW)
    assert view(one, language="en", now=NOW, reason=Reason.ESCALATED)["reason"] == "escalated"


def test_a_resolved_alert_says_when_and_how() -> None:
    seen = view(resolved().alert, language="en", now=NOW, reason=Reason.RESOLVED)
    assert (seen["state"], seen["outcome"], seen["resolved_at"]) == ("resolved", "labelled", "2026-11-23T14:07:00Z")


def test_an_alert_that_nobody_was_told_of_says_so() -> None:
    silent = replace(told(severity=Severity.NOTICE).alert, told=None, state=AlertState.PENDING)
    seen = view(silent, language="en", now=NOW)
    assert (seen["told_at"], seen["told_count"], seen["state"]) == (None, 0, "pending")


@pytest.mark.parametrize(
    ("flow", "schema", "part"),
    [
        ("ozon", "fbs", "/postings/fbs?"),
        ("aggregator", "Crossborder", "/postings/crossborder/fbs?"),
        ("3pl_tracking", "rFBS", "/postings/fbs?"),
        ("aggregator", "", "/postings/crossborder/fbs?"),
        ("ozon", "", "/postings/fbs?"),
    ],
)
def test_the_link_leads_to_the_posting_in_the_cabinet_of_its_schema(flow: str, schema: str, part: str) -> None:
    assert part in view(told(flow=flow, schema=schema).alert, language="en", now=NOW)["link"]


@pytest.mark.parametrize(
    ("cause", "where"), [("method_broken", "https://seller.ozon.ru/app/warehouse"), ("arbitration", None)]
)
def test_the_settings_are_linked_where_the_remedy_is_there(cause: str, where: str | None) -> None:
    assert view(told(cause).alert, language="en", now=NOW)["settings_link"] == where
    body = render([told(cause)], destination(), now=NOW).body
    assert (f"Warehouses and delivery methods: {where}" in body) is (where is not None)


def test_the_next_step_of_the_tariff_is_there_or_null() -> None:
    step = TariffStep(NOW + minutes(36), 1, "commission", "50", "RUB")
    assert view(told(next_tariff=step).alert, language="en", now=NOW)["next_tariff"] == {
        "at": "2026-11-23T14:44:00Z",
        "charge": "50",
        "currency": "RUB",
        "rate": 1,
        "kind": "commission",
    }
    assert view(told().alert, language="en", now=NOW)["next_tariff"] is None


def test_milliseconds_are_kept_where_there_are_some() -> None:
    at = NOW.replace(microsecond=120_000)
    assert view(told(deadline=at).alert, language="en", now=NOW)["deadline"] == "2026-11-23T14:08:00.120Z"


@pytest.mark.parametrize(("left", "phase"), [(30, "normal"), (-30, "missed")])
def test_a_resolved_alert_missed_its_deadline_only_if_it_ended_after_it(left: int, phase: str) -> None:
    one = resolved(severity=Severity.WARNING).alert
    assert one.resolved_at is not None
    deadline = one.resolved_at + minutes(left)
    ended = replace(one, diagnosis=replace(one.diagnosis, deadline=deadline))
    assert view(ended, language="en", now=NOW + minutes(60))["phase"] == phase
