"""E-mail: what the server said is the receipt, no password in the clear, one Message-ID for one message."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import pytest
from apprise.plugins.email import NotifyEmail

from labelwatch.channels import check_url
from labelwatch.channels.apprise_services import plugin
from labelwatch.channels.base import (
    Ambiguous,
    Attachment,
    BadMessage,
    Delivered,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
)
from labelwatch.channels.email import Mail, open_mail
from labelwatch.channels.email.smtp import GREYLISTED, TOO_MANY, Stage, Tls, judged
from labelwatch.channels.http import HttpOptions
from labelwatch.core.text import Text
from labelwatch.messages.message import Kind, Message, Section
from tests.support.http_server import closed_port
from tests.support.reasons import because, english, worded
from tests.support.smtp_server import HANG_UP, PostOffice, breaking_off, trusting

KEY = "0123456789abcdef0123456789abcdef"
ID = f"<{KEY}@example.com>"
PASSWORD = "canary-password-4711"
MESSAGE = Message("‼️ 先备货 · 41517061-0214-1", (Section(lines=("Not packed yet.", ".", "Due 16:00")),), Kind.FAILURE)
PARCEL = OutgoingMessage(MESSAGE, [], KEY)
PDF = Attachment("41517061-0214-1.pdf", "application/pdf", b"%PDF-1.7 label")


def service_of(url: str) -> NotifyEmail:
    service = plugin(url)
    assert isinstance(service, NotifyEmail)
    return service


def mail(url: str, *, deadline: float = 5) -> Mail:
    """The channel of a URL; it trusts the certificate of the tests' servers unless the URL says verify=no."""
    service = service_of(url)
    opened = open_mail(service, HttpOptions(timedelta(seconds=deadline), verify=service.verify_certificate))
    if opened.server.tls is Tls.OFFERED or not service.verify_certificate:
        return opened
    return replace(opened, server=replace(opened.server, context=trusting))


def clear(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=watch@example.com&to=packer@example.com"


def secret(port: int, *, mode: str = "", host: str = "localhost", more: str = "") -> str:
    return f"mailto://watch:{PASSWORD}@{host}:{port}?from=watch@example.com&to=p@example.com{more}" + (
        f"&mode={mode}" if mode else ""
    )


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").strip()


def error_of(result: Result) -> str:
    assert not isinstance(result, Delivered)
    return english(result.error)


def test_a_letter_is_delivered_when_the_server_says_so_in_its_own_words() -> None:
    with PostOffice() as office:
        result = mail(clear(office.port)).send(PARCEL)
    assert result == Delivered("250 2.0.0 OK queued as ABC123", verified=True, ref=ID)
    (letter,) = office.letters
    assert letter["Subject"] == MESSAGE.title
    assert letter["From"] == "watch@example.com"
    assert letter["To"] == "packer@example.com"
    assert text_of(letter) == MESSAGE.body
    assert "<h1" in text_of(letter, "html")


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("MAIL", "421 4.3.2 shutting down", Retry),
        ("MAIL", "550 5.7.1 not from you", Permanent),
        ("RCPT", "451 4.7.1 greylisted", RateLimited),
        ("RCPT", "452 4.2.2 mailbox is full", Retry),
        ("RCPT", "550 5.1.1 no such user", Permanent),
        ("DATA", "451 4.3.0 later", RateLimited),
        ("DATA", "452 4.3.1 no room", Retry),
        ("DATA", "550 5.7.26 unauthenticated", Permanent),
        ("DATA", "552 5.3.4 too big", BadMessage),
        ("DATA", "554 5.6.0 spam", BadMessage),
        ("DATA", "550 5.4.5 Daily user sending limit exceeded", RateLimited),
        ("DATA", "HTTP Bad Request", Ambiguous),
        ("DATA", HANG_UP, Ambiguous),
    ],
)
def test_a_refusal_means_what_its_code_and_its_place_say(command: str, reply: str, expected: type[Result]) -> None:
    with PostOffice({command: [reply]}) as office:
        result = mail(clear(office.port)).send(PARCEL)
    assert isinstance(result, expected)
    assert reply == HANG_UP or reply[4:] in error_of(result)
    assert office.letters == []


