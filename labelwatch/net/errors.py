"""What keeps a connection from being made, as a text that can be said in any language."""

from collections.abc import Iterator

from labelwatch.core.text import Text
from labelwatch.i18n import translate


class NetError(Exception):
    """A connection cannot be made until somebody changes something; `text` says what, and contains no secret."""

    def __init__(self, key: str, **values: str) -> None:
        self.text = Text(key, values)
        super().__init__(translate(self.text, "en"))


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it: libraries wrap those of sockets, and httpcore unsets their cause."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
