"""Whether a file is the label of this posting: a readable PDF that is not blank, and names it and no other.

Its number counts as text, its barcodes as scanned from the page. Labels since October 2026 bear a code of letters
and digits instead of the number (`scanit`), which counts as text or barcode, in any spacing and case.
PDFs are read in a separate process (label_reader.py), one file at a time: about 0.1 s and 40 MB for a label,
at most READ_WITHIN and 512 MB. Where that process cannot be confined, no file is read.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from labelwatch.sources import LabelUnavailable, Missing, Proof
from labelwatch.sources.ozon.errors import clean
from labelwatch.sources.ozon.label_reader import ONLY_TRY

READ_WITHIN = 20.0
"""Seconds."""
MOST_ANSWERED = 32 * 2**20
"""Bytes that the reader may answer: some pages of the PDF, or what is on them."""

_READER = Path(__file__).with_name("label_reader.py")
_INK = 100
"""Dark pixels, at 300 dots an inch, that a printed page has at least."""
_REAL_CODE = 6
"""Characters; Ozon writes "0" where it has no barcode."""
_END = 1024
"""Bytes from the end in which the end marker of a PDF must be."""

_DASH = "\\-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d\x02\ufffe"
# Between the parts of a number: dashes of any kind, spaces, or both; a line may end there.
_GAP = rf"[{_DASH}\s]{{1,6}}"
# A number ends where no digit follows; a few digits after a gap may be the rest of a longer one.
_BEFORE = rf"(?<![\d{_DASH}])(?<!\d[^\S\n])"
_AFTER = rf"(?!\d)(?![{_DASH}\s]*\d{{1,3}}(?!\d))(?!\s*[{_DASH}]\s*\d)"
_ANY_NUMBER = re.compile(rf"(?<!\d)\d{{6,12}}\s?[{_DASH}]\s?\d{{3,5}}\s?[{_DASH}]\s?\d{{1,3}}(?!\d)")

_SCANIT = re.compile(r"(?=.*[a-z])(?=(.*\d){6})[a-z0-9]{10,}", re.IGNORECASE | re.ASCII)
"""A code that may be searched for in text: letters and digits, long enough not to occur by chance."""

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


def look(content: bytes, *, within: float = READ_WITHIN) -> Sequence[Page] | LabelUnavailable:
    """The pages of a PDF, or why it cannot be read within so many seconds."""
    if not content.startswith(b"%PDF-"):
        return LabelUnavailable(Missing.NO_PDF, f"it begins with {clean(content[:20].decode('latin-1'), 20)!r}")
    if b"%%EOF" not in content[-_END:]:
        return LabelUnavailable(Missing.UNREADABLE, "the PDF is truncated")
    if os.name == "nt":
        return LabelUnavailable(
            Missing.NO_LIBRARIES, "Windows cannot confine the PDF reader, so the file is not opened"
        )
    return _seen(_reader(content, within=within))


def unusable() -> LabelUnavailable | None:
    """Why no PDF can be read on this machine; None = a confined process can read them."""
    seen = _seen(_reader(b"", ONLY_TRY, within=READ_WITHIN))
    return seen if isinstance(seen, LabelUnavailable) else None


def _seen(said: bytes | LabelUnavailable) -> Sequence[Page] | LabelUnavailable:
    """The decoded answer of the reader."""
    if isinstance(said, LabelUnavailable):
        return said
    try:
        seen = msgspec.json.decode(said, type=_Seen)
    except ValueError:
        return LabelUnavailable(Missing.UNREADABLE, "the PDF reader returned invalid output")
    if seen.problem is Missing.NO_LIBRARIES:
        return LabelUnavailable(seen.problem, f"{clean(seen.detail, 80)}: {_INSTALL}")
    return LabelUnavailable(seen.problem, clean(seen.detail, 120)) if seen.problem else seen.pages


def proof(
    pages: Sequence[Page], *, number: str, barcodes: Collection[str], alone: bool = False
) -> Proof | LabelUnavailable:
    """The evidence that these pages are the label of this posting, or why they are not.

    `alone`: the file was printed for one posting, so a page of goods without any code may follow its label.
    """
    inked = [page for page in pages if page.dark >= _INK]
    if not inked:
        return LabelUnavailable(Missing.BLANK, "nothing is printed on it")
    others = {other for page in inked for other in _others(page.text, number)}
    if others:
        return LabelUnavailable(Missing.OTHER_POSTING, f"it names {clean(min(others), 40)}")
    if any(names(page.text, number) for page in inked):
        return Proof.NUMBER
    codes = (number, *barcodes)
    # A page without a number may be any posting's: each must show that it is this posting's.
    proven = [_bears(page, codes) for page in inked]
    rest = [page for page, is_ours in zip(inked, proven, strict=True) if not is_ours]
    if not rest or (alone and proven[0] and not any(_is_coded(page, codes) for page in rest)):
        return Proof.BARCODE
    return LabelUnavailable(Missing.UNPROVEN, "neither its number nor its barcode is on it")


def own_part(
    content: bytes, pages: Sequence[Page], *, number: str, barcodes: Collection[str]
) -> bytes | LabelUnavailable | None:
    """The pages of this posting from a PDF of several, as a PDF that is still to be checked.

    Pages without a number are left out, as their posting is unknown; None when no page is its own.
    """
    own = [
        place
        for place, page in enumerate(pages)
        if (names(page.text, number) or _bears(page, barcodes)) and not _others(page.text, number)
    ]
    return _reader(content, ",".join(map(str, own)), within=READ_WITHIN) if own else None


def names(text: str, number: str) -> bool:
    """Whether a posting's number is in a text, and not as the beginning or the end of another one."""
    parts = _GAP.join(re.escape(part) for part in number.split("-"))
    return re.search(_BEFORE + parts + _AFTER, text) is not None


