"""`demo` and `sandbox`: a day that anybody can look at, in each language, without leaving a trace."""

import re
import signal
import urllib.request
from pathlib import Path

import pytest

from labelwatch.cli.words import language_of
from labelwatch.sandbox.scenarios import day
from tests.chaos.births import born
from tests.support.place import Place, now, until

pytestmark = pytest.mark.lengthy


@pytest.mark.timeout(300)
def test_a_day_in_a_pipe_tells_all_that_went_wrong_and_how_to_begin(place: Place) -> None:
    place.config.unlink()
    alone = {number for number, cause in day(now()).expected.items() if not cause.endswith("_incident")}
    for seconds in (10, 40, 120):  # a busy machine gets less done in a short day
        done = place.run("demo", "--seconds", str(seconds), TMPDIR=str(place.folder))
        assert (done.code, done.err) == (0, "")
        untold = alone - set(re.findall(r"\d{8}-\d{4}-1", done.out))
        if not untold and "is stuck for all" in done.out and "What was charged" in done.out:
            break
    assert untold == set()
    assert "is stuck for all" in done.out
    assert re.search(r"^09:\d\d  \S+ .*\n {7}\S", done.out, re.MULTILINE)
    told = re.findall(r"^\d\d:\d\d  \S+ (.*)", done.out, re.MULTILINE)
    assert "settings" in told[0], told[0]
    assert "New order: " in told[1]
    assert ": late " in told[-1]
    assert re.search(r"The board, while the day lasts: http://127\.0\.0\.1:\d+/enter\?key=\S{60,}\n", done.out)
    assert "`labelwatch init`" in done.out.splitlines()[-1]
    assert "\x1b" not in done.out
    assert list(place.folder.iterdir()) == []


def test_a_day_on_a_terminal_in_chinese_fits_and_asks_nothing_of_the_network(place: Place) -> None:
    shown = place.on_terminal("demo", "--seconds", "6", "--language", "zh", columns=80)
    assert (shown.code, shown.err) == (0, "")
    assert "先备货" in shown.out
    assert "╭" in shown.out
    assert "一天结束" in shown.out
    assert place.sandbox.requests == []


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_is_quiet_and_leaves_nothing(
    place: Place, tmp_path: Path, by: signal.Signals, code: int
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    demo = born(place, "--seconds", "60", command="demo", TMPDIR=str(traces))
    until(lambda: any(traces.glob("*/labelwatch.db")))
    assert (demo.stop(by), demo.log) == (code, "")
    assert list(traces.iterdir()) == []


def test_the_sandbox_says_where_it_listens_and_with_which_keys(place: Place) -> None:
    sandbox = place.start("sandbox", "--port", "0", "--scenario", "quiet")
    assert sandbox.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+/sandbox/", sandbox.stdout.readline())
    assert address is not None
    with urllib.request.urlopen(address[0], timeout=10) as page:
        assert "Api-Key" in page.read().decode()
    sandbox.terminate()
    sandbox.communicate(timeout=10)
    assert sandbox.returncode == 0


def test_a_port_in_use_is_said_in_one_line(place: Place) -> None:
    done = place.run("sandbox", "--port", str(place.hook.port))
    assert done.code == 1
    assert f"another program has port {place.hook.port}\n" in done.err


def test_a_reader_who_stops_reading_is_no_error(place: Place) -> None:
    causes = place.start("causes", "--json")
    assert causes.stdout is not None
    assert causes.stderr is not None
    causes.stdout.close()
    with causes.stderr:
        assert causes.stderr.read() == ""
    causes.wait(timeout=20)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_demo_speaks_the_language_of_the_environment(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language
