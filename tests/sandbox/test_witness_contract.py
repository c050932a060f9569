"""The sandbox as witness: what it plays is what polls must find, cause by cause and fact by fact."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise, product
from math import ceil
from pathlib import Path
from shutil import copyfile
from typing import TypeVar

import pytest

from labelwatch.core.alert import Diagnosis, Family
from labelwatch.core.diagnosis import INCIDENT_CAUSES, diagnose
from labelwatch.core.enrichment import BUDGET, FIRST_CHECK, KEPT_FOR, PENDING_FOR, Topic
from labelwatch.core.facts import Facts
from labelwatch.core.lateness import KNOWN_STATUSES, TRACKED_FLOWS, Watch, track
from labelwatch.core.policy import DelayPolicy
from labelwatch.core.posting import DeliveryMethod, Known, MethodHistory, Posting
from labelwatch.core.rules import CAUSES, calendar
from labelwatch.core.subject import Incident, IncidentId, Scope
from labelwatch.sandbox import CANARIES, World, needs, scenarios
from labelwatch.sandbox.bodies import GOODS
from labelwatch.sandbox.control import Seen
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.day import LASTS
from labelwatch.sandbox.scenarios.stage import OZON, arrival, both_shops
from labelwatch.store import Store, open_store
from tests.support.watcher import EVERY, START, Telling, watching

pytestmark = pytest.mark.lengthy

T = TypeVar("T")


MINUTE = timedelta(minutes=1)
# Scenario -> for how many minutes it is played, until it shows all that it has to show.
PLAYED = {
    "causes": 22,
    "carrier_incident": 30,
    "platform_incident": 30,
    "shop_incident": 30,
    "never_labelled": 40,
    "always_labelled": 62,
    "blind": 12,
}
# And until it is over.
ENDS = {"carrier_incident": 50, "platform_incident": 50, "shop_incident": 50}
# Nothing is learned from what is known less well than to three minutes, so there is a look every minute.
LOOKED_AT_EVERY = {"always_labelled": MINUTE}
# No answer of Ozon's shows these, or nothing at all can lead to them: they have tests of their own.
NEVER_PLAYED = {
    "stale_data",
    "out_of_files",
    "falling_behind",
    "unexplained",
    "channel_dead",
    "disk_full",
    "database_failing",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What was to be found in a scenario and what was, by posting number or Client-Id."""

    expected: Mapping[str, str]
    found: Mapping[str, str]
    facts: Mapping[str, Facts]
    told: Sequence[Telling]
    incidents: Sequence[Diagnosis]


@dataclass(frozen=True, slots=True)
class Ending:
    """What was told until an incident had ended, and how many alerts were left, of incidents and of postings."""

    told: Sequence[Telling]
    left: tuple[int, int]


