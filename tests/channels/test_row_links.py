"""In a message about several postings each number of the list leads to the seller cabinet; actions are buttons."""

import re
from dataclasses import replace

from labelwatch.channels.base import OutgoingMessage, Target
from labelwatch.channels.chat_bots.feishu import _post
from labelwatch.channels.email.html import page
from labelwatch.channels.telegram.text import html, text
from labelwatch.delivery.action_links import Links, section
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, told
from tests.support.telegram_markup import read

KEY = "0123456789abcdef0123456789abcdef"
LINKS = Links("https://watch.example.org", "secret")
SEVERAL = [told(n=n) for n in (1, 2, 3)]
NUMBERS = [str(one.alert.diagnosis.posting_number) for one in SEVERAL]


def outgoing(number: int = 3) -> OutgoingMessage:
    many = SEVERAL[:number]
    targets = [
        Target(n, number, LINKS.links_of(KEY, now=NOW, alert=n)) for n, number in enumerate(NUMBERS[: len(many)], 1)
    ]
    message = render(many, destination(), now=NOW)
    end = section(LINKS.links_of(KEY, now=NOW), targets, "en")
    message = replace(message, sections=(*message.sections, end))
    return OutgoingMessage(message, [view(one.alert, language="en", now=NOW) for one in many], KEY)


def test_telegram_makes_the_numbers_of_a_list_links_and_the_text_stays_what_it_is() -> None:
    one = outgoing()
    reading = read(html(one.message, one.cabinet))
    assert reading.text == text(one.message)
    for number in NUMBERS:
        assert f'<a href="{one.cabinet[number]}">{number}</a>' in html(one.message, one.cabinet)


def test_a_message_about_one_posting_keeps_its_number_to_be_copied() -> None:
    assert outgoing(1).cabinet == {}


def test_in_mail_numbers_are_links_and_actions_are_buttons() -> None:
    one = outgoing()
    written = page(one.message, one.cabinet)
    for number in NUMBERS:
        assert f'href="{one.cabinet[number]}">' in written
    words = re.sub("<[^>]+>", "\n", written)
    assert "/a/" not in words
    buttons = re.findall(
        r'<a href="https://watch.example.org/a/(\w+)" style="display:inline-block[^"]*">([^<]+)</a>', written
    )
    assert [said for _, said in buttons] == ["I&#x27;ll take it", "Snooze 1 h"] * 3 + [
        "I&#x27;ll take all 3",
        "Snooze some…",
    ]
    assert len({link for link, _ in buttons}) == 8
    filled = re.findall(r'background:#1a73e8[^"]*">([^<]+)</a>', written)
    assert filled == ["I&#x27;ll take all 3"]


def test_in_feishu_numbers_and_actions_are_words_to_touch() -> None:
    one = outgoing()
    post = _post(one)["content"]
    assert isinstance(post, list)
    touched = [(part["text"], part["href"]) for paragraph in post for part in paragraph if part["tag"] == "a"]
    assert [(number, one.cabinet[number]) for number in NUMBERS] == touched[:3]
    assert [said for said, _ in touched[3:]] == ["I'll take it", "Snooze 1 h"] * 3 + [
        "I'll take all 3",
        "Snooze some…",
    ]
    shown = "".join(part["text"] for paragraph in post for part in paragraph)
    assert "/a/" not in shown
