"""What is said with time left, in the last minutes and after the deadline holds together, for every cause."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Family, Notification, Proof, Reason, Severity, Verdict
from labelwatch.core.posting import Stage
from labelwatch.core.rules import CAUSES
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.letters import SUPPORT, kinds_of, letter
from labelwatch.messages.render import Layout, render
from labelwatch.messages.time_format import ShiftNames
from tests.support.alert_builders import NOW, destination, incident, minutes, of_posting, told

READY = {"zh": "现成的", "ru": "отовый текст", "en": "ready text"}
TO_SUPPORT = {"zh": "消息发给 Ozon 客服", "ru": "в поддержку Ozon готовый текст", "en": "Ozon support the ready text"}
EXCUSE = {"zh": "逾期请不要算给我们", "ru": "просим не учитывать", "en": "not count this delay as ours"}
PICK_UP = {"zh": "错过取件", "ru": "Забор пропущен", "en": "Pick-up missed"}
CUTOFF = {"zh": "已过截单", "ru": "Срок пропущен", "en": "Cutoff missed"}
OF_POSTINGS = [cause for cause, family in CAUSES.items() if family is not Family.BLIND and cause != "shop_incident"]
PHASES = {"normal": (120, Severity.WARNING), "urgent": (3, Severity.CRITICAL), "missed": (-4, Severity.CRITICAL)}
CHECKED: dict[str, Any] = {"evidence": (Proof("exemplars", "validation_in_process"),)}


def one(cause: str, phase: str, **fields: Any) -> Notification:
    left, severity = PHASES[phase]
    reason = Reason.MISSED if phase == "missed" else Reason.FIRST
    deadline = NOW + minutes(left)
    known: dict[str, Any] = {"deadline": deadline, "cutoff": deadline, "severity": severity}
    return told(cause, reason=reason, **known | fields)


def how(cause: str, phase: str, language: str, more: ShiftNames = ShiftNames.HERE, **fields: Any) -> str:
    """The steps of the message about one posting."""
    sections = render(
        [one(cause, phase, **fields)], destination(language), now=NOW, layout=Layout(more=more)
    ).sections
    return next(section.text for section in sections if section.heading)


@pytest.mark.parametrize("cause", OF_POSTINGS)
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ready_text_is_mentioned_only_where_there_is_one(language: str, stage: Stage, cause: str) -> None:
    for phase in PHASES:
        steps, alert = how(cause, phase, language, stage=stage), one(cause, phase, stage=stage).alert
        if READY[language] in steps.lower():
            assert kinds_of(alert), (phase, steps)
        if TO_SUPPORT[language] in steps:
            assert SUPPORT in kinds_of(alert), (phase, steps)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phase", ["urgent", "missed"])
@pytest.mark.parametrize("cause", OF_POSTINGS)
def test_the_letter_that_the_first_steps_speak_of_comes_first_and_asks_for_what_they_say(
    cause: str, phase: str, language: str
) -> None:
    fields: dict[str, Any] = {"stage": Stage.LABEL}
    if TO_SUPPORT[language] not in how(cause, phase, language, **fields):
        return
    message = render(
        [one(cause, phase, **fields)], destination(language), now=NOW, layout=Layout(more=ShiftNames.NOBODY)
    )
    letters = [section.text for section in message.sections if "Здравствуйте!" in section.lines]
    assert letters, message.body
    assert "Ozon" in letters[0].splitlines()[0]
    if phase == "missed":
        assert letters[0].count("просим не учитывать") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_asks_once_not_to_be_blamed_after_the_deadline_and_its_translation_too(language: str) -> None:
    for cause, said in (("method_broken", 1), ("label_overdue", 1)):
        about = one(cause, "missed", stage=Stage.LABEL).alert
        text = letter(SUPPORT, about, language=language, zone="UTC", now=NOW).text
        assert text.count(EXCUSE[language]) == said
    early = one("method_broken", "normal", stage=Stage.LABEL).alert
    assert EXCUSE[language] not in letter(SUPPORT, early, language=language, zone="UTC", now=NOW).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", OF_POSTINGS)
def test_a_missed_pick_up_is_no_missed_cutoff_while_that_can_be_met(cause: str, language: str) -> None:
    ahead = render([one(cause, "missed", cutoff=NOW + minutes(300))], destination(language), now=NOW)
    assert PICK_UP[language] in ahead.title
    assert CUTOFF[language] not in ahead.title + ahead.body
    assert TO_SUPPORT[language] not in ahead.sections[1].text or cause in ("method_disabled",)
    over = render([one(cause, "missed", cutoff=NOW - minutes(1))], destination(language), now=NOW)
    assert CUTOFF[language] in over.title
    assert PICK_UP[language] not in over.title


@pytest.mark.parametrize(
    "cause", ["marking_missing", "customs_number_missing", "country_missing", "other_requirement"]
)
def test_what_ozon_is_checking_is_neither_asked_for_nor_left_out_of_the_steps(cause: str) -> None:
    for phase in PHASES:
        first = how(cause, phase, "en", **CHECKED).splitlines()[1]
        assert first.removeprefix("1. ").startswith("Reload 41517061-0214-1"), (phase, first)
        assert "Then press" in how(cause, phase, "en")
        both = [replace_number(one(cause, phase), n) for n in (1, 2)]
        assert "Open each posting and " in render(both, destination(), now=NOW).body


def replace_number(told_one: Notification, n: int) -> Notification:
    about = of_posting(told_one.alert.diagnosis, f"1-{n}", requirements=())
    return replace(told_one, alert=replace(told_one.alert, id=n, diagnosis=about))


@pytest.mark.parametrize(("language", "normal"), [("zh", "正常时间"), ("ru", "обычное"), ("en", "normal")])
def test_a_label_that_is_only_awaited_is_within_the_normal_time_just_while_it_may_be(
    language: str, normal: str
) -> None:
    waits = one("label_pending", "normal", verdict=Verdict.WAIT, wait_until=NOW + minutes(10))
    assert normal in render([waits], destination(language), now=NOW).body
    for phase in ("urgent", "missed"):
        assert normal not in render([one("label_pending", phase)], destination(language), now=NOW).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missed_deadline_is_said_once(language: str) -> None:
    missed = [replace_number(one(cause, "missed"), n) for n, cause in enumerate(("not_packed", "label_overdue"))]
    for many in (missed[:1], missed):
        message = render(many, destination(language), now=NOW)
        assert {"zh": "时间已过", "ru": "Срок прошёл", "en": "The deadline has passed"}[language] not in message.body


def headings(*many: Notification) -> list[str]:
    message = render(many, destination(), now=NOW)
    return [message.title, *(section.heading for section in message.sections if section.heading)]


def several(*which: tuple[str, str]) -> Sequence[Notification]:
    return [replace_number(one(cause, phase), n) for n, (cause, phase) in enumerate(which)]


def test_postings_of_which_the_same_is_to_be_done_are_one_group() -> None:
    title, *_ = headings(*several(("not_packed", "urgent"), ("not_packed", "normal")))
    assert title == "‼️ Assemble it now · 2 postings · first due in 3 min"


def test_what_minutes_can_still_save_stands_before_what_is_missed_and_the_title_says_its_time() -> None:
    title, first, second, third = headings(
        *several(("registration_pending", "missed"), ("not_packed", "urgent"), ("label_overdue", "normal"))
    )
    assert title == "‼️ Assemble it now · first due in 3 min · 1-1 · and 2 more"
    assert first.startswith("Assemble it now")
    assert second.startswith("Cutoff missed")
    assert third.startswith("Reload; still none?")
    title, *_ = headings(*several(("registration_pending", "missed"), ("label_overdue", "normal")))
    assert title == "‼️ Cutoff missed: assemble it now · overdue up to 4 min · 1-0 · and 1 more"


def test_of_several_missed_pick_ups_the_first_cutoff_counts() -> None:
    both = [
        replace_number(one("not_packed", "missed", cutoff=NOW + timedelta(hours=hours)), hours) for hours in (5, 3)
    ]
    assert render(both, destination(), now=NOW).title == (
        "‼️ Pick-up missed: hand it over by 22:08 · 2 postings · first due in 3 hr"
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (ShiftNames.BUTTONS, "Ready text: press “Details” below."),
        (ShiftNames.BOARD, "Ready text to paste: https://labels.example/incidents"),
        (ShiftNames.NOBODY, "Ready to paste, for Ozon support:"),
        (ShiftNames.COMMANDS, "Ready to paste, for Ozon support:"),
    ],
)
@pytest.mark.parametrize("cause", ["carrier_incident", "platform_incident", "shop_incident"])
def test_the_ready_text_of_an_incident_can_be_had_where_it_is_spoken_of(
    cause: str, more: ShiftNames, said: str
) -> None:
    urgent = incident(cause, severity=Severity.CRITICAL, verdict=Verdict.ACT, deadline=NOW + minutes(40))
    message = render(
        [urgent],
        destination(),
        now=NOW,
        layout=Layout(more=more, board="https://labels.example/" * (more is ShiftNames.BOARD)),
    )
    assert "ready text" in message.body
    assert said in message.body


@pytest.mark.parametrize("more", [ShiftNames.BUTTONS, ShiftNames.NOBODY])
def test_a_message_for_several_says_where_their_ready_texts_are(more: ShiftNames) -> None:
    body = render(
        several(("registration_pending", "urgent"), ("label_overdue", "urgent")),
        destination(),
        now=NOW,
        layout=Layout(more=more),
    ).body
    assert {ShiftNames.BUTTONS: "press “Details”", ShiftNames.NOBODY: "ask whoever runs labelwatch"}[more] in body