Heard = Callable[[str], tuple[Account, Ending]]


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Plays a scenario when it is first asked for."""

    @cache
    def heard(scenario: str) -> tuple[Account, Ending]:
        file = tmp_path_factory.mktemp(scenario) / "labelwatch.db"
        copyfile(sqlite_template, file)
        world, every = scenarios.build(scenario, START), LOOKED_AT_EVERY.get(scenario, EVERY)
        with closing(open_store(f"sqlite:///{file}")) as store, watching(world, store, every=every) as watcher:
            watcher.until(PLAYED[scenario])
            incidents = [alert.diagnosis for alert in store.alerts.incidents()]
            account = Account(world.expected, watcher.causes(), watcher.facts(), watcher.told(), incidents)
            watcher.until(ENDS.get(scenario, 0))
            return account, Ending(watcher.told(), (len(store.alerts.incidents()), len(store.alerts.find())))

    return heard


@pytest.fixture
def account(played: Heard) -> Callable[[str], Account]:
    return lambda scenario: played(scenario)[0]


@pytest.mark.parametrize("scenario", PLAYED)
def test_what_a_scenario_plays_is_found_and_nothing_else(scenario: str, account: Callable[[str], Account]) -> None:
    heard = account(scenario)
    assert heard.found == heard.expected


@pytest.mark.parametrize("cause", sorted(CAUSES.keys() - NEVER_PLAYED - calendar.MEANINGS.keys()))
def test_every_cause_is_played_by_some_scenario(cause: str, account: Callable[[str], Account]) -> None:
    assert any(cause in account(scenario).found.values() for scenario in PLAYED)


@pytest.mark.parametrize("family", sorted(set(Family) - {Family.UNKNOWN}))
def test_every_family_is_played_by_some_scenario(family: Family, account: Callable[[str], Account]) -> None:
    assert any(CAUSES[cause] is family for scenario in PLAYED for cause in account(scenario).found.values())


@pytest.mark.parametrize("field", [field.name for field in fields(Facts)])
def test_every_fact_is_known_of_some_posting_of_some_scenario(field: str, account: Callable[[str], Account]) -> None:
    heard = [getattr(facts, field) for scenario in PLAYED for facts in account(scenario).facts.values()]
    assert any(heard), "and it is neither nothing, nor empty, nor no"


@pytest.mark.parametrize(
    ("scenario", "late", "total", "shops", "carriers"),
    [
        ("carrier_incident", 80, 80, 2, "Aurora Post"),
        ("platform_incident", 90, 90, 2, "Aurora Post, Polar Bridge, Silk Road Express"),
        ("shop_incident", 45, 45, 1, "Aurora Post, Polar Bridge, Silk Road Express"),
    ],
)
def test_an_incident_is_one_message(
    scenario: str, late: int, total: int, shops: int, carriers: str, account: Callable[[str], Account]
) -> None:
    heard = account(scenario)
    assert [(one.cause, one.reason) for one in heard.told] == [(scenario, "first")]
    (incident,) = heard.incidents
    assert incident.incident, "it is about one"
    assert (incident.incident.late, incident.incident.total, len(incident.shops)) == (late, total, shops)
    assert ", ".join(incident.carriers) == carriers


@pytest.mark.parametrize("scenario", ENDS)
def test_an_incident_ends_by_itself_and_that_is_the_second_message(scenario: str, played: Heard) -> None:
    _, ending = played(scenario)
    assert [(one.cause, one.reason) for one in ending.told] == [(scenario, "first"), (scenario, "resolved")]
    assert ending.left == (0, 0)


def test_the_day_is_told_as_it_was_meant(sqlite_store: Store) -> None:
    with watching(scenarios.day(START), sqlite_store, every=2 * EVERY) as watcher:
        watcher.until(LASTS)
        told, world = watcher.told(), watcher.sandbox.world
    single = {number: cause for number, cause in world.expected.items() if cause != "carrier_incident"}
    shops = {shop.name for shop in world.shops.values()}
    assert {one.about for one in told} == single.keys() | shops
    assert {one.cause for one in told if one.about in shops} == {"ozon_down", "carrier_incident"}
    assert {number: cause for number, cause in single.items() if (number, cause) not in _causes_of(told)} == {}
    assert [one.about for one in told if one.reason == "missed"] == ["72000201-0001-1"]
    assert len(told) <= 34, "it is a day, not a flood"


def _causes_of(told: Sequence[Telling]) -> set[tuple[str, str]]:
    return {(one.about, one.cause) for one in told}


def test_nothing_of_the_buyer_is_kept(sqlite_store: Store, sqlite_url: str) -> None:
    with watching(scenarios.day(START), sqlite_store) as watcher:
        watcher.until(40)
        shelves = watcher.sandbox.world.shelves.values()
        sent = [record.body for index in shelves for record in index.records.values()]
    sqlite_store.close()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM decision_input").fetchone() > (10,), "what polls decided from, too"
    kept = file.read_bytes()
    assert len(kept) > 50_000
    assert any(word in str(sent) for word in CANARIES), "the sandbox must send what is not to be kept"
    written = [form for word in CANARIES for form in (word, json.dumps(word)[1:-1])]
    assert [word for word in written if word.encode() in kept] == []


def test_where_all_is_well_nobody_is_told_until_nobody_looks(sqlite_store: Store) -> None:
    with watching(scenarios.quiet(START), sqlite_store) as watcher:
        watcher.until(60)
        assert watcher.causes() == {}
        watcher.silence(10)
        assert watcher.causes() == dict.fromkeys(watcher.sandbox.world.shops, "stale_data")


SUBSTATUSES = ("", "posting_created", "ship_failed", "posting_registration_error", "never_heard_of")
ACTIONS = ((), ("ship",), ("set_track_number",))
FLOWS = (*sorted(TRACKED_FLOWS), "ozon", "click_and_collect", "FBP", "", "never_heard_of")
STATUSES = (*sorted(KNOWN_STATUSES), "", "never_heard_of")


@pytest.mark.parametrize("scope", [None, *INCIDENT_CAUSES])
def test_nothing_that_ozon_can_say_leads_to_unexplained(scope: Scope | None) -> None:
    """Before packing it is `not_packed` at the last, during registration `registration_pending`, after it
    `label_overdue`, each but for an incident; in any other status it is `unknown_state`. The last rung stands for a
    status that a later version may come to know and forget to explain."""
    incident = Incident(IncidentId(scope, "Aurora"), 10, 10, ("main",), ("Aurora",), START) if scope else None
    found = Counter(
        _cause(
            Posting("1-1-1", "1-1", status, substatus, flow, schema, METHOD, START, START, actions=actions), incident
        )
        for status, substatus, flow, schema, actions in product(
            STATUSES, SUBSTATUSES, FLOWS, ("FBS", "Crossborder"), ACTIONS
        )
    )
    assert len(found) > 8, "many causes were found on the way"
    assert "unexplained" not in found


METHOD = DeliveryMethod("77", "Courier", "5", "Main", "24", "Aurora")


def _cause(posting: Posting, incident: Incident | None) -> str:
    """What is made of it when nothing more than this is known."""
    watch = Watch("main", DelayPolicy(), MethodHistory())
    known = Known(1, posting, track(None, posting, seen_at=START, not_before=None), 0)
    finding = watch.find(known, START, watched=True)
    facts = Facts(label_expected=True, incident=incident)
    return diagnose(finding, facts, as_of=START).cause if finding else ""


OVERDUE = 500
PAGES = ceil(OVERDUE / 100)
POLLS = 9
PATHS = {
    "/v2/delivery-method/list": (Topic.METHODS, ""),
    "/v2/warehouse/list": (Topic.WAREHOUSES, ""),
    "/v3/posting/fbs/package-label/create": (Topic.LABEL_TASK, "posting_numbers"),
    "/v1/posting/fbs/restrictions": (Topic.LIMITS, "posting_number"),
    "/v5/fbs/posting/product/exemplar/status": (Topic.EXEMPLARS, "posting_number"),
    "/v3/posting/fbs/get": (Topic.DETAIL, "posting_number"),
}


def overdue(count: int) -> World:
    """So many orders of one shop: half of them lack a customs number, half of them a label."""
    world, late = both_shops(START), timedelta(hours=30)
    for i in range(count):
        unpacked = {"product": GOODS[0], "change": needs("gtd", GOODS[0].sku)}
        unlabelled = {"status": "awaiting_deliver", "change": {"_label": {"unprinted": NOT_YET}}}
        more = unlabelled if i % 2 else unpacked
        number = f"7900{i:04d}-0001-1"
        world.plan(arrival(START, number, method=OZON, minutes=-26 * 60 + i / 100, cutoff=late, **more))
    return world


def test_five_hundred_late_postings_cost_no_more_than_the_budget_a_poll(sqlite_store: Store) -> None:
    with watching(overdue(OVERDUE), sqlite_store) as watcher:
        costs = []
        for _ in range(POLLS):
            reports = watcher.poll()
            costs.append(sum(report.requests for report in reports) - 1)  # one page of the shop without postings
            watcher.clock.advance(EVERY)
        assert sum(report.late for report in reports) == OVERDUE
        assert sum(costs) + POLLS == len(watcher.sandbox.requests)
    arrivals = PAGES + 1  # of both shops, once in several polls
    assert max(costs) <= BUDGET + PAGES + arrivals
    assert costs[0] > BUDGET / 2, "the budget is used"


def test_no_question_is_asked_twice_within_its_time(sqlite_store: Store) -> None:
    with watching(overdue(60), sqlite_store, every=timedelta(seconds=50)) as watcher:
        watcher.until(20)
        seen = watcher.sandbox.requests
    asked, tasks = _times(seen, _questions), _times(seen, _tasks)
    assert {topic for topic, _ in asked} == set(Topic)
    assert max(map(len, asked.values())) > 1, "something is asked again"
    assert max(map(len, tasks.values())) > 1
    assert {topic for (topic, _), times in asked.items() if _closest(times) < KEPT_FOR[topic]} == set()
    # Checked when they are created, once more soon after, and then seldom.
    assert min(map(_closest, tasks.values())) >= FIRST_CHECK
    assert min(_closest(times[1:]) for times in tasks.values()) >= PENDING_FOR


def _times(seen: Sequence[Seen], subjects: Callable[[Seen], Iterator[T]]) -> dict[T, list[datetime]]:
    """When each subject was asked about."""
    times: dict[T, list[datetime]] = {}
    for one in seen:
        for subject in subjects(one):
            times.setdefault(subject, []).append(one.at)
    return times


def _closest(times: Sequence[datetime]) -> timedelta:
    return min((after - before for before, after in pairwise(times)), default=timedelta.max)


def _questions(seen: Seen) -> Iterator[tuple[Topic, str]]:
    """What a request asks, one question for each posting it names."""
    if seen.path in PATHS:
        topic, key = PATHS[seen.path]
        subject = seen.body.get(key, "")
        yield from ((topic, one) for one in (subject if isinstance(subject, list) else [subject]))


def _tasks(seen: Seen) -> Iterator[int]:
    """The label task whose progress a request asks about."""
    if seen.path == "/v2/posting/fbs/package-label/get":
        yield seen.body["task_id"]
