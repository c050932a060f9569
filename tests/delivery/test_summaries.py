"""What people read of new orders and of changed settings, through the outbox."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.enrichment import MethodStates, Question, Topic
from labelwatch.core.facts import MethodState
from labelwatch.core.posting import Posting
from labelwatch.delivery.context import DeliveryContext
from labelwatch.delivery.dispatcher import send_due
from labelwatch.delivery.shift_summary import queue_shift_summaries
from labelwatch.polling.audit import audit_shop
from labelwatch.sources import KeyInfo
from labelwatch.store import Store
from tests.support.poll_world import START, Story, posting
from tests.support.post import FakeChannel

GTD = (("products_requiring_gtd", ("1001",)),)
A, B, C = "0101-0001-1", "0101-0002-1", "0101-0003-1"


def fresh(number: str, **changes: object) -> Posting:
    new = {"status": "awaiting_packaging", "actions": ("ship",), "in_process_at": START - timedelta(minutes=1)}
    return posting(number, **new | changes)


@pytest.fixture
def story(sqlite_store: Store) -> Story:
    return Story(sqlite_store)


def sent(story: Story, language: str, **changes: object) -> FakeChannel:
    """What a channel of this language gets a minute later."""
    to, channel_ = replace(story.plan.destinations[0], language=language, **changes), FakeChannel()  # type: ignore[arg-type]
    story.at += timedelta(minutes=1)
    send_due(DeliveryContext(story.store, {"packers": (to, channel_)}, now=lambda: story.at, stop=lambda: False))
    return channel_


@pytest.mark.parametrize(
    ("language", "title"), [("en", "New order: "), ("ru", "Новое отправление: "), ("zh", "新订单：")]
)
def test_new_orders_are_listed_by_what_they_need(story: Story, language: str, title: str) -> None:
    story.plan = replace(story.plan, arrival="at_once")
    story.lists(fresh(A, requirements=GTD), fresh(B, requirements=GTD), fresh(C, is_multibox=True))
    story.poll()
    (outgoing,) = sent(story, language).outgoing_messages
    print(outgoing.message.title, "\n", outgoing.message.body)
    assert title in outgoing.message.title
    assert all(number in outgoing.message.body for number in (A, B, C))
    assert not outgoing.buttons
    assert [(view["posting_number"], view["reason"], view["cause"]) for view in outgoing.views] == [
        (A, "arrival", "customs_number_missing"),
        (B, "arrival", "customs_number_missing"),
        (C, "arrival", "box_count_missing"),
    ]


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_one_new_order_is_told_in_full(story: Story, language: str) -> None:
    story.plan = replace(story.plan, arrival="at_once")
    story.lists(fresh(A, requirements=GTD))
    story.poll()
    (outgoing,) = sent(story, language).outgoing_messages
    print(outgoing.message.title, "\n", outgoing.message.body)
    assert A in outgoing.message.title + outgoing.message.body


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_changed_settings_are_told_with_the_orders_that_they_concern(story: Story, language: str) -> None:
    methods = Question(Topic.METHODS)
    story.source.key = KeyInfo(START + timedelta(days=20), ("Posting FBS",))
    story.source.knows[methods] = MethodStates({"77": MethodState("ACTIVE", "Courier", "5")})
    story.lists(fresh(A), fresh(B))
    story.poll()
    audit_shop(story.plan, store=story.store, source=story.source, now=lambda: story.at)
    assert sent(story, language).sent == []
    story.at += timedelta(days=7, microseconds=456)  # finer than it is stored
    story.source.knows[methods] = MethodStates({"77": MethodState("BROKEN", "Courier", "5")})
    audit_shop(story.plan, store=story.store, source=story.source, now=lambda: story.at)
    (outgoing,) = sent(story, language).outgoing_messages
    print(outgoing.message.title, "\n", outgoing.message.body)
    assert "BROKEN" in outgoing.message.body
    assert "main" in outgoing.message.title


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "ℹ️ Shift hand-over 12:00: nothing open · needed before packing: 2 postings"),
        ("ru", "ℹ️ Передача смены 12:00: всё закрыто · нужно до сборки: 2 отправления"),
        ("zh", "ℹ️ 12:00 交班：没有未解决的 · 备货前要办：2 单"),
    ],
)
def test_a_hand_over_says_what_new_orders_need_to_people_and_to_programs(
    story: Story, language: str, title: str
) -> None:
    at = (START + timedelta(hours=3)).time()
    story.plan = replace(story.plan, destinations=(replace(story.plan.destinations[0], handover=(at,)),))
    queue_shift_summaries(story.store, story.plan.destinations, now=story.at)
    both = (*GTD, ("products_requiring_country", ("1001",)))
    story.lists(fresh(A, requirements=both), fresh(B, is_multibox=True), fresh(C))
    story.poll(1)
    story.at = START + timedelta(hours=3)
    queue_shift_summaries(story.store, story.plan.destinations, now=story.at)
    (outgoing,) = sent(story, language).outgoing_messages
    assert outgoing.message.title == title
    assert [(view["posting_number"], view["reason"], view["cause"], view["verdict"]) for view in outgoing.views] == [
        (A, "arrival", "country_missing", "act"),
        (A, "arrival", "customs_number_missing", "act"),
        (B, "arrival", "box_count_missing", "act"),
    ]
