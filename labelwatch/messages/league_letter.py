"""The letter to a carrier or forwarder with its line of the league table and its longest waits."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from labelwatch.core.league import LongWait, Standing, Times
from labelwatch.core.posting import Interval
from labelwatch.messages.catalog import catalog
from labelwatch.messages.league_text import carrier_name, percent, say, span_of_hours, took
from labelwatch.messages.letters import Letter
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, dated, day_span, duration, zone_name

CASES = 5


def league_letter(
    line: Standing, cases: Sequence[LongWait], *, within: Interval, language: str, zone: str, now: datetime
) -> Letter:
    """The letter about this carrier's line; times in `zone`, dates in full: it may be read any day."""
    context = RenderContext(catalog(language), ZoneInfo(zone), now)
    period, is_fine = day_span(context, within), not line.late_waiting and not line.declined
    paragraphs = (
        say(context, "letter_hello"),
        "\n".join([say(context, "letter_intro", period=period), *_figures(context, line, within)]),
        "\n".join([say(context, "letter_cases"), *_cases(context, cases)]) if cases else "",
        say(context, "letter_fine" if is_fine else "letter_ask"),
        "" if is_fine else say(context, "letter_close"),
    )
    name = carrier_name(context, line.carrier)
    return Letter(
        to=name,
        where="",
        language=language,
        subject=say(context, "letter_subject", carrier=name, period=period),
        text="\n\n".join(filter(None, paragraphs)),
    )


def _figures(context: RenderContext, line: Standing, within: Interval) -> Iterator[str]:
    yield "- " + say(context, "letter_orders", orders=line.orders, labelled=line.labelled)
    if line.late_waiting:
        share = percent(context, line.late_share)
        yield "- " + say(context, "letter_waiting", n=line.late_waiting, share=share)
    if line.declined:
        yield "- " + say(context, "letter_declined", n=line.declined)
    for key, times in (("letter_registration", line.registration), ("letter_label", line.label)):
        if times.median is not None:
            yield "- " + _times(context, key, times)
    if line.incidents:
        yield "- " + say(context, "letter_incidents", n=line.incidents)
    if hours := line.worst_hours:
        zone, span = zone_name(context, context.now), span_of_hours(hours.start)
        yield "- " + say(context, "letter_hours", zone=zone, **span, late=hours.late, of=hours.of)
    if line.before is not None:
        days = round((within.latest - within.earliest).total_seconds() / 86400)
        yield "- " + say(context, "letter_before", days=days, share=percent(context, line.before.late_share))


def _times(context: RenderContext, key: str, times: Times) -> str:
    half = took(context, times.median)
    if times.p95 is None:
        return say(context, f"{key}_half", half=half)
    return say(context, key, half=half, most=took(context, times.p95))


def _cases(context: RenderContext, cases: Sequence[LongWait]) -> Iterator[str]:
    for n, case in enumerate(cases, 1):
        parts = (
            say(context, "letter_tracking", tracking=plain(case.tracking_number)) if case.tracking_number else "",
            say(context, "letter_waited", waited=duration(context, case.waited)),
            _end(context, case),
            say(context, "letter_deadline", at=dated(context, case.deadline)) if case.deadline else "",
        )
        told = say(context, "gap").join(filter(None, parts))
        yield say(context, "letter_case", n=n, posting=plain(case.number), parts=told)


def _end(context: RenderContext, case: LongWait) -> str:
    if case.label_at is not None:
        return say(context, "letter_labelled", at=dated(context, case.label_at))
    if case.closed_at is not None:
        return say(context, "letter_closed", at=dated(context, case.closed_at))
    return say(context, "letter_unlabelled")
