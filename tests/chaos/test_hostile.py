"""Names from Ozon made by somebody who means harm, through every channel of a running service and on the terminal."""

import csv
import io
import re
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from labelwatch.app import App
from labelwatch.cli.commands import COMMANDS
from labelwatch.cli.export import FORMULA
from labelwatch.config import load
from labelwatch.messages.plain import plain
from labelwatch.sandbox import At, World
from labelwatch.sandbox.bodies import Product
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, both_shops, step
from labelwatch.store import open_store
from labelwatch.web.application import create
from tests.chaos.ears import CHAT, Ear, configure, of_every_kind, robot
from tests.chaos.told_time import days
from tests.support.fake_telegram import FakeTelegram
from tests.support.place import Place, place_for
from tests.support.smtp_server import PostOffice
from tests.web.asking import enter
from tests.web.build import ADDRESS, WEB, Hands, clock

pytestmark = pytest.mark.lengthy

POISONS = (
    "<script>alert(1)</script>",
    "</b></a></td><img src=x onerror=alert(1)>",
    "**bold** _it_ [click](http://evil.example) `code` # head\n> quote",
    "\u202egnp.exe\u202c \u2066turned\u2069 zero\u200bwidth\ufeff",
    "red \x1b[31m bell \x07 back \x08 null \x00 del \x7f",
    '=HYPERLINK("http://evil.example","click")',
    "one\r\nBcc: all@example.com\r\n\r\ntwo\u2028three",
    "@everyone @all <@all> <at user_id='all'></at> @13800000000",
    "&lt;b&gt; &amp; {posting} {0} %s ${HOME}",
    "好" * 10_000,
    "q\u0301" * 5_000,
)
SHOP = "<b>@all</b> [x](http://evil.example) {0} %s &amp;"
"""A shop's name stands in the configuration, so it is printable at least."""
NUMBERS = tuple(f"7500{place:04d}-0001-1" for place in range(len(POISONS)))
OVER = len(NUMBERS) + 3
"""Minutes after the start."""
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
TAGS = {"html", "head", "meta", "title", "body", "div", "h1", "h2", "p", "table", "tr", "td", "a", "span", "b", "br"}
TAGS |= {"ol", "ul", "li", "strong", "code"}


def poisoned(number: str, poison: str, *, minutes: float) -> Iterator[At]:
    """A posting in which a hostile seller, carrier or Ozon itself wrote all they could; the carrier declines it, and
    in the end it is cancelled with all the others."""
    product = Product(sku=1904410001, offer_id=poison, name=poison, price=10, weight=100, color=poison)
    change = {
        "status": "awaiting_registration",
        "substatus": "posting_registration_error",
        "delivery_method": {"name": poison, "warehouse": poison, "tpl_provider": poison},
    }
    cutoff = timedelta(hours=3)
    yield arrival(START, number, method=AURORA, minutes=minutes, cutoff=cutoff, product=product, change=change)
    yield step(OVER, number, method=AURORA, status="cancelled")


def hostile() -> World:
    """A posting a minute, each with something bad in all of its names."""
    world = both_shops(START)
    for place, (number, poison) in enumerate(zip(NUMBERS, POISONS, strict=True)):
        world.plan(*poisoned(number, poison, minutes=place + 1))
    return world


