"""Whether a file is the label of this very posting: a PDF that can be read, is not blank, and names it and no other.

Its number counts as text, its barcodes as they are scanned from the page. The reading is done in a process of its own
(sheet_reader.py), one file at a time: about 0.1 s and 40 MB for a label, at most READ_WITHIN and 512 MB.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from labelwatch.sources import Missing, NoSheet, Proof
from labelwatch.sources.ozon_errors import clean

READ_WITHIN = 20.0
"""Seconds."""

_READER = Path(__file__).with_name("sheet_reader.py")
_INK = 100
"""Dark pixels, at 300 dots an inch, that a page has at least when something stands on it."""
_REAL_CODE = 6
"""Characters; Ozon writes "0" where it has no barcode."""
_END = 1024
"""Bytes from the end within which a PDF says that it is complete."""

_DASH = "\\-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d\x02\ufffe"
# Between the parts of a number: dashes of any kind, blanks, or both; a line may end there.
_GAP = rf"[{_DASH}\s]{{1,6}}"
# A number ends where no digit follows; a few digits after a gap may be the rest of a longer one.
_BEFORE = rf"(?<![\d{_DASH}])(?<!\d[^\S\n])"
_AFTER = rf"(?!\d)(?![{_DASH}\s]*\d{{1,3}}(?!\d))(?!\s*[{_DASH}]\s*\d)"
_ANY_NUMBER = re.compile(rf"(?<!\d)\d{{6,12}}\s?[{_DASH}]\s?\d{{3,5}}\s?[{_DASH}]\s?\d{{1,3}}(?!\d)")

_INSTALL = "pip install 'labelwatch[labels]'"

_one_at_a_time = threading.Lock()


class Page(msgspec.Struct, frozen=True):
    """What is on a page: dark pixels, text, and the barcodes that can be scanned."""

    dark: int
    text: str
    codes: list[str]


class _Seen(msgspec.Struct, frozen=True):
    pages: list[Page] = []
    problem: Missing | None = None
    detail: str = ""


def look(content: bytes, *, within: float = READ_WITHIN) -> Sequence[Page] | NoSheet:
    """The pages of a PDF, or why it cannot be read within so many seconds."""
    if not content.startswith(b"%PDF-"):
        return NoSheet(Missing.NO_PDF, f"it begins with {clean(content[:20].decode('latin-1'), 20)!r}")
    if b"%%EOF" not in content[-_END:]:
        return NoSheet(Missing.UNREADABLE, "the PDF breaks off")
    with _one_at_a_time:
        seen = _read(content, within)
    if isinstance(seen, NoSheet):
        return seen
    if seen.problem is Missing.NO_LIBRARIES:
        return NoSheet(seen.problem, f"{clean(seen.detail, 80)}: {_INSTALL}")
    return NoSheet(seen.problem, clean(seen.detail, 120)) if seen.problem else seen.pages


def proof(pages: Sequence[Page], *, number: str, barcodes: Collection[str]) -> Proof | NoSheet:
    """What shows that these pages are the label of this posting, or why they are not taken for it."""
    inked = [page for page in pages if page.dark >= _INK]
    if not inked:
        return NoSheet(Missing.BLANK, "nothing is printed on it")
    others = {other for page in inked for other in _others(page.text, number)}
    if others:
        return NoSheet(Missing.OTHER_POSTING, f"it names {clean(min(others), 40)}")
    if any(names(page.text, number) for page in inked):
        return Proof.NUMBER
    codes = {code.strip() for page in inked for code in page.codes}
    if number in codes or any(code in codes for code in barcodes if len(code) >= _REAL_CODE):
        return Proof.BARCODE
    return NoSheet(Missing.UNPROVEN, "neither its number nor its barcode is on it")


def names(text: str, number: str) -> bool:
    """Whether a posting's number stands in a text, and not as the beginning or the end of another one."""
    parts = _GAP.join(re.escape(part) for part in number.split("-"))
    return re.search(_BEFORE + parts + _AFTER, text) is not None


def _others(text: str, number: str) -> set[str]:
    ours = re.split(r"\D+", number)
    return {found for found in _ANY_NUMBER.findall(text) if re.split(r"\D+", found) != ours}


def _read(content: bytes, within: float) -> _Seen | NoSheet:
    # Where to look for libraries is all it gets to know of us: no key, no token that our environment holds.
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", str(_READER)]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, and nothing from outside in the command
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=within,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return NoSheet(Missing.UNREADABLE, f"it cannot be read within {within:g} s")
    except OSError as error:
        return NoSheet(Missing.UNREADABLE, f"what reads it does not start: {clean(str(error), 80)}")
    try:
        return msgspec.json.decode(done.stdout, type=_Seen)
    except ValueError:
        return NoSheet(Missing.UNREADABLE, f"reading it ended in {_end(done.returncode)}")


def _end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
