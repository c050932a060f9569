"""No field of a posting or of a diagnosis is lost on its way through the database."""

from dataclasses import MISSING, Field, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Certainty, Diagnosis, Family, Proof, RuledOut, Severity, Verdict
from labelwatch.core.baseline import LearnedLimit, Usual
from labelwatch.core.posting import Interval, Product, Stage, TariffStep
from labelwatch.core.subject import (
    Channel,
    Database,
    Incident,
    IncidentId,
    Part,
    PostingId,
    Scope,
    Shop,
    Subject,
    Summary,
)
from labelwatch.core.text import Text
from labelwatch.store import Store
from tests.store.build import ALERT, AURORA, NOW, POSTING, change, minutes, notification, put, shop_id

PRODUCT = Product("160000001", "SZ-1", "Чайник «面单»", 2, weight=0.35, price=1499.9, currency="RUB")
STEP = TariffStep(NOW + minutes(44), 1.5, "discount", "12.30", "CNY")
FULL_POSTING = replace(
    POSTING,
    hard_cutoff=NOW + timedelta(days=2),
    tracking_number="LP00123CN",
    requirements=(("products_requiring_gtd", ("160000001",)),),
    products=(PRODUCT,),
    tariff=(STEP, replace(STEP, until=None)),
    parent="41-0000-1",
    is_multibox=True,
    boxes=2,
    is_express=True,
    is_legal=True,
    recipient_gaps=("phone", "zip_code"),
)
FULL_DIAGNOSIS = Diagnosis(
    PostingId("main", "41-0001-1"),
    severity=Severity.CRITICAL,
    family=Family.CARRIER,
    cause="carrier_incident",
    certainty=Certainty.LIKELY,
    verdict=Verdict.WAIT,
    wait_until=NOW + minutes(30),
    explained_by=IncidentId(Scope.CARRIER, "Aurora Post"),
    kind="label",
    evidence=(
        Proof("incident", Text("late_of", {"scope": "carrier", "name": "Aurora Post", "late": 63, "total": 80}), NOW),
        Proof("status", ""),
    ),
    ruled_out=(RuledOut("method_broken", Text("gaps", {"names": ("phone", "zip_code")})),),
    is_late=False,
    stage=Stage.REGISTRATION,
    status="awaiting_registration",
    substatus="posting_in_registration",
    flow="aggregator",
    schema="rFBS",
    method=AURORA,
    tracking_number="LP00123CN",
    requirements=(("products_requiring_gtd", ("160000001",)),),
    products=(PRODUCT,),
    waiting_since=Interval(NOW - minutes(9), NOW),
    deadline=NOW + timedelta(days=1),
    cutoff=NOW + timedelta(days=2),
    warn_from=NOW + timedelta(hours=20),
    act_by=NOW + timedelta(hours=23),
    next_tariff=STEP,
    alternatives=("Silk Road",),
    asked=(Proof("label_task", 'Ozon says: "no"', NOW),),
    answer_by=NOW + timedelta(hours=22),
    usual=Usual(timedelta(minutes=1), timedelta(minutes=4), 0.5, LearnedLimit(minutes(6), minutes(15), 214)),
    as_of=NOW,
)
FULL_INCIDENT = Incident(
    IncidentId(Scope.CARRIER, "Aurora Post"),
    late=63,
    total=80,
    shops=("main", "other"),
    carriers=("Aurora", "Aurora Post"),
    since=NOW,
    deadline=NOW,
    is_compared=False,
    parts=(Part("main", 60, 70, ("Aurora",), NOW), Part("other", 3, 10, deadline=NOW)),
    act_by=NOW,
    watched=("main", "other", "third"),
)


@pytest.mark.parametrize(
    "full", [FULL_POSTING, FULL_DIAGNOSIS, FULL_INCIDENT, PRODUCT], ids=lambda full: type(full).__name__
)
def test_the_examples_here_leave_no_field_at_its_default(full: Any) -> None:
    assert [f.name for f in fields(full) if _default(f) == getattr(full, f.name)] == []


def _default(field: Field[Any]) -> object:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def test_every_field_of_a_posting_comes_back(store: Store) -> None:
    shop = put(store, change(FULL_POSTING))
    assert store.postings.known(shop, [FULL_POSTING.number])[FULL_POSTING.number].posting == FULL_POSTING


def test_every_field_of_a_diagnosis_comes_back(store: Store) -> None:
    diagnosed = replace(ALERT, diagnosis=FULL_DIAGNOSIS)
    shop = shop_id(store)
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop, [diagnosed])
        saved = replace(diagnosed, id=id_)
        tx.outbox.add([notification(saved)], created_at=NOW)
    assert store.alerts.find() == [saved]
    assert [row.notification.alert for row in store.outbox.find()] == [saved]


@pytest.mark.parametrize(
    "subject", [Shop("main"), FULL_INCIDENT, Channel("packers", 7), Database(), Summary("packers")]
)
def test_every_subject_comes_back(store: Store, subject: Subject) -> None:
    told = replace(ALERT, diagnosis=replace(FULL_DIAGNOSIS, subject=subject, explained_by=None))
    shop = shop_id(store) if isinstance(subject, Shop) else None
    with store.write() as tx:
        (id_,) = tx.alerts.save(shop, [told])
        tx.outbox.add([notification(replace(told, id=id_))], created_at=NOW)
    assert [row.notification.alert.diagnosis.subject for row in store.outbox.find()] == [subject]
    assert [one.diagnosis.subject for one in store.export.alerts(NOW)] == [subject]


def test_what_was_observed_can_be_counted_once() -> None:
    over = Text("over", {"value": "2", "limit": "1", "unit": "g"})
    assert len({Proof("weight", over, NOW), Proof("weight", replace(over), NOW), Proof("weight", "", NOW)}) == 2
