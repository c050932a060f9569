"""Times survive the database to the millisecond, whatever zone they came in; those without a zone do not enter."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from labelwatch.store.columns import Utc

DIALECT = sqlite.dialect()
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda offset: timezone(timedelta(minutes=offset)))


def round_trip(value: datetime) -> datetime | None:
    return Utc().process_result_value(Utc().process_bind_param(value, DIALECT), DIALECT)


@given(st.datetimes(timezones=ZONES).filter(lambda value: 1 < value.year < 9999))
def test_a_time_comes_back_as_the_same_millisecond_in_utc(value: datetime) -> None:
    back = round_trip(value)
    assert back is not None
    assert back.tzinfo is UTC
    assert timedelta(0) <= value - back < timedelta(milliseconds=1)
    assert round_trip(back) == back


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        Utc().process_bind_param(datetime(2026, 3, 1), DIALECT)  # noqa: DTZ001 - the point of the test


def test_no_time_stays_none() -> None:
    assert Utc().process_bind_param(None, DIALECT) is None
    assert Utc().process_result_value(None, DIALECT) is None
