"""A letter: one thread per alert, and no name from anywhere that writes a header, a tag or a link."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.channels.base import STAMPED, Attachment, Earlier, OutgoingMessage, stamp_of
from labelwatch.channels.email.envelope import Envelope, Mailbox, mail_messages, message_id
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.plain import plain
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, told

SENDER = Mailbox("watch@example.com")
ENVELOPE = Envelope(SENDER, Mailbox("packer@example.com"))
AT = datetime(2026, 11, 23, 14, 8, tzinfo=UTC)
KEYS = [f"{n:032x}" for n in range(1, 60)]
HOSTILE = (
    "<script>alert(1)</script>",
    "a\r\nBcc: everybody@example.com",
    "=?utf-8?q?a=0d=0aBcc:_everybody=40example.com?=",
    "</b></td></table><a href=http://example.com>",
    "https://example.com/pay",
    "\u202egnp.exe\u2066\u200b",
    "x" * 10_000,
    ".\r\n.\r\nQUIT\r\n",
)


def message(title: str = "⚠️ Pack it · 41517061-0214-1") -> Message:
    return Message(title, (Section(lines=("Not packed yet.",)),), Kind.WARNING)


def outgoing(title: str = "⚠️ Pack it · 41517061-0214-1", **fields: object) -> OutgoingMessage:
    return replace(OutgoingMessage(message(title), [], KEYS[0]), **fields)  # type: ignore[arg-type]


def read(outgoing: OutgoingMessage, envelope: Envelope = ENVELOPE) -> EmailMessage:
    rich, _ = mail_messages(outgoing, envelope, now=AT)
    return BytesParser(policy=default).parsebytes(rich)


def earlier(count: int, *, ref: str = "") -> tuple[Earlier, ...]:
    return tuple(Earlier(key, ref.format(key=key)) for key in KEYS[1 : count + 1])


def test_the_first_letter_of_an_alert_begins_a_thread() -> None:
    letter = read(outgoing())
    assert letter["Message-ID"] == f"<{KEYS[0]}@example.com>"
    assert letter["References"] is None
    assert letter["In-Reply-To"] is None


@pytest.mark.parametrize("ref", ["", "<{key}@example.com>", "not an identifier\r\nBcc: x@example.com"])
def test_a_later_letter_answers_the_last_one_and_knows_them_all(ref: str) -> None:
    letter = read(outgoing(earlier=earlier(3, ref=ref)))
    known = [message_id(key, SENDER) for key in KEYS[1:4]]
    assert letter["References"].split() == known
    assert letter["In-Reply-To"] == known[-1]


def test_a_letter_sent_again_does_not_answer_itself() -> None:
    assert read(outgoing(earlier=(Earlier(KEYS[0], ""),)))["References"] is None


def test_of_a_long_story_the_beginning_and_the_latest_are_known() -> None:
    references = read(outgoing(earlier=earlier(50)))["References"].split()
    assert len(references) == 20
    assert references[0] == message_id(KEYS[1], SENDER)
    assert references[-1] == message_id(KEYS[50], SENDER)


def test_an_identifier_fits_in_a_line_however_long_the_domain() -> None:
    sender = Mailbox(f"watch@{'x' * 60}.example.com")
    letter = read(outgoing(earlier=earlier(1)), replace(ENVELOPE, sender=sender))
    assert letter["Message-ID"] == message_id(KEYS[0], sender)
    assert letter["In-Reply-To"] == message_id(KEYS[1], sender)


def test_a_machine_that_answers_letters_leaves_this_one_alone() -> None:
    letter = read(outgoing())
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Auto-Response-Suppress"] == "All"


def test_a_file_goes_with_the_letter() -> None:
    label = Attachment("面单 41517061\r\n-0214-1.pdf", "application/pdf", b"%PDF-1.7 label")
    (file,) = read(outgoing(attachments=(label,))).iter_attachments()
    assert file.get_content_type() == "application/pdf"
    assert file.get_filename() == "面单_41517061_-0214-1.pdf"
    assert file.get_content() == label.content


def test_further_headers_replace_none_of_ours_and_add_no_reader() -> None:
    more = {
        "subject": "x",
        "Bcc": "a@example.com",
        "Content-Type": "x",
        "X-A": "=?utf-8?q?=0d=0aCc:_x?=",
        "b ad:": "x",
    }
    letter = read(outgoing(), replace(ENVELOPE, headers=more))
    assert letter["Subject"] == message().title
    assert letter["Bcc"] is None
    assert letter["Cc"] is None
    assert letter["X-A"].startswith("=?utf-8?q?")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_writes_a_header_a_line_or_a_tag(name: str) -> None:
    parties = Envelope(
        Mailbox("watch@example.com", name), Mailbox("packer@example.com", name), headers={"X-Name": name}
    )
    said = Message(name, (Section(plain(name), (plain(name),), ((plain(name), plain(name)),)),), Kind.FAILURE)
    letter = read(
        OutgoingMessage(said, [], KEYS[0], attachments=(Attachment(name, "application/pdf", b"x"),)), parties
    )
    assert letter.defects == []
    assert letter["Bcc"] is None
    assert letter["To"].addresses[0].addr_spec == "packer@example.com"
    assert letter["Subject"] == plain(name, 160)
    html = letter.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    assert "<a " not in html.get_content()


@given(st.text(min_size=1, max_size=400))
def test_the_subject_is_the_title_in_one_line(title: str) -> None:
    rich, text = mail_messages(outgoing(title), ENVELOPE, now=AT)
    for letter in (rich, text):
        head, _, _ = letter.partition(b"\r\n\r\n")
        assert max(map(len, head.split(b"\r\n"))) <= 76
        assert letter.isascii()
        assert letter.endswith(b"\r\n")
        assert BytesParser(policy=default).parsebytes(letter)["Subject"] == plain(title, 160)


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_a_bundle_is_read_as_it_was_written(language: str) -> None:
    bundle = render([told(n=n) for n in range(1, 31)], destination(language), now=NOW)
    letter = read(replace(outgoing(), message=bundle))
    text = letter.get_body(("plain",))
    assert text is not None
    assert letter["Subject"] == bundle.title
    assert text.get_content().replace("\r\n", "\n") == bundle.body + "\n"


def test_no_header_shows_the_key_that_the_buttons_of_a_message_carry() -> None:
    keys = [f"{STAMPED}{number:028x}" for number in range(3)]
    one = replace(outgoing(earlier=(Earlier(keys[1], ""), Earlier(keys[2], f"<{keys[2]}@example.com>"))), key=keys[0])
    first, again = read(one), read(one)
    assert first["Message-ID"] == again["Message-ID"] == message_id(keys[0], SENDER)
    assert first["Idempotency-Key"] == again["Idempotency-Key"] == stamp_of(keys[0])
    assert keys[0] not in str(first)
    assert keys[1] not in str(first)
    # A letter that an earlier version sent is answered by the name that it has.
    assert first["In-Reply-To"] == f"<{keys[2]}@example.com>"


def test_a_message_that_an_earlier_version_began_is_sent_again_under_the_same_name() -> None:
    assert stamp_of(KEYS[0]) == KEYS[0]
    assert len({stamp_of(f"{STAMPED}{number:028x}") for number in range(99)}) == 99
