"""Which late labels are one event: what is beyond chance, who is to blame, and when it is over."""

from dataclasses import replace
from datetime import timedelta
from math import comb

import pytest

from labelwatch.core.alert import Certainty, Diagnosis, Family, Severity, Verdict
from labelwatch.core.diagnosis import explained, incident_diagnosis
from labelwatch.core.incidents import GroupCount, binomial_tail, count, find, fisher_tail
from labelwatch.core.posting import DeliveryMethod, Interval
from labelwatch.core.subject import Incident, IncidentId, PostingId, Scope
from tests.support.core_builders import NOW

OF_A = IncidentId(Scope.CARRIER, "A")


def tally(carrier: str, late: int, fine: int, shop: str = "main", kind: str = "label") -> GroupCount:
    deadline = NOW + timedelta(hours=late)
    return GroupCount(shop=shop, carrier=carrier, late=late, fine=fine, kind=kind, since=NOW, deadline=deadline)


def keys(*tallies: GroupCount, still_open: tuple[IncidentId, ...] = ()) -> list[str]:
    return [str(found) for found in find(tallies, still_open)]


@pytest.mark.parametrize(
    ("tallies", "expected"),
    [
        ([tally("A", 80, 0), tally("B", 0, 100), tally("C", 0, 100)], ["carrier:A"]),
        ([tally("A", 40, 0), tally("A", 40, 0, "two"), tally("B", 0, 200)], ["carrier:A"]),
        ([tally("A", 80, 0), tally("B", 60, 0), tally("C", 12, 1)], ["platform:"]),
        ([tally("A", 30, 0), tally("B", 30, 0), tally("A", 30, 0, "two"), tally("B", 30, 0, "two")], ["platform:"]),
        ([tally("A", 20, 0), tally("B", 20, 0), tally("A", 0, 50, "two"), tally("B", 0, 50, "two")], ["shop:main"]),
        ([tally("A", 30, 0), tally("B", 30, 0), tally("C", 0, 100)], ["carrier:A", "carrier:B"]),
        ([*(tally(c, 10, 0) for c in "ABC"), *(tally(c, 0, 10, "two") for c in "ABC")], ["shop:main"]),
        ([tally("A", 5, 100)], []),
        ([tally("A", 5, 0), tally("B", 0, 100)], []),
        ([tally("A", 5, 30), tally("B", 5, 30), tally("C", 5, 30)], []),
        ([tally("A", 12, 60), tally("B", 2, 60)], []),
        ([tally("A", 0, 500)], []),
        ([], []),
        ([tally("A", 80, 0)], ["carrier:A"]),
        ([tally("A", 6, 0), tally("A", 6, 0, kind="tracking"), tally("B", 6, 0, kind="registration")], []),
        ([tally("A", 40, 0), tally("A", 6, 0, kind="tracking"), tally("B", 0, 90)], ["carrier:A"]),
    ],
)
def test_the_widest_event_that_is_beyond_chance_is_named(tallies: list[GroupCount], expected: list[str]) -> None:
    assert keys(*tallies) == expected


def test_it_says_how_many_where_since_when_and_until_when() -> None:
    (incident_diagnosis,) = find([tally("A", 40, 1), tally("A", 20, 2, "two"), tally("B", 0, 200)])
    assert [(part.shop, part.late, part.total) for part in incident_diagnosis.parts] == [
        ("main", 40, 41),
        ("two", 20, 22),
    ]
    assert replace(incident_diagnosis, parts=()) == Incident(
        OF_A,
        late=60,
        total=63,
        shops=("main", "two"),
        carriers=("A",),
        since=NOW,
        deadline=NOW + timedelta(hours=20),
    )


def test_with_one_carrier_alone_nothing_can_be_told_apart() -> None:
    (incident_diagnosis,) = find([tally("A", 80, 0)])
    assert not incident_diagnosis.is_compared


def test_a_platform_seen_through_one_shop_cannot_be_told_from_the_shop() -> None:
    one = [tally("A", 40, 0), tally("B", 40, 0)]
    (incident_diagnosis,) = find(one)
    assert (incident_diagnosis.id.scope, incident_diagnosis.is_compared) == (Scope.PLATFORM, False)
    (incident_diagnosis,) = find([*one, tally("A", 40, 0, "two")])
    assert (incident_diagnosis.id.scope, incident_diagnosis.is_compared) == (Scope.PLATFORM, True)


