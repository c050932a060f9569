"""What a channel reads of an incident does not depend on shops that it may not see."""

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelwatch.core import outages
from labelwatch.core.alert import Alert, AlertState, Diagnosis, LastNotified, Notification, Reason
from labelwatch.core.diagnosis import incident_diagnosis
from labelwatch.core.policy import Destination
from labelwatch.core.subject import OUTAGE, Incident, IncidentId, Part, Scope
from labelwatch.core.visibility import as_seen, narrowed
from labelwatch.i18n import LANGUAGES
from labelwatch.messages import shift_summary
from labelwatch.messages.alert_json import view
from labelwatch.messages.letters import kinds_of, letter
from labelwatch.messages.render import brief, render
from tests.support import two_clients
from tests.support.alert_builders import NOW, destination, incident, minutes, told
from tests.support.examples import examples

MINE, THEIRS = [f"mine-{n}" for n in range(4)], [f"theirs-{n}" for n in range(4)]


@st.composite
def shares(draw: st.DrawFn, names: Sequence[str], least: int) -> tuple[Part, ...]:
    """Some of these shops, each with late labels or recovered."""
    found = []
    for name in draw(st.lists(st.sampled_from(names), min_size=least, unique=True)):
        late, fine = draw(st.integers(1, 999)), draw(st.integers(0, 999))
        since, deadline = draw(st.integers(1, 600)), draw(st.integers(-60, 600))
        carriers = tuple(sorted(draw(st.sets(st.sampled_from(["Aurora", "Silk", "Polar"]), min_size=1))))
        part = Part(
            name, late, late + fine, carriers, NOW - minutes(since), NOW + minutes(deadline), detail="HTTP 502"
        )
        found.append(part.recovered(NOW - minutes(1)) if draw(st.booleans()) else part)
    return tuple(found)


def diagnosis(scope: Scope, parts: Sequence[Part], watched: Sequence[str]) -> Diagnosis:
    """The incident over all these shops, as the service makes it; at least one of them is hit."""
    if scope is Scope.OUTAGE:
        hit = [
            outages.ShopReading(one.shop, minutes(2), None, one.since, "ozon_down", one.detail)
            for one in parts
            if one.late
        ]
        return outages.outage(hit, watched, Incident(OUTAGE, parts=tuple(parts)), NOW - minutes(1))
    name = "Aurora" if scope is Scope.CARRIER else ""
    return incident_diagnosis(Incident(IncidentId(scope, name)).made_of(parts), now=NOW)


def texts(about: Diagnosis, to: Destination) -> list[str]:
    """Everything that a channel may be given about an incident."""
    opened = NOW - timedelta(hours=1)
    state = LastNotified(NOW, 1, about.severity, about.cause)
    alert = Alert(9, AlertState.FIRING, opened, about, opened, told=state)
    one = Notification(alert, 1, Reason.FIRST, to.name, due_at=NOW, expires_at=NOW + timedelta(days=2))
    seen = narrowed(alert, to.shops)
    assert seen is not None
    messages = [
        render([one], to, now=NOW),
        render([one, told(n=1, shop="mine-0")], to, now=NOW),
        brief(replace(one, alert=seen, reason=Reason.REMINDER), to, now=NOW),
        shift_summary.message(shift_summary.ShiftSummary(opened, NOW, [seen], []), to, now=NOW),
    ]
    letters = [letter(kind, seen, language="ru", zone="UTC", now=NOW).text for kind in kinds_of(seen)]
    as_json = json.dumps(view(alert, now=NOW, language=to.language, shops=to.shops), ensure_ascii=False)
    return [*(f"{message.title}\n{message.body}" for message in messages), *letters, as_json]


@examples(30)
@given(
    scope=st.sampled_from([Scope.CARRIER, Scope.PLATFORM, Scope.OUTAGE]),
    language=st.sampled_from(LANGUAGES),
    mine=shares(MINE, 1),
    these=shares(THEIRS, 0),
    those=shares(THEIRS, 0),
)
def test_no_text_for_a_channel_depends_on_shops_that_it_may_not_see(
    scope: Scope, language: str, mine: tuple[Part, ...], these: tuple[Part, ...], those: tuple[Part, ...]
) -> None:
    hit = Part("theirs-hit", 7, 9, ("Aurora",), NOW - minutes(30), NOW + minutes(30))
    to = destination(language, shops=frozenset(MINE))
    first = diagnosis(scope, (*mine, *these, hit), [*MINE, *THEIRS, "theirs-hit"])
    second = diagnosis(scope, (*mine, *those, hit), [*MINE, "theirs-hit", "theirs-new"])
    said = texts(first, to)
    assert said == texts(second, to)
    assert "theirs" not in "".join(said)


