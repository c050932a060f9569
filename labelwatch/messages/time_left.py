"""The time left to a deadline, or since it has passed, in words."""

from datetime import datetime

from labelwatch.core.alert import Diagnosis
from labelwatch.messages.time_format import RenderContext, duration, zoned_clock


def time_left(context: RenderContext, diagnosis: Diagnosis) -> str:
    """`52 min left`, `20 min over`, or empty if there is no deadline; for an incident to the nearest of its
    deadlines, after a missed pick-up to Ozon's own cutoff."""
    if diagnosis.incident:
        return soonest(context, diagnosis.deadline)
    line = context.words.line
    return _until(context, due_at(diagnosis, context.now), ahead=line.left, over=line.late)


def due_at(diagnosis: Diagnosis, now: datetime) -> datetime | None:
    """The deadline that counts at `now`: after a missed pick-up it is Ozon's own cutoff."""
    deadline, cutoff = diagnosis.deadline, diagnosis.cutoff
    return cutoff if cutoff is not None and deadline is not None and now >= deadline else deadline


def soonest(context: RenderContext, deadline: datetime | None) -> str:
    """The same of the nearest deadline of many."""
    return _until(context, deadline, ahead=context.words.line.bundle_soonest, over=context.words.line.bundle_latest)


def _until(context: RenderContext, deadline: datetime | None, *, ahead: str, over: str) -> str:
    if deadline is None:
        return ""
    if deadline > context.now:
        return ahead.format(left=duration(context, deadline - context.now))
    return over.format(late=duration(context, context.now - deadline))


def due(context: RenderContext, diagnosis: Diagnosis) -> str:
    """The deadline in the channel's zone and the time left, as a sentence; for an incident the nearest one."""
    deadline, line = diagnosis.deadline, context.words.line
    if deadline is None:
        return ""
    ahead, passed = line.deadline, line.deadline_passed
    if diagnosis.incident:
        ahead, passed = line.nearest, line.nearest_passed
    if is_picked_up(diagnosis):
        ahead, passed = line.pick_up, line.pick_up_passed
        if diagnosis.cutoff is not None and diagnosis.cutoff <= context.now:
            deadline, passed = diagnosis.cutoff, line.deadline_passed
    at = zoned_clock(context, deadline)
    left = duration(context, abs(deadline - context.now)).removesuffix(
        "."
    )  # an abbreviated day ends the sentence too
    template = ahead if deadline > context.now else passed
    cutoff = zoned_clock(context, diagnosis.cutoff) if diagnosis.cutoff else ""
    return template.format(deadline=at, left=left, late=left, cutoff=cutoff)


def is_picked_up(diagnosis: Diagnosis) -> bool:
    """Whether the deadline is a pick-up that comes before Ozon's own cutoff."""
    return diagnosis.cutoff is not None and diagnosis.cutoff != diagnosis.deadline
