"""Who is told and when: shops, severities, and quiet hours where the clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from labelwatch.core.baseline import ENOUGH, normal_times
from labelwatch.core.lifecycle import close, reconcile
from labelwatch.core.model import Alert, AlertPolicy, Destination, Outcome, QuietHours, Reason, Severity
from labelwatch.core.telling import quiet_until, tellings
from tests.core.test_lifecycle import ill

NIGHT = QuietHours(time(22), time(8))
WAIT = timedelta(seconds=20)


def alert(
    severity: Severity = Severity.NOTICE, deadline: datetime | None = None, now: datetime | None = None
) -> Alert:
    at = now or datetime(2026, 11, 22, 9, tzinfo=UTC)
    return reconcile(None, ill(severity, deadline=deadline), policy=AlertPolicy(), now=at)[0]


def channel(name: str = "packers", **changes: object) -> Destination:
    return Destination(**{"name": name, "language": "en", "timezone": "Europe/Berlin"} | changes)  # type: ignore[arg-type]


def told(item: Alert, *channels: Destination, now: datetime, reason: Reason = Reason.FIRST) -> dict[str, datetime]:
    return {n.channel: n.due_at for n in tellings(item, reason, channels, now=now, group_wait=WAIT)}


def test_a_channel_hears_of_its_shops_and_from_its_severity_up() -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    all_of_it, other_shop = channel("all"), channel("other", shops=frozenset({"second"}))
    owner = channel("owner", severity=Severity.CRITICAL)
    assert told(alert(), all_of_it, other_shop, owner, now=now) == {"all": now + WAIT}
    assert set(told(alert(Severity.CRITICAL), all_of_it, other_shop, owner, now=now)) == {"all", "owner"}


def test_the_end_is_offered_to_every_channel_of_the_shop() -> None:
    ended, reason = close(alert(), Outcome.LABELLED, policy=AlertPolicy(), now=datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert reason is Reason.RESOLVED
    channels = channel("owner", severity=Severity.CRITICAL), channel("other", shops=frozenset({"second"}))
    assert set(told(ended, *channels, now=datetime(2026, 11, 22, 9, tzinfo=UTC), reason=reason)) == {"owner"}


def test_quiet_hours_hold_back_what_can_wait() -> None:
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    morning = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 08:00 in Berlin
    assert told(alert(), channel(quiet=NIGHT), now=midnight) == {"packers": morning}
    late_cutoff = alert(deadline=morning + timedelta(hours=1))
    assert told(late_cutoff, channel(quiet=NIGHT), now=midnight) == {"packers": morning}
    early_cutoff = alert(deadline=morning - timedelta(hours=1))
    assert told(early_cutoff, channel(quiet=NIGHT), now=midnight) == {"packers": midnight + WAIT}


def test_a_deadline_that_is_past_wakes_nobody() -> None:
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    missed = alert(deadline=midnight - timedelta(days=3))
    assert told(missed, channel(quiet=NIGHT), now=midnight) == {"packers": datetime(2026, 11, 23, 7, tzinfo=UTC)}


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("quiet", "at", "end"),
    [
        # The night in which the clocks go forward has 23 hours, the one in which they go back 25.
        (NIGHT, datetime(2026, 3, 28, 23, tzinfo=BERLIN), datetime(2026, 3, 29, 6, tzinfo=UTC)),
        (NIGHT, datetime(2026, 10, 24, 23, tzinfo=BERLIN), datetime(2026, 10, 25, 7, tzinfo=UTC)),
        # 02:30 does not exist on 29 March: half past the hour that replaces it.
        (
            QuietHours(time(22), time(2, 30)),
            datetime(2026, 3, 28, 23, tzinfo=BERLIN),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
        (
            QuietHours(time(12), time(14)),
            datetime(2026, 6, 1, 13, tzinfo=BERLIN),
            datetime(2026, 6, 1, 12, tzinfo=UTC),
        ),
        (QuietHours(time(12), time(14)), datetime(2026, 6, 1, 14, tzinfo=BERLIN), None),
        (NIGHT, datetime(2026, 6, 1, 8, tzinfo=BERLIN), None),
        (NIGHT, datetime(2026, 6, 1, 7, 59, tzinfo=BERLIN), datetime(2026, 6, 1, 6, tzinfo=UTC)),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(quiet: QuietHours, at: datetime, end: datetime | None) -> None:
    assert quiet_until(quiet, at.astimezone(UTC), BERLIN) == end


def test_normal_is_learned_only_from_enough_and_is_a_time_that_was_observed() -> None:
    times = [timedelta(seconds=n) for n in range(1, ENOUGH + 1)]
    assert normal_times({"a": times, "b": times[1:]}) == {"a": timedelta(seconds=99)}
