"""Whose label a PDF is: read in a process that may die of it, judged by its number, its barcode and nothing else."""

import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from labelwatch.sandbox.label_pdf import Label, pdf
from labelwatch.sources import LabelUnavailable, Missing, Proof
from labelwatch.sources.ozon import label_pdf
from labelwatch.sources.ozon import label_reader as reader
from labelwatch.sources.ozon.label_pdf import Page, look, names, proof, unusable

OURS, CODE = "41517061-0214-1", "%101%10293145035"
LABEL = pdf([Label(OURS, CODE)], size=(75, 120))

needs_libraries = pytest.mark.skipif(
    not all(map(find_spec, ("pypdfium2", "zxingcpp", "pyseccomp"))),
    reason="the libraries of the extra `labels` are not installed",
)

SPELLINGS = [
    "41517061-0214-1",
    "Отправление № 41517061-0214-1, FBS",
    "41517061 - 0214 - 1",
    "41517061 0214 1",
    "41517061\u20110214\u20131",
    "41517061-\r\n0214-1\r\nМосква",
    "41517061\ufffe\r\n0214-1",
    "41517061-0214-1\r\n201864523528000",
    "41517061-0214-1 201864523528000",
    "16.12.2025\r\n41517061-0214-1",
    "заказ:41517061-0214-1.",
]
OTHERS = [
    "",
    "41517061-0214-11",
    "41517061-0214-1-1",
    "41517061-0214-1 1",
    "41517061-0214-\r\n11",
    "41517061-0214-1\r\n1\r\n",
    "41517061-0214-1 - 7",
    "141517061-0214-1",
    "1 41517061-0214-1",
    "8-41517061-0214-1",
    "41517061-0214",
    "41517061-02141",
    "4151706102141",
    "41517061-0214-2",
    "41517061.0214.1",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_number_is_known_however_it_is_set(text: str) -> None:
    assert names(text, OURS)


@pytest.mark.parametrize("text", OTHERS)
def test_no_other_number_is_taken_for_it(text: str) -> None:
    assert not names(text, OURS)


BLANK, TEXT = Page(0, OURS, [CODE]), Page(5000, OURS, [])
BARS, NOBODY = Page(5000, "Ozon", [f" {CODE} "]), Page(5000, "Склад 12", ["4600000000001"])
FOREIGN = Page(5000, "41517061-0214-11", [])
JUDGED = [
    ([TEXT], {CODE}, Proof.NUMBER),
    ([TEXT], set(), Proof.NUMBER),
    ([NOBODY, TEXT], set(), Proof.NUMBER),
    ([BLANK, BARS], {CODE}, Proof.BARCODE),
    ([Page(5000, "", [OURS])], set(), Proof.BARCODE),
    ([BARS, NOBODY], {CODE}, Missing.UNPROVEN),
    ([BARS], {"7"}, Missing.UNPROVEN),
    ([Page(5000, "", ["0"])], {"0"}, Missing.UNPROVEN),
    ([NOBODY], {CODE}, Missing.UNPROVEN),
    ([BLANK], {CODE}, Missing.BLANK),
    ([], {CODE}, Missing.BLANK),
    ([FOREIGN], {CODE}, Missing.OTHER_POSTING),
    ([TEXT, FOREIGN], {CODE}, Missing.OTHER_POSTING),
    ([BARS, FOREIGN], {CODE}, Missing.OTHER_POSTING),
]


SCANIT = "ii30525117479"
NEW, SPACED = Page(5000, "FBS", [SCANIT.upper()]), Page(5000, "FBS\nII3052 5117479\n201", ["II3052 5117479"])
READ = Page(5000, "Ozon ii3052\xa05117479.", [])
ANOTHER = Page(5000, "II3052 5117478", [])
GOODS = Page(5000, "Плед вязаный, 140x200 см\n1 шт", [])
CODED = [
    ([NEW], Proof.BARCODE, Proof.BARCODE),
    ([SPACED], Proof.BARCODE, Proof.BARCODE),
    ([READ], Proof.BARCODE, Proof.BARCODE),
    ([READ, BLANK, SPACED], Proof.BARCODE, Proof.BARCODE),
    ([SPACED, GOODS], Missing.UNPROVEN, Proof.BARCODE),
    ([SPACED, GOODS, GOODS], Missing.UNPROVEN, Proof.BARCODE),
    ([GOODS, SPACED], Missing.UNPROVEN, Missing.UNPROVEN),
    ([GOODS], Missing.UNPROVEN, Missing.UNPROVEN),
    ([SPACED, ANOTHER], Missing.UNPROVEN, Missing.UNPROVEN),
    ([SPACED, NOBODY], Missing.UNPROVEN, Missing.UNPROVEN),
    ([SPACED, FOREIGN], Missing.OTHER_POSTING, Missing.OTHER_POSTING),
    ([ANOTHER], Missing.UNPROVEN, Missing.UNPROVEN),
    ([Page(5000, "II3052 51174791", [])], Missing.UNPROVEN, Missing.UNPROVEN),
    ([Page(5000, "II3052 5117479 1", [])], Missing.UNPROVEN, Missing.UNPROVEN),
    ([Page(5000, "XII3052 5117479", [])], Missing.UNPROVEN, Missing.UNPROVEN),
    ([Page(5000, "", ["II3052 51174791"])], Missing.UNPROVEN, Missing.UNPROVEN),
]


@pytest.mark.parametrize(("pages", "among_others", "alone"), CODED)
def test_labels_since_october_are_judged_by_their_code_scanned_or_read(
    pages: list[Page], among_others: Proof | Missing, alone: Proof | Missing
) -> None:
    for is_alone, verdict in ((False, among_others), (True, alone)):
        found = proof(pages, number=OURS, barcodes={CODE, SCANIT}, alone=is_alone)
        assert (found.why if isinstance(found, LabelUnavailable) else found) is verdict


def test_a_number_of_digits_alone_is_never_looked_for_in_a_text() -> None:
    found = proof([Page(5000, "2 10293145035", [])], number=OURS, barcodes={"210293145035"})
    assert isinstance(found, LabelUnavailable)


@pytest.mark.parametrize(("pages", "barcodes", "verdict"), JUDGED)
def test_pages_are_judged(pages: list[Page], barcodes: set[str], verdict: Proof | Missing) -> None:
    found = proof(pages, number=OURS, barcodes=barcodes)
    assert (found.why if isinstance(found, LabelUnavailable) else found) is verdict


def test_another_posting_is_told_by_its_number() -> None:
    found = proof([FOREIGN], number=OURS, barcodes=())
    assert found == LabelUnavailable(Missing.OTHER_POSTING, "it names 41517061-0214-11")


def only(pages: Sequence[Page] | LabelUnavailable) -> Page:
    assert not isinstance(pages, LabelUnavailable)
    (page,) = pages
    return page


@needs_libraries
def test_a_label_is_read_by_eye_and_by_scanner() -> None:
    page = only(look(LABEL))
    assert (page.text, page.codes) == (OURS, [CODE])
    assert page.dark > 1000


def drawing(content: bytes, page: str = "", trailer: str = "") -> bytes:
    """A PDF of one page with this drawing, whose page and trailer say this besides."""
    empty = pdf([Label("", "")], size=(58, 40))
    stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    filled = empty.replace(b"<< /Length 0 >>\nstream\n\nendstream", stream)
    return filled.replace(b"/Type /Page ", f"/Type /Page {page} ".encode()).replace(
        b"trailer\n<<", f"trailer\n<< {trailer}".encode()
    )


def unfolding(megabytes: int) -> bytes:
    """A PDF of one page whose drawing is a thousandth of that, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)  # stands alone: it may be repeated
    stream = drawing(b"\x78\xda" + block * megabytes)
    return re.sub(rb"<< (/Length \d{4,} )>>", rb"<< \1/Filter /FlateDecode >>", stream)


@needs_libraries
def test_a_number_broken_at_the_end_of_a_line_is_still_one() -> None:
    lines = b"BT /F1 9 Tf 8 80 Td (41517061-0214-) Tj 0 -12 Td (%s) Tj ET"
    ours, longer = (only(look(drawing(lines % rest))).text for rest in (b"1", b"11"))
    assert names(ours, OURS)
    assert not names(longer, OURS)


LOCKED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'ab' * 32}> /U <{'cd' * 32}> >> /ID [<00><00>] "
UNFIT = {
    "a web page": (b"<html>502</html>", Missing.NO_PDF),
    "an error": (b'{"code": 5}', Missing.NO_PDF),
    "nothing": (b"", Missing.NO_PDF),
    "a label behind a page": (b"<html>" + LABEL, Missing.NO_PDF),
    "the beginning of one": (LABEL[: len(LABEL) // 2], Missing.UNREADABLE),
    "all but its end": (LABEL[: LABEL.rindex(b"startxref")], Missing.UNREADABLE),
    "a name and an end": (b"%PDF-1.4\n%%EOF", Missing.UNREADABLE),
    "no page": (LABEL.replace(b"/Kids [4 0 R] /Count 1", b"/Kids [] /Count 0"), Missing.UNREADABLE),
    "a locked one": (drawing(b"0 0 90 90 re f", trailer=LOCKED), Missing.ENCRYPTED),
    "too many pages": (pdf([Label(OURS, "")] * (reader.MOST_PAGES + 1), size=(58, 40)), Missing.TOO_BIG),
    "a poster": (pdf([Label(OURS, CODE)], size=(594, 841)), Missing.TOO_BIG),
    "a page that unfolds to a gigabyte": (unfolding(megabytes=1024), Missing.UNREADABLE),
    "three million steps down": (drawing(b"q " * 3_000_000), Missing.UNREADABLE),
}


@needs_libraries
@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_label_is_refused_with_the_reason(kind: str) -> None:
    content, why = UNFIT[kind]
    found = look(content)
    assert isinstance(found, LabelUnavailable)
    assert found.why is why
    assert found.detail


@needs_libraries
def test_one_that_takes_for_ever_is_given_up() -> None:
    found = look(drawing(b"0 0 m 160 110 l S " * 500_000), within=1.0)
    assert found == LabelUnavailable(Missing.UNREADABLE, "it cannot be read within 1 s")


@needs_libraries
def test_what_unfolds_within_reason_is_read() -> None:
    assert only(look(unfolding(megabytes=4))).dark == 0


@needs_libraries
def test_an_empty_page_is_read_and_judged_blank() -> None:
    pages = look(pdf([Label("", "")], size=(58, 40)))
    assert not isinstance(pages, LabelUnavailable)
    assert proof(pages, number=OURS, barcodes={CODE}) == LabelUnavailable(Missing.BLANK, "nothing is printed on it")


@needs_libraries
@pytest.mark.parametrize("width", range(58, 66))
def test_no_width_of_a_page_makes_ink_where_there_is_none(width: int) -> None:
    assert only(look(pdf([Label("", "")], size=(width, 41)))).dark == 0


def test_without_the_libraries_the_reader_says_which_is_missing() -> None:
    command = [sys.executable, "-I", "-S", str(Path(reader.__file__))]
    done = subprocess.run(command, input=LABEL, capture_output=True, check=True)
    assert b'"problem": "no_libraries"' in done.stdout
    assert b"pypdfium2" in done.stdout


CONFINED = """
import ctypes, json, os, sys
import pyseccomp
from labelwatch.sources.ozon import label_reader
file, attempt = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
handle = os.open(file, os.O_RDWR)

def memory(owner):
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    return libc.process_vm_readv(owner, ctypes.byref(local), 1, ctypes.byref(local), 1, 0)

label_reader._limit()
label_reader._confine(pyseccomp)
try:
    done = eval(attempt)
    worked = not isinstance(done, int) or done >= 0
except (OSError, ValueError):
    worked = False
os.write(1, json.dumps(worked).encode())
"""
ATTEMPTS = {
    "unlink": "os.unlink(file)",
    "truncate": "os.truncate(file, 0)",
    "truncate what is open": "os.ftruncate(handle, 0)",
    "write to what is open": "os.write(handle, b'spoilt')",
    "read what is open": "os.read(handle, 4)",
    "chmod": "os.chmod(file, 0o777)",
    "chmod what is open": "os.fchmod(handle, 0o777)",
    "symlink": "os.symlink('/', file + '.link')",
    "hard link": "os.link(file, file + '.link')",
    "rename": "os.rename(file, file + '.gone')",
    "mkdir": "os.mkdir(file + '.folder')",
    "fork": "os.fork() or os._exit(0)",
    "vfork by number": "libc.syscall(58)",
    "clone3": "libc.syscall(435, 0, 0)",
    "execve": "os.execv('/bin/true', ['/bin/true'])",
    "kill": "os.kill(os.getppid(), 0)",
    "the memory of another process": "memory(os.getppid())",
    "ptrace": "libc.ptrace(16, os.getppid(), 0, 0)",
    "pidfd_open": "libc.syscall(434, os.getppid(), 0)",
    "memfd_create": "libc.syscall(319, b'x', 0)",
    "io_uring": "libc.syscall(425, 1, ctypes.create_string_buffer(120))",
    "a socket": "__import__('socket').socketpair()",
    "memory to be executed": "__import__('mmap').mmap(-1, 4096, prot=7)",
    "another filter": "libc.prctl(22, 0, 0, 0, 0)",
    "a limit": "__import__('resource').setrlimit(7, (0, 0))",
    "mount": "libc.mount(b'none', b'/', b'tmpfs', 0, 0)",
    "setuid": "os.setuid(os.getuid())",
    "chroot": "os.chroot('/')",
    "the x32 numbers": "libc.syscall(0x40000000 + 87, file.encode())",
}


@needs_libraries
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_is_confined_can_do_nothing_to_the_machine(tmp_path: Path, attempt: str) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    before = file.stat().st_mode
    command = [sys.executable, "-c", CONFINED, str(file), ATTEMPTS[attempt]]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.stdout == b"false" or done.returncode < 0, done
    assert ([path.name for path in tmp_path.iterdir()], file.read_text()) == (["file"], "kept")
    assert file.stat().st_mode == before


LEAKS = """
ALLOW, EQ, MASKED_EQ = 0, 0, 0
def ERRNO(code): return code
def Arg(*given): return given
class SyscallFilter:
    def __init__(self, default): pass
    def add_rule(self, *given): pass
    def load(self): %s
"""
CAGES = {
    "does nothing": (LEAKS % "pass", Missing.NOT_CONFINED, "still possible: open a file, look at a file"),
    "is refused": (LEAKS % "raise PermissionError(1, 'no seccomp here')", Missing.NOT_CONFINED, "no seccomp here"),
    "finds no library": ("raise RuntimeError('Unable to find libseccomp')", Missing.NOT_CONFINED, "apt install"),
    "is not installed": ("raise ImportError('no pyseccomp')", Missing.NO_LIBRARIES, "labelwatch[labels]"),
}


@needs_libraries
@pytest.mark.parametrize("cage", CAGES)
def test_where_it_cannot_be_confined_it_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cage: str
) -> None:
    code, why, said = CAGES[cage]
    (tmp_path / "pyseccomp.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    for found in (unusable(), look(LABEL)):
        assert isinstance(found, LabelUnavailable)
        assert found.why is why
        assert said in found.detail


@needs_libraries
def test_where_it_can_be_confined_nothing_is_said() -> None:
    assert unusable() is None


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[:3])", (b"abc", 0)),
        ("pass", (b"", 0)),
        ("import sys; sys.exit(3)", (b"", 3)),
    ],
    ids=["reads all", "reads nothing", "fails"],
)
def test_a_reader_answers_and_ends(program: str, found: tuple[bytes, int]) -> None:
    content = b"abc" * 10**6
    assert label_pdf.answer_of([sys.executable, "-c", program], content, {}, 60) == found


def test_a_reader_that_writes_without_end_is_ended_before_it_fills_the_memory() -> None:
    program = "import sys\nwhile True: sys.stdout.buffer.write(bytes(2**20))"
    answer, code = label_pdf.answer_of([sys.executable, "-c", program], b"", {}, 60)
    assert (len(answer), code) == (label_pdf.MOST_ANSWERED, -signal.SIGKILL)


def test_a_reader_that_never_answers_is_ended_in_time() -> None:
    program = "import time; time.sleep(60)"
    assert label_pdf.answer_of([sys.executable, "-c", program], b"", {}, 0.5) == (b"", None)
