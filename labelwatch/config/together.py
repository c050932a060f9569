"""Checks across tables: duplicate names, references to nothing, and warnings.

It checks the file as it was written, so that these mistakes are reported together with those of single values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from labelwatch.config import values
from labelwatch.config.mistakes import SECRET_KEYS, Found, Key, closest, key_text
from labelwatch.config.secret import is_reference
from labelwatch.config.sentences import Sentence
from labelwatch.config.tables import Config, Web
from labelwatch.core.policy import Delays

Document = Mapping[str, Any]
Names = Mapping[str, None]
"""The keys, in the order of the file: there may be ten thousand of them, each looked for among the others."""

SHORTEST = 8
"""Characters of the board's password."""
HASHED = "$argon2"
"""A password that begins so is a hash; any other is the password itself."""
_WHOLE_HASH = re.compile(r"\$argon2(id|i|d)(\$v=\d+)?\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}")

OZON = ".ozon.ru"
_KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The format of Ozon's keys."""
_HASTY = timedelta(seconds=30)
_TAKES_FILES = frozenset({"tgram", "mailto", "mailtos"})


def contradictions(document: Document, config: Config | None) -> Iterator[Found]:
    """Every mistake that concerns more than one value; tolerant of values that are wrong by themselves (then there is
    no config, and only a missing password of the board can be reported)."""
    shops, channels = _tables(document, "shop"), _tables(document, "channel")
    if not document.get("shop"):
        yield Found(("shop",), Sentence("no_shop"))
    for kind, tables in (("shop", shops), ("channel", channels)):
        yield from _used_twice(tables, (kind,), "name")
    yield from _used_twice(shops, ("shop",), "client_id")
    known_shops, known_channels = _names(shops), _names(channels)
    for index, shop in enumerate(shops):
        for kind in ("warehouse", "delivery_method"):
            yield from _used_twice(_tables(shop, kind), ("shop", index, kind), "id")
        yield from _names_of_nothing(("shop", index, "channels"), shop.get("channels"), known_channels)
    for place, step in _steps(document):
        yield from _names_of_nothing((*place, "shops"), step.get("shops"), known_shops)
        yield from _no_such_channel((*place, "channel"), step.get("channel"), known_channels)
    yield from _steps_twice(document)
    for index, channel in enumerate(channels):
        yield from _names_of_nothing(("channel", index, "shops"), channel.get("shops"), known_shops)
        yield from _bad_fallback(("channel", index, "fallback"), channel, known_channels)
    groups = _tables(document, "group")
    yield from _used_twice(groups, ("group",), "name")
    for index, group in enumerate(groups):
        for key, known in (("shops", known_shops), ("channels", known_channels)):
            yield from _names_of_nothing(("group", index, key), group.get(key), known)
    yield from _open_board(document.get("web"))
    if config is not None and config.web is not None:
        yield from _weak_password(config.web)


def _tables(document: Document, kind: str) -> list[Document]:
    found = document.get(kind)
    return [table if isinstance(table, dict) else {} for table in found] if isinstance(found, list) else []


def _names(tables: list[Document]) -> Names:
    return dict.fromkeys(table["name"].strip() for table in tables if isinstance(table.get("name"), str))


def _used_twice(tables: list[Document], place: Key, key: str) -> Iterator[Found]:
    first: dict[str, int] = {}
    for index, table in enumerate(tables):
        text = str(table.get(key, "")).strip()
        if text and first.setdefault(text, index) != index:
            earlier = key_text((*place, first[text]))
            yield Found((*place, index, key), Sentence("another", {"key": key, "earlier": earlier}), text)


def _names_of_nothing(place: Key, written: object, known: Names) -> Iterator[Found]:
    for index, name in enumerate(written if isinstance(written, list) else ()):
        if isinstance(name, str) and name.strip() not in known:
            yield Found((*place, index), _one_of(name, known), name)


def _steps(document: Document) -> Iterator[tuple[Key, Document]]:
    """Every step of escalation in the file, with its path."""
    for index, step in enumerate(_tables(document, "escalation")):
        yield ("escalation", index), step
    for number, shop in enumerate(_tables(document, "shop")):
        for index, step in enumerate(_tables(shop, "escalation")):
            yield ("shop", number, "escalation", index), step


def _no_such_channel(place: Key, name: object, known: Names) -> Iterator[Found]:
    if isinstance(name, str) and name.strip() not in known:
        yield Found(place, _one_of(name, known), name)


def _steps_twice(document: Document) -> Iterator[Found]:
    """Steps that repeat another one of the same shop."""
    shops = _tables(document, "shop")
    every = _names(shops)
    first: dict[tuple[str, timedelta, str], Key] = {}
    for place, step in _steps(document):
        left, channel = step.get("left"), step.get("channel")
        span = values.parse_duration(left) if isinstance(left, str) else None
        if span is None or not isinstance(channel, str):
            continue
        told = _names([shops[int(place[1])]]) if place[0] == "shop" else _names_in(step.get("shops"), every)
        earlier = {first.setdefault((shop, span, channel.strip()), place) for shop in told} - {place}
        if earlier:
            yield Found(place, Sentence("step_twice", {"earlier": key_text(min(earlier, key=str))}))


def _names_in(written: object, every: Names) -> Iterable[str]:
    if not isinstance(written, list):
        return every
    return [name.strip() for name in written if isinstance(name, str)]


