"""The file is the one that is named, else the first of the usual places."""

from pathlib import Path

import pytest

from labelwatch.config import ConfigError, find


def test_a_named_file_is_taken_whether_it_is_there_or_not(tmp_path: Path) -> None:
    environ = {"LABELWATCH_CONFIG": "/named/by/environment.toml", "HOME": str(tmp_path)}
    assert find(Path("given.toml"), environ) == Path("given.toml")
    assert find(None, environ) == Path("/named/by/environment.toml")


def test_else_the_working_directory_comes_before_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at_home = tmp_path / ".config/labelwatch/labelwatch.toml"
    at_home.parent.mkdir(parents=True)
    at_home.touch()
    assert find(None, {"HOME": str(tmp_path)}) == at_home
    Path("labelwatch.toml").touch()
    assert find(None, {"HOME": str(tmp_path)}) == Path("labelwatch.toml")


@pytest.mark.skipif(
    Path("/etc/labelwatch/labelwatch.toml").exists(), reason="this machine has a labelwatch of its own"
)
def test_where_none_is_found_the_places_and_the_way_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        find(None, {"HOME": str(tmp_path)})
    (mistake,) = caught.value.mistakes
    for place in (
        "labelwatch.toml",
        f"{tmp_path}/.config/labelwatch/labelwatch.toml",
        "/etc/labelwatch/labelwatch.toml",
    ):
        assert place in mistake.allowed
    assert "labelwatch.toml.example" in mistake.allowed