@pytest.mark.parametrize(
    ("stage", "code", "said", "expected"),
    [
        (Stage.GREETING, 220, "hello", None),
        (Stage.DATA, 354, "go on", None),
        (Stage.GREETING, 554, "no", Permanent(Text(Stage.GREETING, {"raw": "554 no"}))),
        (Stage.GREETING, -1, "P/1.1 400", Retry(because("no answer of a mail server: P/1.1 400"))),
        (Stage.LOGIN, 454, "later", Retry(because("to be tried later: 454 later"))),
        (Stage.LOGIN, 535, "", Permanent(Text(Stage.LOGIN, {"raw": "535"}))),
        (Stage.RECIPIENT, 450, "wait", RateLimited(because("to be tried later: 450 wait"), GREYLISTED)),
        (
            Stage.SENDER,
            550,
            "Ip frequency limited",
            RateLimited(Text(Stage.SENDER, {"raw": "550 Ip frequency limited"}), TOO_MANY),
        ),
        (Stage.CONTENT, 250, "2.0.0 taken", Delivered("250 2.0.0 taken", verified=True)),
        (Stage.CONTENT, 354, "what", Ambiguous(because("no answer of a mail server: 354 what"))),
    ],
)
def test_an_answer_is_judged_by_where_it_came(stage: Stage, code: int, said: str, expected: Result | None) -> None:
    result = judged(stage, code, said)
    assert result == expected or (result and worded(result)) == expected


@pytest.mark.fault("D7")
def test_a_greylisted_letter_goes_out_ten_minutes_later_and_arrives_once() -> None:
    with PostOffice({"RCPT": ["451 4.7.1 greylisted, come again", ""]}) as office:
        channel = mail(clear(office.port))
        first, second = channel.send(PARCEL), channel.send(PARCEL)
    assert isinstance(first, RateLimited)
    assert first.after >= timedelta(minutes=10)
    assert isinstance(second, Delivered)
    assert len(office.letters) == 1


@pytest.mark.fault("D9")
def test_a_letter_sent_again_after_a_lost_answer_is_recognisable() -> None:
    with PostOffice({"DATA": [HANG_UP, ""]}) as office:
        channel = mail(clear(office.port))
        assert isinstance(channel.send(PARCEL), Ambiguous)
        assert isinstance(channel.send(PARCEL), Delivered)
    assert len(office.offered) == 2
    for content in office.offered:
        assert f"Message-ID: {ID}".encode() in content
        assert f"Idempotency-Key: {KEY}".encode() in content


HELLO = ("220 hello", "250 hello", "250 sender", "250 recipient")


@pytest.mark.parametrize("said", [HELLO[:n] for n in range(len(HELLO) + 1)], ids=len)
def test_a_connection_lost_before_the_letter_is_tried_again(said: Sequence[str]) -> None:
    with breaking_off(*said) as port:
        assert isinstance(mail(clear(port)).send(PARCEL), Retry)


def test_a_connection_lost_in_the_middle_of_a_letter_is_tried_again() -> None:
    huge = replace(PDF, content=bytes(9_000_000))
    with breaking_off(*HELLO, "354 go on") as port:
        assert isinstance(mail(clear(port)).send(replace(PARCEL, attachments=(huge,))), Retry)


def test_nobody_listening_is_tried_again() -> None:
    result = mail(clear(closed_port())).send(PARCEL)
    assert isinstance(result, Retry)
    assert "cannot connect to 127.0.0.1" in english(result.error)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), Retry(because("no answer within 0.4 s"))),
        ((*HELLO, "354 go on"), Ambiguous(because("no answer within 0.4 s"))),
    ],
    ids=["at first", "at last"],
)
def test_a_server_that_drips_is_left_at_the_deadline(said: Sequence[str], expected: Result) -> None:
    with breaking_off(*said, drips="2" * 200) as port:
        began, before = time.monotonic(), set(threading.enumerate())
        assert worded(mail(clear(port), deadline=0.4).send(PARCEL)) == expected
        assert time.monotonic() - began < 2
        for left in set(threading.enumerate()) - before:
            if left.name == "send":
                left.join(1)  # long before the server is done: it was hung up on
                assert not left.is_alive()


