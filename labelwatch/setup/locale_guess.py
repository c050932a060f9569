"""Guesses the language of the user and the time zone of the machine."""

import locale
from collections.abc import Mapping
from contextlib import suppress

from labelwatch.config import values

_SPOKEN = {"zh": "zh", "chinese": "zh", "ru": "ru", "russian": "ru", "en": "en", "english": "en"}
_ZONES = {"zh": "Asia/Shanghai", "ru": "Europe/Moscow", "en": "UTC"}
_CALLED = {
    "Asia/Shanghai": ("北京", "上海", "中国", "北京时间", "beijing", "china", "пекин", "utc+8"),
    "Europe/Moscow": ("москва", "мск", "莫斯科", "moscow", "msk", "utc+3"),
}
"""Common names of these zones."""
_NOWHERE = ("UTC", "GMT", "Etc/")


def guess_language(environ: Mapping[str, str]) -> str:
    """zh, ru or en, by the environment, else by the system settings (Windows sets no LANG)."""
    names = [environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    with suppress(ValueError):
        names.append(locale.getlocale()[0] or "")
    for name in filter(None, names):
        word = name.replace("_", " ").replace(".", " ").split()[0].lower()
        return _SPOKEN.get(word, "en")
    return "en"


def zone(text: str) -> str:
    """A zone by its name or a common name; raises ValueError."""
    wanted = text.strip().lower()
    return next((name for name, called in _CALLED.items() if wanted in called), None) or values.zone(text.strip())


def guess_zone(language: str) -> str:
    """The zone of this machine; if that is UTC, as on most servers, the one that the language suggests."""
    from tzlocal import get_localzone_name  # takes time, and few commands need it

    found = ""
    with suppress(Exception):  # contradictory settings: the zone is unknown
        found = get_localzone_name() or ""
    return _ZONES[language] if not found or found.startswith(_NOWHERE) else found
