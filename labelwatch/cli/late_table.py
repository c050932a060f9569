"""What the list of late postings says, row by row and line by line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from labelwatch.cli.words import phrases
from labelwatch.core.alert import Alert
from labelwatch.i18n import translate
from labelwatch.messages import diagnosis_text
from labelwatch.messages.catalog import catalog
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, duration, zoned_clock

if TYPE_CHECKING:
    from labelwatch.queries import Overview, ShopHealth


def context(language: str, timezone: str, now: datetime) -> RenderContext:
    """The render context of the terminal."""
    return RenderContext(catalog(language), ZoneInfo(timezone), now)


def incidents(overview: "Overview", speaker: RenderContext) -> Iterator[tuple[str, str]]:
    for incident in overview.incidents:
        event = incident.diagnosis
        head, text = diagnosis_text.subject(speaker, event), diagnosis_text.headline(speaker, event)
        yield speaker.words.line.colon.format(head=head, text=text), "bold red"
        yield diagnosis_text.why(speaker, event), ""


def shop_lines(shops: Iterable["ShopHealth"], speaker: RenderContext) -> Iterator[tuple[str, str]]:
    said = phrases(speaker.words.language, "board")
    for shop in shops:
        yield _shop_line(shop, speaker, said), "dim" if shop.state == "fresh" else "bold red"


def mute(overview: "Overview", speaker: RenderContext) -> Iterator[tuple[str, str]]:
    said = phrases(speaker.words.language, "board")
    for trouble in overview.troubles:
        since, reason = (
            zoned_clock(speaker, trouble.since),
            plain(translate(trouble.reason, speaker.words.language), 240),
        )
        yield said["mute"].format(channel=trouble.name, since=since, reason=reason), "bold red"


def headings(said: Mapping[str, str]) -> Sequence[str]:
    return said["severity"], said["due"], said["posting"], said["shop"], said["act"], said["state"]


def row(alert: Alert, speaker: RenderContext, said: Mapping[str, str], *, brief: bool = False) -> tuple[str, ...]:
    diagnosis = alert.diagnosis
    cause, act = diagnosis_text.words_of(speaker, diagnosis.cause).name, diagnosis_text.headline(speaker, diagnosis)
    return (
        speaker.words.severity[diagnosis.severity],
        diagnosis_text.time_left(speaker, diagnosis),
        diagnosis.posting_number or said["whole_shop"],
        diagnosis.shop,
        act if brief else said["to_do"].format(act=act, cause=cause),
        diagnosis_text.state(speaker, alert),
    )


def _shop_line(shop: "ShopHealth", speaker: RenderContext, said: Mapping[str, str]) -> str:
    if shop.state == "blind":
        cause = diagnosis_text.words_of(speaker, shop.cause or "").name
        return said["blind"].format(shop=shop.name, cause=cause, detail=shop.detail or "")
    if shop.read_at is None:
        return said["never"].format(shop=shop.name)
    template = said["fresh"] if shop.state == "fresh" else said["stale"]
    ago = duration(speaker, max(speaker.now - shop.read_at, timedelta(0)))
    return template.format(shop=shop.name, ago=ago, postings=shop.postings)
