"""The texts of the wizard in one language: the table `init` of each catalog."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from labelwatch.i18n import load
from labelwatch.setup.config_writer import Comments


@dataclass(frozen=True, slots=True)
class Talking:
    """Short phrases of the dialog."""

    hello: str
    enter: str
    enter_skips: str
    yes_or_no: str
    yes: str
    no: str
    type_a_number: str
    needed: str
    hidden: str
    received: str
    stopped: str
    lacking: str
    no_terminal: str
    open_help: str
    openly: str


@dataclass(frozen=True, slots=True)
class ShopWords:
    title: str
    how: str
    client_id: str
    client_id_wrong: str
    client_id_is_key: str
    client_id_taken: str
    key: str
    key_wrong: str
    checking: str
    good: str
    name: str
    currency: str
    postings: str
    postings_more: str
    roles: str
    ends: str
    ends_never: str
    ends_soon: str
    ways: str
    ways_none: str
    ways_closed: str
    ways_more: str
    label: Mapping[str, str]
    refused: str
    rejected: str
    role: str
    said: str
    what_now: str
    again: str
    anew: str
    keep: str
    call_it: str
    name_wrong: str
    name_taken: str
    another: str


@dataclass(frozen=True, slots=True)
class ChannelWords:
    title: str
    which: str
    kind: Mapping[str, str]
    nobody: str
    sending: str
    greeting: str
    greeting_body: str
    arrived: str
    unverified: str
    failed: Mapping[str, str]
    said: str
    what_now: str
    again: str
    anew: str
    keep: str
    leave: str
    another: str


@dataclass(frozen=True, slots=True)
class TelegramWords:
    how: str
    token: str
    token_wrong: str
    asking: str
    unknown: str
    unreachable: str
    found: str
    proxy: str
    proxy_wrong: str
    busy: str
    write: str
    waiting: str
    silence: str
    which: str
    chat_kind: Mapping[str, str]
    topic: str
    not_here: str
    by_hand: str
    chat: str
    chat_wrong: str


@dataclass(frozen=True, slots=True)
class MailWords:
    address: str
    address_wrong: str
    no_passwords: str
    password: str
    password_hint: Mapping[str, str]
    server: str
    server_wrong: str
    to: str


@dataclass(frozen=True, slots=True)
class RobotWords:
    how: Mapping[str, str]
    address: str
    address_wrong: str
    secret: str


@dataclass(frozen=True, slots=True)
class EndWords:
    title: str
    zone: str
    zone_wrong: str
    quiet: str
    quiet_wrong: str
    exists: str
    kept: str
    written: str
    secrets: str
    not_written: str
    next: str
    poll: str
    run: str
    board: str
    trial: str
    service: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Init:
    talk: Talking
    shop: ShopWords
    channel: ChannelWords
    telegram: TelegramWords
    mail: MailWords
    robot: RobotWords
    end: EndWords
    file: Comments


@dataclass(frozen=True, slots=True)
class _Catalog:
    init: Init


@cache
def init_words(language: str) -> Init:
    """The texts of one language."""
    return load(language, "cli", _Catalog).init
