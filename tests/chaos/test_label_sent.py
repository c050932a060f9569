"""The label itself goes with the news that it is there: in a letter and in a chat, and nowhere on the disk."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from labelwatch.sandbox import state
from labelwatch.sandbox.scenarios.stage import OZON
from tests.chaos.births import serving
from tests.chaos.ears import CHAT, chat, configure, mailbox
from tests.cli.conftest import LATE, one_late
from tests.support.fake_telegram import FakeTelegram, Sent
from tests.support.place import Place, place_for
from tests.support.smtp_server import PostOffice

pytestmark = pytest.mark.lengthy

ATTACHED = "attach_label = true"
ALERTS = 'group_wait = "0s"\ngroup_interval = "0s"'


@pytest.mark.timeout(200)
def test_the_label_is_sent_along_and_never_written_to_disk(tmp_path: Path) -> None:
    with place_for(one_late(), tmp_path) as place, FakeTelegram() as telegram, PostOffice() as office:
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        place.environ["TMPDIR"] = str(temporary)
        listener = [chat("crew", telegram), mailbox("mail", office)]
        configure(place, listener, alerts=ALERTS, of={ear.name: ATTACHED for ear in listener})
        with serving(place) as service:
            service.until(lambda: all(LATE in ear.numbers for ear in listener) and LATE in place.told("first"))
            place.sandbox.world.change(LATE, state(OZON.flow, "awaiting_deliver", label=True))
            service.until(lambda: bool(documents(telegram)) and bool(labels(office)), seconds=90)
            assert not on_disk(place)
        assert not on_disk(place)
    is_sent_as_it_is(telegram, office)


def is_sent_as_it_is(telegram: FakeTelegram, office: PostOffice) -> None:
    """Once over each channel, below or with the news; and what is sent is the label of this very posting."""
    (document,), (label,) = documents(telegram), labels(office)
    assert document.document == (f"{LATE}.pdf", label)
    assert label.startswith(b"%PDF")
    assert f"({LATE}) Tj".encode() in label
    messages = {sent.id: sent for sent in telegram.said(CHAT)}
    assert document.answers is not None
    assert messages[document.answers].text.startswith("✅ Label is there")


def documents(telegram: FakeTelegram) -> list[Sent]:
    return [sent for sent in telegram.said(CHAT) if sent.document]


def labels(office: PostOffice) -> list[bytes]:
    return [content for letter in list(office.letters) for content in _attached(letter)]


def _attached(letter: EmailMessage) -> Iterator[bytes]:
    for part in letter.iter_attachments():
        assert (part.get_content_type(), part.get_filename()) == ("application/pdf", f"{LATE}.pdf")
        yield part.get_content()


def on_disk(place: Place) -> list[Path]:
    """The files of the service, its temporary ones too, that hold a PDF or the drawing of one."""
    files = [file for file in place.folder.rglob("*") if file.is_file()]
    assert place.folder / "labelwatch.db" in files
    return [file for file in files if any(mark in file.read_bytes() for mark in (b"%PDF", b"JVBERi", b" Tj ET"))]
