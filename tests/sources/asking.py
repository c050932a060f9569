"""Questions put to the sandbox over a real socket, and what they cost."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from labelwatch.core.enrichment import Answer, Question, Substance, Topic
from labelwatch.core.facts import LabelTask
from labelwatch.sandbox import Shop, World
from labelwatch.sandbox.scenarios.stage import HOME
from labelwatch.sources.ozon.client import Access, OzonSource
from tests.support.sandbox_player import Play, playing


def labels(*numbers: str) -> list[Question]:
    return [Question(Topic.LABEL_TASK, number) for number in numbers]


@dataclass(slots=True)
class Asker:
    """A shop's source at a sandbox in play, which remembers what was answered as a store would."""

    play: Play
    source: OzonSource
    known: dict[Question, Answer] = field(default_factory=dict)

    def ask(self, questions: Sequence[Question], *, budget: int = 100) -> dict[Question, Answer]:
        """One round; it never costs more than its budget."""
        before = len(self.play.sandbox.requests)
        fresh = self.source.ask(questions, self.known, budget=budget)
        assert len(self.play.sandbox.requests) - before <= budget
        self.known |= fresh
        return fresh

    def one(self, topic: Topic, subject: str = "") -> Substance | None:
        """What one question asked alone brings; it must have been answered, if only that it failed."""
        question = Question(topic, subject)
        return self.ask([question])[question].substance

    def label(self, number: str) -> LabelTask:
        """What is known by now of the label of a posting."""
        task = self.known[Question(Topic.LABEL_TASK, number)].substance
        assert isinstance(task, LabelTask)
        return task

    def asked(self, path: str = "") -> list[Any]:
        """The bodies of the requests so far to paths that end like this."""
        return [seen.body for seen in self.play.sandbox.requests if seen.path.endswith(path)]


@contextmanager
def asking(world: World, shop: Shop = HOME) -> Iterator[Asker]:
    """A source of this shop that never really sleeps, at a sandbox whose clock stands still until told."""
    with playing(world) as play:
        source = OzonSource(
            Access(
                shop.client_id,
                shop.api_key,
                base_url=play.sandbox.base_url,
                requests_per_second=100_000,
                timeout=timedelta(seconds=10),
                user_agent="labelwatch-test",
                proxy="",
            ),
            clock=play.clock.now,
            sleep=lambda _: None,
            jitter=lambda: 0.5,
        )
        try:
            yield Asker(play, source)
        finally:
            source.close()
