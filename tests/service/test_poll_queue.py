"""The order in which shops are polled: whoever is unread for longest, however much is due."""

from collections import Counter

from labelwatch.service.poll_queue import PollQueue


def test_nothing_is_polled_before_it_is_due() -> None:
    queue = PollQueue(["a", "b"])
    queue.plan_all([(10.0, "a"), (5.0, "b")])
    assert (queue.next(4.0), queue.due_in(4.0), queue.lag(4.0)) == (None, 1.0, 0.0)
    assert (queue.next(5.0), queue.next(5.0)) == ("b", None)
    assert (queue.due_in(5.0), queue.lag(12.0)) == (5.0, 2.0)
    queue.plan_all([])
    assert (queue.next(99.0), queue.due_in(99.0), queue.lag(99.0)) == (None, None, 0.0)


def test_of_those_that_are_due_the_one_unread_for_longest_is_first_whatever_its_interval() -> None:
    queue = PollQueue(["old", "new"])
    queue.plan_all([(0.0, "new"), (1.0, "old")])
    assert queue.next(2.0) == "old"
    queue.plan("old", 3.0)
    assert [queue.next(9.0), queue.next(9.0)] == ["new", "old"]


def test_if_more_is_due_than_can_be_done_every_shop_is_read_as_often_as_any_other() -> None:
    shops = [f"shop {n}" for n in range(40)]
    queue, read = PollQueue(shops), Counter[str]()
    queue.plan_all([(n * 0.1, shop) for n, shop in enumerate(shops)])
    for second in range(400):  # one a second, where each wants to be read every ten seconds
        if shop := queue.next(float(second)):
            read[shop] += 1
            queue.plan(shop, second + 10.0)
    assert set(read.values()) == {10}
    assert 29 < queue.lag(400.0) < 41
