"""The pack for a dispute as one HTML document of one or two printed pages, without a script or a foreign address."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from html import escape
from zoneinfo import ZoneInfo

from labelwatch.core.dispute import Change, Conclusion, Pack
from labelwatch.core.error_index import Charge
from labelwatch.messages import diagnosis_text, index_text
from labelwatch.messages.catalog import catalog
from labelwatch.messages.evidence_text import fact
from labelwatch.messages.plain import plain, printable, spaced
from labelwatch.messages.raw_text import raw
from labelwatch.messages.time_format import RenderContext, dated, duration, zone_name

MOSCOW = "Europe/Moscow"
MOST_CHANGES, MOST_ANSWERS, MOST_TOLD = 20, 6, 8
"""Lines on paper; the rest is counted, and is whole in the ZIP."""
_SAID = 90
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_EXCUSED = (Conclusion.LABEL_LATE, Conclusion.NO_LABEL)

STYLE = """
@page { size: A4; margin: 12mm; }
body { font: 9.5pt/1.35 "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", Arial, sans-serif;
  color: #111; background: #fff; max-width: 182mm; margin: 0 auto; padding: 4mm; }
@media print { body { padding: 0; } }
h1 { font-size: 15pt; margin: 0 0 1mm; }
h2 { font-size: 10.5pt; margin: 3.5mm 0 1mm; break-after: avoid; }
p { margin: 1mm 0; }
.conclusion { font-weight: 700; font-size: 11pt; border-left: 1.2mm solid #111; padding-left: 2.5mm;
  margin: 2.5mm 0; }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; }
th, td { text-align: left; vertical-align: top; padding: .6mm 2mm .6mm 0; border-bottom: .2mm solid #bbb;
  overflow-wrap: break-word; }
