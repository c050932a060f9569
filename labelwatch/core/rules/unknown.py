"""Family `unknown`: the last rule, which always applies."""

from labelwatch.core.alert import Certainty, Finding
from labelwatch.core.facts import Facts
from labelwatch.core.rules.base import Check, Excluded, Proven, said


def unexplained(finding: Finding, facts: Facts) -> Proven | Excluded:
    """None of the other causes can be proven; what Ozon reports is quoted word for word."""
    return Proven(Certainty.UNKNOWN, (said(finding, "status"), said(finding, "substatus"), said(finding, "flow")))


RULES: dict[str, Check] = {
    "unexplained": unexplained,
}
