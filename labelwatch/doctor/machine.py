"""The configuration, the program, the connection to Ozon, and the clock."""

import platform
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from labelwatch import __version__
from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.net.environment import problems
from labelwatch.sources.ozon.label_pdf import unusable

SKEW = timedelta(seconds=30)
BAD_SKEW = timedelta(minutes=10)


def configuration(context: DoctorContext) -> Iterator[Finding]:
    """Does the valid file contain anything that should be better. (An invalid one ends before this.)"""
    config, file = context.config, str(context.file)
    shops, channels = (sum(one.enabled for one in some) for some in (config.shops, config.channels))
    values: dict[str, Value] = {"file": file, "shops": shops, "channels": channels}
    yield Finding("configuration", Level.OK, "config_right", values)
    for doubt in config.warnings:
        yield Finding("configuration", Level.WARNING, "config_doubt", {"file": file, "doubt": doubt})


def program(context: DoctorContext) -> Iterator[Finding]:
    """Version, platform, and whether proxies and certificates of the environment can be used."""
    system = f"{platform.system()} {platform.release()}"
    values = {"version": __version__, "python": platform.python_version(), "system": system}
    yield Finding("program", Level.OK, "program", values)
    for problem in problems():
        yield Finding("program", Level.WRONG, "program_environment", {"said": problem})


def methods(context: DoctorContext) -> Iterator[Finding]:
    """Has Ozon announced to switch off a method that labelwatch uses."""
    for path, on in context.retiring.items():
        yield Finding("program", Level.WARNING, "method_retires", {"path": path, "on": on.isoformat()})


def way(context: DoctorContext) -> Iterator[Finding]:
    """Can Ozon be reached: its name, the proxy of the environment, its certificate."""
    found = context.check_connectivity
    if found is None:
        return
    values = {"host": urlsplit(context.config.ozon.base_url).netloc, "proxy": found.proxy, "said": found.detail}
    if found.barrier is not None:
        yield Finding("way", Level.WRONG, f"way_{found.barrier}", values)
    else:
        yield Finding("way", Level.OK, "way_proxied" if found.proxy else "way_open", values)


def clock(context: DoctorContext) -> Iterator[Finding]:
    """Does this machine's clock agree with Ozon's."""
    skew = context.check_connectivity.skew if context.check_connectivity else None
    if skew is None:
        return
    off = abs(skew)
    values = {"seconds": max(round(off.total_seconds()), 1)}
    if off <= SKEW:
        yield Finding("clock", Level.OK, "clock_right", values)
        return
    what = "clock_ahead" if skew > timedelta(0) else "clock_behind"
    yield Finding("clock", Level.WRONG if off > BAD_SKEW else Level.WARNING, what, values)


def labels(context: DoctorContext) -> Iterator[Finding]:
    """Can the labels that channels want be read, by a confined process."""
    wanting = [channel.name for channel in context.config.channels if channel.enabled and channel.attach_label]
    if not wanting:
        return
    values: dict[str, Value] = {"channels": ", ".join(wanting)}
    if why := unusable():
        yield Finding("labels", Level.WRONG, "labels_unread", values | {"why": why.detail})
    else:
        yield Finding("labels", Level.OK, "labels_confined", values)