tr { break-inside: avoid; }
.facts th { width: 42mm; font-weight: 600; }
.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
pre { white-space: pre-wrap; font: inherit; border: .2mm dashed #777; padding: 2mm; margin: 1mm 0; }
.soft, .hash { color: #555; font-size: 8pt; }
.hash { font-family: Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
"""


def document(pack: Pack, hashes: Mapping[str, str], *, language: str, zone: str) -> str:
    """The HTML; `hashes`: file name -> SHA-256 of the parts with the whole timeline."""
    context = RenderContext(catalog(language), ZoneInfo(zone), pack.as_of)
    title = say(context, "title", posting=printable(pack.posting.number))
    parts = (
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(_about(context, pack))}</p>',
        f'<p class="conclusion">{escape(conclusion(context, pack))}</p>',
        _facts(context, pack),
        _section(context, "timeline", _changes(context, pack), len(pack.changes) - MOST_CHANGES),
        _section(context, "answers", _answers(context, pack), len(pack.answers) - MOST_ANSWERS),
        _section(context, "told", _told(context, pack), len(pack.told) - MOST_TOLD),
        _unwatched(context, pack),
        f"<h2>{escape(say(context, 'letter'))}</h2>",
        f'<pre lang="ru">{escape(letter(pack, language="ru"))}</pre>',
        "" if language == "ru" else f'<p class="soft">{escape(letter(pack, language=language))}</p>',
        f"<h2>{escape(say(context, 'hashes'))}</h2>",
        *(f'<p class="hash">{escape(name)}<br>{sha}</p>' for name, sha in hashes.items()),
    )
    body = "\n".join(filter(None, parts))
    head = f'<meta charset="utf-8">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="{language}">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def say(context: RenderContext, key: str, **values: object) -> str:
    return spaced(context.words.dispute[key].format(**values))


def conclusion(context: RenderContext, pack: Pack) -> str:
    """What the times say, in one sentence."""
    decided = pack.course
    values = {
        "packed": _when(context, decided.packed),
        "label": _when(context, decided.label),
        "cutoff": dated(context, decided.deadline) if decided.deadline else "",
        "as_of": dated(context, pack.as_of),
        "after": duration(context, _after_packing(pack)),
    }
    return say(context, str(decided.conclusion), **values)


def letter(pack: Pack, *, language: str) -> str:
    """The text for Ozon's support, in Moscow time; in another language than Russian a translation of it."""
    context, number = RenderContext(catalog(language), ZoneInfo(MOSCOW), pack.as_of), pack.posting.number
    names = {"posting": printable(number), "order": printable(pack.posting.order_number), "client": pack.client_id}
    is_excused = pack.course.conclusion in _EXCUSED
    cost = " + ".join(index_text.cost(context, one.charge) for one in pack.charged if one.charge.cost)
    paragraphs = (
        say(context, "letter_about", **names),
        conclusion(context, pack),
        say(context, "letter_excuse" if is_excused else "letter_explain"),
        say(context, "letter_charged", amount=cost) if is_excused and cost else "",
        say(context, "letter_close"),
    )
    return "\n".join(filter(None, paragraphs))


def _after_packing(pack: Pack) -> timedelta:
    """How long the label took at least, or has been missing at least."""
    packed, label = pack.course.packed, pack.course.label
    if packed is None:
        return timedelta(0)
    return ((label.not_before or label.at) if label else pack.as_of) - packed.at


def _when(context: RenderContext, change: Change | None) -> str:
    return dated(context, change.at) if change else ""


def _about(context: RenderContext, pack: Pack) -> str:
    zone = zone_name(context, pack.as_of)
    return say(context, "about", as_of=_time(context, pack.as_of), zone=zone)


def _facts(context: RenderContext, pack: Pack) -> str:
    posting = pack.posting
    goods = ", ".join(
        f"{printable(one.name or one.offer_id or one.sku)} × {one.quantity}" for one in posting.products
    )
    method = " · ".join(dict.fromkeys(filter(None, (posting.method.name, posting.method.carrier))))
    pairs = (
        ("shop", say(context, "client", shop=printable(pack.shop), client=pack.client_id)),
        ("order", printable(posting.order_number)),
        ("method", printable(method)),
        ("tracking", printable(posting.tracking_number)),
        ("goods", plain(goods, 160)),
        ("cutoff", _time(context, posting.last_cutoff)),
        ("packed", _between(context, pack.course.packed)),
        ("label", _between(context, pack.course.label) or say(context, "none_yet")),
        *(("charge", _charged(context, one.charge)) for one in pack.charged),
    )
    rows = (f"<tr><th>{escape(say(context, key))}</th><td>{escape(text)}</td></tr>" for key, text in pairs if text)
    return f'<table class="facts">{"".join(rows)}</table>'


def _charged(context: RenderContext, charge: Charge) -> str:
    about = {"kind": index_text.kind(context, charge), "amount": index_text.cost(context, charge)}
    return say(context, "charged", at=_time(context, charge.at), **about)


def _between(context: RenderContext, change: Change | None) -> str:
    """`2026-11-23 15:02:10 – 2026-11-23 15:04:11`: after the first reading, by the second."""
    if change is None:
        return ""
    if change.not_before is None:
        return say(context, "by", at=_time(context, change.at))
    return say(context, "between", earliest=_time(context, change.not_before), latest=_time(context, change.at))


def _changes(context: RenderContext, pack: Pack) -> list[Sequence[str]]:
    heads = ("seen", "not_before", "status", "label")
    return [
        tuple(say(context, head) for head in heads),
        *map(partial(_row_of, context), pack.changes[-MOST_CHANGES:]),
    ]


def _row_of(context: RenderContext, change: Change) -> tuple[str, ...]:
    raw = ", ".join(printable(word) for word in (change.status, change.substatus) if word)
    return (
        _time(context, change.at),
        _time(context, change.not_before) or "–",
        f"{context.words.status.get(change.status, '')} ({raw})".strip(),
        say(context, "offered" if change.has_label else "not_offered"),
    )


def _answers(context: RenderContext, pack: Pack) -> list[Sequence[str]]:
    heads = ("known_since", "answer", "verbatim")
    rows = (
        (_time(context, one.since), fact(context, one), f"{one.field} = {printable(raw(one.value))}")
        for one in pack.answers[-MOST_ANSWERS:]
    )
    return [tuple(say(context, head) for head in heads), *rows]


def _told(context: RenderContext, pack: Pack) -> list[Sequence[str]]:
    heads = ("time", "channel", "what", "receipt")
    rows: list[Sequence[str]] = [tuple(say(context, head) for head in heads)]
    for one in pack.told[-MOST_TOLD:]:
        reason, cause = context.words.reason.get(one.reason, ""), diagnosis_text.words_of(context, one.cause).name
        what = " · ".join(filter(None, (reason, cause)))
        rows.append((_time(context, one.at), printable(one.channel), what, plain(f"{one.state}: {one.said}", _SAID)))
    return rows


def _unwatched(context: RenderContext, pack: Pack) -> str:
    """The times in which nobody looked: what is said of them is not known."""
    if not pack.unwatched:
        return ""
    gaps = (
        say(context, "between", earliest=_time(context, one.earliest), latest=_time(context, one.latest))
        for one in pack.unwatched[-3:]
    )
    return f'<p class="soft">{escape(say(context, "unwatched", gaps="; ".join(gaps)))}</p>'


def _section(context: RenderContext, key: str, rows: Sequence[Sequence[str]], hidden: int) -> str:
    """A table under its heading; its first row are the names of its columns."""
    head, *body = rows
    if not body:
        return f"<h2>{escape(say(context, key))}</h2>\n<p>{escape(say(context, f'no_{key}'))}</p>"
    more = f'<p class="soft">{escape(say(context, "more", n=hidden))}</p>' if hidden > 0 else ""
    lines = "\n".join(_row(cells) for cells in body)
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    heading = f"<h2>{escape(say(context, key))}</h2>"
    return f"{heading}\n<table><thead><tr>{names}</tr></thead><tbody>\n{lines}\n</tbody></table>\n{more}"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(map(_cell, cells))}</tr>"


def _cell(text: str) -> str:
    """A time is not broken."""
    return f'<td class="time">{text}</td>' if _TIME.fullmatch(text) else f"<td>{escape(text)}</td>"


def _time(context: RenderContext, at: datetime | None) -> str:
    """To the second, in the zone that the document names at its top."""
    return f"{at.astimezone(context.zone):%Y-%m-%d %H:%M:%S}" if at is not None else ""
