"""The label the sandbox draws is a PDF that others can read, and so is its barcode."""

import pytest

from labelwatch.sandbox.label_pdf import Label, code_128, pdf

SMALL = (58, 40)


def test_the_pdf_is_put_together_right() -> None:
    content = pdf([Label("1-1-1", ""), Label("2-2-1", "%101%7")], size=SMALL)
    start = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    assert content[start : start + 4] == b"xref"
    offsets = [int(line[:10]) for line in content[start:].splitlines()[3:] if line.endswith(b" n ")]
    assert [content[at:].split(b"\n", 1)[0] for at in offsets] == [b"%d 0 obj" % i for i in range(1, 8)]
    assert b"/Count 2" in content


def test_every_character_of_a_barcode_is_eleven_modules_wide() -> None:
    text = "".join(map(chr, range(32, 127)))
    widths = [int(digit) for digit in code_128(text)]
    assert sum(widths) == 11 * (len(text) + 3) + 2
    assert set(widths) <= {1, 2, 3, 4}


def test_what_is_drawn_can_be_scanned() -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed")
    alphabet = "".join(map(chr, range(32, 127)))
    texts = ["%101%10293145035", *(alphabet[at : at + 16] for at in range(0, len(alphabet), 16))]
    file = pdfium.PdfDocument(pdf([Label("1-1-1", text) for text in texts], size=SMALL))
    for page, text in zip(file, texts, strict=True):
        picture = page.render(scale=4, grayscale=True)
        pixels = memoryview(picture.buffer).cast("B", (picture.height, picture.stride))
        assert [code.text for code in zxing.read_barcodes(pixels)] == [text]
        assert page.get_textpage().get_text_bounded() == "1-1-1"
