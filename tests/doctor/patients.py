"""Patients to examine: over a real database, with the clock, the service and the way to Ozon that a test wants."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from labelwatch.channels import check_url, check_way
from labelwatch.config import Config, load
from labelwatch.doctor import DoctorContext, Finding, Level, open_context
from labelwatch.doctor.checks import Examination
from labelwatch.service.clock import Clock
from tests.store.build import NOW

ENVIRON = {"KEY": "00000000-0000-4000-8000-000000000000", "URL": "json://127.0.0.1/hook"}
SHOP = '[[shop]]\nname = "star"\nclient_id = "100001"\napi_key = "env:KEY"\n'
CHANNEL = '[[channel]]\nname = "packers"\nurl = "env:URL"\n'


def settings(folder: Path, text: str = "", environ: Mapping[str, str] = ENVIRON, *, channel: str = "") -> Config:
    """A configuration of one shop and one channel, over `labelwatch.db` in a folder; `text` stands before them and
    `channel` behind, in the table of the channel."""
    file, store = folder / "labelwatch.toml", '[store]\nurl = "sqlite:///labelwatch.db"\n'
    file.write_text(f"{text}\n{store}{SHOP}{CHANNEL}{channel}", encoding="utf-8")
    return load(file, environ=environ, check_url=check_url, check_way=check_way)


def clock(now: datetime = NOW) -> Clock:
    return Clock(now=lambda: now, monotonic=lambda: 0.0, sleep=lambda seconds: None)


@contextmanager
def context(
    config: Config,
    *,
    now: datetime = NOW,
    unit: Mapping[str, str] | None = None,
    user: int | None = None,
    online: bool = False,
) -> Iterator[DoctorContext]:
    with open_context(
        config, Path("labelwatch.toml"), online=online, user=user, clock=clock(now), ask_systemd=lambda: unit or {}
    ) as found:
        yield found


def found(examination: Examination, one: DoctorContext) -> dict[str, Level]:
    """What was found -> how bad it is."""
    return {finding.what: finding.level for finding in examination(one)}


def told(examination: Examination, one: DoctorContext, what: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = (finding for finding in examination(one) if finding.what == what)
    return finding


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)
