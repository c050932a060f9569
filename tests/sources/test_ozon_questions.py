"""The questions about late postings: what each brings, and that a round never costs more than it may."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from labelwatch.core.enrichment import MethodStates, Question, Topic, WarehouseStates
from labelwatch.core.facts import Detail, DropoffLimits, MethodState, WarehouseState
from labelwatch.sandbox import CANARIES, At, Fault, Kind, Shop, World, state
from labelwatch.sandbox.scenarios import build
from labelwatch.sandbox.scenarios.causes import ARCHIVED, BROKEN, DISABLED, HYBRID, PAUSED
from labelwatch.sandbox.scenarios.stage import AURORA, BAOAN, HOME, KHIMKI, OZON, STAR
from labelwatch.sandbox.shops import OPENED, WAREHOUSES, KeyState
from tests.sources.asking import asking, labels
from tests.sources.scripted import NOW, Asked, Reply, says, scripted
from tests.support.sandbox_player import START, world_of

METHODS, HOUSES = Question(Topic.METHODS), Question(Topic.WAREHOUSES)
PLAIN, OTHER, ABROAD = "10000001-0001-1", "10000002-0002-1", "10000003-0003-1"


def index() -> World:
    return world_of(
        (PLAIN, OZON, "awaiting_packaging", False),
        (OTHER, OZON, "awaiting_packaging", False),
        (ABROAD, AURORA, "awaiting_deliver", False),
    )


def changed(**change: Any) -> World:
    world = index()
    world.plan(At(minutes=0, posting=PLAIN, change=change))
    return world


def test_the_delivery_methods_of_a_shop_tell_their_states() -> None:
    with asking(build("causes", START), STAR) as asker:
        found = asker.one(Topic.METHODS)
    assert isinstance(found, MethodStates)
    east = str(BROKEN.warehouse.id)
    assert found.by_id[str(BROKEN.id)] == MethodState(
        "BROKEN", BROKEN.name, east, OPENED, flow="aggregator", cutoff="13:00"
    )
    assert found.by_id[str(DISABLED.id)].status == "DISABLED"
    assert found.by_id[str(AURORA.id)].status == "ACTIVE"
    assert str(HYBRID.id) not in found.by_id, "it belongs to another shop"


def test_the_warehouses_of_a_shop_tell_whether_they_work() -> None:
    world = build("causes", START)
    world.plan(At(minutes=0, warehouse=BAOAN.id, change={"first_mile_is_changing": True}))
    with asking(world, STAR) as asker:
        found = asker.one(Topic.WAREHOUSES)
    assert isinstance(found, WarehouseStates)
    usual = WarehouseState(
        "created",
        working_days=("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"),
        first_mile="DROP_OFF",
        label_size="SMALL",
    )
    assert {house.name: found.by_id[str(house.id)] for house in (PAUSED, ARCHIVED, BAOAN)} == {
        PAUSED.name: replace(usual, status="disabled_due_to_limit", paused_at=PAUSED.paused_at, name=PAUSED.name),
        ARCHIVED.name: replace(usual, status="disabled", name=ARCHIVED.name),
        BAOAN.name: replace(usual, is_changing=True, name=BAOAN.name),
    }


def test_a_long_list_is_followed_page_by_page() -> None:
    world = World(START)
    methods = [replace(AURORA, id=AURORA.id + n) for n in range(230)]
    world.open(STAR, methods=methods)
    with asking(world, STAR) as asker:
        found = asker.one(Topic.METHODS)
        assert isinstance(found, MethodStates)
        assert list(found.by_id) == [str(method.id) for method in methods]
        assert [body["cursor"] for body in asker.asked("/v2/delivery-method/list")] == ["", "100", "200"]


FULL = [{"warehouse_id": n, "status": "created"} for n in range(200)]

# (the pages of a list that has no good end, the requests it costs)
ENDLESS = [
    (lambda asked: {"has_next": True, "cursor": asked.body["cursor"] + "x"}, 10),
    (lambda asked: {"has_next": True}, 1),
    (lambda asked: {"has_next": True, "cursor": ""}, 1),
    (lambda asked: {"has_next": True, "cursor": "a", "warehouses": FULL}, 2),
]


@pytest.mark.parametrize(("page", "requests"), ENDLESS)
def test_half_a_list_is_no_answer(page: Any, requests: int) -> None:
    def script(asked: Asked) -> Reply:
        return says({"warehouses": [{"warehouse_id": 1, "status": "created"}], **page(asked)})

    with scripted(script) as scene:
        source = scene.source()
        answers = source.ask([HOUSES], {}, budget=60)
        source.close()
    assert answers[HOUSES].substance is None
    assert answers[HOUSES].asked_at == NOW
    assert len(scene.asked) == requests


FIT_TO_PACK = {"_exemplars": {"status": "validation_in_process"}}
ROOMY = DropoffLimits(25000, 500000, (100, 120, 100))
SIZE = ((200.0, 300.0, 150.0),)

# (change of the posting, question, answer)
OF_A_POSTING: list[tuple[dict[str, Any], Topic, object]] = [
    ({}, Topic.LIMITS, ROOMY),
    ({"_restrictions": {"max_posting_weight": 1000}}, Topic.LIMITS, DropoffLimits(1000, 500000, ROOMY.sides)),
    ({}, Topic.EXEMPLARS, "ship_available"),
    ({"requirements": {"products_requiring_gtd": ["1"]}}, Topic.EXEMPLARS, "ship_not_available"),
    (FIT_TO_PACK, Topic.EXEMPLARS, "validation_in_process"),
    ({"_exemplars": {"status": ""}}, Topic.EXEMPLARS, None),
    ({}, Topic.DETAIL, Detail(sides=SIZE)),
    (
        {"_detail": {"provider_status": "Held by customs"}},
        Topic.DETAIL,
        Detail(provider_status="Held by customs", sides=SIZE),
    ),
    (
        state(OZON.flow, "awaiting_packaging", substatus="ship_failed"),
        Topic.DETAIL,
        Detail(previous_substatus="posting_created", sides=SIZE),
    ),
    ({"_detail": {"products": []}}, Topic.DETAIL, Detail()),
]


@pytest.mark.parametrize(("change", "topic", "answer"), OF_A_POSTING)
def test_one_posting_is_asked_about(change: dict[str, Any], topic: Topic, answer: object) -> None:
    with asking(changed(**change)) as asker:
        assert asker.one(topic, PLAIN) == answer
        assert len(asker.asked()) == 1


@pytest.mark.parametrize("topic", [Topic.LIMITS, Topic.EXEMPLARS, Topic.DETAIL])
def test_a_posting_that_ozon_does_not_know_fails_alone(topic: Topic, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    nobody, somebody = Question(topic, "0-0-0"), Question(topic, PLAIN)
    with asking(index()) as asker:
        answers = asker.ask([nobody, somebody])
    assert answers[nobody].substance is None
    assert answers[nobody].asked_at == START
    assert answers[somebody].substance is not None
    assert f"A question about {topic} failed" in caplog.text


EVERY = [
    *(METHODS, HOUSES, *labels(ABROAD)),
    *(Question(topic, PLAIN) for topic in (Topic.LIMITS, Topic.EXEMPLARS, Topic.DETAIL)),
    *(Question(topic, OTHER) for topic in (Topic.LIMITS, Topic.EXEMPLARS, Topic.DETAIL)),
]

# (what goes wrong, requests, questions answered, failed and not even asked)
TROUBLES: list[tuple[Fault, int, int, int, int]] = [
    (Fault(kind=Kind.ERROR, status=404, message="Invalid Api-Key, please check"), 1, 0, 1, 8),
    (Fault(kind=Kind.ERROR, path="/v1/", status=403, message="Offer not signed"), 4, 3, 1, 5),
    (Fault(kind=Kind.TOO_MANY, path="/v1/"), 6, 3, 1, 5),
    # a method is retired, blocked or beyond the key's roles: it is left alone, the others are asked
    (Fault(kind=Kind.ERROR, path="/v1/", status=403, message="Api-Key is missing a required role"), 8, 7, 2, 0),
    (Fault(kind=Kind.ERROR, path="/v1/", status=404, message="obsolete method cannot be used"), 8, 7, 2, 0),
    (Fault(kind=Kind.CIRCLE, path="/v1/"), 10, 7, 2, 0),
    (Fault(kind=Kind.CIRCLE, path="/v1/", times=2), 11, 9, 0, 0),
    (Fault(kind=Kind.OBJECT, path="/v1/"), 9, 7, 2, 0),
    (Fault(kind=Kind.ERROR_200, path="/v1/", message="no such thing"), 9, 7, 2, 0),
    # when a second method is down, Ozon is
    (Fault(kind=Kind.HTML), 6, 0, 2, 7),
]


@pytest.mark.parametrize(("fault", "requests", "answered", "failed", "unasked"), TROUBLES)
def test_trouble_costs_what_it_concerns_and_no_more(
    fault: Fault, requests: int, answered: int, failed: int, unasked: int
) -> None:
    with asking(index()) as asker:
        asker.play.sandbox.fault(fault)
        answers = asker.ask(EVERY)
        assert len(asker.asked()) == asker.source.requests == requests
    good = [answer for answer in answers.values() if answer.substance is not None]
    assert (len(good), len(answers) - len(good), len(EVERY) - len(answers)) == (answered, failed, unasked)


def test_a_key_that_is_refused_ends_the_asking() -> None:
    refused = replace(HOME, key_state=KeyState.DEACTIVATED)
    world = World(START)
    world.open(refused, methods=[OZON])
    with asking(world, refused) as asker:
        assert [(question, answer.substance) for question, answer in asker.ask(EVERY).items()] == [(METHODS, None)]


def limited(*roles: Any) -> Shop:
    return replace(HOME, roles=roles)


def test_a_missing_role_leaves_the_other_questions_alone() -> None:
    shop = limited(WAREHOUSES)
    world = World(START)
    world.open(shop, methods=[OZON])
    with asking(world, shop) as asker:
        answers = asker.ask(EVERY)
        assert len(asker.asked()) == 6, "two lists, and once for each of four methods that are refused"
    houses = answers[HOUSES].substance
    assert isinstance(houses, WarehouseStates)
    assert str(KHIMKI.id) in houses.by_id
    assert [question for question in EVERY if answers[question].substance is None] == EVERY[2:]


# (budget, questions with an answer, failed ones); each question costs one request, the second three
BUDGETS = [(0, 0, 0), (1, 1, 0), (2, 1, 1), (3, 1, 1), (4, 1, 1), (5, 2, 1), (9, 6, 1), (60, 8, 1)]


@pytest.mark.parametrize(("budget", "answered", "failed"), BUDGETS)
def test_a_budget_counts_every_try(budget: int, answered: int, failed: int) -> None:
    with asking(index()) as asker:
        asker.play.sandbox.fault(Fault(kind=Kind.HTML, path="/v2/warehouse"))
        answers = asker.ask(EVERY, budget=budget)
        assert len(asker.asked()) <= budget
    good = [answer for answer in answers.values() if answer.substance is not None]
    assert (len(good), len(answers) - len(good)) == (answered, failed)


def test_nothing_to_ask_costs_nothing() -> None:
    with asking(index()) as asker:
        assert asker.ask([]) == {}
        assert asker.asked() == []


def test_whoever_is_closed_asks_no_more() -> None:
    with asking(index()) as asker:
        asker.source.close()
        answers = asker.ask(EVERY)
        assert asker.asked() == []
    assert not [answer for answer in answers.values() if answer.substance is not None]


def test_nothing_of_the_buyer_is_in_an_answer() -> None:
    world = build("causes", START)
    numbers = [number for number in world.expected if number.startswith("75")]
    topics = (Topic.LIMITS, Topic.EXEMPLARS, Topic.DETAIL, Topic.LABEL_TASK)
    questions = [METHODS, HOUSES, *(Question(topic, number) for topic in topics for number in numbers)]
    with asking(world, STAR) as asker:
        shown = repr(asker.ask(questions, budget=1000))
        sent = [
            asker.play.ask("/v3/posting/fbs/get", {"posting_number": number}, shop=STAR).text for number in numbers
        ]
    assert any(word in "".join(sent) for word in CANARIES), "the sandbox must send what is not to be kept"
    assert len(shown) > 10_000
    assert [word for word in CANARIES if word in shown] == []
