"""Reads and decompresses the body of an HTTP response up to a limit; every client uses it.

One layer of gzip is accepted, requested or not. Any other encoding, or several, is refused: each layer can multiply a
few bytes by a thousand.
"""

import re
import zlib
from collections.abc import Iterable, Mapping

AT_ONCE = 4 * 2**20
"""Bytes inflated in one step."""
_GZIP = 31


class BodyError(Exception):
    """The body cannot be used; the text says why."""


class TooBigError(BodyError):
    """It is bigger than the limit, as sent or inflated."""


class EncodingError(BodyError):
    """It is encoded in a way that was not asked for."""


class DamagedError(BodyError):
    """The compressed data are damaged or incomplete."""


def whole(parts: Iterable[bytes], headers: Mapping[str, str], *, most: int) -> bytes:
    """All of a body of at most so many bytes, both as sent and inflated; `parts` is the raw data."""
    is_packed = _is_packed(headers)
    size = headers.get("content-length", "")
    _check(int(size) if re.fullmatch(r"[0-9]{1,18}", size) else 0, most)
    kept, read = [], 0
    for part in parts:
        read += len(part)
        _check(read, most)
        kept.append(part)
    body = b"".join(kept)
    return _inflated(body, most) if is_packed and body else body


def beginning(parts: Iterable[bytes], headers: Mapping[str, str], *, most: int) -> bytes:
    """The first part of a body, of at most so many bytes."""
    is_packed = _is_packed(headers)
    body = b""
    for part in parts:
        body += part
        if len(body) >= most:
            break
    if not is_packed:
        return body[:most]
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(body, most)
    except zlib.error:
        raise DamagedError("the compressed answer is damaged") from None


def _is_packed(headers: Mapping[str, str]) -> bool:
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding in ("gzip", "x-gzip"):
        return True
    raise EncodingError(f"content-encoding {re.sub('[^ -~]', '?', encoding)[:40]} not asked for")


def _inflated(body: bytes, most: int) -> bytes:
    try:
        inflater = zlib.decompressobj(wbits=_GZIP)
        plain = inflater.decompress(body, AT_ONCE)
        if inflater.unconsumed_tail:  # no page is so large: measured before it is kept, as it may be a bomb
            _check_inflated(inflater, most)
            inflater = zlib.decompressobj(wbits=_GZIP)
            plain = inflater.decompress(body, most)
        plain += inflater.flush()
    except zlib.error:
        raise DamagedError("the compressed answer is damaged") from None
    if not inflater.eof:
        raise DamagedError("the compressed answer breaks off")
    _check(len(plain), most)
    return plain


def _check_inflated(inflater: "zlib._Decompress", most: int) -> None:
    """Inflate the rest of a body without keeping it."""
    size = AT_ONCE
    while inflater.unconsumed_tail:
        size += len(inflater.decompress(inflater.unconsumed_tail, AT_ONCE))
        _check(size, most)


def _check(size: int, most: int) -> None:
    if size > most:
        raise TooBigError(f"an answer of more than {most // 2**20} MB")
