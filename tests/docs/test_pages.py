"""The READMEs lead to what is there, and describe the JSON that is really printed."""

import re
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from labelwatch.cli.board import as_document
from labelwatch.core.model import AlertState, Reason
from labelwatch.notify.example import example
from labelwatch.notify.letters import Kind, Letter
from labelwatch.notify.view import view
from labelwatch.seen import ChannelTrouble, Overview, ShopView
from tests.docs.pages import PAGES, ROOT, anchors, links, sections
from tests.notify import build

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_or_a_heading_leads_somewhere(page: str) -> None:
    inside = [link for link in links(PAGES[page]) if "://" not in link]
    assert inside
    for link in inside:
        file, _, heading = link.partition("#")
        assert (ROOT / (file or page)).exists(), link
        if heading:
            assert heading in anchors(PAGES[file or page]), link


def test_the_json_section_names_every_field_of_an_alert() -> None:
    said = dict(sections(PAGES["README.md"]))["JSON"]
    alert = view(example("packers", shop="main", now=NOW).alert, language="en", now=NOW, reason=Reason.FIRST)
    assert [field for field in alert if f"`{field}`" not in said] == []


def test_the_json_section_names_every_field_of_what_late_prints() -> None:
    said = dict(sections(PAGES["README.md"]))["JSON"]
    shop, trouble = ShopView("main", "fresh", NOW, 3, None, None), ChannelTrouble("packers", NOW, "HTTP 403")
    printed = as_document(Overview(NOW, (shop,), (), troubles=(trouble,)), language="en", timezone="UTC")
    named = [*printed, *printed["shops"][0], *printed["channels"][0]]
    assert [field for field in named if f"`{field}`" not in said] == []


def test_the_json_section_names_what_an_incident_and_a_letter_have() -> None:
    said = dict(sections(PAGES["README.md"]))["JSON"]
    wanted = {*view(build.incident().alert, language="en", now=NOW), *(field.name for field in fields(Letter)), *Kind}
    wanted |= {"incidents", "messages", "translation"}
    assert [word for word in sorted(wanted) if f"`{word}`" not in said] == []


def test_the_json_section_names_every_state_and_reason() -> None:
    said = dict(sections(PAGES["README.md"]))["JSON"]
    assert [word for word in (*AlertState, *Reason) if not re.search(rf"\b{word}\b", said)] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_place_on_the_writers_machine(page: str) -> None:
    assert not re.search(r"/(?:home|root|work|tmp)/", PAGES[page])
