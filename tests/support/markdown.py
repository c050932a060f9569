"""Reads markdown as a strict reader does: which markup is in it, and what is shown."""

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_QUIET = frozenset({"paragraph", "list_item", "text", "inline", "softbreak", "hardbreak"})


def markup(text: str) -> set[str]:
    """The kinds of markup by their HTML tags; of a link also the server it leads to."""
    found = set()
    for token in _tokens(text):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind == "link":
            found |= {f"a {'/'.join(str(token.attrs['href']).split('/')[:3])}"} if token.attrs else set()
        elif kind not in _QUIET:
            found.add(token.tag or kind)
    return found


def shown(text: str) -> str:
    """The words without the markup, line by line."""
    breaks = ("hardbreak", "softbreak", "paragraph_close")
    return "".join(token.content or "\n" * (token.type in breaks) for token in _leaves(text))


def _leaves(text: str) -> Iterator[Token]:
    return (token for token in _tokens(text) if token.type != "inline")


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()