class Page(HTMLParser):
    """The tags of a page, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src") or name.startswith("on")}


def is_harmless(text: str) -> bool:
    """Whether it has no characters that are not seen but steer, no mention, and no link but those of ours."""
    hidden = [c for c in text if unicodedata.category(c) in UNSEEN and c not in "\n\t"]
    return not hidden and not re.search(r"[<>@]", text) and leads_home(re.findall(r"\w+://[^/\s]*", text))


def leads_home(links: list[str] | set[str]) -> bool:
    return all(link.startswith("https://seller.ozon.ru") for link in links)


@contextmanager
def told(folder: Path) -> Iterator[tuple[Place, dict[str, Ear], FakeTelegram, PostOffice]]:
    """Everybody has heard of each by itself, over every channel; all are still open."""
    with (
        place_for(hostile(), folder) as place,
        FakeTelegram() as telegram,
        PostOffice() as office,
        of_every_kind(telegram, office) as listener,
    ):
        configure(place, listener.values(), alerts='group_wait = "0s"\ngroup_interval = "0s"')
        place.config.write_text(place.config.read_text("utf-8").replace('"star"', f"'{SHOP}'"), "utf-8")
        listener["packers"] = robot("packers", "json", place.hook)
        with days(place, listener.values(), every="1m") as night:
            night.until(START + timedelta(minutes=OVER - 1), step=timedelta(minutes=1))
            assert {len(ear.heard()) for ear in listener.values()} == {len(NUMBERS)}
            check_terminal(place)
            check_board(place)
            night.until(START + timedelta(minutes=OVER + 2), step=timedelta(minutes=1))
            yield place, listener, telegram, office


@pytest.mark.fault("D16")
def test_hostile_names_break_nothing_and_bring_nothing_in(tmp_path: Path) -> None:
    with told(tmp_path) as (place, listener, telegram, office):
        check_telegram(telegram)
        for letter in office.letters:
            check_letter(letter)
        for name in ("tgram", "wecom", "dingtalk", "feishu"):
            assert all(is_harmless(one.text) for one in listener[name].heard()), name
            said = "\n".join(one.text for one in listener[name].heard())
            assert all(plain(poison)[:20] in said for poison in POISONS), name
        check_webhook(place)


def check_telegram(telegram: FakeTelegram) -> None:
    """Its strict reading takes every message as it is written first, and finds no link and no mention in it."""
    said, asked = telegram.said(CHAT), telegram.asked("sendMessage")
    assert len(said) == len(asked)
    assert all(one["parse_mode"] == "HTML" for one in asked)
    assert {entity.type for sent in said for entity in sent.entities} <= {
        "bold",
        "code",
        "blockquote",
        "expandable_blockquote",
        "text_link",
    }
    assert leads_home([link for one in asked for link in re.findall(r'<a href="([^"]*)"', one["text"])])


def check_letter(letter: Any) -> None:
    html, text = (letter.get_body((kind,)).get_content() for kind in ("html", "plain"))
    page = Page(html)
    assert page.tags <= TAGS
    assert leads_home(page.links)
    assert is_harmless(text.replace("\r\n", "\n"))
    assert is_harmless(letter["Subject"])
    assert not letter["Bcc"]


def check_webhook(place: Place) -> None:
    """The words are harmless; the data are whole, as Ozon wrote them."""
    requests = [request.json for request in place.hook.requests]
    assert all(is_harmless(f"{one['title']}\n{one['message']}") for one in requests)
    assert {alert["shop"] for alert in place.alerts()} == {SHOP}


STEERS = "Nina\x1b[2J\u202e\x9b31m"
"""What somebody puts into the name of who took care of it."""
SAID: dict[str, tuple[tuple[str, ...], ...]] = {
    "ack": (("ack", NUMBERS[0], "--by", STEERS, "--note", STEERS),),
    "snooze": (("snooze", NUMBERS[1], "1h", "--by", STEERS),),
    "cause": (("cause", NUMBERS[2], "registration_declined"),),
    "late": (("late",), ("late", "--json")),
    "show": (("show", NUMBERS[0]), ("show", NUMBERS[4], "--message", "support"), ("show", NUMBERS[6], "--json")),
    "causes": (("causes", "--accuracy"),),
    "export": tuple(("export", "--what", what) for what in ("alerts", "postings", "history", "outbox")),
    "outbox": (("outbox",), ("outbox", "--json")),
    "outbox show": (("outbox", "show", "1"),),
    "outbox retry": (("outbox", "retry", "1"),),
    "check": (("check",),),
    "doctor": (("doctor",),),
    "test-alert": (("test-alert", "--channel", "packers"),),
    "poll": (("poll",),),
    "audit": (("audit",),),
    "backtest": (("backtest",), ("backtest", "--json")),
    "carriers": (("carriers",), ("carriers", "--csv"), ("carriers", "--json")),
    "dispute": (("dispute", NUMBERS[0]),),
    "report": (("report",), ("report", "--json"), ("report", "--html"), ("report", "--send")),
    "db check": (("db", "check"),),
    "db backup": (("db", "backup", "copy.db"),),
}
"""Every command that shows what others wrote -> how it is called."""
OWN_WORDS = {"board", "demo", "init", "sandbox", "run", "web", "password", "db upgrade", "db restore", "db prune"}
"""They show nothing of it; what the services log is looked at elsewhere."""


def test_every_command_is_known_to_show_what_others_wrote_or_not() -> None:
    entries = [entry for panel in COMMANDS.values() for entry in panel]
    names = {entry.name for entry in entries if entry.function}
    names |= {f"{entry.name} {one.name}" for entry in entries for one in entry.commands}
    assert SAID.keys() | OWN_WORDS == names


def check_terminal(place: Place) -> None:
    """No control character reaches a terminal or a pipe, JSON can be read, and no cell of a table is a formula."""
    for name, calls in SAID.items():
        for call in calls:
            ended = place.run(*call)
            assert ended.code in (0, 1, 75), (call, ended.err)
            assert not steering(ended.out.removeprefix("\ufeff") + ended.err), call
            if name == "export" or "--csv" in call:
                cells = [cell for row in csv.reader(io.StringIO(ended.out)) for cell in row]
                assert not [cell for cell in cells if cell.startswith(FORMULA)]
    shown = [place.on_terminal("late").out, place.on_terminal("show", NUMBERS[0]).out]
    assert all(NUMBERS[0] in one and not steering(one) for one in shown)
    assert not any(steering(place.on_terminal(*call).out) for call in (("carriers",), ("audit",), ("report",)))
    assert place.run("dispute", NUMBERS[5], "--out", "pack.zip").code == 0
    with ZipFile(place.folder / "pack.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert all(re.fullmatch(rf"dispute-{NUMBERS[5]}\.(html|json|csv)|SHA256SUMS", name) for name in texts)
    assert not steering("".join(texts.values()).replace("\ufeff", ""))
    (table,) = (text for name, text in texts.items() if name.endswith(".csv"))
    assert not [cell for row in csv.reader(io.StringIO(table)) for cell in row if cell.startswith(FORMULA)]
    assert len(place.run("late", "--json").json["alerts"]) == len(NUMBERS)


BOARD = ("/", "/needs", "/settings", "/carriers", "/reports", "/incidents", "/shops", "/channels")


def check_board(place: Place) -> None:
    """No page has a tag or an attribute that somebody else wrote, in any language."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient` is deprecated")
        from starlette.testclient import TestClient
    settings = load(place.config, environ=place.variables({}), check_url=lambda url: None)
    time = clock(Hands(START + timedelta(minutes=OVER)))
    with (
        closing(open_store(settings.store.url.get_secret_value())) as store,
        closing(App(settings, store, clock=time, stop=threading.Event())) as app,
        TestClient(create(app, WEB), base_url=ADDRESS) as client,
    ):
        enter(client, app)
        single = [f"/{kind}/{number}" for number in NUMBERS for kind in ("posting", "dispute")]
        for path in (*BOARD, *single):
            page = client.get(path, params={"lang": "en"})
            assert page.status_code == 200, path
            shown = re.sub(r' value="[^"]*"', "", page.text)  # what is chosen by is as it is, and is not shown
            assert not steering(shown), path
            assert not re.search(r'(href|src|action)="(//|[^"/#?])[^"]*evil', shown), path
            assert not re.search(r"<script>alert|<img src=x|<at user", shown), path
            unquoted = re.sub(r'="[^"]*"', "", shown)
            assert not re.search(r"<[^>]*\son\w+", unquoted), path
        assert "alert(1)" in client.get("/carriers").text


def steering(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c) in UNSEEN and c not in "\n\t\r"]
