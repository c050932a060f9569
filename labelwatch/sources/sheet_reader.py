"""A process of its own that looks at one PDF and ends: bytes from stdin, what it saw as JSON to stdout.

Called with the places of some pages (0,2), it writes these instead, as a PDF of their own.

What reads PDFs and barcodes is C++ and the bytes are a stranger's: here it may crash, hang or swell and nothing else
goes with it. Once it has begun it can open no file and no socket, write nothing but its answer, and take no more than
MEMORY and SECONDS. It needs the libraries of the extra `labels` and nothing of labelwatch.
"""

import codecs
import importlib
import io
import json
import sys
from typing import Any

MEMORY = 512 * 2**20
SECONDS = 15
MOST_PAGES = 30
LONGEST_SIDE = 1200.0
"""Points: the long side of A3 has 1191, and a label at most those of A4."""

_DOTS = 300 / 72
"""Pixels a point: the thinnest lines of a barcode are a quarter of a millimetre wide."""
_DARK = bytes(shade < 128 for shade in range(256))
_MOST_TEXT = 4000
_MOST_CODES = 50
_LONGEST_CODE = 200


class _UnfitError(Exception):
    """It is a PDF, but no label: what is wrong in a word of sources.Missing, and for people."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem, self.detail = problem, detail


def main() -> None:
    """Read one PDF and say what is in it."""
    try:
        pdfium, zxing = (importlib.import_module(name) for name in ("pypdfium2", "zxingcpp"))
    except ImportError as error:
        _answer(problem="no_libraries", detail=str(error))
        return
    codecs.lookup("utf-16-le")  # Python reads it from a file when it is first used; later it could not
    content = sys.stdin.buffer.read()
    _confine()
    try:
        document = _pages(content, pdfium)
        if sys.argv[1:]:
            sys.stdout.buffer.write(_cut(document, [int(place) for place in sys.argv[1].split(",")], pdfium))
        else:
            _answer(pages=[_seen(page, zxing) for page in document])
    except _UnfitError as error:
        _answer(problem=error.problem, detail=error.detail)
    except (pdfium.PdfiumError, MemoryError) as error:
        _answer(problem="unreadable", detail=str(error) or "it needs too much memory")


def _confine() -> None:
    import resource  # not on Windows

    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        ours = resource.getrlimit(kind)[1]
        allowed = most if ours == resource.RLIM_INFINITY else min(most, ours)
        resource.setrlimit(kind, (allowed, allowed))


def _pages(content: bytes, pdfium: Any) -> Any:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        is_locked = error.err_code == pdfium.raw.FPDF_ERR_PASSWORD
        raise _UnfitError("encrypted" if is_locked else "unreadable", str(error)) from error
    if pdfium.raw.FPDF_GetSecurityHandlerRevision(document) >= 0:
        raise _UnfitError("encrypted", "it is protected, though not by a password")
    if len(document) > MOST_PAGES:
        raise _UnfitError("too_big", f"it has {len(document)} pages, more than {MOST_PAGES}")
    return document


def _seen(page: Any, zxing: Any) -> dict[str, Any]:
    """One page: how many of its pixels are dark, its text, its barcodes."""
    width, height = page.get_size()
    if not max(width, height) <= LONGEST_SIDE:  # so that "not a number" is refused, too
        raise _UnfitError("too_big", f"it has a page of {width:.0f} x {height:.0f} points")
    picture = page.render(scale=_DOTS, grayscale=True)
    pixels = _without_padding(bytes(picture.buffer), width=picture.width, stride=picture.stride)
    square = memoryview(pixels).cast("B", (picture.height, picture.width))
    codes = zxing.read_barcodes(square, text_mode=zxing.TextMode.Plain)
    return {
        "dark": pixels.translate(_DARK).count(1),
        "text": page.get_textpage().get_text_bounded()[:_MOST_TEXT],
        "codes": [code.text[:_LONGEST_CODE] for code in codes[:_MOST_CODES]],
    }


def _cut(document: Any, places: list[int], pdfium: Any) -> bytes:
    part, content = pdfium.PdfDocument.new(), io.BytesIO()
    part.import_pages(document, places)
    part.save(content)
    return content.getvalue()


def _without_padding(rows: bytes, *, width: int, stride: int) -> bytes:
    return rows if width == stride else b"".join(rows[at : at + width] for at in range(0, len(rows), stride))


def _answer(**said: Any) -> None:
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
