"""`dispute`: one document or a ZIP about one posting, never over another file."""

import json
import stat
from zipfile import ZipFile

from tests.cli.conftest import FINE, LATE
from tests.support.place import Place


def test_it_is_one_document_or_a_zip_and_the_same_each_time(place: Place) -> None:
    place.run("poll")
    page = place.run("dispute", LATE, "--language", "en")
    assert page.code == 0
    assert f"Ozon posting {LATE}" in page.out
    assert place.run("dispute", LATE, "--language", "en").out == page.out
    for name in ("one.zip", "other.zip"):
        assert place.run("dispute", LATE, "--out", name).code == 0
    first, second = (place.folder / name for name in ("one.zip", "other.zip"))
    assert first.read_bytes() == second.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    with ZipFile(first) as archive:
        document = json.loads(archive.read(f"dispute-{LATE}.json"))
    shown = place.run("show", LATE, "--json").json
    assert [one["status"] for one in document["timeline"]] == [one["status"] for one in shown["history"]]
    assert [one["channel"] for one in document["told"]] == ["packers"]
    assert document["client_id"]


def test_nothing_is_written_over_and_a_name_is_chosen_at_a_terminal(place: Place) -> None:
    place.run("poll")
    shown = place.on_terminal("dispute", FINE)
    assert f"written: dispute-{FINE}.html" in shown.out
    kept = (place.folder / f"dispute-{FINE}.html").read_bytes()
    again = place.run("dispute", FINE, "--out", f"dispute-{FINE}.html")
    assert again.code == 1
    assert "File exists" in again.err
    assert (place.folder / f"dispute-{FINE}.html").read_bytes() == kept


def test_a_posting_that_was_never_seen_is_said_to_be_so(place: Place) -> None:
    place.run("poll")
    refused = place.run("dispute", "41-1")
    assert (refused.code, refused.out) == (1, "")
    assert "41-1" in refused.err