def test_a_password_is_told_under_tls_only() -> None:
    with PostOffice(starttls=True, password=PASSWORD) as office:
        result = mail(secret(office.port)).send(PARCEL)
    assert isinstance(result, Delivered)
    assert office.heard == ["STARTTLS", "secret", "MAIL", "RCPT", "DATA"]


def test_tls_from_the_first_byte_is_had_with_mode_ssl() -> None:
    with PostOffice(tls_at_once=True, password=PASSWORD) as office:
        assert isinstance(mail(secret(office.port, mode="ssl")).send(PARCEL), Delivered)
    assert "secret" in office.heard


@pytest.mark.fault("D10")
@pytest.mark.parametrize("mode", ["", "starttls", "insecure"])
def test_nothing_is_told_to_a_server_whose_offer_of_tls_was_taken_away(mode: str) -> None:
    with PostOffice(password=PASSWORD) as office:
        result = mail(secret(office.port, mode=mode)).send(PARCEL)
    assert worded(result) == Permanent(because("the mail server offers no encryption (STARTTLS): nothing was sent"))
    assert office.heard == []


def test_no_tls_where_it_must_be_at_once_is_told_with_the_option_to_look_at() -> None:
    with PostOffice(password=PASSWORD) as office:
        result = mail(secret(office.port, mode="ssl")).send(PARCEL)
    assert isinstance(result, Permanent)
    assert "mode=" in english(result.error)
    assert office.heard == []


@pytest.mark.fault("D10")
@pytest.mark.parametrize(("mode", "at_once"), [("starttls", False), ("ssl", True)])
@pytest.mark.parametrize("wrong", ["for another name", "of somebody unknown"])
def test_nothing_is_told_to_a_server_whose_certificate_is_wrong(mode: str, at_once: bool, wrong: str) -> None:
    with PostOffice(starttls=not at_once, tls_at_once=at_once, password=PASSWORD) as office:
        if wrong == "for another name":
            channel = mail(secret(office.port, mode=mode, host="127.0.0.1"))
        else:
            channel = open_mail(service_of(secret(office.port, mode=mode)), HttpOptions(timedelta(seconds=5)))
        result = channel.send(PARCEL)
    assert isinstance(result, Permanent)
    assert "the certificate of" in english(result.error)
    assert not {"secret", "clear secret", "MAIL"} & set(office.heard)


def test_verify_no_takes_any_certificate() -> None:
    with PostOffice(starttls=True, password=PASSWORD) as office:
        assert isinstance(mail(secret(office.port, host="127.0.0.1", more="&verify=no")).send(PARCEL), Delivered)


def test_without_a_password_tls_is_welcome_from_anybody() -> None:
    with PostOffice(starttls=True) as office:
        assert isinstance(mail(clear(office.port)).send(PARCEL), Delivered)
    assert office.heard[0] == "STARTTLS"


def test_a_wrong_password_is_a_matter_for_people_and_is_not_told_on() -> None:
    with PostOffice(starttls=True, password="another") as office:
        channel = mail(secret(office.port))
        result = channel.send(PARCEL)
    assert isinstance(result, Permanent)
    assert "login is refused" in english(result.error)
    assert PASSWORD not in repr(channel) + repr(result)


@pytest.mark.parametrize("password", [PASSWORD, "c@nary <4711>"])
def test_a_server_that_repeats_the_password_does_not_get_it_shown(password: str) -> None:
    with PostOffice({"RCPT": [f"550 who is {password}"]}, starttls=True, password=password) as office:
        result = mail(secret(office.port).replace(PASSWORD, quote(password, safe=""))).send(PARCEL)
    assert error_of(result) == "the recipient is refused: 550 who is ***"


def test_a_server_that_wants_no_password_is_told_about() -> None:
    with PostOffice(starttls=True) as office:
        result = mail(secret(office.port)).send(PARCEL)
    assert isinstance(result, Permanent)
    assert "takes no password" in english(result.error)


def test_a_password_beyond_ascii_is_a_matter_for_people() -> None:
    with PostOffice(starttls=True, password=PASSWORD) as office:
        result = mail(secret(office.port).replace(PASSWORD, "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C")).send(PARCEL)
    assert worded(result) == Permanent(because("user and password of the mail server must be ASCII"))


