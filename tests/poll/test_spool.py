"""The spool: everything comes back in order, in memory or on disk."""

from dataclasses import dataclass

from labelwatch.spool import IN_MEMORY, Spool


@dataclass(frozen=True)
class Word:
    text: str


def test_it_gives_back_what_it_got_in_batches() -> None:
    words = [Word(f"w{n}") for n in range(7)]
    with Spool(Word) as spool:
        for word in words:
            spool.add(word)
        assert len(spool) == 7
        assert list(spool.batches(3)) == [words[:3], words[3:6], words[6:]]


def test_what_does_not_fit_into_memory_comes_back_too() -> None:
    big = Word("x" * (IN_MEMORY // 2))
    with Spool(Word) as spool:
        for _ in range(3):
            spool.add(big)
        assert [batch[0] == big for batch in spool.batches(1)] == [True] * 3
