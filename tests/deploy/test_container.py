"""The container file keeps what it promises, as far as that can be read in it: no engine runs here."""

import json
import os
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from labelwatch.cli.init_wizard import BOARD
from labelwatch.web.health import ROUTES
from tests.deploy.wheels import ROOT
from tests.docs.test_commands import COMMANDS

TEXT = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
LINES = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
ORDERS = [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in LINES if line.strip())]
BEGINNINGS = [place for place, (word, _) in enumerate(ORDERS) if word == "FROM"]
BUILDS, RUNS = ORDERS[: BEGINNINGS[1]], ORDERS[BEGINNINGS[1] :]


def said(word: str) -> list[str]:
    """What the stage that runs says with this word."""
    return [rest for name, rest in RUNS if name == word]


def test_one_stage_builds_and_another_one_runs() -> None:
    assert len(BEGINNINGS) == 2
    assert said("COPY") == ["--from=build /opt/labelwatch /opt/labelwatch"]
    assert not any("pip" in rest for rest in said("RUN"))


DIGEST = "0123456789abcdef" * 4


def base(text: str) -> str:
    (found,) = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    return str(found)


def test_every_image_is_one_that_is_named_by_its_version_and_its_digest() -> None:
    images = {rest.split()[0] for word, rest in ORDERS if word == "FROM"}
    assert images == {"$BASE"}  # an environment works only with the Python that made it
    assert ORDERS[0][0] == "ARG"  # what a FROM refers to stands before the first
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base(TEXT))


@pytest.mark.parametrize(("said", "is_taken"), [(f"sha256:{DIGEST}", True), ("", False), ("sha256:12", False)])
def test_make_base_pins_what_the_tag_means_now(tmp_path: Path, said: str, is_taken: bool) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/Containerfile").write_text(TEXT, encoding="utf-8")
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>asked\nprintf "%s\\n" "{said}"\n')
    docker.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    order = ["make", "--no-print-directory", "-f", str(ROOT / "Makefile"), "base"]
    done = subprocess.run(order, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    after = (tmp_path / "deploy/Containerfile").read_text(encoding="utf-8")
    tag = base(TEXT).partition("@")[0]
    assert (tmp_path / "asked").read_text().startswith(f"buildx imagetools inspect {tag} --format")
    assert (done.returncode == 0, after) == (
        is_taken,
        TEXT.replace(base(TEXT), f"{tag}@sha256:{DIGEST}") if is_taken else TEXT,
    ), done.stderr


def test_the_libraries_are_installed_by_their_hashes() -> None:
    first, own = (rest for word, rest in BUILDS if word == "RUN" and "pip" in rest)
    assert "--require-hashes" in first
    assert {"--no-deps", "--no-build-isolation"} <= set(own.split())


def test_it_does_not_run_as_root_and_keeps_its_data_outside() -> None:
    (user,), (volumes,) = said("USER"), said("VOLUME")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert f"--uid {user.partition(':')[0]} " in said("RUN")[0]
    assert json.loads(volumes) == ["/etc/labelwatch", "/var/lib/labelwatch"]
    assert [word for word, _ in RUNS].index("USER") > [word for word, _ in RUNS].index("RUN")


def test_what_it_runs_is_a_command_that_there_is() -> None:
    (start,), (default,) = said("ENTRYPOINT"), said("CMD")
    assert json.loads(start) == ["labelwatch"]
    assert set(json.loads(default)) <= set(COMMANDS)


def test_its_health_is_asked_of_the_board_that_init_sets_up() -> None:
    (health,), (port,) = said("HEALTHCHECK"), said("EXPOSE")
    (asked,) = re.findall(r"http://([\w.:]+)(/\w+)", json.loads(health.partition("CMD ")[2])[-1])
    assert asked == (BOARD, "/livez")
    assert port == BOARD.rpartition(":")[2]
    assert asked[1] in {route.path for route in ROUTES}


COPIED = [source for word, rest in BUILDS if word == "COPY" for source in rest.split()[:-1]]


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there_and_not_ignored(source: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / source).exists()
    assert f"!{source}" in lines


@pytest.mark.parametrize(
    "secret", ["labelwatch.toml", "labelwatch.db", "secrets/ozon_main", ".venv/bin/python", ".git"]
)
def test_what_is_nobody_s_business_stays_out_of_the_image(secret: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    assert not any(fnmatch(secret, pattern) or secret.startswith(f"{pattern}/") for pattern in let_in)


def test_it_comes_with_the_version_that_it_names() -> None:
    from labelwatch import __version__

    assert set(re.findall(r"labelwatch:(\d[\w.]*)", TEXT)) == {__version__}
