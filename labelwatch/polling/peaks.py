"""Which delivery methods are slower than normal now; asked only about those of which something is newly late."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from labelwatch.core.lateness import Watch
from labelwatch.core.peaks import WINDOW, Slower, times_slower
from labelwatch.core.posting import Known, MethodHistory, Stage
from labelwatch.core.survival import Survival
from labelwatch.store import Transaction


def at_peak(tx: Transaction, shop_id: int, watch: Watch, unalerted: Iterable[Known], now: datetime) -> Watch:
    """The limits as they are now, a peak considered; `unalerted` is what is due and has no alert. What comes of it is
    recorded where it decides something."""
    curves = _curves(watch, unalerted, now)
    if not curves:
        return watch
    slower = _slower(tx, shop_id, watch.history, curves, now)
    tx.inputs.keep_slower(shop_id, slower, at=now)
    return replace(watch, slower=slower)


def _curves(watch: Watch, unalerted: Iterable[Known], now: datetime) -> dict[Stage, dict[str, Survival]]:
    """Stage -> delivery method id -> what is normal, where something is late by a learned limit."""
    curves: dict[Stage, dict[str, Survival]] = {}
    for known in unalerted:
        found, method = watch.find(known, now), known.posting.method.id
        if found is not None and found.learned is not None:
            normal = watch.history.normal(found.stage, method, now)
            assert normal is not None, "a limit was learned from it"
            curves.setdefault(found.stage, {})[method] = normal.curve
    return curves


def _slower(
    tx: Transaction, shop_id: int, history: MethodHistory, curves: dict[Stage, dict[str, Survival]], now: datetime
) -> Slower:
    day = now.astimezone(ZoneInfo(history.timezone)).date()
    slow: dict[str, dict[str, float]] = {}
    for stage, of_methods in curves.items():
        recent = tx.postings.recent_waits(shop_id, stage, list(of_methods), since=now - WINDOW, now=now)
        for method, curve in of_methods.items():
            times = times_slower(curve, recent.get(method, ()), day)
            if times > 1:
                slow.setdefault(stage.value, {})[method] = times
    return slow
