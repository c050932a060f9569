"""Polls that changed nothing are written together; what a crash may cost is that they took place."""

import os
import signal
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

import pytest

from labelwatch.core.posting import Posting
from labelwatch.core.report import Report
from labelwatch.polling.poll import poll_shop
from labelwatch.polling.unchanged import UnchangedPolls
from labelwatch.sources import Trouble
from labelwatch.store import Store, open_store
from tests.support.poll_world import EVERY, START, Story, posting

MINUTE = timedelta(minutes=1)


def labelled(number: str, **changes: Any) -> Posting:
    return posting(number, actions=("cancel", "label_download"), **changes)


class Watched(Story):
    """A story whose unchanged polls are kept until they are written."""

    def keep(self) -> UnchangedPolls:
        self.unchanged = UnchangedPolls(self.store, keeps=True)
        return self.unchanged

    def poll(self, minutes: float = 0) -> Report:
        self.at += timedelta(minutes=minutes)
        return poll_shop(
            self.plan,
            store=self.store,
            source=self.source,
            now=lambda: self.at,
            stop=self.stop,
            unchanged=self.unchanged,
        )

    def read_at(self) -> float:
        state = self.store.shops.named("main")
        assert state is not None
        assert state.read_at is not None
        return (state.read_at - START) / MINUTE


@pytest.fixture
def story(store: Store) -> Watched:
    story = Watched(store)
    story.keep()
    story.lists(labelled("1-1"), labelled("1-2"))
    story.poll()
    story.poll()
    story.unchanged.write()
    return story


def test_an_unchanged_poll_is_written_later_and_one_that_changed_something_at_once(story: Watched) -> None:
    assert story.poll(2) == Report("main", complete=True, postings=2, requests=1)
    assert story.read_at() == 0
    story.unchanged.write()
    assert story.read_at() == 2
    story.lists(labelled("1-1"), labelled("1-2"), labelled("1-3"))
    story.poll(2)
    assert story.read_at() == 4


def test_what_is_kept_is_known_to_the_next_poll(story: Watched) -> None:
    story.poll(2)
    story.lists(labelled("1-1"), labelled("1-2", tracking_number="T1"))
    story.poll(2)
    (changed,) = story.store.postings.known(1, ["1-2"]).values()
    assert changed.id is not None
    before = story.store.postings.history(changed.id)[-1].not_before
    assert before is not None
    assert (before - START) / MINUTE == 2
    story.unchanged.write()
    assert story.read_at() == 4, "what was read later stays"


def test_the_polls_of_an_hour_are_one_row_with_their_longest_gap_and_others_have_their_own(story: Watched) -> None:
    for minutes in (2, 5, 2):
        story.poll(minutes)
    story.unchanged.write()
    last = story.store.shops.last_polls()["main"]
    assert (last.polls, last.gap, last.gap_from) == (5, 5 * MINUTE, START + 2 * MINUTE)
    story.poll(10)  # more than three intervals
    story.unchanged.write()
    assert story.store.shops.last_polls()["main"].polls == 1
    story.source.trouble = Trouble.OZON_DOWN
    story.poll(2)
    assert story.store.shops.last_polls()["main"].complete is False


def test_what_cannot_be_written_is_kept(story: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    story.poll(2)
    with monkeypatch.context() as broken:
        broken.setattr("labelwatch.store.polls._insert", None)
        broken.setattr("labelwatch.store.polls._update", None)
        with pytest.raises(Exception):  # noqa: B017 - whatever the database says
            story.unchanged.write()
    assert story.read_at() == 0
    story.poll(2)
    story.unchanged.write()
    assert (story.read_at(), story.store.shops.last_polls()["main"].polls) == (4, 4)


def test_what_is_kept_is_written_before_a_failure(story: Watched) -> None:
    story.poll(2)
    story.source.trouble = Trouble.KEY_REJECTED
    story.poll(2)
    story.unchanged.write()
    state = story.store.shops.named("main")
    assert state is not None
    assert (state.cause, state.failing_since, story.read_at()) == ("key_rejected", START + 4 * MINUTE, 2)


def test_a_clock_that_was_set_back_is_followed(story: Watched) -> None:
    story.poll(-60)
    story.unchanged.write()
    assert story.read_at() == -60


def killed(url: str) -> None:
    """A life that reads a change, then nothing new, and is killed before it writes that."""
    story = Watched(open_store(url))
    story.keep()
    story.lists(labelled("1-1"))
    story.poll()
    story.poll()
    story.poll(2)
    story.poll(2)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_loses_that_nothing_changed_and_nothing_else(sqlite_store: Store) -> None:
    life = get_context("fork").Process(target=killed, args=(f"sqlite:///{sqlite_store.name}",))
    life.start()
    life.join()
    assert life.exitcode == -9
    story = Watched(sqlite_store)
    story.keep()
    assert story.read_at() == 0
    assert list(sqlite_store.postings.known(1, ["1-1"])) == ["1-1"]
    story.lists(labelled("1-1"))
    story.at = START + 6 * MINUTE
    assert story.poll().changed == 0
    story.unchanged.write()
    assert story.read_at() == 6


def test_blindness_does_not_wait_for_what_is_written_later(story: Watched) -> None:
    story.poll(2)
    story.unchanged.write()
    assert story.silence(3 * EVERY / MINUTE)
