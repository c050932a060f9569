"""The label of one posting as a PDF: have it printed, wait, fetch the file, and verify that it is its own.

    create | get | file | look | proof

The posting must already offer its label: otherwise Ozon refuses. Nothing is written to disk.
"""

from collections.abc import Callable, Sequence

from labelwatch.core.facts import TaskState
from labelwatch.sources import LabelPdf, LabelUnavailable, Missing, Proof, SourceError, Trouble
from labelwatch.sources.ozon import responses as answers
from labelwatch.sources.ozon.enrichment import CREATE, LABEL, SINGLE, TRIES, Send
from labelwatch.sources.ozon.label_pdf import look, own_part, proof

PAUSES = (0.0, 2.0, 3.0, 5.0)
"""Seconds before each check of a task: Ozon needs some to print."""

Fetch = Callable[[str], bytes | LabelUnavailable]


def label(number: str, *, send: Send, fetch: Fetch, rest: Callable[[float], None]) -> LabelPdf | LabelUnavailable:
    """The label of this posting, or why there is none; `rest` sleeps, and may raise to stop early."""
    try:
        files = _printed(number, send=send, rest=rest)
        if isinstance(files, LabelUnavailable):
            return files
        for address, alone in files:  # one for each size of label: the first valid one is used
            found = _pdf(number, fetch(address), send=send, alone=alone)
            if isinstance(found, LabelPdf):
                break
    except SourceError as error:
        return LabelUnavailable(Missing.NOT_REACHED, error.detail)
    return found


def _printed(
    number: str, *, send: Send, rest: Callable[[float], None]
) -> Sequence[tuple[str, bool]] | LabelUnavailable:
    """The addresses of the files, once there is one, and whether each is for this posting alone."""
    made = send(CREATE, {"posting_numbers": [number]}, answers.created, tries=TRIES)
    if not made.tasks:
        not_ready = answers.is_not_ready(made.refusal)
        return LabelUnavailable(Missing.NOT_READY if not_ready else Missing.REFUSED, made.refusal)
    said = ""
    for pause in PAUSES:
        rest(pause)
        tasks = [task for id_ in made.tasks if (task := _task(id_, send)) is not None]
        told = [answers.standing(task, number, asked=1) or (None, "") for task in tasks]
        printed = [task for task, (state, _) in zip(tasks, told, strict=True) if state is TaskState.PRINTED]
        files = [(task.file_url, max(task.asked, task.printed or 0) == 1) for task in printed]
        if files:
            return files
        said = next((message for _, message in told if message), "")
        if told and all(state is TaskState.REFUSED for state, _ in told):
            return LabelUnavailable(Missing.REFUSED, said)
    return LabelUnavailable(Missing.NOT_READY, said)


def _task(id_: int, send: Send) -> answers.Printing | None:
    try:
        return send(LABEL, {"task_id": id_}, answers.printing, tries=TRIES)
    except SourceError as error:
        if error.trouble is not Trouble.NOT_UNDERSTOOD:
            raise
        return None  # a task just created may not be known yet


def _pdf(number: str, content: bytes | LabelUnavailable, *, send: Send, alone: bool) -> LabelPdf | LabelUnavailable:
    """The file, if it is this posting's label, or the part of it that is."""
    if isinstance(content, LabelUnavailable):
        return content
    pages = look(content)
    if isinstance(pages, LabelUnavailable):
        return pages
    codes: frozenset[str] = frozenset()
    by = proof(pages, number=number, barcodes=codes)
    if _is(by, Missing.UNPROVEN) and any(page.codes or page.text for page in pages):
        codes = _barcodes(number, send)
        by = proof(pages, number=number, barcodes=codes, alone=alone)
    if isinstance(by, Proof):
        return LabelPdf(number, content, by)
    # If it was printed with others before, Ozon returns that task, and its file contains them all.
    is_shared = _is(by, Missing.OTHER_POSTING) or (_is(by, Missing.UNPROVEN) and len(pages) > 1)
    own = own_part(content, pages, number=number, barcodes=codes) if is_shared else None
    return _pdf(number, own, send=send, alone=False) if own else by


def _is(by: Proof | LabelUnavailable, why: Missing) -> bool:
    return isinstance(by, LabelUnavailable) and by.why is why


def _barcodes(number: str, send: Send) -> frozenset[str]:
    return send(SINGLE, {"posting_number": number, "with": {"barcodes": True}}, answers.barcodes, tries=TRIES)
