"""The pages lead to what is there, and describe the JSON that is really printed."""

import re
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from labelwatch.cli.late import document
from labelwatch.cli.words import words
from labelwatch.core.alert import AlertState, Reason
from labelwatch.delivery.test_alert import example
from labelwatch.messages.alert_json import view
from labelwatch.messages.letters import Kind, Letter
from labelwatch.queries import ChannelTrouble, Overview, ShopHealth
from tests.docs.pages import GUIDES, PAGES, READMES, ROOT, anchors, counterparts, guide, links, prose
from tests.support import alert_builders

JSON = PAGES["labelwatch/cli/README.md"].partition("\n## JSON\n")[2]
DEPLOYED = [file for file in (ROOT / "deploy").iterdir() if file.is_file() and file.suffix != ".md"]
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_or_a_heading_leads_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    for link in (link for link in links(PAGES[page]) if "://" not in link):
        file, _, heading = link.partition("#")
        led = (here / file).resolve() if file else ROOT / page
        assert led.exists(), link
        assert led.is_relative_to(ROOT), link
        if heading:
            assert heading in anchors(PAGES[led.relative_to(ROOT).as_posix()]), link


def test_every_page_can_be_reached_from_the_readme_by_links() -> None:
    reached, ahead = set[str](), ["README.md"]
    while ahead:
        if (page := ahead.pop()) not in reached:
            reached.add(page)
            files = (link.partition("#")[0] for link in links(PAGES[page]) if "://" not in link)
            led = {((ROOT / page).parent / file).resolve().relative_to(ROOT).as_posix() for file in files if file}
            ahead += led & set(PAGES)
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("language", READMES)
def test_a_readme_is_short_and_leads_to_every_guide_of_its_language(language: str) -> None:
    text = PAGES[READMES[language]]
    assert len(text.splitlines()) <= 200
    assert [name for name in GUIDES if f"(deploy/guide/{language}/{name}.md)" not in text] == []


@pytest.mark.parametrize("language", READMES)
def test_every_picture_is_small_and_says_what_it_shows(language: str) -> None:
    folder = ROOT / "deploy" / "guide" / language
    pictures = re.findall(r"!\[([^\]]+)\]\((\S+)\)", prose(PAGES[READMES[language]]))
    assert [path.rpartition("/")[2] for _, path in pictures] == ["message.webp", "board.webp"]
    assert {file.name for file in folder.glob("*.webp")} == {"message.webp", "board.webp"}
    assert [file for file in folder.glob("*.webp") if not 2_000 < file.stat().st_size < 60_000] == []


def test_every_language_has_the_same_guides() -> None:
    assert [page for one in READMES for page in counterparts(one).values() if page not in PAGES] == []


def test_the_json_section_names_every_field_of_an_alert() -> None:
    alert = view(example("packers", shop="main", now=NOW).alert, language="en", now=NOW, reason=Reason.FIRST)
    assert [field for field in alert if f"`{field}`" not in JSON] == []


def test_the_json_section_names_every_field_of_what_late_prints() -> None:
    shop, trouble = ShopHealth("main", "fresh", NOW, 3, None, None), ChannelTrouble("packers", NOW, "HTTP 403")
    printed = document(Overview(NOW, (shop,), (), troubles=(trouble,)), language="en", timezone="UTC")
    named = [*printed, *printed["shops"][0], *printed["channels"][0]]
    assert [field for field in named if f"`{field}`" not in JSON] == []


def test_the_json_section_names_what_an_incident_and_a_letter_have() -> None:
    wanted = {
        *view(alert_builders.incident().alert, language="en", now=NOW),
        *(field.name for field in fields(Letter)),
        *Kind,
    }
    wanted |= {"incidents", "messages", "translation"}
    assert [word for word in sorted(wanted) if f"`{word}`" not in JSON] == []


def test_the_json_section_names_every_state_and_reason() -> None:
    assert [word for word in (*AlertState, *Reason) if not re.search(rf"\b{word}\b", JSON)] == []


@pytest.mark.parametrize("language", READMES)
def test_what_doctor_says_of_a_missing_service_is_shown_as_it_is(language: str) -> None:
    found = words(language).doctor.found["service_none"]
    lines = PAGES[guide(language, "troubleshooting")].splitlines()
    assert [
        text for text in (found.seen, found.means, found.todo) if not any(line.endswith(text) for line in lines)
    ] == []


def test_every_file_of_deploy_that_a_message_or_a_unit_names_is_there() -> None:
    texts = [*(ROOT / "labelwatch").rglob("*.toml"), *(ROOT / "labelwatch").rglob("*.py"), *DEPLOYED]
    named = {name for file in texts for name in re.findall(r"\bdeploy/[\w/.-]*\w", file.read_text(encoding="utf-8"))}
    assert {guide(language, "install") for language in READMES} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_place_on_the_writers_machine(page: str) -> None:
    assert not re.search(r"/(?:home|root|work|tmp)/", PAGES[page])
