"""How many examples are tried: few and always the same in every run of the tests, many and new ones in a long run."""

import os

from hypothesis import HealthCheck, Phase, settings

IS_LONG = os.environ.get("LABELWATCH_LONG") == "1"
TIMES = 300
"""So many times as many in a long run."""


def examples(few: int, *, steps: int = 25) -> settings:
    """Settings for a test whose few examples are quick; `steps` of a state machine each."""
    return settings(
        max_examples=few * TIMES if IS_LONG else few,
        stateful_step_count=2 * steps if IS_LONG else steps,
        derandomize=not IS_LONG,  # what is not to blame must not fail by chance
        # To find the smallest example that fails takes longer than a test may: a long run does.
        phases=tuple(Phase) if IS_LONG else (Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        deadline=None,  # it says more about who else uses the machine than about the code
        suppress_health_check=list(HealthCheck),
    )
