"""Family `unknown`: the last rule, which always applies."""

from labelwatch.core.causes.verdict import Excluded, Proven, Rule, said
from labelwatch.core.facts import Facts
from labelwatch.core.model import Certainty, Finding


def unexplained(finding: Finding, facts: Facts) -> Proven | Excluded:
    """None of the other causes can be proven; what Ozon reports is quoted word for word."""
    return Proven(Certainty.UNKNOWN, (said(finding, "status"), said(finding, "substatus"), said(finding, "flow")))


RULES: tuple[Rule, ...] = (unexplained,)
