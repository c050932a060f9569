"""What the shell offers while somebody types, and that it never says a word of its own."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import FINE, LATE
from tests.support.place import Place


def offered(place: Place, *words: str, **environ: str) -> set[str]:
    """What bash would offer for the last of the words."""
    line = " ".join(("labelwatch", *words))
    order = {"_LABELWATCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = place.run(**order | environ)
    assert done.err == ""
    return set(done.out.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("doc",), {"doctor"}),
        (("export", "--what", "h"), {"history"}),
        (("poll", "--shop", ""), {"star", "home"}),
        (("show", LATE, "--shop", "s"), {"star"}),
        (("test-alert", "--channel", ""), {"packers"}),
        (("outbox", "retry", "--channel", "p"), {"packers"}),
        (("cause", LATE, "registration_d"), {"registration_declined"}),
    ],
    ids=[str(number) for number in range(7)],
)
def test_names_are_offered(place: Place, words: tuple[str, ...], expected: set[str]) -> None:
    assert offered(place, *words) == expected


@pytest.mark.parametrize("command", ["show", "ack", "snooze", "cause"])
def test_the_numbers_of_late_postings_are_offered(place: Place, command: str) -> None:
    place.run("poll")
    assert offered(place, command, "") == {LATE}
    assert offered(place, command, LATE[:6]) == {LATE}
    assert offered(place, command, FINE) == set()


def test_a_named_configuration_is_the_one_that_counts(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(place.config.read_text().replace('"packers"', '"night"'))
    assert offered(place, "test-alert", "--config", str(other), "--channel", "") == {"night"}
    assert offered(place, "--config", str(other), "test-alert", "--channel", "") == {"night"}
    assert offered(place, "test-alert", "--channel", "", LABELWATCH_CONFIG=str(other)) == {"night"}


@pytest.mark.parametrize("text", [None, "", "shop = 5", "[[shop]]\nname = 5", "[[shop", "[[shop]]\nclient_id = '1'"])
def test_nothing_is_offered_where_something_is_wrong(place: Place, text: str | None) -> None:
    if text is None:
        place.config.unlink()
    else:
        place.config.write_text(text)
    assert offered(place, "poll", "--shop", "") == set()
    assert offered(place, "show", "") == set()
    assert not (place.folder / "labelwatch.db").exists()


def test_a_database_that_is_none_offers_nothing(place: Place) -> None:
    (place.folder / "labelwatch.db").write_bytes(b"no database at all " * 500)
    assert offered(place, "show", "") == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell_can_be_shown_and_installed(place: Place, shell: str) -> None:
    environ = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = place.run("--show-completion", shell, **environ)
    assert (shown.code, "_LABELWATCH_COMPLETE" in shown.out) == (0, True)
    installed = place.run("--install-completion", shell, **environ)
    assert installed.code == 0, installed.err
    assert any("labelwatch" in name for _, folders, files in os.walk(place.folder) for name in (*folders, *files))
