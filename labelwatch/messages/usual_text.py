"""What is usual for a posting that only waits, in words: how long, the chance that it comes in time, the limit."""

from math import ceil

from labelwatch.core.alert import Diagnosis
from labelwatch.core.diagnosis import KINDS
from labelwatch.messages.time_format import RenderContext, brief

LEARNED = ("label", "registration")
"""What postings wait for whose times are learned."""


def usual(context: RenderContext, diagnosis: Diagnosis) -> str:
    """How long it usually takes, and how often it still came in time for those that waited this long; or that not
    enough has been seen to say so."""
    line, known, since = context.words.line, diagnosis.usual, diagnosis.waiting_since
    if since is None or KINDS.get(diagnosis.cause) not in LEARNED:
        return ""
    said = [_chance(context, diagnosis)]
    if known is not None:
        times = {
            "median": ceil(known.median.total_seconds()),
            "most": ceil(known.most.total_seconds()),
            "now": max(int((context.now - since.latest).total_seconds()), 0),
        }
        said.insert(0, line.usual.format(**{name: brief(context, seconds) for name, seconds in times.items()}))
    return line.sentence_gap.join(filter(None, said))


def _chance(context: RenderContext, diagnosis: Diagnosis) -> str:
    line, known = context.words.line, diagnosis.usual
    if diagnosis.deadline is None or diagnosis.deadline <= context.now:
        return ""
    if known is None or known.chance is None:
        return line.chance_unknown
    return line.chance.format(percent=round(100 * known.chance))


def limit(context: RenderContext, diagnosis: Diagnosis) -> str:
    """The limit that was learned, from how many, and the fixed one in whose place it is."""
    learned, words = diagnosis.usual and diagnosis.usual.learned, context.words.line.limit
    if not learned:
        return ""
    values = {
        "limit": brief(context, int(learned.limit.total_seconds())),
        "fixed": brief(context, int(learned.fixed.total_seconds())),
    }
    return words[KINDS[diagnosis.cause]].format(n=learned.cases, **values)
