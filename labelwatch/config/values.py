"""Parses values of the file (times, zones, addresses, ids), or says what is allowed.

Every function raises Unfit, whose sentence says what is allowed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from labelwatch.config.sentences import Unfit
from labelwatch.core.policy import QuietHours

AUTO = "auto"

_DURATION = re.compile(r"(?:(\d{1,6})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,6})s)?")
# The units in Russian and Chinese.
_OWN_UNITS = {
    **dict.fromkeys(("дней", "дня", "день", "дн", "д", "天"), "d"),
    **dict.fromkeys(("часов", "часа", "час", "ч", "小时", "时"), "h"),
    **dict.fromkeys(("минут", "минуты", "минута", "минуту", "мин", "м", "分钟", "分"), "m"),
    **dict.fromkeys(("секунд", "секунды", "секунда", "секунду", "сек", "с", "秒"), "s"),
}
_OWN_UNIT = re.compile(r"(?<=\d)\s*(" + "|".join(sorted(_OWN_UNITS, key=len, reverse=True)) + r")(?![а-яё])\.?")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})")

# Common names of zones that the zone database names differently.
_ZONE_NICKNAMES = {
    "beijing": "Asia/Shanghai",
    "china": "Asia/Shanghai",
    "cst": "Asia/Shanghai",
    "gmt+8": "Asia/Shanghai",
    "utc+8": "Asia/Shanghai",
    "msk": "Europe/Moscow",
    "gmt+3": "Europe/Moscow",
    "utc+3": "Europe/Moscow",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the board listens; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_duration(text: str) -> timedelta | None:
    """`90s`, `15m`, `4h`, `2d`, `1h30m`: units from large to small, also `2ч`, `2 小时`; None = no time."""
    found = _DURATION.fullmatch(_OWN_UNIT.sub(lambda unit: _OWN_UNITS[unit[1]], text.strip()))
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def between(least: str, most: str) -> Callable[[object], timedelta]:
    """A reader of durations from `least` to `most`, both included."""
    low, high = parse_duration(least), parse_duration(most)
    assert low is not None
    assert high is not None

    def read(value: object) -> timedelta:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise Unfit("time_unit", n=f"{value:g}")
        found = parse_duration(value) if isinstance(value, str) else None
        if found is None or not low <= found <= high:
            raise Unfit("time", least=least, most=most)
        return found

    return read


def limit(value: object) -> timedelta:
    """How long something may take before it is late."""
    return between("1s", "365d")(value)


def limit_or_auto(value: object) -> timedelta | str:
    """As `limit`, or "auto": learned from what is normal for the delivery method."""
    if value == AUTO:
        return AUTO
    try:
        return limit(value)
    except Unfit as error:
        raise Unfit("or_auto", time=error.sentence) from None


def rate(value: object) -> float:
    """Requests per second; Ozon allows 50."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 50:
        return float(value)
    raise Unfit("rate")


def name(value: object) -> str:
    """The name of a shop or a channel, as used in tables, messages and commands."""
    if isinstance(value, str) and value.strip() and len(value) <= 64 and value.isprintable():
        return value.strip()
    raise Unfit("name")


def number_text(value: object) -> str:
    """An id that Ozon writes as a number; text or integer in the file, text from here on."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if re.fullmatch(r"[0-9]{1,19}", text) and int(text) > 0:
        return str(int(text))
    raise Unfit("number")


def zone(value: object) -> str:
    """The name of an IANA time zone."""
    if not isinstance(value, str):
        raise Unfit("zone_text")
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError):
        pass
    if not available_timezones():
        raise Unfit("zone_files")
    raise Unfit("zone", meant=_closest_zone(value))


def _closest_zone(text: str) -> str:
    city = text.rsplit("/", 1)[-1].strip().lower().replace(" ", "_")
    if city in _ZONE_NICKNAMES:
        return _ZONE_NICKNAMES[city]
    zones = sorted(available_timezones())
    same_city = [zone for zone in zones if zone.lower().rsplit("/", 1)[-1] == city and "/" in zone]
    return next(iter(same_city or get_close_matches(text, zones, n=1)), "")


def quiet_hours(value: object) -> QuietHours:
    """`22:00-08:00` in the channel's zone; may cross midnight."""
    found = _QUIET.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if start != end:
            return QuietHours(start, end)
    raise Unfit("quiet_hours")


