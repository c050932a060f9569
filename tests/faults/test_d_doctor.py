"""The doctor finds each fault of a channel on a live installation, offline, and says what to do."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile

import pytest

from labelwatch.channels import open_channel
from labelwatch.cli.words import words
from labelwatch.core.text import Text
from labelwatch.doctor import Level
from labelwatch.doctor.channels import channels
from labelwatch.doctor.finding import Finding
from labelwatch.store import ChannelState, Store, open_store
from tests.doctor.patients import ENVIRON, context, found, settings
from tests.doctor.patients import told as finding_of
from tests.store.build import NOW, queue
from tests.support.alert_builders import NOW as BEGAN
from tests.support.alert_builders import told
from tests.support.fake_telegram import TOKEN
from tests.support.http_server import Act, Hook, answer, closed_port, hang_up
from tests.support.post import Clock, tell
from tests.support.post import queue as queue_told
from tests.support.reasons import because, english
from tests.support.smtp_server import PostOffice

OK = answer(200)
FAILING, PAUSED, DEAD = "channel_failing", "channel_paused", "channel_dead"
WARNING, WRONG = Level.WARNING, Level.WRONG


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    copyfile(sqlite_template, tmp_path / "labelwatch.db")
    return tmp_path


@pytest.fixture
def base(folder: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{folder}/labelwatch.db")) as store:
        store.shops.sync([("star", "100001")])
        yield store


# what is answered, for how many minutes it has been so, what the doctor finds, and a word of the reason
SICK: list[tuple[str, Act, int, dict[str, Level], str]] = [
    ("D1", answer(502, "bad gateway"), 1, {FAILING: WARNING}, "502"),
    ("D1", answer(502, "bad gateway"), 20, {FAILING: WARNING, "channel_mute": WRONG}, "502"),
    ("D2", answer(429, "slow down", Retry_After="900"), 1, {PAUSED: WARNING}, "slow down"),
    ("D3", answer(403, "blocked"), 1, {FAILING: WRONG, "channel_mute": WRONG}, "blocked"),
    ("D6", answer(200, "<html>log in</html>"), 1, {FAILING: WARNING}, "web page"),
    ("D11", hang_up, 1, {FAILING: WARNING}, "no complete answer"),
]


@pytest.mark.fault("D1", "D2", "D3", "D6", "D11", "D14", "D15")
@pytest.mark.parametrize(
    ("act", "minutes", "expected", "said"), [one[1:] for one in SICK], ids=[f"{one[0]}-{one[2]}" for one in SICK]
)
def test_what_stands_in_the_way_is_found_with_its_reason(
    folder: Path, base: Store, act: Act, minutes: int, expected: dict[str, Level], said: str
) -> None:
    clock = Clock(BEGAN)
    with Hook([act]) as hook:
        channel = open_channel(hook.url(), deadline=timedelta(seconds=5))
        queue_told(base, told(n=1))
        for _ in range(minutes):
            tell(base, clock, {"packers": channel})
            clock.advance(minutes=1)
    with context(settings(folder), now=clock.at) as one:
        findings = list(channels(one))
    assert {finding.what: finding.level for finding in findings} == expected
    assert said in heard(next(one for one in findings if one.what in (FAILING, PAUSED)))
    assert all(words("en").doctor.found[finding.what].todo for finding in findings)


@pytest.mark.fault("D5")
def test_a_message_that_a_working_channel_refuses_is_found(folder: Path, base: Store) -> None:
    clock = Clock(BEGAN)
    with Hook([OK, answer(413, "too big")]) as hook:
        channel = open_channel(hook.url())
        for n in (1, 2):
            queue_told(base, told(n=n))
            for _ in range(n * n):
                tell(base, clock, {"packers": channel})
                clock.advance(minutes=5)
    with context(settings(folder), now=clock.at) as one:
        assert found(channels, one)[DEAD] is WARNING
        assert "too big" in heard(finding_of(channels, one, DEAD))


@pytest.mark.fault("D2", "D7")
def test_a_service_that_wants_silence_gets_it_and_nobody_has_to_do_anything(folder: Path, base: Store) -> None:
    until = NOW + timedelta(minutes=10)
    with base.write() as tx:
        tx.channels.save(
            ChannelState("packers", failing_since=NOW, paused_until=until, error=because("451 greylisted"))
        )
    with context(settings(folder)) as one:
        assert found(channels, one) == {PAUSED: WARNING}
        assert finding_of(channels, one, PAUSED).values == {"until": until, "said": because("451 greylisted")}
    with context(settings(folder), now=until) as later:
        assert found(channels, later) == {FAILING: WARNING}


@pytest.mark.fault("D4")
def test_a_group_that_moved_is_told_until_its_new_id_stands_in_the_url(folder: Path, base: Store) -> None:
    with base.write() as tx:
        tx.channels.save(ChannelState("packers", address="-10055"))
    for chat, expected in (("-55", {"channel_moved": WARNING}), ("-10055", {})):
        with context(settings(folder, environ=ENVIRON | {"URL": f"tgram://{TOKEN}/{chat}"})) as one:
            assert found(channels, one) == expected


@pytest.mark.fault("D13")
def test_what_waited_for_a_channel_that_is_gone_is_told_by_its_name(folder: Path, base: Store) -> None:
    queue(base, 2)
    base.outbox.abandon(["owner"])
    now = settings(folder)
    with context(replace(now, channels=(replace(now.channels[0], name="owner"),))) as one:
        assert found(channels, one) == {"channel_gone": WARNING}
        gone = finding_of(channels, one, "channel_gone")
    assert (gone.name, gone.values["count"]) == ("packers", 2)


@pytest.mark.fault("D10")
def test_a_mail_server_without_encryption_is_found_before_it_is_told_anything(folder: Path) -> None:
    with PostOffice(password="pass-word-4711") as office:
        url = f"mailto://watch:pass-word-4711@localhost:{office.port}?from=watch@example.com&to=packer@example.com"
        no_way = f'[ozon]\nbase_url = "http://127.0.0.1:{closed_port()}"'
        with context(settings(folder, no_way, ENVIRON | {"URL": url}), online=True) as one:
            assert "STARTTLS" in heard(finding_of(channels, one, "channel_refuses"))
    assert office.heard == []


def heard(finding: Finding) -> str:
    """What was said, in words."""
    said = finding.values["said"]
    assert isinstance(said, Text)
    return english(said)
