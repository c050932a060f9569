"""Combines everything known beyond the list into the facts of one posting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from labelwatch.core.alert import Finding
from labelwatch.core.enrichment import Answers, with_answers
from labelwatch.core.facts import Facts
from labelwatch.core.lateness import Awaited, awaited
from labelwatch.core.posting import MethodHistory
from labelwatch.core.subject import Incident


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What one shop's history, Ozon's answers and the open incidents say."""

    history: MethodHistory = field(default_factory=MethodHistory)
    answers: Answers = field(default_factory=dict)
    labelled: Mapping[str, str] = field(default_factory=dict)
    """The delivery methods that ever gave a label: id -> name."""
    handed_over: Mapping[str, int] = field(default_factory=dict)
    """Delivery method id -> postings that shipped without ever having had a label."""
    incidents: tuple[Incident, ...] = ()

    def facts(self, finding: Finding) -> Facts:
        """The facts of this posting, as far as anything is known."""
        posting = finding.posting
        method = posting.method.id
        normal = self.history.normal(finding.stage, method, finding.since.earliest)
        own = Facts(
            label_expected=awaited(posting, self.history.labelled) is Awaited.LABEL,
            method_labelled=method in self.history.labelled,
            method_handed_over=self.handed_over.get(method, 0),
            curve=normal.curve if normal else None,
        )
        return replace(with_answers(own, finding, self.answers, self.labelled), incident=self._incident(finding))

    def _incident(self, finding: Finding) -> Incident | None:
        carrier = finding.posting.method.carrier
        explaining = (event for event in self.incidents if event.explains(shop=finding.shop, carrier=carrier))
        found = next(explaining, None)
        return found.of(finding.shop) if found else None
