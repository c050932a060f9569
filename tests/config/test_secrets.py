"""Secrets are found where they are said to be, refused when others can read them, and never shown."""

import dataclasses
import os
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from labelwatch.config import Config, ConfigError
from tests.config.files import CHANNEL, ENVIRON, SHOP, mistakes, read

CANARY = "canary-7b1f"


def key_of(config: Config) -> str:
    return config.shops[0].api_key.get_secret_value()


def shop(reference: str) -> str:
    return SHOP.replace("env:KEY", reference)


def test_a_secret_comes_from_the_environment_a_file_a_credential_or_the_text_itself(tmp_path: Path) -> None:
    for name in ("key", "ozon"):
        (tmp_path / name).write_text(f"{CANARY}\n")
        (tmp_path / name).chmod(0o600)
    environ = {"KEY": f" {CANARY}\n", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    references = ["env:KEY", "file:key", f"file:{tmp_path / 'key'}", "credential:ozon", CANARY]
    assert [key_of(read(tmp_path, shop(one), environ)) for one in references] == [CANARY] * 5


UNIT = "the unit needs LoadCredential=none:/path/to/the/secret"

# (reference, what is allowed instead; {0} is the directory of the file)
UNRESOLVED = [
    ("env:NONE", "an environment variable that is set; NONE is not set or is empty"),
    ("env:EMPTY", "an environment variable that is set; EMPTY is not set or is empty"),
    ("env:", 'a reference with something after the colon, like "env:NAME"'),
    ("env:9f8e-canary-7b1f", 'the name of an environment variable after "env:", like "env:OZON_KEY"'),
    ("file:none", "a file that can be read; {0}/none: there is no such file"),
    ("file:.", "an ordinary file; {0} is none"),
    ("file:empty", "a secret that is not empty"),
    ("file:open", "a file that nobody else can read; {0}/open has mode 0640: chmod 600 {0}/open"),
    ("file:large", "a file of at most 64 kB; {0}/large is larger"),
    ("file:binary", "a file of UTF-8 text; {0}/binary is none"),
    ("credential:none", f"a credential that can be read; there is no such file: {UNIT}"),
    ("credential:../key", "a credential's name without slashes"),
    ("", "a secret that is not empty"),
    ("two words", "a key without spaces, line breaks or letters beyond ASCII"),
    ("ключ", "a key without spaces, line breaks or letters beyond ASCII"),
]


@pytest.mark.parametrize(("reference", "allowed"), UNRESOLVED)
def test_a_reference_that_leads_nowhere_says_what_to_do(tmp_path: Path, reference: str, allowed: str) -> None:
    for name, content in {"empty": b"\n", "open": b"x", "large": b"x" * 70_000, "binary": b"\xff"}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o640 if name == "open" else 0o600)
    environ = {"EMPTY": " ", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    (mistake,) = mistakes(tmp_path, shop(reference), environ)
    assert (mistake.key, mistake.allowed) == ("shop[0].api_key", allowed.format(tmp_path))
    assert CANARY not in str(mistake)


def test_a_credential_outside_a_unit_says_how_units_hand_it_over(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, shop("credential:ozon"), {})
    assert "CREDENTIALS_DIRECTORY is not set" in mistake.allowed
    assert "LoadCredential=ozon:" in mistake.allowed


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_secret_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    (mistake,) = mistakes(tmp_path, shop("file:key"))
    assert mistake.allowed == f"a file that belongs to root or to the user who runs labelwatch; {path} is another's"


def test_a_pipe_in_the_place_of_a_secret_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (mistake,) = mistakes(tmp_path, shop("file:pipe"))
    assert mistake.allowed == f"an ordinary file; {tmp_path / 'pipe'} is none"


LITERALS = f"""
[store]
url = "postgresql://user:{CANARY}@localhost/labelwatch"
{shop(CANARY)}
{CHANNEL.replace("env:URL", f"json://{CANARY}@127.0.0.1")}
[web]
password = "{CANARY}"
[heartbeat]
url = "https://ping.example/{CANARY}"
"""


def test_a_secret_is_in_no_rendering_of_the_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, LITERALS)
    for rendering in (
        repr(config),
        str(config),
        repr(dataclasses.asdict(config)),
        " ".join(map(str, config.warnings)),
    ):
        assert CANARY not in rendering
    assert key_of(config) == CANARY


def test_secrets_in_the_file_itself_are_warned_about_one_by_one(tmp_path: Path) -> None:
    advice = 'is written in the file itself; better "env:NAME", "file:PATH" or "credential:NAME"'
    keys = ["store.url", "shop[0].api_key", "channel[0].url", "web.password", "heartbeat.url"]
    said = [str(warning) for warning in read(tmp_path, LITERALS).warnings if warning.key == "literal"]
    assert said == [f"{key} {advice}" for key in keys]


# Ways to put a secret where it is wrong, so that the value is part of a mistake.
MISPLACED = [
    shop("{secret}") + "[shop.delays]\nlabel = 3",
    SHOP.replace('"123456"', '"{uuid}"'),
    SHOP + 'api_kye = "{secret}"',
    SHOP + 'name_ = {{ api_key = "{secret}" }}',
    SHOP.replace('"env:KEY"', '["{secret}"]'),
    SHOP.replace('"env:KEY"', '"env:{uuid}"'),
    SHOP.replace('"env:KEY"', '"{secret} {secret}"'),
    CHANNEL.replace("env:URL", "tgram://{secret}/1"),
    CHANNEL + 'fallback = "json://{secret}"',
    CHANNEL + 'shops = ["json://{secret}"]',
    CHANNEL + 'timezone = "tgram://{secret}"',
    '[store]\nurl = "mysql://me:{secret}@localhost/db"',
    '[heartbeat]\nurl = "ftp://{secret}"',
    '[web]\npublic_url = "https://me:{secret}@example.org"',
    '[web]\nlisten = "0.0.0.0:1{uuid}"',
    'language = "{secret}',
    "{secret}",
    'x = "{secret}"\nx = 1',
]


@pytest.mark.parametrize("text", MISPLACED)
@given(secret=st.from_regex(r"[0-9a-f]{12}-[0-9a-zA-Z_-]{4,40}", fullmatch=True))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_secret_in_the_wrong_place_is_not_shown_by_the_mistake(tmp_path: Path, text: str, secret: str) -> None:
    uuid = f"{secret:-<24}{secret:->24}"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text.format(secret=secret, uuid=uuid), ENVIRON)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.mistakes)
    assert secret not in told


def test_an_api_key_is_a_secret_string(tmp_path: Path) -> None:
    assert isinstance(read(tmp_path, "").shops[0].api_key, SecretStr)
