"""Libraries of known hashes alone, also for `uv tool`, `pipx` and `pip`: checked first, then installed from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.wheels import NO_COMPILE, altered, own_wheel, wheelhouse

NEEDED = {"annotated-doc", "shellingham", "typer", "msgspec"}
"""What `labelwatch --version` loads, and what is damaged here; of all others the metadata are enough."""
UV, PIPX = (Path(sys.executable).with_name(name) for name in ("uv", "pipx"))


def run(*order: str | Path, at: Path) -> "subprocess.CompletedProcess[str]":
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(at),
        "UV_TOOL_BIN_DIR": str(at / "bin"),
        "PIPX_BIN_DIR": str(at / "bin"),
    } | NO_COMPILE
    return subprocess.run(list(map(str, order)), cwd=at, env=env, text=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel, the libraries that a registry has, and their names with hashes."""
    folder = tmp_path_factory.mktemp("release")
    own_wheel(folder)
    (folder / "registry").mkdir()
    wheelhouse(folder / "registry", whole=NEEDED).rename(folder / "constraints.txt")
    return folder


def fetched(release: Path, folder: Path, *, registry: Path) -> "subprocess.CompletedProcess[str]":
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-index", "--find-links", registry)
    return run(*pip, "--require-hashes", "--requirement", release / "constraints.txt", "--dest", folder, at=release)


@pytest.fixture(scope="module")
def libraries(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was fetched and checked."""
    folder = tmp_path_factory.mktemp("libraries")
    done = fetched(release, folder, registry=release / "registry")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_library_with_another_hash_is_not_fetched(release: Path, tmp_path: Path) -> None:
    (wheel, *_) = (release / "registry").glob("msgspec-*.whl")
    registry = altered(wheel, tmp_path / "registry", more={"msgspec/__init__.py": "\n"}).parent
    for other in (release / "registry").glob("*.whl"):
        if other != wheel:
            (registry / other.name).symlink_to(other)
    done = fetched(release, tmp_path / "libraries", registry=registry)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize("tool", ["uv", "pipx", "pip"])
def test_each_tool_installs_from_what_was_checked(release: Path, libraries: Path, tmp_path: Path, tool: str) -> None:
    (wheel,) = release.glob("labelwatch-*.whl")
    at, what, only = tmp_path, f"{wheel}[web]", ("--no-index", "--find-links", str(libraries))
    steps: list[tuple[str | Path, ...]]
    if tool == "uv":
        steps = [(UV, "tool", "install", *only, "--python", sys.executable, what)]
    elif tool == "pip":
        pip = (sys.executable, "-m", "pip", "--python", tmp_path)  # the environment need not have one of its own
        steps = [(sys.executable, "-m", "venv", "--without-pip", tmp_path), (*pip, "install", *only, what)]
    else:
        steps = [(PIPX, "upgrade-shared"), (PIPX, "install", f"--pip-args={' '.join(only)}", what)]
    for step in steps:
        done = run(*step, at=at)
        assert done.returncode == 0, done.stderr
    said = run(tmp_path / "bin" / "labelwatch", "--version", at=at)
    assert said.stdout.startswith("labelwatch "), said.stderr
