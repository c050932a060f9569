"""The pack for a dispute: the stored timeline of one posting as JSON, CSV, one HTML document, and a ZIP of these.

The same data give the same bytes: no clock, no random name, and a fixed time in the ZIP.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from labelwatch.core.alert import Alert
from labelwatch.core.dispute import Change, Pack, Told
from labelwatch.messages.alert_json import rfc3339
from labelwatch.messages.csv_text import csv_cell
from labelwatch.messages.dispute_html import document
from labelwatch.messages.json_text import as_json
from labelwatch.messages.raw_text import raw
from labelwatch.messages.report_json import charge

COLUMNS = ("at", "not_before", "kind", "what", "value", "detail")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can hold: a real one would differ each time."""


def as_html(pack: Pack, *, language: str, zone: str) -> str:
    """One document that needs nothing else and prints on one or two pages; times in `zone`."""
    return document(pack, _hashes(_data(pack)), language=language, zone=zone)


def as_zip(pack: Pack, *, language: str, zone: str) -> bytes:
    """HTML, CSV and JSON of the whole timeline, and their SHA-256 as `sha256sum -c` reads them."""
    name, data = f"dispute-{safe(pack.posting.number)}", _data(pack)
    page = document(pack, _hashes(data), language=language, zone=zone)
    files = {f"{name}.html": page.encode(), **data}
    sums = "".join(f"{sha}  {file}\n" for file, sha in _hashes(files).items())
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for file, content in {**files, "SHA256SUMS": sums.encode()}.items():
            entry = ZipInfo(file, _LONG_AGO)
            entry.compress_type, entry.create_system, entry.external_attr = ZIP_DEFLATED, 3, 0o600 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def safe(number: str) -> str:
    """A posting number as part of a file name."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in number)[:80]


def _data(pack: Pack) -> dict[str, bytes]:
    """The parts for programs, which are the same in every language."""
    name = f"dispute-{safe(pack.posting.number)}"
    text = as_json(as_document(pack)) + "\n"
    return {f"{name}.json": text.encode(), f"{name}.csv": _csv(pack).encode()}


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def as_document(pack: Pack) -> dict[str, Any]:
    """The pack as JSON, with Ozon's own words and times in UTC."""
    posting, decided = pack.posting, pack.course
    return {
        "posting_number": posting.number,
        "order_number": posting.order_number,
        "shop": pack.shop,
        "client_id": pack.client_id,
        "as_of": rfc3339(pack.as_of),
        "conclusion": str(decided.conclusion),
        "packed": _between(decided.packed),
        "label_offered": _between(decided.label),
        "cutoff": _time(decided.deadline),
        "carrier": posting.method.carrier or None,
        "delivery_method": posting.method.name or None,
        "warehouse": posting.method.warehouse or None,
        "flow": posting.flow or None,
        "tracking_number": posting.tracking_number or None,
        "goods": [{"sku": one.sku, "name": one.name, "quantity": one.quantity} for one in posting.products],
        "timeline": [_entry(one) for one in pack.changes],
        "label_evidence": [{"level": level, "seen_at": rfc3339(at)} for level, at in pack.printed],
        "ozon_answered": [
            {"at": _time(one.since), "field": one.field, "value": raw(one.value)} for one in pack.answers
        ],
        "alerts": [_alert(one) for one in pack.alerts],
        "told": [_told(one) for one in pack.told],
        "charges": [charge(one) for one in pack.charged],
        "not_watched": [[rfc3339(one.earliest), rfc3339(one.latest)] for one in pack.unwatched],
    }


def _entry(change: Change) -> dict[str, Any]:
    return {
        "seen_at": rfc3339(change.at),
        "not_before": _time(change.not_before),
        "status": change.status,
        "substatus": change.substatus or None,
        "label": change.has_label,
        "tracking_number": change.tracking_number or None,
        "cutoff": _time(change.cutoff),
        "actions": list(change.actions),
        "requirements": list(change.requirements),
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "opened_at": rfc3339(alert.opened_at),
        "cause": alert.diagnosis.cause,
        "handled_by": alert.handled_by or None,
        "handled_at": _time(alert.handled_at),
        "resolved_at": _time(alert.resolved_at),
        "outcome": str(alert.outcome) if alert.outcome else None,
    }


def _told(told: Told) -> dict[str, Any]:
    return {**asdict(told), "at": rfc3339(told.at)}


def _between(change: Change | None) -> list[str | None] | None:
    return [_time(change.not_before), rfc3339(change.at)] if change is not None else None


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None


def _csv(pack: Pack) -> str:
    """Every event as a line, oldest first."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    table.writerow(COLUMNS)
    for row in sorted(_events(pack), key=lambda row: row[0]):
        table.writerow([csv_cell(cell) for cell in row])
    return out.getvalue()


def _events(pack: Pack) -> Iterator[tuple[str, ...]]:
    for one in pack.changes:
        label = "label offered" if one.has_label else "no label"
        seen = (rfc3339(one.at), _time(one.not_before) or "")
        yield *seen, "status", one.status, one.substatus, f"{label}; {one.tracking_number}"
    for level, at in pack.printed:
        yield rfc3339(at), "", "label", level, "", ""
    for proof in pack.answers:
        yield _time(proof.since) or "", "", "answer", proof.field, raw(proof.value), ""
    for alert in pack.alerts:
        yield rfc3339(alert.opened_at), "", "late", alert.diagnosis.cause, "", ""
        if alert.resolved_at is not None:
            yield rfc3339(alert.resolved_at), "", "resolved", str(alert.outcome or ""), "", ""
    for told in pack.told:
        yield rfc3339(told.at), "", "told", told.channel, told.reason, f"{told.state}: {told.said}"
    for about in (charged.charge for charged in pack.charged):
        yield rfc3339(about.at), "", "charged", about.kind, f"{about.cost} {about.currency}", ""
    for gap in pack.unwatched:
        yield rfc3339(gap.latest), rfc3339(gap.earliest), "not watched", "", "", ""
