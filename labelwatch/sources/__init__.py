"""The interface of a marketplace, and its errors."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from labelwatch.core.enrichment import Answer, Answers, Question
from labelwatch.core.error_index import IndexReading
from labelwatch.core.posting import Posting


class Trouble(StrEnum):
    """Why a shop cannot be read; the ids are causes of the family `blind`."""

    KEY_REJECTED = "key_rejected"
    KEY_EXPIRED = "key_expired"
    ROLE_MISSING = "role_missing"
    IP_NOT_ALLOWED = "ip_not_allowed"
    ACCOUNT_BLOCKED = "account_blocked"
    OFFER_NOT_SIGNED = "offer_not_signed"
    METHOD_RETIRED = "method_retired"
    RATE_LIMITED = "rate_limited"
    OZON_DOWN = "ozon_down"
    NOT_UNDERSTOOD = "answer_not_understood"
    OUT_OF_FILES = "out_of_files"
    """No more connections or files may be open in this process; no answer of the marketplace."""

    @property
    def is_final(self) -> bool:
        """True when waiting does not help: somebody has to change a key, a contract or this program."""
        return self not in _PASSING


_PASSING = (Trouble.RATE_LIMITED, Trouble.OZON_DOWN, Trouble.NOT_UNDERSTOOD, Trouble.OUT_OF_FILES)


class SourceError(Exception):
    """A request failed. `detail` is short, for people, and contains no secret and no buyer."""

    def __init__(self, trouble: Trouble, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail
        self.retry_after = retry_after
        """Seconds the marketplace asked us to wait; None = it did not say."""


class Unreadable(Exception):  # noqa: N818
    """One posting among others is invalid: `path` says where ($.postings[37].shipment_date)."""

    def __init__(self, path: str, number: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.number = number
        """The posting's number, empty when not even that can be read."""
        self.problem = problem

    @property
    def field(self) -> str:
        """The same place in any posting: products[].price."""
        _, _, place = re.sub(r"\[\d+\]", "[]", self.path).partition("$.postings[]")
        return place.lstrip(".") or self.path


@dataclass(frozen=True, slots=True)
class Item:
    """One posting of a page, not decoded: its bytes, their 64-bit signed hash, and its place in the page."""

    digest: int
    raw: bytes | memoryview
    index: int


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What a key may do and until when (None = Ozon did not say)."""

    expires_at: datetime | None
    roles: tuple[str, ...]


class Missing(StrEnum):
    """Why there is no label PDF to send."""

    NOT_READY = "not_ready"
    """The marketplace is still printing it."""
    REFUSED = "refused"
    """The marketplace refuses to print it, and says why."""
    NOT_REACHED = "not_reached"
    UNSAFE_ADDRESS = "unsafe_address"
    """The address of the file is not allowed, for example inside our own network."""
    TOO_BIG = "too_big"
    NO_PDF = "no_pdf"
    UNREADABLE = "unreadable"
    """A PDF that is truncated, broken, or takes too much to read."""
    ENCRYPTED = "encrypted"
    BLANK = "blank"
    OTHER_POSTING = "other_posting"
    """It names another posting; it may be one of several."""
    UNPROVEN = "unproven"
    """It has neither this posting's number nor one of its barcodes."""
    NO_LIBRARIES = "no_libraries"
    """The libraries for PDFs and barcodes are not installed."""
    NOT_CONFINED = "not_confined"
    """This machine cannot confine the PDF reader, so no PDF is read."""


@dataclass(frozen=True, slots=True)
class LabelUnavailable:
    """There is no label to send; `detail` is short, for people, and contains no secret, buyer or address."""

    why: Missing
    detail: str = ""


class Proof(StrEnum):
    """The evidence that a label is the posting's own."""

    NUMBER = "number"
    BARCODE = "barcode"


@dataclass(frozen=True, slots=True)
class LabelPdf:
    """A label as a PDF, verified to be this posting's; it contains the buyer, and is kept in memory only."""

    number: str
    content: bytes = field(repr=False)
    proof: Proof


class Source(Protocol):
    """One shop at one marketplace. Every method except `ask` and `label` may raise SourceError.

    No method writes there; requesting a label has it printed, which changes nothing about its posting.
    """

    requests: int
    """HTTP requests sent since the source was made, retries included."""

    def sweep(self) -> Iterator[Sequence[Item]]:
        """All postings not yet handed over, page by page; complete only if it ends without an error."""

    def arrivals(self, since: datetime) -> Iterator[Sequence[Item]]:
        """All postings that arrived since then, in any status, page by page; finished ones too."""

    def read(self, item: Item, odd: Callable[[Unreadable], object] = ...) -> Posting:
        """Decode one item; raises Unreadable, or SourceError if its whole page is damaged.

        `odd` is called for each invalid value that is not needed.
        """

    def lookup(self, numbers: Sequence[str]) -> dict[str, Posting]:
        """Postings by number, in any status.

        Postings that are unknown there, cannot be read, or could not be requested this time are left out.
        """
        ...

    def ask(self, questions: Sequence[Question], known: Answers, *, budget: int) -> dict[Question, Answer]:
        """Answers to as many questions as `budget` HTTP requests allow, retries included.

        A failed question has an answer without substance; one without a request left has none. `known` are
        earlier answers: a label that is still being printed is checked, not requested again.
        """
        ...

    def label(self, number: str) -> LabelPdf | LabelUnavailable:
        """The label of a posting that offers one, fetched and verified to be its own; never written to disk.

        Takes some seconds, and up to a minute or two if it is not available at once.
        """
        ...

    def key_info(self) -> KeyInfo: ...

    def error_index(self, since: datetime) -> IndexReading:
        """How many errors the marketplace counts against the shop, and which orders they are since then."""
        ...

    def close(self) -> None: ...
