"""What works but should be better is a warning, not a mistake."""

from pathlib import Path

import pytest

from labelwatch.config import Sentence, load
from tests.config.files import CHANNEL, ENVIRON, SHOP, check_url, read

STEP = '[[escalation]]\nleft = "90m"\nchannel = "owner"\n'

THE_STEP = "the escalation to owner"

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
    (
        SHOP + 'working_days = "mon-fri"' + CHANNEL,
        ["shop main names days or a zone for pick-ups, but no handover_at: they have no effect"],
    ),
    (SHOP + 'working_days = "mon-fri"\n[[shop.warehouse]]\nid = 1\nhandover_at = "16:00"' + CHANNEL, []),
    (SHOP + "channels = []" + CHANNEL, ["shop main has no channel: nobody is told about it"]),
    (
        '[delays]\nbefore_cutoff = "30m"' + CHANNEL,
        ["shop main: critical_before_cutoff is longer than before_cutoff"],
    ),
    (
        CHANNEL + 'fallback = "owner"' + CHANNEL.replace("packers", "owner") + "enabled = false",
        ["channel packers: its fallback owner is not enabled"],
    ),
    (
        CHANNEL + "working_days = []",
        ["channel packers has no working day: it only hears of what cannot wait"],
    ),
    (
        STEP + CHANNEL + CHANNEL.replace("packers", "owner") + "enabled = false",
        ["the escalation to owner tells nobody: this channel is not enabled"],
    ),
    (
        STEP.replace("90m", "5h") + CHANNEL + CHANNEL.replace("packers", "owner"),
        [f"shop main: left of {THE_STEP} is longer than before_cutoff: it may come with the first message"],
    ),
    (CHANNEL + 'proxy = "socks5://127.0.0.1:1080"', []),
    (
        CHANNEL + "attach_label = true",
        ["channel packers: attach_label does nothing, only Telegram and e-mail take the label along"],
    ),
    (CHANNEL + 'proxy = "env:URL"', []),
    (CHANNEL + '[web]\npassword = "env:SHORT"', ["the password of the board has fewer than 8 characters"]),
    (
        CHANNEL + 'proxy = "socks5://me:word@127.0.0.1:1080"',
        ['channel[0].proxy is written in the file itself; better "env:NAME", "file:PATH" or "credential:NAME"'],
    ),
]


@pytest.mark.parametrize(("text", "warnings"), DOUBTS)
def test_what_should_be_better_is_said_in_a_sentence(tmp_path: Path, text: str, warnings: list[str]) -> None:
    assert list(map(str, read(tmp_path, text).warnings)) == warnings


def test_a_file_with_secrets_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    said = Sentence("readable")
    path = tmp_path / "labelwatch.toml"
    path.write_text(SHOP.replace("env:KEY", "00000000-0000-4000-8000-000000000000") + CHANNEL)
    path.chmod(0o644)
    assert said in load(path, environ=ENVIRON, check_url=check_url).warnings
    path.chmod(0o600)
    assert said not in load(path, environ=ENVIRON, check_url=check_url).warnings
    path.write_text(SHOP + CHANNEL)
    path.chmod(0o644)
    assert load(path, environ=ENVIRON, check_url=check_url).warnings == ()


def test_a_board_for_others_with_a_password_is_no_mistake(tmp_path: Path) -> None:
    board = '[web]\nlisten = "0.0.0.0:8765"\npassword = "env:BOARD"'
    for fine in ("eight ch", "$argon2id$v=19$m=65536,t=3,p=4$" + "s" * 22 + "$" + "h" * 43):
        assert read(tmp_path, CHANNEL + board, {**ENVIRON, "BOARD": fine}).warnings == ()
