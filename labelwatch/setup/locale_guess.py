"""What can be guessed about where we are: the language of the person and the zone of the clock on the wall."""

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
"""What people call these zones."""
_NOWHERE = ("UTC", "GMT", "Etc/")


def guess_language(environ: Mapping[str, str]) -> str:
    """zh, ru or en, by the environment, else by what the system says (Windows sets no LANG)."""
    names = [environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    with suppress(ValueError):
        names.append(locale.getlocale()[0] or "")
    for name in filter(None, names):
        word = name.replace("_", " ").replace(".", " ").split()[0].lower()
        return _SPOKEN.get(word, "en")
    return "en"


def zone(text: str) -> str:
    """A zone by its name or by what people call it; raises ValueError."""
    wanted = text.strip().lower()
    return next((name for name, called in _CALLED.items() if wanted in called), None) or values.zone(text.strip())


def guess_zone(language: str) -> str:
    """The zone of this machine; where its clock runs on UTC, as on most servers, the one the language suggests."""
    from tzlocal import get_localzone_name  # takes time, and few commands want it

    found = ""
    with suppress(Exception):  # a machine with contradicting settings has no zone that could be guessed
        found = get_localzone_name() or ""
    return _ZONES[language] if not found or found.startswith(_NOWHERE) else found
