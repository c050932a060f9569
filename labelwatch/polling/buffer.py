"""A queue of values that is kept in memory while it is short and on disk when it grows."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

T = TypeVar("T")

IN_MEMORY = 4 * 2**20
"""Bytes kept in memory before the values move to an unnamed file."""


class Buffer(Generic[T]):
    """Values of one dataclass, read back in the order in which they were added."""

    def __init__(self, kind: type[T]) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, value: T) -> None:
        packed = self._encode(value)
        self._file.write(len(packed).to_bytes(4, "big"))
        self._file.write(packed)
        self._count += 1

    def batches(self, size: int) -> Iterator[list[T]]:
        """Everything that was added, in lists of at most `size`."""
        self._file.seek(0)
        for start in range(0, self._count, size):
            yield [self._next() for _ in range(min(size, self._count - start))]

    def _next(self) -> T:
        return self._decode(self._file.read(int.from_bytes(self._file.read(4), "big")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
