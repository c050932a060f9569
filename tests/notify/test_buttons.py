"""Buttons below a message: what each press does, and what the presser and everybody else read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.model import Alert, AlertState, Destination, Outcome
from labelwatch.notify.buttons import SNOOZE, TWICE, Press, Reply, answered, refused
from labelwatch.notify.catalog import LANGUAGES, catalog
from labelwatch.notify.message import Kind, Message
from tests.notify.build import NOW, destination, resolved, told

KEY = "k" * 32
DETAILS = Message("All of it", (), Kind.INFO)


def clock() -> datetime:
    return NOW


@dataclass
class FakeOffice:
    """Keeps the alerts of one message."""

    alerts: list[Alert]
    found: Sequence[Alert] | str = ()
    done: list[str] = field(default_factory=list)

    def alerts_of(self, key: str) -> Sequence[Alert]:
        return self.alerts if key == KEY else ()

    def acknowledge(self, key: str, *, by: str) -> Sequence[Alert]:
        return self._change("ack", lambda alert: acknowledge(alert, by=by, note="", now=NOW))

    def snooze(self, key: str, *, span: timedelta, by: str) -> Sequence[Alert]:
        return self._change("snooze", lambda alert: snooze(alert, until=NOW + span, by=by, note="", now=NOW))

    def check(self, key: str) -> Sequence[Alert] | str:
        self.done.append("check")
        return self.found

    def details(self, key: str, destination: Destination) -> Message:
        return DETAILS

    def _change(self, what: str, change: Callable[[Alert], Alert | None]) -> list[Alert]:
        self.done.append(what)
        changed = [new for alert in self.alerts if (new := change(alert)) is not None]
        self.alerts = changed or self.alerts
        return changed


def open_alerts(count: int = 1) -> list[Alert]:
    return [told(n=n).alert for n in range(1, count + 1)]


def over(outcome: Outcome = Outcome.LABELLED, n: int = 1) -> Alert:
    return resolved(outcome=outcome, n=n).alert


def press(verb: str, *, key: str = KEY, who: str = "Nina", language: str = "") -> Press:
    return Press("1", "-100", 7, verb, key, who, language)


def pressed(office: FakeOffice, verb: str, *, language: str = "en", who: str = "Nina") -> Reply:
    return answered(press(verb, who=who), office, destination(language), now=clock)


def checked(office: FakeOffice, language: str = "en") -> Message:
    reply = pressed(office, "check", language=language)
    assert reply.message is None
    assert reply.then is not None
    return reply.then()


def test_who_takes_care_is_recorded_and_told_to_all() -> None:
    office = FakeOffice(open_alerts(3))
    reply = pressed(office, "ack")
    assert reply == Reply("Nina takes care of it.", Message("👤 Nina takes care of it.", (), Kind.INFO))
    assert {(alert.state, alert.handled_by) for alert in office.alerts} == {(AlertState.ACKNOWLEDGED, "Nina")}


def test_a_snooze_lasts_an_hour_and_says_until_when_on_the_clock_of_the_channel() -> None:
    office = FakeOffice(open_alerts())
    reply = pressed(office, "snooze")
    assert reply.toast == "Quiet until 20:08 (Nina)."  # 14:08 UTC and an hour, in Yekaterinburg
    assert reply.message == Message("👤 Quiet until 20:08 (Nina).", (), Kind.INFO)
    assert office.alerts[0].snoozed_until == NOW + SNOOZE


@pytest.mark.parametrize("verb", ["ack", "snooze"])
def test_a_press_that_comes_twice_is_told_to_all_once(verb: str) -> None:
    office = FakeOffice(open_alerts(2))
    first, again = pressed(office, verb), pressed(office, verb)
    assert (again.toast, again.message) == (first.toast, None)
    assert office.done == [verb]


def test_another_person_takes_over_and_a_later_press_counts_again() -> None:
    office = FakeOffice(open_alerts())
    pressed(office, "snooze")
    assert pressed(office, "ack", who="Pavel").message is not None
    office.alerts = [replace(one, handled_at=NOW - TWICE) for one in office.alerts]
    assert pressed(office, "ack", who="Pavel").message is not None
    assert office.done == ["snooze", "ack", "ack"]


@pytest.mark.parametrize("verb", ["ack", "snooze", "check"])
def test_what_is_over_needs_nobody(verb: str) -> None:
    office = FakeOffice([over()])
    assert pressed(office, verb) == Reply("It is over already, there is nothing to do.")
    assert office.done == []


@pytest.mark.parametrize(("verb", "key"), [("ack", "x" * 32), ("", ""), ("delete", KEY), ("details", "")])
def test_a_message_that_is_not_known_any_more_says_where_to_look(verb: str, key: str) -> None:
    office = FakeOffice(open_alerts())
    reply = answered(press(verb, key=key), office, destination(), now=clock)
    assert reply == Reply(catalog("en").press["unknown"])
    assert office.done == []


def test_details_come_as_a_message_even_when_it_is_over() -> None:
    assert pressed(FakeOffice([over()]), "details") == Reply("", DETAILS)


def test_the_button_says_at_once_that_it_asks() -> None:
    office = FakeOffice(open_alerts())
    assert pressed(office, "check").toast == "Check now…"
    assert office.done == []


@pytest.mark.parametrize(
    ("found", "title", "rest"),
    [
        (open_alerts(), "Checked 19:08: still no label.", ""),
        ([over()], "Checked 19:08: the label is there.", ""),
        ([over(n=1), *open_alerts(3)[1:]], "Checked 19:08: still no label.", "• 41517061-0215-1\n• 41517061-0216-1"),
        ([over(), over(Outcome.CANCELLED, 2)], "It is over already, there is nothing to do.",
         "• 41517061-0214-1 · Label is there\n• 41517061-0215-1 · Order canceled"),
        ("Ozon answers\n500 <oops>", "Ozon could not be asked: Ozon answers 500 ‹oops›", ""),
        ([told("ozon_down").alert], "Ozon could not be asked: " + catalog("en").cause["ozon_down"].name, ""),
    ],
    ids=range(6),
)  # fmt: skip
def test_what_a_check_found_is_said(found: Sequence[Alert] | str, title: str, rest: str) -> None:
    message = checked(FakeOffice(open_alerts(), found=found))
    assert (message.title, message.body) == (title, rest)


def test_a_long_list_of_what_is_still_missing_is_counted() -> None:
    message = checked(FakeOffice(open_alerts(), found=open_alerts(25)))
    assert message.body.count("•") == 10
    assert message.body.endswith("and 15 more")


@pytest.mark.parametrize(("spoken", "language"), [("ru", "ru"), ("zh-hans", "zh"), ("de", "en"), ("", "en")])
def test_a_strange_chat_is_refused_in_the_language_of_its_people(spoken: str, language: str) -> None:
    assert refused(press("ack", language=spoken)) == Reply(catalog(language).press["refused"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_is_filled_in_and_fits_a_button_in_every_language(language: str) -> None:
    replies = [
        pressed(FakeOffice(open_alerts()), verb, language=language, who="Н" * 40)
        for verb in ("ack", "snooze", "check")
    ]
    said = [reply.toast for reply in replies]
    said += [
        checked(FakeOffice(open_alerts(), found=found), language).title for found in ("x", open_alerts(), [over()])
    ]
    assert not [text for text in said if not text or "{" in text or len(text) > 200]