def test_an_open_event_ends_later_than_it_begins() -> None:
    fading = [tally("A", 9, 20), tally("B", 0, 100)]
    assert keys(*fading) == []
    assert keys(*fading, still_open=(OF_A,)) == ["carrier:A"]
    assert keys(tally("A", 4, 20), tally("B", 0, 100), still_open=(OF_A,)) == []
    assert keys(tally("A", 9, 60), tally("B", 0, 100), still_open=(OF_A,)) == []


def test_a_platform_that_recovers_is_one_event_to_its_end() -> None:
    half = [tally("A", 15, 15), tally("B", 15, 30), tally("C", 15, 30, "two")]
    assert keys(*half, still_open=(IncidentId(Scope.PLATFORM),)) == ["platform:"]


def test_an_event_explains_only_its_own() -> None:
    (incident_diagnosis,) = find([tally("A", 80, 0), tally("B", 0, 200)])
    assert incident_diagnosis.explains(shop="any", carrier="A")
    assert not incident_diagnosis.explains(shop="any", carrier="B")


def test_the_tails_are_those_of_the_textbook() -> None:
    assert binomial_tail(1, 3, 0.5) == pytest.approx(7 / 8)
    assert binomial_tail(0, 10, 0.05) == pytest.approx(1)
    assert fisher_tail(5, 5, 5, 10) == pytest.approx(1 / comb(10, 5))
    assert fisher_tail(0, 5, 5, 10) == pytest.approx(1)
    assert fisher_tail(40_000, 50_000, 40_000, 100_000) < 1e-300
    assert 0 <= binomial_tail(90_000, 100_000, 0.05) < 1e-300


@pytest.mark.parametrize(("left", "expected"), [(120, Verdict.WAIT), (40, Verdict.ACT)])
def test_a_posting_that_an_incident_comes_to_explain_is_not_waited_for_past_its_time(
    left: int, expected: Verdict
) -> None:
    (found,) = find([tally("A", 40, 0), tally("B", 0, 200)])
    act_by = NOW + timedelta(minutes=left - 60)
    about = Diagnosis(
        PostingId("main", "1-1-1"), Severity.WARNING, Family.SYNC_LAG, "label_overdue", Certainty.LIKELY, Verdict.ACT
    )
    after = explained(replace(about, act_by=act_by), found, now=NOW)
    assert (after.cause, after.verdict) == ("carrier_incident", expected)
    assert after.wait_until == (act_by if expected is Verdict.WAIT else None)


@pytest.mark.parametrize(("left", "expected"), [(240, Verdict.WAIT), (170, Verdict.ACT)])
def test_an_incident_is_waited_for_while_there_is_time_to_act_on_its_postings(left: int, expected: Verdict) -> None:
    deadline = NOW + timedelta(minutes=left)
    one = Diagnosis(
        PostingId("main", "1-1-1"),
        Severity.WARNING,
        Family.SYNC_LAG,
        "label_overdue",
        Certainty.LIKELY,
        Verdict.ACT,
        kind="label",
    )
    soon = replace(
        one,
        method=DeliveryMethod(carrier="A"),
        waiting_since=Interval(NOW, NOW),
        deadline=deadline,
        act_by=deadline - timedelta(hours=3),
    )
    later = replace(
        soon,
        subject=PostingId("other", "1-1-1"),
        deadline=deadline + timedelta(days=1),
        act_by=deadline + timedelta(hours=21),
    )
    (found,) = find([*count([soon] * 40, since=NOW), *count([later] * 40, since=NOW), tally("B", 0, 200)])
    about = incident_diagnosis(found, now=NOW)
    assert (about.verdict, about.wait_until) == (expected, soon.act_by if expected is Verdict.WAIT else None)
    assert (about.severity is Severity.CRITICAL) is (expected is Verdict.ACT)
    again = about.incident
    assert again == found
    assert incident_diagnosis(found.within(("main",)), now=NOW).verdict is expected
    assert incident_diagnosis(found.within(("other",)), now=NOW).act_by == later.act_by
