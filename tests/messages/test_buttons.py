"""Buttons below a message: what each press does, and what the presser and everybody else read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from labelwatch.core.alert import Alert, AlertState, Outcome
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.policy import Destination
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.choices import AT_MOST
from labelwatch.messages.interactions import SNOOZE, TWICE, Press, Reply, answered, refused
from labelwatch.messages.message import Kind, Message
from tests.support.alert_builders import NOW, destination, resolved, told

KEY = "0123456789abcdef" * 2
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

    def acknowledge(self, key: str, *, by: str, only: Collection[int]) -> Sequence[Alert]:
        return self._change("ack", only, lambda alert: acknowledge(alert, by=by, note="", now=NOW))

    def snooze(self, key: str, *, span: timedelta, by: str, only: Collection[int]) -> Sequence[Alert]:
        return self._change("snooze", only, lambda alert: snooze(alert, until=NOW + span, by=by, note="", now=NOW))

    def check(self, key: str) -> Sequence[Alert] | str:
        self.done.append("check")
        return self.found

    def details(self, key: str, destination: Destination, *, only: Collection[int]) -> Message:
        self.done.append(f"details of {sorted(only)}")
        return DETAILS

    def _change(self, what: str, only: Collection[int], change: Callable[[Alert], Alert | None]) -> list[Alert]:
        self.done.append(what)
        changed = {one.id: new for one in self.alerts if one.id in only and (new := change(one)) is not None}
        self.alerts = [changed.get(one.id, one) for one in self.alerts]
        return list(changed.values())


def open_alerts(count: int = 1) -> list[Alert]:
    return [told(n=n).alert for n in range(1, count + 1)]


def over(outcome: Outcome = Outcome.LABELLED, n: int = 1) -> Alert:
    return resolved(outcome=outcome, n=n).alert


def press(verb: str, *, key: str = KEY, who: str = "Nina", language: str = "", person: int = 7001) -> Press:
    return Press("1", "-100", 7, verb, key, who, language, person=person)


def pressed(office: FakeOffice, verb: str, *, language: str = "en", who: str = "Nina", key: str = KEY) -> Reply:
    return answered(press(verb, who=who, key=key), office, destination(language), now=clock)


def tapped(office: FakeOffice, data: str, *, language: str = "en", who: str = "Nina", person: int = 7001) -> Reply:
    """Somebody presses the button that carries this."""
    verb, _, key = data.partition(":")
    return answered(press(verb, who=who, key=key, person=person), office, destination(language), now=clock)


def found(reply: Reply, text: str) -> str:
    """What the button on which this stands carries."""
    return next(data for row in reply.buttons for label, data in row if text in label)


def checked(office: FakeOffice, language: str = "en") -> Message:
    reply = pressed(office, "check", language=language)
    assert reply.message is None
    assert reply.then is not None
    return reply.then()


def test_who_takes_care_is_recorded_and_told_to_all() -> None:
    office = FakeOffice(open_alerts())
    reply = pressed(office, "ack")
    assert reply == Reply("Nina takes care of it.", Message("👤 Nina takes care of it.", (), Kind.INFO))
    assert {(alert.state, alert.handled_by) for alert in office.alerts} == {(AlertState.ACKNOWLEDGED, "Nina")}


def test_a_snooze_lasts_an_hour_and_says_until_when_on_the_clock_of_the_channel() -> None:
    office = FakeOffice(open_alerts())
    reply = pressed(office, "snooze")
    assert reply.toast == "Quiet until 20:08 (Nina)."  # 14:08 UTC and an hour, in Yekaterinburg
    assert reply.message == Message("👤 Quiet until 20:08 (Nina).", (), Kind.INFO)
    assert office.alerts[0].snoozed_until == NOW + SNOOZE


def taken(office: FakeOffice) -> list[str]:
    return [str(one.diagnosis.posting_number)[-3] for one in office.alerts if one.state is not AlertState.FIRING]


def test_one_button_takes_one_of_several_and_all_are_told_which() -> None:
    office = FakeOffice(open_alerts(5))
    reply = pressed(office, "ack", key=f"{KEY}:2")
    assert reply.toast == "Nina takes care of 41517061-0215-1."
    assert reply.message == Message("👤 Nina takes care of 41517061-0215-1.", (), Kind.INFO)
    assert taken(office) == ["5"]


def test_all_of_them_are_taken_only_by_the_button_that_says_so() -> None:
    office = FakeOffice(open_alerts(3))
    reply = pressed(office, "all")
    assert taken(office) == ["4", "5", "6"]
    assert reply.toast == "Nina takes care of 41517061-0214-1, 41517061-0215-1, 41517061-0216-1."


@pytest.mark.parametrize("key", [f"{KEY}:99", f"{KEY}:", f"{KEY}:2:3", f"{KEY}:x", "0" * 32 + ":2"])
def test_nothing_but_what_the_message_told_of_can_be_taken(key: str) -> None:
    office = FakeOffice(open_alerts(2))
    assert pressed(office, "ack", key=key).message is None or key == f"{KEY}:"
    assert office.done == []


@pytest.mark.parametrize("verb", ["ack", "snooze", "pick"])
def test_a_press_that_names_none_of_several_opens_a_list_and_takes_none(verb: str) -> None:
    office = FakeOffice(open_alerts(14))
    reply = pressed(office, verb)
    assert reply.message is not None
    assert reply.message.title == "👤 Nina, tick the postings, then press what to do."
    assert not reply.edits
    assert office.done == []
    assert [label for row in reply.buttons for label, _ in row][:2] == [
        "⬜️ 41517061-0214-1 · due in 52 min",
        "⬜️ 41517061-0215-1 · due in 52 min",
    ]
    assert [label for label, _ in reply.buttons[-2]] == ["▶️ 2/2"]


@pytest.mark.parametrize(("act", "state"), [("take", AlertState.ACKNOWLEDGED), ("Snooze", AlertState.SNOOZED)])
def test_what_is_ticked_on_several_pages_is_taken_and_nothing_else(act: str, state: AlertState) -> None:
    office = FakeOffice(open_alerts(14))
    shown = pressed(office, "pick")
    for button in ("0215", "0216", "▶️", "0223", "◀️", "0216"):  # the last one takes its tick away
        shown = tapped(office, found(shown, button))
        assert shown.edits
    assert found(shown, "☑️ 41517061-0215-1")
    done = tapped(office, found(shown, f"{act} 2" if act == "Snooze" else "take 2"))
    assert done.edits
    assert done.message is not None
    assert "41517061-0215-1, 41517061-0223-1" in done.message.title
    assert done.buttons == ()
    handled = [one.diagnosis.posting_number for one in office.alerts if one.state is state]
    assert handled == ["41517061-0215-1", "41517061-0223-1"]


def test_all_of_a_list_can_be_ticked_at_once_and_are_counted() -> None:
    office = FakeOffice(open_alerts(14))
    ticked = tapped(office, found(pressed(office, "pick"), "Tick all 14"))
    done = tapped(office, found(ticked, "take 14"))
    assert len(taken(office)) == 14
    assert done.toast == "Nina takes care of 14 alerts."
    assert done.message is not None
    assert "And 4 more" in done.message.body or "and 4 more" in done.message.body


def test_only_who_opened_a_list_ticks_in_it() -> None:
    office = FakeOffice(open_alerts(9))
    shown = tapped(office, found(pressed(office, "pick"), "0216"))
    for button in ("0215", "take 1"):
        reply = tapped(office, found(shown, button), who="Pavel", person=7002)
        assert reply == Reply("Somebody else opened this list. Open your own below the message.")
    assert office.done == []


def test_a_press_in_a_list_that_comes_twice_does_the_same_twice() -> None:
    office = FakeOffice(open_alerts(9))
    shown = pressed(office, "pick")
    once, twice = (tapped(office, found(shown, "0216")) for _ in range(2))
    assert once == twice
    done = [tapped(office, found(once, "take 1")) for _ in range(2)]
    assert done[0] == done[1]
    assert office.done == ["ack"]


def test_what_ended_meanwhile_is_no_longer_in_the_list_and_the_others_keep_their_ticks() -> None:
    office = FakeOffice(open_alerts(9))
    shown = tapped(office, found(pressed(office, "pick"), "0217"))
    office.alerts[0] = over()
    shown = tapped(office, found(shown, "0219"))
    assert not [label for row in shown.buttons for label, _ in row if "0214" in label]
    assert found(shown, "☑️ 41517061-0217-1")
    tapped(office, found(shown, "take 2"))
    assert [one.diagnosis.posting_number for one in office.alerts if one.state is AlertState.ACKNOWLEDGED] == [
        "41517061-0217-1",
        "41517061-0219-1",
    ]


def test_a_list_fits_into_what_buttons_may_carry_however_many_there_are() -> None:
    office = FakeOffice(open_alerts(300))
    shown = answered(press("pick", person=2**52), office, destination("zh"), now=clock)
    everything = tapped(office, found(shown, f"全选（{AT_MOST}）"), language="zh", person=2**52)
    carried = [data for reply in (shown, everything) for row in reply.buttons for _, data in row]
    assert max(len(data.encode()) for data in carried) <= 64
    tapped(office, found(everything, f"我来处理（{AT_MOST}）"), language="zh", person=2**52)
    assert len(taken(office)) == AT_MOST


@pytest.mark.parametrize(
    "data", ["l:", "l:x:y:z:0", "a:::0", f"a:{KEY}", "z:AAAA:1:____:0", "l:AAAA:1::-1", "a:é:1::0"]
)
def test_what_no_button_carries_does_nothing(data: str) -> None:
    office = FakeOffice(open_alerts(9))
    assert tapped(office, data) == Reply(catalog("en").press["unknown"])
    assert office.done == []


@pytest.mark.parametrize("verb", ["ack", "snooze"])
def test_a_press_that_comes_twice_is_told_to_all_once(verb: str) -> None:
    office = FakeOffice(open_alerts())
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


def test_details_of_several_lead_to_those_of_each() -> None:
    office = FakeOffice(open_alerts(3))
    reply = pressed(office, "details")
    assert reply.message is not None
    assert reply.message.title == DETAILS.title
    assert reply.message.body.endswith("Press a number for all steps and the ready text.")
    assert [text for row in reply.buttons for text, _ in row] == [
        f"📄 {one.diagnosis.posting_number} · due in 52 min" for one in office.alerts
    ]
    assert tapped(office, reply.buttons[1][0][1]) == Reply("", DETAILS)
    assert office.done == ["details of [1, 2, 3]", "details of [2]"]


def test_details_of_many_stand_on_pages_and_turning_one_changes_the_message() -> None:
    office = FakeOffice([*open_alerts(20), over(n=21)])
    first = pressed(office, "details")
    assert (len(first.buttons), first.edits) == (9, False)
    second = tapped(office, first.buttons[-1][-1][1])
    assert (len(second.buttons), second.edits) == (9, True)
    last = tapped(office, second.buttons[-1][-1][1])
    assert [text.partition(" · ")[0] for row in last.buttons for text, _ in row] == [
        *(f"📄 41517061-{213 + n:04}-1" for n in range(17, 21)),
        "◀️ 2/3",
    ]
    assert tapped(office, f"t:{KEY}:x").buttons == tapped(office, f"t:{KEY}:0").buttons
    assert all(len(carries.encode()) <= 64 for row in last.buttons for _, carries in row)


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
