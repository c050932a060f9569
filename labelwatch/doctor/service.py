"""The service: is it running, and will it run after the next boot."""

from collections.abc import Iterator, Mapping

from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level
from labelwatch.doctor.shops import any_overdue
from labelwatch.doctor.systemd import UNIT
from labelwatch.store.health import Health


def service(context: DoctorContext) -> Iterator[Finding]:
    """Does `labelwatch run` use this database; is the systemd unit installed, running and enabled."""
    found = context.health
    holder = found.holder if isinstance(found, Health) else None
    values = {"unit": UNIT, "pid": holder or "?", "restarts": context.unit.get("NRestarts", "0")}
    level, what = _judged(context.unit, is_held=holder is not None)
    if what == "service_none" and any_overdue(context):
        level = Level.WRONG  # nor does cron
    yield Finding("service", level, what, values)


def _judged(unit: Mapping[str, str], *, is_held: bool) -> tuple[Level, str]:
    if not unit:
        return (Level.OK, "service_by_hand") if is_held else (Level.WARNING, "service_none")
    state = unit.get("ActiveState")
    if state != "active":
        # systemd reports "activating" for a unit that it restarts repeatedly.
        return Level.WRONG, "service_failing" if state == "activating" else "service_stopped"
    if not is_held:
        return Level.WARNING, "service_elsewhere"
    if unit.get("UnitFileState") not in ("enabled", "enabled-runtime", "static"):
        return Level.WARNING, "service_not_enabled"
    return Level.OK, "service_runs"
