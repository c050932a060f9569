"""The part of the wizard about shops: where to find the key, whether it works, what it gives access to."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import typer

from labelwatch.cli.errors import FOUND_TROUBLE, UNREACHABLE
from labelwatch.cli.init_ask import Talk, show
from labelwatch.cli.terminal import working
from labelwatch.cli.words import phrases
from labelwatch.config import values
from labelwatch.messages.catalog import catalog, first
from labelwatch.setup.config_writer import NewShop
from labelwatch.setup.first_contact import Met, label_of, meet
from labelwatch.sources import SourceError, Trouble

MOST_WAYS = 12
"""Delivery methods shown; the rest is counted."""
SOON = 14
"""Days before its end at which a key should be replaced."""

_KEY = re.compile(r"[0-9a-fA-F]{8}-[\w-]{10,}")


@dataclass(frozen=True, slots=True)
class GivenShop:
    """A shop given by options; None = asked for."""

    name: str | None = None
    client_id: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ShopTalk:
    """What the questions about a shop need."""

    talk: Talk
    language: str
    base_url: str

    @property
    def words(self) -> Mapping[str, str]:
        return phrases(self.language, "init_shop")


def ask_shops(asked: ShopTalk, given: Sequence[GivenShop]) -> tuple[NewShop, ...]:
    """The shops given by options, then as many as the user has."""
    show(f"\n{asked.words['title']}", style="bold cyan")
    if asked.talk.is_open and not (given and given[0].key):
        show("\n" + asked.words["how"])
    found: list[NewShop] = []
    for one in given or (GivenShop(),):
        found.append(_ask_shop(asked, one, found))
    while asked.talk.yes(asked.words["another"], default=False):
        found.append(_ask_shop(asked, GivenShop(), found))
    return tuple(found)


def _ask_shop(asked: ShopTalk, given: GivenShop, known: Sequence[NewShop]) -> NewShop:
    talk, words = asked.talk, asked.words
    client_id, key = given.client_id, given.key
    while True:
        client_id = talk.ask(words["client_id"], _client_id(words, known), given=client_id)
        key = talk.ask(words["key"], _key(words), given=key, hidden=True)
        met, again = _meet(asked, client_id, key)
        if not again:
            break
        client_id = key = None
    name = talk.ask(
        words["call_it"], _name(words, known), given=given.name, default=_free(met.company.name if met else "", known)
    )
    return NewShop(name, client_id, key)


def _meet(asked: ShopTalk, client_id: str, key: str) -> tuple[Met | None, bool]:
    """The data of the shop, None if it is kept untested; and whether Client-Id and key are typed again."""
    while True:
        try:
            with working(asked.words["checking"]):
                met = meet(client_id, key, base_url=asked.base_url)
        except SourceError as error:
            _explain(asked, error)
            if not asked.talk.is_open:
                raise typer.Exit(FOUND_TROUBLE if error.trouble.is_final else UNREACHABLE) from None
            answers = [asked.words["anew"], asked.words["again"], asked.words["keep"]]
            chosen = asked.talk.choose(asked.words["what_now"], answers, default=0 if error.trouble.is_final else 1)
            if chosen != 1:
                return None, chosen == 0
        else:
            _show(asked, met)
            return met, False


def _explain(asked: ShopTalk, error: SourceError) -> None:
    words, cause = asked.words, catalog(asked.language).cause[str(error.trouble)]
    tell = asked.talk.complain
    tell(words["refused"].format(headline=first(cause.headline, {}), why=first(cause.why, {})))
    hint = {Trouble.KEY_REJECTED: words["rejected"], Trouble.ROLE_MISSING: words["role"]}.get(error.trouble)
    if hint:
        tell(hint)
    tell(words["said"].format(detail=error.detail))


def _show(asked: ShopTalk, met: Met) -> None:
    words = asked.words
    show(words["good"], style="green")
    count = words["postings_more"] if met.is_more else words["postings"]
    show(words["name"].format(name=met.company.name or "-"))
    show(words["currency"].format(currency=met.company.currency or "-"))
    show(count.format(count=met.postings))
    show(words["roles"].format(roles=", ".join(met.key.roles) or "-"))
    _show_end(words, met.key.expires_at)
    _show_ways(asked, met)


def _show_end(words: Mapping[str, str], ends: datetime | None) -> None:
    if ends is None:
        show(words["ends_never"])
        return
    days = (ends - datetime.now(UTC)).days
    show(words["ends"].format(date=f"{ends:%Y-%m-%d}", days=days))
    if days < SOON:
        show(words["ends_soon"], style="yellow")


def _show_ways(asked: ShopTalk, met: Met) -> None:
    words, labels = asked.words, phrases(asked.language, "init_shop_label")
    if met.ways is None:
        show(words["ways_closed"], style="yellow")
        return
    if not met.ways:
        show(words["ways_none"])
        return
    show(words["ways"].format(count=len(met.ways)))
    for way in met.ways[:MOST_WAYS]:
        show(f"    {way.name}")
        show(f"      {labels[label_of(way, currency=met.company.currency)]}", style="dim")
    if len(met.ways) > MOST_WAYS:
        show("    " + words["ways_more"].format(count=len(met.ways) - MOST_WAYS))


def _client_id(words: Mapping[str, str], known: Sequence[NewShop]) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = _typed(text)
        if _KEY.fullmatch(plain):
            raise ValueError(words["client_id_is_key"])
        try:
            number = values.number_text(plain)
        except ValueError:
            raise ValueError(words["client_id_wrong"]) from None
        if any(shop.client_id == number for shop in known):
            raise ValueError(words["client_id_taken"])
        return number

    return read


def _key(words: Mapping[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = _typed(text)
        if len(plain) < 16 or not re.fullmatch(r"[!-~]+", plain):
            raise ValueError(words["key_wrong"])
        return plain

    return read


def _name(words: Mapping[str, str], known: Sequence[NewShop]) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            name = values.name(text)
        except ValueError:
            raise ValueError(words["name_wrong"]) from None
        if any(shop.name == name for shop in known):
            raise ValueError(words["name_taken"])
        return name

    return read


def _free(name: str, known: Sequence[NewShop]) -> str:
    """The name, or a similar one that no other shop has."""
    wanted = name.strip()[:60] or "main"
    taken, number = {shop.name for shop in known}, 1
    candidate = wanted
    while candidate in taken:
        number += 1
        candidate = f"{wanted} {number}"
    return candidate


def _typed(text: str) -> str:
    """The intended text: full-width letters normalized, quotes and invisible characters removed."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if c.isprintable()).strip(" \"'“”‘’")
