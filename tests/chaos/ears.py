"""Channels of every kind that lead to servers on 127.0.0.1, and what arrived there, told alike."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, TypeVar

from labelwatch.channels.base import stamp_of
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Hook, Request, answer
from tests.support.markdown import shown
from tests.support.place import Place
from tests.support.smtp_server import PostOffice

T = TypeVar("T")

KINDS = ("json", "tgram", "mail", "wecom", "dingtalk", "feishu")
CHAT = "-1001"
_ASCII = str.maketrans("［］＊｀～｜＼＿＆", "[]*`~|\\_&")
"""What looks alike in DingTalk, so that it is no markup."""
NUMBER = re.compile(r"\b\d{8}-\d{4}-1\b")
SCHEMES = {"wecom": "wecombot", "dingtalk": "dingtalk", "feishu": "feishu"}
FINE = {
    "json": '{"ok": true}',
    "wecom": '{"errcode": 0, "errmsg": "ok"}',
    "dingtalk": '{"errcode": 0, "errmsg": "ok"}',
    "feishu": '{"code": 0, "msg": "success"}',
}
"""What a service says that has taken a message."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as it arrived."""

    key: str
    """By which it is recognised when it comes again; robots hand none on."""
    text: str

    @property
    def numbers(self) -> set[str]:
        """The postings it names."""
        return set(NUMBER.findall(self.text))


@dataclass(frozen=True, slots=True)
class Ear:
    """A channel of the configuration, and all that arrived over it, oldest first."""

    name: str
    url: str
    api_base: str
    heard: Callable[[], list[Heard]]

    def table(self, more: str = "") -> str:
        """Its part of the configuration; the URL stands in the environment."""
        base = f'api_base = "{self.api_base}"\n' if self.api_base else ""
        return f'[[channel]]\nname = "{self.name}"\nurl = "env:{self.variable}"\n{base}{more}\n'

    @property
    def variable(self) -> str:
        return f"URL_{self.name.upper().replace('-', '_')}"

    @property
    def numbers(self) -> set[str]:
        return set().union(*(one.numbers for one in self.heard()))

    @property
    def has_keys(self) -> bool:
        """Whether what comes again can be known by more than its words."""
        return any(one.key for one in self.heard())

    @property
    def repeated(self) -> int:
        """How many messages came again as what they were."""
        return sum(count - 1 for count in Counter(one.key for one in self.heard() if one.key).values())


def chat(name: str, telegram: FakeTelegram, *, port: int = 0, where: str = CHAT) -> Ear:
    """A group in Telegram, of a bot of its own."""
    base = f"http://127.0.0.1:{port}" if port else telegram.base
    url = telegram.url(where, token=f"2718281828:AA-invented_for_{name.replace('-', '_')}")

    def heard() -> list[Heard]:
        return [Heard(stamp_of(next(iter(sent.keys), "")), sent.text) for sent in telegram.said(where)]

    return Ear(name, url, base, heard)


def mailbox(name: str, office: PostOffice, *, port: int = 0, lost: bool = False) -> Ear:
    """A mailbox; `lost`: what was handed in counts, though the server never said that it took it."""
    url = f"mailto://127.0.0.1:{port or office.port}?from=watch@example.com&to={name}@example.com"

    parse = BytesParser(policy=default).parsebytes
    if lost:
        return Ear(name, url, "", _each_once(lambda: office.offered, lambda one: _letter(parse(one))))
    return Ear(name, url, "", _each_once(lambda: office.letters, _letter))


def robot(name: str, kind: str, hook: Hook, *, port: int = 0, skip: int = 0) -> Ear:
    """A webhook (`json`) or a robot in a group; the first `skip` requests were refused."""
    where = f"127.0.0.1:{port or hook.port}"
    url, base = (
        (f"json://{where}/hook", "")
        if kind == "json"
        else (f"{SCHEMES[kind]}://token{name.replace('-', '')}", f"http://{where}")
    )
    return Ear(name, url, base, _each_once(lambda: hook.requests[skip:], lambda one: _request(one, kind)))


def _each_once(arrived: Callable[[], Sequence[T]], read: Callable[[T], Heard]) -> Callable[[], list[Heard]]:
    """Reads what arrived, which only grows, each time only as far as it was not read before."""
    known: list[Heard] = []

    def heard() -> list[Heard]:
        known.extend(map(read, arrived()[len(known) :]))
        return list(known)

    return heard


@contextmanager
def of_every_kind(telegram: FakeTelegram, office: PostOffice) -> Iterator[dict[str, Ear]]:
    """One channel of each kind but `json`, which every place has; all is well there."""
    with ExitStack() as stack:
        hooks = {kind: stack.enter_context(Hook([answer(200, FINE[kind])])) for kind in SCHEMES}
        yield {
            "tgram": chat("tgram", telegram),
            "mail": mailbox("mail", office),
            **{kind: robot(kind, kind, hook) for kind, hook in hooks.items()},
        }


def configure(
    place: Place, listener: Iterable[Ear], *, alerts: str, more: str = "", of: Mapping[str, str] | None = None
) -> None:
    """Write the configuration of a place with these channels beside its own; `of` adds to the table of one."""
    listener, of = list(listener), of or {}
    place.environ.update({ear.variable: ear.url for ear in listener})
    tables = "".join(ear.table(of.get(ear.name, "")) for ear in listener)
    place.configure(f"{of.get('packers', '')}\n{tables}{more}", alerts=alerts)


def text_of(letter: EmailMessage) -> str:
    """The text of a letter; its subject first."""
    part = letter.get_body(("plain",))
    assert part is not None
    return f"{letter['Subject']}\n{part.get_content()}".replace("\r\n", "\n")


def _letter(letter: EmailMessage) -> Heard:
    key = letter["Idempotency-Key"]
    assert letter["Message-ID"] == f"<{key}@example.com>"
    return Heard(key, text_of(letter))


def _request(request: Request, kind: str) -> Heard:
    body = request.json
    if kind == "json":
        named = (one["posting_number"] or "" for one in body["labelwatch"])
        return Heard(request.headers["idempotency-key"], "\n".join((body["title"], body["message"], *named)))
    if kind == "dingtalk":
        return Heard("", shown(body["markdown"]["text"]).translate(_ASCII))
    return Heard("", _post(body["content"]["post"]["zh_cn"]) if kind == "feishu" else body["text"]["content"])


def _post(post: Mapping[str, Any]) -> str:
    lines = ("".join(part["text"] for part in line) for line in post["content"])
    return "\n".join((post["title"], *lines))
