"""The password is compared as it is kept, and guessing it takes too long to be worth while."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from labelwatch.web.auth.password import FEW, MANY, WHILE, LoginThrottle, hashed, matches
from tests.web.build import Hands

RIGHT = "open sesame"
AT_ONCE = timedelta(0)


def gate(hands: Hands) -> LoginThrottle:
    return LoginThrottle(RIGHT, lambda: hands.at)


def guess(gate: LoginThrottle, place: str, times: int) -> list[timedelta | None]:
    return [gate.try_in("wrong", address=place) for _ in range(times)]


@pytest.mark.parametrize("keep", [str, hashed], ids=["as it is", "as a hash"])
def test_only_the_password_itself_matches(keep: Callable[[str], str]) -> None:
    kept = keep(RIGHT)
    assert matches(kept, RIGHT)
    for wrong in ("", "Open Sesame", "open sesame ", kept.removeprefix(RIGHT), "ключ\udcff"):
        assert not matches(kept, wrong) or wrong == RIGHT


def test_a_broken_hash_opens_to_nobody() -> None:
    assert not matches("$argon2id$broken", "$argon2id$broken")


def test_a_hash_is_argon2_with_a_salt_of_its_own() -> None:
    assert hashed(RIGHT).startswith("$argon2id$")
    assert hashed(RIGHT) != hashed(RIGHT)


def test_who_guesses_a_few_times_must_wait_even_with_the_right_one(hands: Hands) -> None:
    lock = gate(hands)
    assert guess(lock, "10.0.0.1", FEW) == [AT_ONCE] * (FEW - 1) + [WHILE]
    assert lock.try_in(RIGHT, address="10.0.0.1") == WHILE
    hands.at += WHILE
    assert lock.try_in(RIGHT, address="10.0.0.1") is None


def test_others_are_not_held_up_by_who_guesses(hands: Hands) -> None:
    lock = gate(hands)
    guess(lock, "10.0.0.1", FEW)
    assert lock.try_in(RIGHT, address="10.0.0.2") is None


def test_made_up_addresses_do_not_help_who_guesses(hands: Hands) -> None:
    lock = gate(hands)
    waits = [guess(lock, f"10.0.1.{n}", 1)[0] for n in range(MANY)]
    assert waits[:-1] == [AT_ONCE] * (MANY - 1)
    assert waits[-1] == WHILE
    assert lock.try_in(RIGHT, address="10.0.2.1") == WHILE


def test_a_browser_that_is_known_comes_in_while_strangers_guess(hands: Hands) -> None:
    lock = gate(hands)
    for n in range(MANY):
        guess(lock, f"10.0.1.{n}", 1)
    assert lock.try_in(RIGHT, address="10.0.3.1", visit="visit of Anna") is None
    for _ in range(FEW):
        lock.try_in("wrong", address="10.0.3.1", visit="visit of Anna")
    assert lock.try_in(RIGHT, address="10.0.3.1", visit="visit of Anna") == WHILE


@pytest.mark.parametrize("address", ["10.0.3.1", "127.0.0.1", "::1"])
def test_strangers_hold_up_neither_this_machine_nor_where_the_right_one_came_from(hands: Hands, address: str) -> None:
    lock = gate(hands)
    assert lock.try_in(RIGHT, address="10.0.3.1") is None
    for n in range(MANY):
        guess(lock, f"10.0.1.{n}", 1)
    assert lock.try_in(RIGHT, address=address) is None
    guess(lock, address, FEW)
    assert lock.try_in(RIGHT, address=address) == WHILE


def test_what_is_not_tried_is_not_logged(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    lock = gate(hands)
    guess(lock, "10.0.0.1", FEW + 100)
    lock.try_in(RIGHT, address="10.0.0.1")
    said = [record.getMessage() for record in caplog.records]
    wrong = "board: a wrong password from 10.0.0.1"
    assert said == [wrong] * (FEW - 1) + [f"{wrong}; the next try in 0:15:00"]


def test_the_right_password_forgives_what_was_wrong_before(hands: Hands) -> None:
    lock = gate(hands)
    guess(lock, "10.0.0.1", FEW - 1)
    assert lock.try_in(RIGHT, address="10.0.0.1") is None
    assert guess(lock, "10.0.0.1", FEW - 1) == [AT_ONCE] * (FEW - 1)


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer(hands: Hands) -> None:
    lock = gate(hands)
    guess(lock, "10.0.0.1", FEW)
    hands.at -= timedelta(days=30)
    assert lock.try_in(RIGHT, address="10.0.0.1") is None