def working_days(value: object) -> frozenset[int]:
    """`mon-fri`, `mon,tue,sat` or a list of these; Monday is 0. An empty list means none."""
    written = value.split(",") if isinstance(value, str) else value
    found = [_days(part) for part in written] if isinstance(written, list) else [None]
    if None in found:
        raise Unfit("working_days")
    return frozenset(day for days in found if days is not None for day in days)


def _days(part: object) -> list[int] | None:
    """`mon`, or a range, which may cross the end of the week like `fri-mon`."""
    names = part.strip().lower().split("-") if isinstance(part, str) else []
    ends = [_DAYS.index(name.strip()) for name in names if name.strip() in _DAYS]
    if len(ends) != len(names) or len(ends) not in (1, 2):
        return None
    return [(ends[0] + ahead) % 7 for ahead in range((ends[-1] - ends[0]) % 7 + 1)]


def days_off(value: object) -> frozenset[date]:
    """Dates as TOML or as text, in a list."""
    found = [_date(one) for one in value] if isinstance(value, list) else [None]
    if None in found:
        raise Unfit("days_off")
    return frozenset(one for one in found if one is not None)


def _date(value: object) -> date | None:
    if isinstance(value, date):
        return None if isinstance(value, datetime) else value
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def handover(value: object) -> tuple[time, ...]:
    """Times of day, in order."""
    clocks = [_clock(one) for one in value] if isinstance(value, list) else [None]
    if None in clocks:
        raise Unfit("handover")
    return tuple(sorted({one for one in clocks if one is not None}))


def handover_at(value: object) -> tuple[time, ...]:
    """One time of day, or several in a list."""
    try:
        return handover(value if isinstance(value, list) else [value])
    except Unfit:
        raise Unfit("handover_at") from None


def time_of_day(value: object) -> time | None:
    """`07:30`; empty = never."""
    if value == "":
        return None
    found = _clock(value)
    if found is None:
        raise Unfit("time_of_day")
    return found


def weekly(value: object) -> tuple[int, time] | None:
    """`mon 09:00`: day of the week (Monday is 0) and time; empty = never."""
    if value == "":
        return None
    day, _, clock = value.strip().lower().partition(" ") if isinstance(value, str) else ("", "", "")
    found = _clock(clock)
    if day not in _DAYS or found is None:
        raise Unfit("weekly")
    return _DAYS.index(day), found


def _clock(value: object) -> time | None:
    if isinstance(value, time):
        return value.replace(microsecond=0)
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    return time(int(found[1]), int(found[2])) if found else None


def address(value: object) -> Address:
    """`127.0.0.1:8765`, `[::1]:8765` or `localhost:8765`."""
    found = _LISTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found and int(found["port"]) <= 65535:
        return Address(found["v6"] or found["host"], int(found["port"]))
    raise Unfit("listen")


def web_url(value: object) -> str:
    """An http or https address without a name or password in it; comes back without the slash at its end."""
    text = value.strip() if isinstance(value, str) else ""
    scheme, _, rest = text.partition("://")
    text = f"{scheme.lower()}://{rest}"  # the scheme is compared in lower case elsewhere
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and not parts.username
        is_good = is_good and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not text.isprintable() or " " in text:
        raise Unfit("web_url")
    return text.rstrip("/")


def _is_host(host: str) -> bool:
    """An address, or a name whose parts are not empty; underscores are allowed, as in names of containers."""
    return ":" in host or bool(re.fullmatch(r"(?!-)[\w-]+(\.[\w-]+)*\.?", host))


def base_url(value: object) -> str:
    """An address to which paths are added."""
    text = web_url(value)
    if "?" in text or "#" in text:
        raise Unfit("base_url", alone=re.split("[?#]", text)[0])
    return text


def site(value: object) -> str:
    """The address of a whole site: scheme, host and perhaps a port; comes back without the slash at its end."""
    text = value.strip() if isinstance(value, str) else ""
    scheme, _, rest = text.partition("://")
    alone = web_url(f"{scheme}://{re.split(r'[/?#]', rest)[0].rpartition('@')[2]}")
    if text.rstrip("/") != alone:
        raise Unfit("site", alone=alone)
    return alone


def database_url(text: str, directory: Path) -> str:
    """A SQLite file, made absolute from `directory`, or a PostgreSQL database with the driver named."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme in ("postgresql+psycopg", "postgresql", "postgres"):
        return f"postgresql+psycopg://{rest}"
    path = rest.removeprefix("/")
    if scheme != "sqlite" or path == rest or not path or path.startswith(":memory:"):
        raise Unfit("database")
    return f"sqlite:///{directory / path}"
