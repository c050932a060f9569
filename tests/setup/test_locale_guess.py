"""What is guessed about language and clock, and what people call a zone."""

from collections.abc import Callable, Iterator

import pytest
import tzlocal

from labelwatch.setup import locale_guess


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "Chinese (Simplified)_China.936"}, "zh"),
        ({"LANG": "Russian_Russia.1251"}, "ru"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_language_is_that_of_the_system(environ: dict[str, str], language: str) -> None:
    assert locale_guess.guess_language(environ) == language


@pytest.fixture
def set_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def set_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        tzlocal.reload_localzone()

    yield set_to
    monkeypatch.undo()
    tzlocal.reload_localzone()


@pytest.mark.parametrize(("machine", "zone"), [("Europe/Samara", "Europe/Samara"), ("UTC", "Asia/Shanghai")])
def test_a_server_on_utc_has_the_clock_of_its_language(
    set_zone: Callable[[str], None], machine: str, zone: str
) -> None:
    set_zone(machine)
    assert locale_guess.guess_zone("zh") == zone


@pytest.mark.parametrize(
    ("text", "zone"),
    [("北京", "Asia/Shanghai"), (" Москва", "Europe/Moscow"), ("MSK", "Europe/Moscow"), ("Asia/Omsk", "Asia/Omsk")],
)
def test_a_zone_may_be_called_as_people_call_it(text: str, zone: str) -> None:
    assert locale_guess.zone(text) == zone


def test_what_is_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="IANA"):
        locale_guess.zone("Mars")
