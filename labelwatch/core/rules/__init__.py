"""The rules for causes, in order, one file per family; the first match is the cause.

To add a cause: write its rule in the file of its family, add it to that file's RULES in the right position, add
its texts to every catalog, and a row to the test table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import cleandoc

from labelwatch.core.alert import Family
from labelwatch.core.rules import anomaly, blind, calendar, carrier, delivery_method, not_processed, sync_lag, unknown
from labelwatch.core.rules.base import Check


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in its position. Two rules may prove the same cause, the later one with less certainty."""

    cause: str
    family: Family
    check: Check

    @property
    def meaning(self) -> str:
        return cleandoc(self.check.__doc__ or "")


_FAMILIES: tuple[tuple[Family, dict[str, Check]], ...] = (
    (Family.DELIVERY_METHOD, delivery_method.RULES),
    (Family.ANOMALY, anomaly.RULES),
    (Family.NOT_PROCESSED, not_processed.RULES),
    (Family.CARRIER, carrier.RULES),
    (Family.DELIVERY_METHOD, delivery_method.LATE_RULES),
    (Family.SYNC_LAG, sync_lag.RULES),
    (Family.ANOMALY, anomaly.LATE_RULES),
    (Family.SYNC_LAG, sync_lag.LATE_RULES),
    (Family.UNKNOWN, unknown.RULES),
)

RULES: tuple[Rule, ...] = tuple(
    Rule(cause, family, check) for family, rules in _FAMILIES for cause, check in rules.items()
)

_FOUND = {
    **dict.fromkeys(blind.MEANINGS, Family.BLIND),
    **{rule.cause: rule.family for rule in RULES},
    **dict.fromkeys(calendar.MEANINGS, Family.NOT_PROCESSED),
}
CAUSES: Mapping[str, Family] = dict(sorted(_FOUND.items(), key=lambda pair: list(Family).index(pair[1])))
"""Every cause id, by family; the ids are stable: they are used in JSON and in databases."""

MEANINGS: Mapping[str, str] = {
    **{rule.cause: rule.meaning for rule in reversed(RULES)},
    **blind.MEANINGS,
    **calendar.MEANINGS,
}
"""What each cause means and what proves it, in English: the docstrings of the rules."""
