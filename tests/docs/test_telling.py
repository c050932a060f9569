"""What the guides say of channels, of telling and of the outbox is what the code does."""

import re
from datetime import timedelta

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.apprise_services import Service
from labelwatch.channels.chat_bots import wecom
from labelwatch.channels.options import BASED, PROXIED
from labelwatch.cli.posting_document import notification
from labelwatch.core.lateness import EARLY_WARNING
from labelwatch.core.routing import WORTH_TELLING_FOR
from labelwatch.core.system_problems import DEAD
from labelwatch.delivery.channel_problems import TROUBLE_AFTER
from labelwatch.delivery.compose import MOST_LABELS
from labelwatch.delivery.context import LONGEST_PAUSE, LONGEST_WISH
from labelwatch.delivery.heartbeat import FAIL, START
from labelwatch.delivery.notifier import SIGNAL_EVERY
from labelwatch.delivery.settle import REFUSED_AFTER
from labelwatch.messages.alert_json import view
from labelwatch.messages.bundle import MAX_ITEMS
from labelwatch.messages.catalog import catalog
from labelwatch.messages.interactions import SNOOZE
from labelwatch.store import Attempt, OutboxRow, OutboxState
from tests.docs.generate import tables_of_keys
from tests.docs.pages import BOOKS, PAGES, READMES, guide, rows, sections
from tests.support import alert_builders
from tests.support.reasons import because

JSON = PAGES["labelwatch/cli/README.md"].partition("\n## JSON\n")[2]
CHANNELS = {"en": "Where messages go", "zh": "消息发到哪里", "ru": "Куда слать сообщения"}
# A line ends where words do, in Chinese in the middle of a sentence.
GAPS = {"en": " ", "zh": "", "ru": " "}

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# (what the code does, what it is said to do, in which words of English, Chinese and Russian)
SAID = [
    (EARLY_WARNING, HOUR, ("told an hour before it begins", "开始前一小时就说", "за час до его начала")),
    (SNOOZE, HOUR, ("`snooze` for an hour", "`snooze` 一小时", "`snooze` на час")),
    (TROUBLE_AFTER, 15 * MINUTE, ("told so after 15 minutes", "15 分钟还不行才说", "слишком часто): через 15 минут")),
    (LONGEST_PAUSE, 5 * MINUTE, ("every five minutes or sooner", "最多隔五分钟试一次", "не реже раза в пять минут")),
    (LONGEST_WISH, HOUR, ("up to an hour", "最多一小时", "все каналы того же бота, до часа")),
    (WORTH_TELLING_FOR, timedelta(days=2), ("for two days", "试两天", "пробуют отправить два дня")),
    (
        SIGNAL_EVERY,
        5 * MINUTE,
        ("critical every five minutes", "每五分钟写一行 CRITICAL", "каждые пять минут пишет об этом"),
    ),
    (REFUSED_AFTER, 3, ("tried three times", "那一单试三次", "его пробуют три раза")),
    (MAX_ITEMS, 20, ("at most twenty are listed", "最多列二十单", "не больше двадцати")),
    (MOST_LABELS, 3, ("up to three postings a message", "一条最多三张", "до трёх в одном")),
    (wecom.MOST, 2048, ("takes 2 kB a message", "只能发 2 kB", "помещается 2 кБ")),
]


@pytest.mark.parametrize(("does", "means", "words_for_it"), SAID)
def test_every_limit_is_told_in_every_language_as_it_is(
    does: object, means: object, words_for_it: tuple[str, ...]
) -> None:
    assert does == means
    texts = (GAPS[one].join(line.strip() for line in BOOKS[one].splitlines()) for one in GAPS)
    assert [said for said, text in zip(words_for_it, texts, strict=True) if said not in text] == []


@pytest.mark.parametrize("language", READMES)
def test_every_service_that_is_said_to_give_a_receipt_has_an_adapter_of_its_own(language: str) -> None:
    listed = [cell for _, cell in rows(dict(sections(PAGES[guide(language, "channels")]))[CHANNELS[language]])]
    urls = [url for url in re.findall(r"`(\w+://[^`]+)`", " ".join(listed)) if not url.endswith("://")]
    telegram = [url.replace("BOT_TOKEN/CHAT_ID", "123456789:AAE0-dummy-Token/-1001") for url in urls]
    filled_in = [re.sub("CHAT_ID|PEER_ID", "123", url) for url in telegram]
    assert {url.partition("://")[0] for url in urls} >= BASED | {"mailtos", "jsons"}
    opened = [open_channel(url) for url in filled_in]
    assert [one for one in opened if isinstance(one, Service) and not one.has_receipt] == []


def test_the_tables_say_which_services_can_be_reached_another_way() -> None:
    meaning = {cells[0]: cells[-1] for cells in tables_of_keys(PAGES[guide("en", "configuration")])["channel"]}
    services = "|".join(BASED | PROXIED)
    assert set(re.findall(rf"\b({services})\b", meaning["`api_base`"])) == BASED
    assert set(re.findall(r"jsons?\b", meaning["`proxy`"])) == {"json", "jsons"}


@pytest.mark.parametrize("language", READMES)
def test_the_buttons_are_called_as_they_are_in_the_messages(language: str) -> None:
    labels = catalog(language).button
    told = [cells[0] for cells in rows(PAGES[guide(language, "channels")]) if cells[0] in labels.values()]
    assert told == [labels[verb] for verb in ("ack", "snooze", "check", "details")]


@pytest.mark.parametrize("language", READMES)
def test_the_signals_of_the_heartbeat_are_named(language: str) -> None:
    assert [signal for signal in (START, FAIL) if f"`{signal}`" not in BOOKS[language]] == []


def test_the_json_section_names_every_field_of_a_message_and_of_its_trail() -> None:
    one = Attempt("packers", alert_builders.NOW, "0" * 32, "delivered", because("HTTP 200"))
    row = OutboxRow(
        id=1,
        notification=alert_builders.told(),
        state=OutboxState.SENT,
        created_at=alert_builders.NOW,
        attempts=1,
        lease_until=None,
        message_key="0" * 32,
        possible_duplicate=False,
        sent_at=alert_builders.NOW,
        receipt="HTTP 200",
        error=None,
    )
    document = notification(row, [one])
    assert [field for field in (*document, *document["trail"][0]) if f"`{field}`" not in JSON] == []
    assert [state for state in OutboxState if not re.search(rf"\b{state}\b", JSON)] == []


def test_the_json_section_says_how_a_channel_that_does_not_work_is_told() -> None:
    told = view(alert_builders.told(DEAD).alert, language="en", now=alert_builders.NOW)
    assert [word for word in (told["cause"], told["incident"], *told["evidence"]) if word in JSON] == [
        DEAD,
        "channel:packers",
        "answer",
    ]
