"""The PDF of a label task: one page per posting, with its number as text and its barcode as bars."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

POINTS_PER_MM = 72 / 25.4
MARGIN = 8

# Code 128: the widths of bars and gaps in turn, by the value of the character; the last three start and stop.
_TABLE = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
_WIDTHS = tuple(_TABLE.split())
_START_B, _STOP = 104, 106


@dataclass(frozen=True, slots=True)
class Label:
    """The content of one page: the posting's number, its barcode, and a line of text; empty = left out."""

    number: str
    code: str
    line: str = ""


def pdf(labels: Sequence[Label], *, size: tuple[int, int]) -> bytes:
    """A PDF with one page of `size` millimetres for each label."""
    width, height = (round(side * POINTS_PER_MM) for side in size)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(labels)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(labels)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, label in enumerate(labels):
        drawing = "\n".join(_drawing(label, width=width, height=height))
        page = f"/Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {5 + 2 * i} 0 R"
        objects.append(f"<< /Type /Page {page} /Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
    return _assemble(objects)


def code_128(text: str) -> str:
    """The widths of bars and gaps in turn, beginning with a bar; printable ASCII only (code set B)."""
    values = [ord(character) - 32 for character in text]
    check = (_START_B + sum(i * value for i, value in enumerate(values, 1))) % 103
    return "".join(_WIDTHS[value] for value in (_START_B, *values, check, _STOP))


def _drawing(label: Label, *, width: int, height: int) -> Iterator[str]:
    if label.number:
        yield f"BT /F1 12 Tf {MARGIN} {height - 20} Td ({label.number}) Tj ET"
    if label.line:
        yield f"BT /F1 10 Tf {MARGIN} {MARGIN} Td ({label.line}) Tj ET"
    if label.code:
        yield from _bars(label.code, width=width, bottom=height // 4, height=height // 3)


def _bars(text: str, *, width: int, bottom: int, height: int) -> Iterator[str]:
    widths = [int(digit) for digit in code_128(text)]
    module = (width - 2 * MARGIN) / sum(widths)
    at = float(MARGIN)
    for i, modules in enumerate(widths):
        if i % 2 == 0:
            yield f"{at:.3f} {bottom} {modules * module:.3f} {height} re f"
        at += modules * module


def _assemble(objects: list[str]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for i, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{i} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start, size = len(out), len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
