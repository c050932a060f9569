"""What works but should be better is a warning, not a mistake."""

from pathlib import Path

import pytest

from labelwatch.config import load
from tests.config.files import CHANNEL, ENVIRON, SHOP, check_url, read

# (what is written, the warnings)
DOUBTS = [
    (CHANNEL, []),
    ("", ["no channel is enabled: nobody is told"]),
    (CHANNEL + "enabled = false", ["no channel is enabled: nobody is told"]),
    ('[ozon]\nevery = "29s"' + CHANNEL, ["shop main is polled more often than every 30s: Ozon may slow it down"]),
    ('[ozon]\nbase_url = "http://127.0.0.1:80"' + CHANNEL, []),
    ('[ozon]\nbase_url = "http://[::1]:80"' + CHANNEL, []),
    ('[ozon]\nbase_url = "http://ozon.example"' + CHANNEL, ["ozon.base_url is http://: keys travel unencrypted"]),
    (SHOP + "enabled = false" + CHANNEL, ["no shop is enabled: nothing is watched"]),
    (SHOP + "channels = []" + CHANNEL, ["shop main has no channel: nobody is told about it"]),
    (
        '[delays]\nbefore_cutoff = "30m"' + CHANNEL,
        ["shop main: critical_before_cutoff is longer than before_cutoff"],
    ),
    (
        CHANNEL + 'fallback = "owner"' + CHANNEL.replace("packers", "owner") + "enabled = false",
        ["channel packers: its fallback owner is not enabled"],
    ),
]


@pytest.mark.parametrize(("text", "warnings"), DOUBTS)
def test_what_should_be_better_is_said_in_a_sentence(tmp_path: Path, text: str, warnings: list[str]) -> None:
    assert list(read(tmp_path, text).warnings) == warnings


def test_a_file_with_secrets_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    said = "other users can read the file, and secrets are written in it: chmod 600"
    path = tmp_path / "labelwatch.toml"
    path.write_text(SHOP.replace("env:KEY", "a-key") + CHANNEL)
    path.chmod(0o644)
    assert said in load(path, environ=ENVIRON, check_url=check_url).warnings
    path.chmod(0o600)
    assert said not in load(path, environ=ENVIRON, check_url=check_url).warnings
    path.write_text(SHOP + CHANNEL)
    path.chmod(0o644)
    assert load(path, environ=ENVIRON, check_url=check_url).warnings == ()


def test_a_board_for_others_with_a_password_is_no_mistake(tmp_path: Path) -> None:
    board = '[web]\nlisten = "0.0.0.0:8765"\npassword = "env:KEY"'
    assert read(tmp_path, CHANNEL + board).warnings == ()
