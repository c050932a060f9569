"""What signs sessions and links is made once for all processes, and a token is taken once."""

from contextlib import closing
from datetime import timedelta

from labelwatch.store import Store, open_store
from tests.store.build import NOW

LATER = NOW + timedelta(hours=48)


def test_a_secret_is_made_once_and_is_the_same_for_everybody(store: Store, database: str) -> None:
    assert store.tokens.secret("board", lambda: "first") == "first"
    with closing(open_store(database)) as other:
        assert other.tokens.secret("board", lambda: "second") == "first"
        assert other.tokens.secret("links", lambda: "another") == "another"


def test_a_token_is_taken_once(store: Store) -> None:
    assert not store.tokens.is_spent("one")
    with store.write() as tx:
        assert tx.tokens.spend("one", until=LATER, now=NOW)
        assert not tx.tokens.spend("one", until=LATER, now=NOW)
        assert tx.tokens.spend("two", until=LATER, now=NOW)
    with store.write() as tx:
        assert not tx.tokens.spend("one", until=LATER, now=NOW)
    assert store.tokens.is_spent("one")


def test_a_token_counts_as_taken_only_if_what_it_was_for_was_done(store: Store) -> None:
    try:
        with store.write() as tx:
            assert tx.tokens.spend("one", until=LATER, now=NOW)
            raise RuntimeError("the lights went out")
    except RuntimeError:
        pass
    assert not store.tokens.is_spent("one")


def test_tokens_that_ran_out_are_forgotten(store: Store) -> None:
    with store.write() as tx:
        tx.tokens.spend("old", until=LATER, now=NOW)
        tx.tokens.spend("new", until=LATER + timedelta(hours=1), now=LATER)
    assert not store.tokens.is_spent("old")
    assert store.tokens.is_spent("new")
