"""What Ozon answered comes back as it was, newest first, and what cannot be read any more is asked again."""

from datetime import datetime, timedelta

import pytest

from labelwatch.core.enrichment import (
    ANSWERS_KEPT,
    Answer,
    Answers,
    MethodStates,
    Question,
    Substance,
    Topic,
    WarehouseStates,
)
from labelwatch.core.facts import Detail, DropoffLimits, LabelTask, MethodState, TaskState, WarehouseState
from labelwatch.store import Store
from labelwatch.store.engine import make_engine, read_url
from labelwatch.store.schema import answer
from tests.store.build import NOW, minutes, shop_id

EVER = NOW - timedelta(days=1)

SUBSTANCES: dict[Topic, Substance] = {
    Topic.METHODS: MethodStates(
        {"77": MethodState("BROKEN", "Aurora «to the door»", "5", NOW - minutes(7)), "78": MethodState("")}
    ),
    Topic.WAREHOUSES: WarehouseStates({"5": WarehouseState("blocked", NOW, is_changing=True)}),
    Topic.LABEL_TASK: LabelTask(TaskState.REFUSED, NOW, 'hostile: \x00 " \\ </b> 面单 \u2028', (3, 2**40)),
    Topic.LIMITS: DropoffLimits(25_000, 500_000.5, (120, 80, 80.5)),
    Topic.EXEMPLARS: "validation_in_process",
    Topic.DETAIL: Detail("posting_registered", "accepted", ((10.5, 20, 30), (1, 2, 3))),
}


def about(topic: Topic, subject: str = "41-0001-1") -> Question:
    return Question(topic, "" if topic in (Topic.METHODS, Topic.WAREHOUSES) else subject)


def keep(store: Store, answers: Answers, *, shop: str = "main") -> int:
    """Put answers in a transaction of their own; the shop's id."""
    shop_ = shop_id(store, shop)
    with store.write() as tx:
        tx.answers.put(shop_, answers)
    return shop_


@pytest.mark.parametrize("topic", Topic)
def test_an_answer_comes_back_equal(store: Store, topic: Topic) -> None:
    answers = {about(topic): Answer(NOW, SUBSTANCES[topic])}
    shop = keep(store, answers)
    assert store.answers.read(shop, ["41-0001-1"], since=EVER) == answers


@pytest.mark.parametrize("topic", Topic)
def test_a_question_that_failed_is_remembered_as_such(store: Store, topic: Topic) -> None:
    answers = {about(topic): Answer(NOW, None)}
    assert store.answers.read(keep(store, answers), ["41-0001-1"], since=EVER) == answers


def test_a_shop_gets_its_own_answers_about_these_postings_and_about_itself(store: Store) -> None:
    own = {about(Topic.METHODS): Answer(NOW, SUBSTANCES[Topic.METHODS]), about(Topic.DETAIL, "A"): Answer(NOW, None)}
    shop = keep(store, own | {about(Topic.DETAIL, "B"): Answer(NOW, None)})
    keep(
        store, {about(Topic.WAREHOUSES): Answer(NOW, None), about(Topic.LIMITS, "A"): Answer(NOW, None)}, shop="other"
    )
    assert store.answers.read(shop, ["A", "C"], since=EVER) == own
    assert store.answers.read(shop, [], since=EVER).keys() == {about(Topic.METHODS)}


def test_an_answer_takes_the_place_of_the_one_before(store: Store) -> None:
    question = about(Topic.EXEMPLARS)
    for at, said in ((NOW, "validation_in_process"), (NOW + minutes(15), "ship_available")):
        shop = keep(store, {question: Answer(at, said)})
        assert store.answers.read(shop, ["41-0001-1"], since=EVER) == {question: Answer(at, said)}


def test_answers_from_before_a_time_are_not_told(store: Store) -> None:
    new, old = about(Topic.DETAIL, "new"), about(Topic.DETAIL, "old")
    shop = keep(store, {new: Answer(NOW, None), old: Answer(NOW - minutes(1), None)})
    assert store.answers.read(shop, ["new", "old"], since=NOW).keys() == {new}


def test_the_time_of_asking_is_kept_to_the_millisecond(sqlite_store: Store) -> None:
    at = NOW + timedelta(microseconds=1999)
    shop = keep(sqlite_store, {about(Topic.METHODS): Answer(at, None)})
    (kept,) = sqlite_store.answers.read(shop, [], since=EVER).values()
    assert kept.asked_at == NOW + timedelta(milliseconds=1)


def test_more_answers_than_fit_into_one_query(store: Store) -> None:
    many = {about(Topic.EXEMPLARS, str(n)): Answer(NOW, str(n)) for n in range(1201)}
    shop = keep(store, many)
    assert store.answers.read(shop, [question.subject for question in many], since=EVER) == many


def test_no_answers_are_put_by_putting_none(store: Store) -> None:
    assert store.answers.read(keep(store, {}), ["41-0001-1"], since=EVER) == {}


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("detail", '["of another", "shape"]'),
        ("detail", '{"sides": [[1, 2]]}'),
        ("label_task", '{"state": "a word of another version", "asked_at": "2026-03-01T12:00:00Z"}'),
        ("exemplars", "not even JSON"),
        ("a topic of another version", '"whatever"'),
    ],
)
def test_what_another_version_wrote_and_this_one_cannot_read_is_left_out(
    store: Store, database: str, topic: str, body: str
) -> None:
    good = {about(Topic.LIMITS): Answer(NOW, SUBSTANCES[Topic.LIMITS])}
    shop = keep(store, good)
    put_raw(database, shop_id=shop, topic=topic, subject="41-0001-1", asked_at=NOW, body=body)
    assert store.answers.read(shop, ["41-0001-1"], since=EVER) == good


def put_raw(url: str, **values: object) -> None:
    engine = make_engine(read_url(url))
    with engine.begin() as conn:
        conn.execute(answer.insert().values(**values))
    engine.dispose()


def test_answers_that_nobody_reads_any_more_are_pruned(store: Store) -> None:
    def asked(subject: str, at: datetime) -> Answers:
        return {about(Topic.DETAIL, subject): Answer(at, None)}

    oldest = NOW - ANSWERS_KEPT
    shop = keep(store, {**asked("now", NOW), **asked("oldest", oldest), **asked("older", oldest - minutes(1))})
    keep(store, asked("elsewhere", oldest - minutes(2)), shop="other")
    assert store.prune(NOW - timedelta(days=180)).answers == 2
    kept = store.answers.read(shop, ["now", "oldest", "older"], since=NOW - timedelta(days=9))
    assert kept.keys() == {about(Topic.DETAIL, "now"), about(Topic.DETAIL, "oldest")}
    assert store.prune(NOW - timedelta(days=180)).answers == 0
