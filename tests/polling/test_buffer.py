"""The spool: everything comes back in order, in memory or on disk."""

from dataclasses import dataclass

from labelwatch.polling.buffer import IN_MEMORY, Buffer


@dataclass(frozen=True)
class Word:
    text: str


def test_it_gives_back_what_it_got_in_batches() -> None:
    words = [Word(f"w{n}") for n in range(7)]
    with Buffer(Word) as buffer:
        for word in words:
            buffer.add(word)
        assert len(buffer) == 7
        assert list(buffer.batches(3)) == [words[:3], words[3:6], words[6:]]


def test_what_does_not_fit_into_memory_comes_back_too() -> None:
    big = Word("x" * (IN_MEMORY // 2))
    with Buffer(Word) as buffer:
        for _ in range(3):
            buffer.add(big)
        assert [batch[0] == big for batch in buffer.batches(1)] == [True] * 3
