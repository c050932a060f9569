"""No secret of the configuration stands in a log line, and no line pretends to be two."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from labelwatch.channels import check_url
from labelwatch.cli.logs import OF_A_COMMAND, of_a_service, redactor, secrets_of
from labelwatch.config import Address, Channel, Config, Web, load

TELEGRAM = "tgram://123456789:AAcanary-telegram-token_x/987654321"
MAIL = "mailtos://packer:canary%2Fpassword@mail.example.org?to=boss@example.org"
PAGE = f"""\
[store]
url = "postgresql://lw:canary-database@127.0.0.1/lw"
[[shop]]
name = "main"
client_id = "1"
api_key = "canary-api-key"
[[channel]]
name = "a"
url = "{TELEGRAM}"
[[channel]]
name = "b"
url = "{MAIL}"
[[channel]]
name = "c"
url = "wecombot://canary-wecom-bot-key"
[web]
password = "canary-board-password"
[heartbeat]
url = "https://hc.example.org/ping/canary-heartbeat"
"""
CANARIES = [
    "canary-database",
    "canary-api-key",
    TELEGRAM,
    "123456789:AAcanary-telegram-token_x",
    "AAcanary-telegram-token_x",
    "canary%2Fpassword",
    "canary/password",
    "canary-wecom-bot-key",
    "canary-board-password",
    "canary-heartbeat",
]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "labelwatch.toml"
    file.write_text(PAGE)
    return load(file, environ={"HOME": str(tmp_path)}, check_url=check_url)


@pytest.fixture
def lines(config: Config) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream, logger = io.StringIO(), logging.getLogger("tests.redacted")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(OF_A_COMMAND))
    handler.addFilter(redactor(secrets_of(config)))
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize("canary", CANARIES)
def test_a_secret_is_hidden_in_text_arguments_and_traceback(
    lines: tuple[logging.Logger, io.StringIO], canary: str
) -> None:
    logger, stream = lines
    logger.warning("asking %s", f"https://x.example.org/{canary}/send")
    try:
        raise ValueError(f"cannot open {canary}")
    except ValueError:
        logger.exception("failed")
    written = stream.getvalue()
    assert "(hidden)" in written
    assert canary not in written
    assert "Traceback" in written


def test_what_is_no_secret_stays(lines: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = lines
    logger.warning("%s: %d postings", "main", 12)
    assert stream.getvalue() == "labelwatch: main: 12 postings\n"


def test_a_line_from_outside_is_one_line_without_control_characters(
    lines: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = lines
    logger.warning("Ozon said %s", "no\nERROR all is lost\x1b[2J")
    assert stream.getvalue() == "labelwatch: Ozon said no ERROR all is lost[2J\n"


def test_the_journal_writes_the_time_itself() -> None:
    assert "asctime" in of_a_service({})
    assert "asctime" not in of_a_service({"JOURNAL_STREAM": "8:1"})


def test_a_traceback_and_a_stack_are_lines_without_control_characters(
    lines: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = lines
    try:
        raise ValueError("all\x1b[2J is canary-api-key\x9b")
    except ValueError:
        logger.exception("failed", stack_info=True)
    written = stream.getvalue()
    assert "ValueError: all[2J is (hidden)\n" in written
    assert "Stack (most recent call last)" in written
    assert written.count("\n") > 5


def test_whoever_logs_with_the_wrong_number_of_words_is_not_stopped(
    lines: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = lines
    logger.warning("%s and %s", "canary-api-key")
    assert stream.getvalue() == "labelwatch: %s and %s ('(hidden)',)\n"


WAYS_PAST_A_LOGGER = """
import logging, sys, threading, warnings
from pathlib import Path
from labelwatch.cli.logs import OF_A_COMMAND, set_up
from labelwatch.config import load
from labelwatch.channels import check_url

def fail(): raise RuntimeError("thread: canary-api-key")

set_up(load(Path(sys.argv[1]), environ={}, check_url=check_url), level=logging.INFO, form=OF_A_COMMAND)
warnings.warn("warning: canary-api-key")
logging.getLogger("anybody.else").error("third: canary-api-key")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise RuntimeError("main: canary-api-key")
"""


@pytest.mark.fault("K3")
def test_nothing_is_written_past_the_filter(tmp_path: Path) -> None:
    file = tmp_path / "labelwatch.toml"
    file.write_text(PAGE)
    ended = subprocess.run(
        [sys.executable, "-W", "always", "-c", WAYS_PAST_A_LOGGER, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    for way in ("warning", "third", "thread", "main"):
        assert f"{way}: (hidden)" in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr


def test_the_address_of_the_board_is_told_whatever_the_channels_are_called() -> None:
    """A part of a channel's URL is hidden as it may be a token; a name of this machine is none."""
    web = Web(listen=Address("watchhost", 8799), public_url="https://labelwatch/")
    urls = ("json://localhost:9000/hook", "json://watchhost:9000/labelwatch/secret-token-1")
    channels = tuple(Channel(name=url, url=SecretStr(url)) for url in urls)
    secrets = secrets_of(Config(web=web, channels=channels))
    said = "board: http://localhost:8799 secret-token-1"
    record = logging.LogRecord("x", logging.INFO, "", 0, said, None, None)
    redactor(secrets)(record)
    assert record.getMessage() == "board: http://localhost:8799 (hidden)"
    assert not {"localhost", "watchhost", "labelwatch"} & secrets
