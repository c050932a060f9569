"""What only the tables together can tell: names used twice, names of nothing, and what should be better.

It looks at the file as it was written, so that these mistakes show beside those of single values, not after them.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from labelwatch.config import values
from labelwatch.config.mistakes import SECRET_KEYS, Found, Key, key_text
from labelwatch.config.secret import is_reference
from labelwatch.config.tables import Config
from labelwatch.core.model import Delays

Document = Mapping[str, Any]

_HASTY = timedelta(seconds=30)
_TAKES_FILES = frozenset({"tgram", "mailto", "mailtos"})


def contradictions(document: Document) -> Iterator[Found]:
    """Every mistake that concerns more than one value; tolerant of values that are wrong by themselves."""
    shops, channels = _tables(document, "shop"), _tables(document, "channel")
    if not document.get("shop"):
        yield Found(("shop",), "at least one [[shop]] with name, client_id and api_key")
    for kind, tables in (("shop", shops), ("channel", channels)):
        yield from _used_twice(tables, (kind,), "name")
    yield from _used_twice(shops, ("shop",), "client_id")
    for index, shop in enumerate(shops):
        for kind in ("warehouse", "delivery_method"):
            yield from _used_twice(_tables(shop, kind), ("shop", index, kind), "id")
        yield from _names_of_nothing(("shop", index, "channels"), shop.get("channels"), _names(channels))
    for place, step in _steps(document):
        yield from _names_of_nothing((*place, "shops"), step.get("shops"), _names(shops))
        yield from _no_such_channel((*place, "channel"), step.get("channel"), _names(channels))
    yield from _steps_twice(document)
    for index, channel in enumerate(channels):
        yield from _names_of_nothing(("channel", index, "shops"), channel.get("shops"), _names(shops))
        yield from _bad_fallback(("channel", index, "fallback"), channel, _names(channels))
    yield from _open_board(document.get("web"))


def _tables(document: Document, kind: str) -> list[Document]:
    found = document.get(kind)
    return [table if isinstance(table, dict) else {} for table in found] if isinstance(found, list) else []


def _names(tables: list[Document]) -> list[str]:
    return [table["name"].strip() for table in tables if isinstance(table.get("name"), str)]


def _used_twice(tables: list[Document], place: Key, key: str) -> Iterator[Found]:
    first: dict[str, int] = {}
    for index, table in enumerate(tables):
        text = str(table.get(key, "")).strip()
        if text and first.setdefault(text, index) != index:
            earlier = key_text((*place, first[text]))
            yield Found((*place, index, key), f"another {key}: {earlier} has this one already", text)


def _names_of_nothing(place: Key, written: object, known: list[str]) -> Iterator[Found]:
    for index, name in enumerate(written if isinstance(written, list) else ()):
        if isinstance(name, str) and name.strip() not in known:
            yield Found((*place, index), _one_of(name, known), name)


def _steps(document: Document) -> Iterator[tuple[Key, Document]]:
    """Every step of escalation that is written, with the way to it."""
    for index, step in enumerate(_tables(document, "escalation")):
        yield ("escalation", index), step
    for number, shop in enumerate(_tables(document, "shop")):
        for index, step in enumerate(_tables(shop, "escalation")):
            yield ("shop", number, "escalation", index), step


def _no_such_channel(place: Key, name: object, known: list[str]) -> Iterator[Found]:
    if isinstance(name, str) and name.strip() not in known:
        yield Found(place, _one_of(name, known), name)


def _steps_twice(document: Document) -> Iterator[Found]:
    """Steps that repeat what another one says of the same shop."""
    shops = _tables(document, "shop")
    first: dict[tuple[str, timedelta, str], Key] = {}
    for place, step in _steps(document):
        left, channel = step.get("left"), step.get("channel")
        span = values.parse_duration(left) if isinstance(left, str) else None
        if span is None or not isinstance(channel, str):
            continue
        told = _names([shops[int(place[1])]]) if place[0] == "shop" else _names_in(step.get("shops"), _names(shops))
        earlier = {first.setdefault((shop, span, channel.strip()), place) for shop in told} - {place}
        if earlier:
            yield Found(place, f"another channel or another left: {key_text(min(earlier, key=str))} says the same")


def _names_in(written: object, every: list[str]) -> list[str]:
    if not isinstance(written, list):
        return every
    return [name.strip() for name in written if isinstance(name, str)]


def _bad_fallback(place: Key, channel: Document, known: list[str]) -> Iterator[Found]:
    fallback, name = channel.get("fallback"), channel.get("name")
    if not isinstance(fallback, str):
        return
    others = [other for other in known if other != name]
    if fallback.strip() not in others:
        yield Found(place, _one_of(fallback, others, what="another channel"), fallback)


def _one_of(name: str, known: list[str], *, what: str = "a name that is in this file") -> str:
    close = get_close_matches(name, known, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return f"{what}: {', '.join(dict.fromkeys(known)) or '(there is none)'}{hint}"


def _open_board(web: object) -> Iterator[Found]:
    """Whoever else can reach the board must know its password: over the network, or by a proxy on this machine."""
    if not isinstance(web, dict) or "password" in web:
        return
    try:
        public = values.web_url(web.get("public_url", "http://localhost"))
        listen = values.address(web.get("listen", "localhost:0"))
    except ValueError:
        return
    if not listen.is_loopback:
        where = web["listen"]
        yield Found(("web", "password"), f'a password: others can reach {where}; or listen = "127.0.0.1:8765"')
    elif not _is_local(public):
        yield Found(("web", "password"), f"a password: others can reach {public}")


def literal_secrets(document: Document) -> list[Key]:
    """The keys under which a secret itself stands in the file."""
    return [key for key, value in _leaves(document, ()) if _is_literal(key, value)]


def _leaves(value: object, key: Key) -> Iterator[tuple[Key, object]]:
    if isinstance(value, dict):
        for part, below in value.items():
            yield from _leaves(below, (*key, part))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _leaves(below, (*key, index))
    else:
        yield key, value


def _is_literal(key: Key, value: object) -> bool:
    if key[-1] not in SECRET_KEYS or not isinstance(value, str) or is_reference(value.strip()):
        return False
    # These may be written openly as long as no password is in them.
    return (key != ("store", "url") and key[-1] != "proxy") or "@" in value


def doubts(document: Document, config: Config, *, readable_by_others: bool) -> Iterator[str]:
    """Sentences about what works but should be better."""
    literals = literal_secrets(document)
    for key in literals:
        yield f'{key_text(key)} is written in the file itself; better "env:NAME", "file:PATH" or "credential:NAME"'
    if literals and readable_by_others:
        yield "other users can read the file, and secrets are written in it: chmod 600"
    if config.ozon.base_url.startswith("http://") and not _is_local(config.ozon.base_url):
        yield "ozon.base_url is http://: keys travel unencrypted"
    yield from _doubts_about_shops(config)
    yield from _doubts_about_channels(config)


def _doubts_about_shops(config: Config) -> Iterator[str]:
    for shop in config.shops:
        delays = shop.delays.over(config.delays.over(Delays()))
        if config.every(shop) < _HASTY:
            yield f"shop {shop.name} is polled more often than every 30s: Ozon may slow it down"
        if delays.critical_before_cutoff > delays.before_cutoff:
            yield f"shop {shop.name}: critical_before_cutoff is longer than before_cutoff"
        for step in config.alert_policy(shop).escalation:
            if step.left > delays.before_cutoff:
                yield (
                    f"shop {shop.name}: left of the escalation to {step.channel} is longer than before_cutoff: "
                    f"it may come with the first message"
                )
    if config.shops and not any(shop.enabled for shop in config.shops):
        yield "no shop is enabled: nothing is watched"


def _doubts_about_channels(config: Config) -> Iterator[str]:
    used = config.destinations()
    if not used:
        yield "no channel is enabled: nobody is told"
        return
    for shop in config.shops:
        if shop.enabled and not any(not to.shops or shop.name in to.shops for to in used):
            yield f"shop {shop.name} has no channel: nobody is told about it"
    names = {to.name for to in used}
    for channel in config.channels:
        if channel.enabled and channel.fallback and channel.fallback not in names:
            yield f"channel {channel.name}: its fallback {channel.fallback} is not enabled"
        scheme = channel.url.get_secret_value().partition("://")[0].lower()
        if channel.attach_label and scheme not in _TAKES_FILES:
            yield f"channel {channel.name}: attach_label does nothing, only Telegram and e-mail take the label along"
        if channel.enabled and not channel.working_days:
            yield f"channel {channel.name} has no working day: it only hears of what cannot wait"
    stepped = {step.channel for shop in config.shops for step in config.alert_policy(shop).escalation}
    for name in sorted(stepped - names):
        yield f"the escalation to {name} tells nobody: this channel is not enabled"


def _is_local(url: str) -> bool:
    return values.Address(urlsplit(url).hostname or "", 0).is_loopback
