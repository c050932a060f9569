"""What Ozon was asked about late postings: the last answer to each question, so that none is asked again too soon."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from labelwatch.core.enrichment import ANSWERS_KEPT, Answer, Question, Topic, says_the_same
from labelwatch.store import mapping
from labelwatch.store.decision_inputs import Input, note
from labelwatch.store.dedup import upsert
from labelwatch.store.postings import chunks
from labelwatch.store.schema import answer

_SHOP_WIDE = ""


def read(conn: Connection, shop_id: int, subjects: Sequence[str], *, since: datetime) -> dict[Question, Answer]:
    """The answers about these postings and about the shop itself, for questions asked after `since`.

    An answer from an older version that cannot be read is left out: the question is asked again.
    """
    found: dict[Question, Answer] = {}
    for some in chunks([_SHOP_WIDE, *subjects]):
        query = select(answer).where(
            answer.c.shop_id == shop_id,
            answer.c.topic.in_([topic.value for topic in Topic]),
            answer.c.subject.in_(some),
            answer.c.asked_at >= since,
        )
        found.update(pair for row in conn.execute(query) if (pair := mapping.answer(row)) is not None)
    return found


def put(conn: Connection, shop_id: int, answers: Mapping[Question, Answer]) -> None:
    """Store these answers in place of the earlier ones to the same questions, and record those that say something
    else."""
    if not answers:
        return
    values = [mapping.answer_values(shop_id, question, said) for question, said in answers.items()]
    since = min(said.asked_at for said in answers.values()) - ANSWERS_KEPT
    before = read(conn, shop_id, list({question.subject for question in answers} - {_SHOP_WIDE}), since=since)
    news = [
        Input(shop_id, one["topic"], one["subject"], one["asked_at"], one["body"] or "null")
        for one, (question, said) in zip(values, answers.items(), strict=True)
        if question not in before or not says_the_same(before[question].substance, said.substance)
    ]
    note(conn, *news)
    key = ("shop_id", "topic", "subject")
    conn.execute(upsert(conn, answer, key=key, overwrite=("asked_at", "body")), values)


def prune(conn: Connection) -> int:
    """Remove answers too old to be used, counted back from the newest one; returns how many rows."""
    newest: datetime | None = conn.scalar(select(func.max(answer.c.asked_at)))
    if newest is None:
        return 0
    return conn.execute(delete(answer).where(answer.c.asked_at < newest - ANSWERS_KEPT)).rowcount
