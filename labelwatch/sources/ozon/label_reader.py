"""A separate process that reads one PDF and ends: bytes from stdin, its findings as JSON to stdout.

Called with the indexes of some pages (0,2), it writes these instead, as a PDF of their own.

The libraries for PDFs and barcodes are C++ and the bytes are untrusted: here they may crash, hang or use too much
memory without affecting anything else. First the process gives up all system calls but those of ALLOWED (seccomp)
and limits itself to MEMORY and SECONDS; then it tries what must now be impossible, and reads nothing if any of it
succeeds. It needs the libraries of the extra `labels` and nothing of labelwatch.
"""

import codecs
import ctypes
import errno
import importlib
import io
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

MEMORY = 512 * 2**20
SECONDS = 15
MOST_PAGES = 30
LONGEST_SIDE = 1200.0
"""Points: the long side of A3 has 1191, a label at most that of A4."""

ALLOWED = (
    *("brk", "madvise", "mremap", "munmap"),
    *("clock_getres", "clock_gettime", "futex", "getrandom", "gettimeofday", "sched_yield"),
    *("close", "fstat", "lseek"),
    *("exit", "exit_group", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
)
"""System calls that affect only the process itself. It may also write to its standard output, and map memory that
cannot be executed."""
ONLY_TRY = "cage"
"""The argument with which it reads no PDF and only reports whether it is confined."""

_DOTS = 300 / 72
"""Pixels a point: the thinnest lines of a barcode are a quarter of a millimetre wide."""
_DARK = bytes(shade < 128 for shade in range(256))
_MOST_TEXT = 4000
_MOST_CODES = 50
_LONGEST_CODE = 200


class _UnfitError(Exception):
    """It is a PDF, but not a label: a name of sources.Missing, and a detail for people."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem, self.detail = problem, detail


def main() -> None:
    """Read one PDF and report what is in it."""
    try:
        pdfium, zxing, seccomp = (importlib.import_module(name) for name in ("pypdfium2", "zxingcpp", "pyseccomp"))
    except ImportError as error:
        _answer(problem="no_libraries", detail=str(error))
        return
    except RuntimeError as error:  # pyseccomp needs a system library
        _answer(problem="not_confined", detail=f"{error}: apt install libseccomp2")
        return
    codecs.lookup("utf-16-le")  # Python reads it from a file when it is first used; later it could not
    _ = ctypes.CFUNCTYPE(None)(lambda: None)  # the first C callback maps its memory
    ways, content = _ways(), sys.stdin.buffer.read()
    try:
        _limit()
        _confine(seccomp)
    except OSError as error:
        _answer(problem="not_confined", detail=str(error))
        return
    if still := [way for way, attempt in ways.items() if not _is_forbidden(attempt)]:
        _answer(problem="not_confined", detail=f"still possible: {', '.join(still)}")
    elif sys.argv[1:] == [ONLY_TRY]:
        _answer()
    else:
        _read(content, pdfium, zxing)


def _read(content: bytes, pdfium: Any, zxing: Any) -> None:
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


def _confine(seccomp: Any) -> None:
    """Give up all system calls but the allowed ones, for good."""
    cage = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for call in ALLOWED:
        cage.add_rule(seccomp.ALLOW, call)
    cage.add_rule(seccomp.ALLOW, "write", seccomp.Arg(0, seccomp.EQ, sys.stdout.fileno()))
    for call in ("mmap", "mprotect"):
        cage.add_rule(seccomp.ALLOW, call, seccomp.Arg(2, seccomp.MASKED_EQ, mmap.PROT_EXEC, 0))
    cage.load()


def _ways() -> dict[str, Callable[[], object]]:
    """What must be impossible, each as an attempt without effect if it succeeds."""
    here, libc = os.getpid(), ctypes.CDLL(None, use_errno=True)

    def called(name: str, *arguments: Any) -> None:
        if libc[name](*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return {
        "open a file": lambda: os.open("/", os.O_RDONLY),
        "look at a file": lambda: os.stat("/"),  # noqa: PTH116 - the plain call
        "delete a file": lambda: os.unlink(""),  # noqa: PTH108
        "truncate a file": lambda: os.truncate("", 0),
        "rename a file": lambda: os.rename("", ""),  # noqa: PTH104
        "change a mode": lambda: os.chmod("", 0),  # noqa: PTH101
        "change an owner": lambda: os.chown("", -1, -1),
        "make a link": lambda: os.symlink("", ""),  # noqa: PTH211
        "make a directory": lambda: os.mkdir(""),  # noqa: PTH102
        "open a connection": socket.socket,
        "signal a process": lambda: os.kill(here, 0),
        "start a process": lambda: os.fork() or os._exit(0),
        "run a program": lambda: os.execv("/", ["/"]),  # noqa: S606
        "read another process": lambda: called("process_vm_readv", here, None, 0, None, 0, 0),
        "trace a process": lambda: called("ptrace", -1, 0, None, None),
        "change the user": lambda: os.setuid(os.getuid()),
        "run new code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
        "write to an open file": lambda: os.write(sys.stderr.fileno(), b""),
        "read an open file": lambda: os.read(sys.stdin.fileno(), 0),
    }


def _is_forbidden(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno == errno.EPERM
    return False


def _limit() -> None:
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
    if not max(width, height) <= LONGEST_SIDE:  # so that NaN is refused, too
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
