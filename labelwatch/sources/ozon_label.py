"""The label of one posting as a PDF: have it printed, wait a little, fetch the file, and see that it is its own.

    create | get | file | look | proof

The posting has to offer its label already: asked for one that does not, Ozon refuses. Nothing is written to disk.
"""

from collections.abc import Callable, Sequence

from labelwatch.core.facts import TaskState
from labelwatch.sources import Missing, NoSheet, Proof, Sheet, SourceError, Trouble
from labelwatch.sources import ozon_answers as answers
from labelwatch.sources.ozon_questions import CREATE, LABEL, SINGLE, TRIES, Send
from labelwatch.sources.sheet import Page, look, own_part, proof

PAUSES = (0.0, 2.0, 3.0, 5.0)
"""Seconds before each look at a task: Ozon needs some to print."""

Fetch = Callable[[str], bytes | NoSheet]


def label(number: str, *, send: Send, fetch: Fetch, rest: Callable[[float], None]) -> Sheet | NoSheet:
    """The label of this posting, or why there is none; `rest` sleeps, and may raise to stop early."""
    try:
        files = _printed(number, send=send, rest=rest)
        if isinstance(files, NoSheet):
            return files
        for address in files:  # one for each size of label: the first that holds good will do
            found = _sheet(number, fetch(address), send=send)
            if isinstance(found, Sheet):
                break
    except SourceError as error:
        return NoSheet(Missing.NOT_REACHED, error.detail)
    return found


def _printed(number: str, *, send: Send, rest: Callable[[float], None]) -> Sequence[str] | NoSheet:
    """Where the files are, once there is one."""
    made = send(CREATE, {"posting_numbers": [number]}, answers.created, tries=TRIES)
    if not made.tasks:
        not_ready = answers.is_not_ready(made.refusal)
        return NoSheet(Missing.NOT_READY if not_ready else Missing.REFUSED, made.refusal)
    said = ""
    for pause in PAUSES:
        rest(pause)
        tasks = [task for id_ in made.tasks if (task := _task(id_, send)) is not None]
        told = [answers.standing(task, number, asked=1) or (None, "") for task in tasks]
        files = [task.file_url for task, (state, _) in zip(tasks, told, strict=True) if state is TaskState.PRINTED]
        if files:
            return files
        said = next((message for _, message in told if message), "")
        if told and all(state is TaskState.REFUSED for state, _ in told):
            return NoSheet(Missing.REFUSED, said)
    return NoSheet(Missing.NOT_READY, said)


def _task(id_: int, send: Send) -> answers.Printing | None:
    try:
        return send(LABEL, {"task_id": id_}, answers.printing, tries=TRIES)
    except SourceError as error:
        if error.trouble is not Trouble.NOT_UNDERSTOOD:
            raise
        return None  # a task just created may not be known yet


def _sheet(number: str, content: bytes | NoSheet, *, send: Send) -> Sheet | NoSheet:
    """The file, if it is this posting's label, or the part of it that is."""
    if isinstance(content, NoSheet):
        return content
    pages = look(content)
    if isinstance(pages, NoSheet):
        return pages
    by = _proof(number, pages, send)
    if not isinstance(by, NoSheet):
        return Sheet(number, content, by)
    # For one that was printed with others before, Ozon names the task it has, and that file holds them all.
    own = own_part(content, pages, number=number) if by.why is Missing.OTHER_POSTING else None
    return _sheet(number, own, send=send) if own else by


def _proof(number: str, pages: Sequence[Page], send: Send) -> Proof | NoSheet:
    by = proof(pages, number=number, barcodes=())
    if isinstance(by, Proof) or by.why is not Missing.UNPROVEN or not any(page.codes for page in pages):
        return by
    return proof(pages, number=number, barcodes=_barcodes(number, send))


def _barcodes(number: str, send: Send) -> frozenset[str]:
    return send(SINGLE, {"posting_number": number, "with": {"barcodes": True}}, answers.barcodes, tries=TRIES)