def _bad_fallback(place: Key, channel: Document, known: Names) -> Iterator[Found]:
    fallback, name = channel.get("fallback"), channel.get("name")
    if not isinstance(fallback, str):
        return
    others = dict.fromkeys(other for other in known if other != name)
    if fallback.strip() not in others:
        yield Found(place, _one_of(fallback, others, what="another_channel"), fallback)


def _one_of(name: str, known: Names, *, what: str = "known_name") -> Sentence:
    names = ", ".join(known) or Sentence("nobody")
    return Sentence(what, {"names": names}, meant=closest(name, list(known)))


def _open_board(web: object) -> Iterator[Found]:
    """A board that others can reach, over the network or by a proxy on this machine, needs a password."""
    if not isinstance(web, dict) or "password" in web:
        return
    try:
        public = values.web_url(web.get("public_url", "http://localhost"))
        listen = values.address(web.get("listen", "localhost:0"))
    except ValueError:
        return
    if not listen.is_loopback:
        yield Found(("web", "password"), Sentence("password_listen", {"where": web["listen"]}))
    elif not _is_local(public):
        yield Found(("web", "password"), Sentence("password_public", {"where": public}))


def _weak_password(web: Web) -> Iterator[Found]:
    """A password that `labelwatch password` would not have accepted."""
    password = _password(web)
    if password.startswith(HASHED):
        if not _WHOLE_HASH.fullmatch(password):
            yield Found(("web", "password"), Sentence("password_hash"))
    elif password and len(password) < SHORTEST and (where := _reached_at(web)):
        yield Found(("web", "password"), Sentence("password_weak", {"least": SHORTEST, "where": where}))


def _password(web: Web | None) -> str:
    return web.password.get_secret_value() if web and web.password else ""


def _reached_at(web: Web) -> str:
    """The address at which other machines can reach the board; empty = none."""
    if not web.listen.is_loopback:
        return f"{web.listen.host}:{web.listen.port}"
    return web.public_url if web.public_url and not _is_local(web.public_url) else ""


def literal_secrets(document: Document) -> list[Key]:
    """The keys whose secret is written in the file itself."""
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
    # These may be in the file as long as they contain no password.
    return (key != ("store", "url") and key[-1] != "proxy") or "@" in value


def doubts(document: Document, config: Config, *, readable_by_others: bool) -> Iterator[Sentence]:
    """Sentences about what works but should be better."""
    literals = literal_secrets(document)
    for key in literals:
        yield Sentence("literal", {"key": key_text(key)})
    if literals and readable_by_others:
        yield Sentence("readable")
    if config.ozon.base_url.startswith("http://") and not _is_local(config.ozon.base_url):
        yield Sentence("unencrypted")
    if 0 < len(_password(config.web)) < SHORTEST:
        yield Sentence("password_short", {"least": SHORTEST})
    yield from _doubts_about_shops(config)
    yield from _doubts_about_channels(config)


def _doubts_about_shops(config: Config) -> Iterator[Sentence]:
    for shop in config.shops:
        key = shop.api_key.get_secret_value()
        if _host(config.ozon.base_url).endswith(OZON) and not _KEY.fullmatch(key):
            yield Sentence("key_shape", {"shop": shop.name, "n": len(key)})
        delays = shop.delays.over(config.delays.over(Delays()))
        if config.every(shop) < _HASTY:
            yield Sentence("hasty", {"shop": shop.name})
        if delays.critical_before_cutoff > delays.before_cutoff:
            yield Sentence("critical_longer", {"shop": shop.name})
        written = (shop.timezone, shop.working_days, shop.days_off)
        times = (shop.handover_at, *(place.handover_at for place in (*shop.warehouses, *shop.delivery_methods)))
        if any(part is not None for part in written) and not any(times):
            yield Sentence("pick_up_untold", {"shop": shop.name})
        for step in config.alert_policy(shop).escalation:
            if step.left > delays.before_cutoff:
                yield Sentence("step_longer", {"shop": shop.name, "channel": step.channel})
    if config.shops and not any(shop.enabled for shop in config.shops):
        yield Sentence("none_watched")


def _doubts_about_channels(config: Config) -> Iterator[Sentence]:
    used = config.destinations()
    if not used:
        yield Sentence("none_told")
        return
    for shop in config.shops:
        if shop.enabled and not any(not to.shops or shop.name in to.shops for to in used):
            yield Sentence("shop_untold", {"shop": shop.name})
    names = {to.name for to in used}
    for channel in config.channels:
        if channel.enabled and channel.fallback and channel.fallback not in names:
            yield Sentence("fallback_off", {"channel": channel.name, "fallback": channel.fallback})
        scheme = channel.url.get_secret_value().partition("://")[0].lower()
        if channel.attach_label and scheme not in _TAKES_FILES:
            yield Sentence("no_labels", {"channel": channel.name})
        if channel.enabled and not channel.working_days:
            yield Sentence("never_works", {"channel": channel.name})
    stepped = {step.channel for shop in config.shops for step in config.alert_policy(shop).escalation}
    for name in sorted(stepped - names):
        yield Sentence("step_off", {"channel": name})


def _is_local(url: str) -> bool:
    return values.Address(_host(url), 0).is_loopback


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
