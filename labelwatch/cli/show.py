"""`show`: one posting from the first time it was seen, why it is late, what was ruled out, what to do."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer

from labelwatch.cli import posting_document as paper
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, OneShop, Posting, Speak
from labelwatch.cli.terminal import as_json, complain, say, table
from labelwatch.cli.words import phrases
from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.i18n import translate
from labelwatch.messages import diagnosis_text, single, usual_text
from labelwatch.messages.evidence_text import because
from labelwatch.messages.letters import Kind, kinds_of, language_of, letter
from labelwatch.messages.message import Section
from labelwatch.messages.time_format import RenderContext, zoned_clock

if TYPE_CHECKING:
    from labelwatch.queries import PostingDetails
    from labelwatch.store import HistoryRow, OutboxRow


class OfShop(Protocol):
    """What belongs to one shop."""

    @property
    def shop(self) -> str: ...


T = TypeVar("T", bound=OfShop)

Message = Annotated[
    Kind | None,
    typer.Option("--message", show_default=False, help="Print only the letter to this recipient."),
]


def show(
    posting: Posting,
    config: ConfigFile = None,
    shop: OneShop = None,
    language: Speak = None,
    message: Message = None,
    as_document: Json = False,
) -> None:
    """Show everything known about one posting.

    Why it is late, the evidence, what was ruled out, what to do, its timeline, and its notifications; or, with
    --message, a letter about it to Ozon's support, the carrier or the buyer.
    """
    settings = settings_of_database(config)
    spoken = language or settings.language
    with database(settings) as db:
        found = the_one(db.queries.posting_details(posting), posting, shop, language=spoken)
        queued = db.store.outbox.find(posting_number=posting)
        timezone, now = settings.timezone, db.clock.now()
    told = [row for row in reversed(queued) if row.notification.alert.diagnosis.shop == found.shop]
    if message is not None:
        _print_letter(found, message, language=language, spoken=spoken, zone=timezone, now=now)
    elif as_document:
        as_json(paper.as_document(found, told, language=spoken, timezone=timezone, now=now))
    else:
        _print(found, told, context(spoken, timezone, now))


def _print_letter(
    found: "PostingDetails", kind: Kind, *, language: str | None, spoken: str, zone: str, now: datetime
) -> None:
    """The letter alone, to be copied; in the language of its recipient unless another one is given."""
    alert = paper.current(found)
    kinds = kinds_of(alert) if alert is not None else ()
    if alert is None or kind not in kinds:
        said = phrases(spoken, "show")
        instead = said["letters"].format(kinds=", ".join(said[one] for one in kinds)) if kinds else ""
        complain(said["no_letter"].format(posting=found.known.posting.number, kind=said[kind]) + instead)
        raise typer.Exit(FOUND_TROUBLE)
    written = letter(kind, alert, language=language or language_of(kind, spoken), zone=zone, now=now)
    say(written.text)


def the_one(found: Sequence[T], posting: str, shop: str | None, *, language: str) -> T:
    """What was found in this shop (None = the only one); else the command ends."""
    said = phrases(language, "show")
    of_shop = [one for one in found if shop in (None, one.shop)]
    if not of_shop:
        complain(said["never_seen_in" if shop else "never_seen"].format(posting=posting, shop=shop))
        raise typer.Exit(FOUND_TROUBLE)
    if len(of_shop) > 1:
        names = ", ".join(one.shop for one in of_shop)
        raise typer.BadParameter(said["several"].format(posting=posting, names=names), param_hint="--shop")
    return of_shop[0]


def _print(found: "PostingDetails", told: "list[OutboxRow]", speaker: RenderContext) -> None:
    said = phrases(speaker.words.language, "show")
    alert = paper.current(found)
    if alert is not None:
        _print_alert(alert, speaker, said)
    else:
        say(said["not_late"].format(posting=found.known.posting.number), style="bold green")
    say(f"\n{said['timeline']}", style="bold")
    headings = (said["seen"], said["status"], said["label"], said["tracking"], said["cutoff"])
    table(headings, (_moment(row, speaker, said) for row in found.history))
    if told:
        say(f"\n{said['told']}", style="bold")
        table((), (_notification(row, speaker) for row in told))


def _print_alert(alert: Alert, speaker: RenderContext, said: Mapping[str, str]) -> None:
    diagnosis = alert.diagnosis
    heading = (
        diagnosis_text.subject(speaker, diagnosis),
        single.outcome(speaker, alert) if alert.resolved_at else diagnosis_text.headline(speaker, diagnosis),
        speaker.words.severity[diagnosis.severity],
        diagnosis_text.state(speaker, alert),
    )
    say(" · ".join(heading), style="bold")
    for section in _sections(alert, speaker):
        say()
        if section.heading:
            say(section.heading, style="bold")
        say("\n".join(section.lines))
    if diagnosis.ruled_out:
        say(f"\n{said['ruled_out']}", style="bold")
        table(
            (),
            (
                (diagnosis_text.words_of(speaker, other.cause).name, because(speaker, other.because))
                for other in diagnosis.ruled_out
            ),
        )


def _sections(alert: Alert, speaker: RenderContext) -> Iterator[Section]:
    """The text of a message about it; for a resolved alert also why it was late."""
    is_over, now = alert.resolved_at is not None, speaker.now
    reason = Reason.RESOLVED if is_over else Reason.FIRST
    yield from single.parts(speaker, Notification(alert, 1, reason, channel="", due_at=now, expires_at=now))
    if limit := usual_text.limit(speaker, alert.diagnosis):
        yield Section(lines=(limit,))
    if is_over:
        yield Section(
            lines=(diagnosis_text.why(speaker, alert.diagnosis), diagnosis_text.evidence(speaker, alert.diagnosis))
        )


def _moment(row: "HistoryRow", speaker: RenderContext, said: Mapping[str, str]) -> tuple[str, ...]:
    status = speaker.words.status.get(row.status, row.status)
    substatus = speaker.words.substatus.get(row.substatus, row.substatus)
    return (
        zoned_clock(speaker, row.seen_at),
        f"{status} ({substatus})" if substatus not in ("", status) else status,
        said["there"] if paper.has_label(row) else said["not_there"],
        row.tracking_number,
        zoned_clock(speaker, row.cutoff) if row.cutoff else "",
    )


def _notification(row: "OutboxRow", speaker: RenderContext) -> tuple[str, ...]:
    language = speaker.words.language
    reason, state = phrases(language, "reason")[row.notification.reason], phrases(language, "state")[row.state]
    at, said = row.sent_at or row.notification.due_at, translate(row.error, language) if row.error else row.receipt
    return zoned_clock(speaker, at), row.notification.channel, reason, state, said