def test_an_incident_of_other_shops_is_nothing_to_a_channel() -> None:
    about = diagnosis(Scope.PLATFORM, [Part("theirs-0", 12, 12, ("Aurora",), NOW, NOW)], [])
    alert = Alert(1, AlertState.FIRING, NOW, about, NOW)
    assert narrowed(alert, {"mine-0"}) is None
    assert narrowed(alert, ()) is alert


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.FIRING])
@pytest.mark.parametrize("reason", [Reason.REMINDER, Reason.ESCALATED, Reason.ACKNOWLEDGED, Reason.SNOOZED])
def test_what_is_written_on_a_shared_incident_is_read_by_those_who_see_all_of_it(
    language: str, state: AlertState, reason: Reason
) -> None:
    one = incident(reason=reason)
    alert = replace(one.alert, handled_by="Boris", handled_at=NOW - minutes(5), note="south asked for a new van")
    until = NOW + minutes(30) if state is AlertState.SNOOZED else None
    one = replace(one, alert=replace(alert, state=state, snoozed_until=until))
    for shops, is_read in ((frozenset({"north"}), False), (frozenset(alert.diagnosis.shops), True)):
        message = render([one], destination(language, shops=shops), now=NOW)
        said = json.dumps(view(one.alert, now=NOW, language=language, shops=shops), default=str)
        assert ("Boris" in said, "van" in said) == (is_read, is_read)
        assert is_read or not {"Boris", "van"} & set(re.findall(r"\w+", f"{message.title} {message.body}"))


@pytest.mark.parametrize("scope", list(Scope))
def test_an_incident_that_concerns_a_channel_no_more_is_over_there_and_names_nothing_of_others(scope: Scope) -> None:
    parts = [Part(name, 61, 67, ("Aurora",), NOW - minutes(9), NOW, detail="HTTP 502") for name in THEIRS]
    alert = replace(incident().alert, diagnosis=diagnosis(scope, parts, [*MINE, *THEIRS]), note="theirs-0 waits")
    assert narrowed(alert, MINE) is None
    told_now = replace(incident(), alert=as_seen(alert, MINE), reason=Reason.RESOLVED)
    assert told_now.alert.state is AlertState.RESOLVED
    for one in (told_now, replace(told_now, alert=alert)):
        message = render([one], destination(shops=frozenset(MINE)), now=NOW)
        assert not re.search("theirs|61|67|244|268", message.title + message.body)


@pytest.mark.timeout(300)
@examples(5)
@given(
    scope=st.sampled_from([Scope.CARRIER, Scope.PLATFORM, Scope.OUTAGE]),
    language=st.sampled_from(LANGUAGES),
    groups=st.lists(st.frozensets(st.integers(0, 3), min_size=1), min_size=2, max_size=3, unique=True),
    hit=st.dictionaries(st.integers(0, 3), st.booleans(), min_size=1),
    has_parts=st.booleans(),
    writer=st.integers(0, 3),
)
@example(  # stored by an earlier version, with no trace of the shops that have recovered
    scope=Scope.CARRIER,
    language="zh",
    groups=[frozenset(range(4)), frozenset({0})],
    hit={0: False, 1: True},
    has_parts=False,
    writer=1,
)
def test_nothing_given_to_a_channel_tells_of_a_shop_that_it_may_not_see(
    sqlite_template: Path,
    scope: Scope,
    language: str,
    groups: list[frozenset[int]],
    hit: dict[int, bool],
    has_parts: bool,
    writer: int,
) -> None:
    hit[min(hit)] = False
    parts = [two_clients.part(shop, is_over=is_over) for shop, is_over in hit.items()]
    about = diagnosis(scope, parts, [two_clients.name(shop) for shop in range(4)])
    if about.incident and not has_parts and scope is not Scope.OUTAGE:
        about = replace(about, subject=replace(about.incident, parts=()))
    with (
        tempfile.TemporaryDirectory() as folder,
        two_clients.clients(sqlite_template, Path(folder), groups=groups, shops=4, language=language) as service,
    ):
        service.queue(about)
        service.tell()
        service.take(f"Boris {two_clients.name(writer)}", f"about {two_clients.name(writer)}")
        service.tell(minutes=2)
        service.hand_over()
        service.open_links()
        service.press()
        service.tell(minutes=2)
        for group, text in service.read():
            told = {int(digit) for digit in re.findall(r"zq(\d)x", text)}
            allowed = group | ({writer} if group >= hit.keys() else set())
            assert told <= allowed, text
            sizes = {sum(some) for n in range(5) for some in combinations(map(two_clients.size, group), n)}
            assert {int(number) for number in re.findall(r"\b\d{6,}\b", text, re.ASCII)} <= sizes, text
        for to, channel in service.channels.values():
            assert channel.outgoing_messages, to.name