def _bears(page: Page, codes: Collection[str]) -> bool:
    """Whether one of a posting's codes can be scanned from the page, or read on it if it is long enough."""
    wanted = {_folded(code) for code in codes if len(code) >= _REAL_CODE}
    if not wanted.isdisjoint(map(_folded, page.codes)):
        return True
    return any(_written(code).search(page.text) for code in wanted if _SCANIT.fullmatch(code))


def _is_coded(page: Page, codes: Collection[str]) -> bool:
    """Whether the page has any code: a barcode, or text of the same form as ours."""
    forms = (re.sub(r"\d", "0", _folded(code)) for code in codes if _SCANIT.fullmatch(_folded(code)))
    return bool(page.codes) or any(_written(form, digit=r"\d").search(page.text) for form in forms)


def _folded(code: str) -> str:
    return "".join(code.split()).casefold()


def _written(code: str, *, digit: str = "") -> re.Pattern[str]:
    """Finds the code in a text, in any case and spacing; `digit` replaces each of its digits."""
    signs = r"\s{0,2}".join(digit if digit and sign.isdigit() else re.escape(sign) for sign in code)
    return re.compile(rf"(?<![^\W_]){signs}(?![^\W_])(?![^\S\n]\d)", re.IGNORECASE)


def _others(text: str, number: str) -> set[str]:
    ours = re.split(r"\D+", number)
    return {found for found in _ANY_NUMBER.findall(text) if re.split(r"\D+", found) != ours}


def _reader(content: bytes, *arguments: str, within: float) -> bytes | LabelUnavailable:
    """The reader's answer about a PDF."""
    if sys.platform != "linux":
        return LabelUnavailable(Missing.NOT_CONFINED, "only Linux can confine the PDF reader")
    # The search path for libraries is all it gets from our environment: no key and no token.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        with _one_at_a_time:
            answer, code = answer_of([sys.executable, "-P", str(_READER), *arguments], content, environment, within)
    except OSError as error:
        return LabelUnavailable(Missing.UNREADABLE, f"the PDF reader does not start: {clean(str(error), 80)}")
    if code is None:
        return LabelUnavailable(Missing.UNREADABLE, f"it cannot be read within {within:g} s")
    if code != 0:
        return LabelUnavailable(Missing.UNREADABLE, f"the PDF reader ended with code {code}")
    return answer


def answer_of(
    command: Sequence[str], content: bytes, environment: Mapping[str, str], within: float
) -> tuple[bytes, int | None]:
    """What a program that gets `content` writes, and its exit code; None = it was ended after `within` seconds. One
    that writes more than MOST_ANSWERED bytes is ended, too, and has the code of a killed program."""
    pipe, is_late = subprocess.PIPE, threading.Event()
    with subprocess.Popen(  # noqa: S603 - our own file, and no external input in the command
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"

        def end() -> None:
            is_late.set()
            process.kill()

        clock = threading.Timer(within, end)
        feeding = threading.Thread(target=_feed, args=(process.stdin, content))
        clock.start()
        feeding.start()
        answer = process.stdout.read(MOST_ANSWERED + 1)
        if len(answer) > MOST_ANSWERED:
            process.kill()
        code = process.wait()
        clock.cancel()
        feeding.join()
    return answer[:MOST_ANSWERED], None if is_late.is_set() else code


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with suppress(OSError):  # it has ended before it has read everything
        pipe.write(content)
    with suppress(OSError):
        pipe.close()