@pytest.mark.parametrize("code", [552, 554])
def test_what_is_taken_in_no_other_form_goes_as_text_alone(code: int) -> None:
    with PostOffice({"DATA": [f"{code} not this", ""]}) as office:
        result = mail(clear(office.port)).send(replace(PARCEL, attachments=(PDF,)))
    assert isinstance(result, Delivered)
    (letter,) = office.letters
    assert letter.get_content_type() == "text/plain"
    assert letter["Message-ID"] == ID


def test_the_day_of_a_letter_is_the_one_it_was_sent() -> None:
    with PostOffice() as office:
        replace(mail(clear(office.port)), now=lambda: datetime(2026, 11, 23, 14, 8, tzinfo=UTC)).send(PARCEL)
    assert office.letters[0]["Date"] == "Mon, 23 Nov 2026 14:08:00 +0000"


@pytest.mark.fault("D8")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mailto://u:p@example.com?to=a@example.com&cc=b@example.com", "[[channel]]"),
        ("mailto://u:p@example.com?to=a@example.com&bcc=b@example.com", "[[channel]]"),
        ("mailto://u:p@example.com?to=nobody", "no address"),
        ("mailto://u:p@example.com?to=a@example.com&pgp=sign", "PGP"),
        ("mailto://u:p@example.com?name=x&from=тест@example.com", "not understood"),
    ],
)
def test_a_url_that_will_not_do_is_refused_in_words(url: str, said: str) -> None:
    wrong = check_url(url) or ""
    assert wrong.startswith("mailto:// ")
    assert said in wrong


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user"),
    [
        ("mailto://u:p@gmail.com", "smtp.gmail.com", 587, Tls.REQUIRED, "u@gmail.com"),
        ("mailtos://u:p@qq.com", "smtp.qq.com", 587, Tls.REQUIRED, "u@qq.com"),
        ("mailto://u:p@163.com", "smtp.163.com", 465, Tls.AT_ONCE, "u@163.com"),
        ("mailto://u:p@126.com", "smtp.126.com", 465, Tls.AT_ONCE, "u@126.com"),
        ("mailto://u:p@yandex.ru", "smtp.yandex.ru", 465, Tls.AT_ONCE, "u"),
        ("mailto://u:p@mail.ru", "smtp.mail.ru", 465, Tls.AT_ONCE, "u@mail.ru"),
        ("mailtos://u:p@bk.ru?to=a@b.com", "smtp.mail.ru", 465, Tls.AT_ONCE, "u@bk.ru"),
        ("mailtos://u:p@mail.ru?smtp=127.0.0.1", "127.0.0.1", 587, Tls.REQUIRED, "u"),
        ("mailtos://u:p@example.com", "example.com", 587, Tls.REQUIRED, "u"),
        ("mailtos://u:p@example.com:465", "example.com", 465, Tls.AT_ONCE, "u"),
        (
            "mailtos://_?user=a@b.com&pass=p&smtp=s.b.com&mode=ssl&from=x@b.com",
            "s.b.com",
            465,
            Tls.AT_ONCE,
            "a@b.com",
        ),
        ("mailtos://relay.lan?from=a@b.com&to=c@b.com", "relay.lan", 587, Tls.REQUIRED, ""),
        ("mailto://u:p@example.com:25", "example.com", 25, Tls.REQUIRED, "u"),
        ("mailto://localhost?from=a@b.com&to=c@b.com", "localhost", 25, Tls.OFFERED, ""),
    ],
)
def test_the_server_is_the_one_that_the_address_belongs_to(
    url: str, host: str, port: int, tls: Tls, user: str
) -> None:
    server = mail(url).server
    assert (server.host, server.port, server.tls, server.user) == (host, port, tls, user)


def test_names_in_a_url_stand_in_the_letter() -> None:
    with PostOffice() as office:
        url = clear(office.port) + "&name=%D0%A1%D0%BA%D0%BB%D0%B0%D0%B4&reply=boss@example.com&+X-Team=night"
        mail(url).send(PARCEL)
    (letter,) = office.letters
    addresses: Any = letter["From"].addresses
    assert (addresses[0].display_name, addresses[0].addr_spec) == ("Склад", "watch@example.com")
    assert letter["Reply-To"] == "boss@example.com"
    assert letter["X-Team"] == "night"
