"""Changed settings of a shop, and the expiry of its key, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from labelwatch.core.lateness import OWN_CARRIER_FLOWS
from labelwatch.core.policy import Destination
from labelwatch.core.settings import SettingChange
from labelwatch.messages import index_text
from labelwatch.messages.bundle import rest
from labelwatch.messages.catalog import counted
from labelwatch.messages.message import Kind, Message, Piece, Section, SizeLimit, affordable, joined
from labelwatch.messages.plain import plain
from labelwatch.messages.render import render_context
from labelwatch.messages.time_format import RenderContext, dated, duration


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit of a shop found: changes, and when its key expires if that is near."""

    shop: str
    changes: tuple[SettingChange, ...] = ()
    key_expires_at: datetime | None = None


def message(audited: Iterable[Audited], destination: Destination, *, now: datetime, limit: SizeLimit) -> Message:
    """One message about the audits of some shops; what does not fit is counted."""
    context, shops = render_context(destination, now), list(audited)
    words, pieces = context.words.setting, list[Piece]()
    for number, one in enumerate(shops):
        if len(shops) > 1:
            pieces.append((number, Section(heading=plain(one.shop))))
        if one.key_expires_at is not None:
            lines = (key_line(context, one.shop, one.key_expires_at), words["key_todo"])
            pieces.append((number, Section(lines=lines)))
        pieces += [(number, Section(rows=((change_line(context, change),),))) for change in one.changes]
    title = f"{context.words.line.mark_warning} {_title(context, shops)}"
    room = limit.beside(title=title)
    taken = affordable(pieces, room)
    if len(taken) < len(pieces):
        taken = affordable(pieces, room.beside(rest(context, len(pieces), "")))
        taken.append((len(shops), rest(context, len(pieces) - len(taken), "")))
    return Message(title, joined(taken), Kind.WARNING)


def _title(context: RenderContext, shops: Sequence[Audited]) -> str:
    words, gap = context.words.setting, context.words.line.list_gap
    first = min(shops, key=lambda one: (not one.changes, one.key_expires_at is None))
    if first.changes or first.key_expires_at is None:
        kinds = {change.what.partition("_")[0] for one in shops for change in one.changes}
        title = {frozenset({"index"}): "title_index", frozenset({"api"}): "title_api"}.get(frozenset(kinds), "title")
        return words[title].format(shop=gap.join(plain(one.shop) for one in shops))
    left = duration(context, first.key_expires_at - context.now)
    return words["title_key"].format(shop=plain(first.shop), left=left)


def change_line(context: RenderContext, change: SettingChange) -> str:
    """One sentence about one change: `Delivery method “Express”: has an error (BROKEN) (was: active (ACTIVE))`."""
    words = context.words.setting
    kind, _, field = change.what.partition("_")
    subject = words[kind].format(name=plain(change.name or change.id))
    template = "resumed" if field == "pause" and not change.after else field
    after = _value(context, change.what, change.after) or words["none"]
    line = words[template].format(subject=subject, after=after, day=_day(context, change))
    if field in ("added", "flow") and change.after.lower() in OWN_CARRIER_FLOWS:
        line = words["no_label"].format(line=line)
    if field not in ("added", "removed", "pause", "ahead") and change.before:
        line = words["was"].format(line=line, before=_value(context, change.what, change.before))
    if change.is_harmful and change.orders:
        orders = counted(context.words, context.words.count.orders, change.orders)
        line = words["orders"].format(line=line, orders=orders)
    return line


def key_line(context: RenderContext, shop: str, expires_at: datetime) -> str:
    """Until when the key of a shop is valid, and what follows."""
    left = duration(context, expires_at - context.now)
    return context.words.setting["key"].format(shop=plain(shop), at=dated(context, expires_at), left=left)


def _value(context: RenderContext, what: str, value: str) -> str:
    """A value of Ozon's in the reader's language, if the catalog has it."""
    words = context.words
    if what == "warehouse_pause" and value:
        return dated(context, datetime.fromisoformat(value))
    if what in ("method_flow", "method_added"):
        return words.flow.get(value, plain(value))
    if what == "warehouse_working_days":
        return " ".join(words.setting_value.get(day, plain(day)) for day in value.split())
    if what in ("index_zone", "index_ahead"):
        return words.index.get(value, plain(value))
    if what == "api_retires":
        return index_text.day(context, date.fromisoformat(value))
    statuses = words.value["warehouse.status" if what == "warehouse_status" else "delivery_method.status"]
    return statuses.get(value) or words.setting_value.get(value) or plain(value)


def _day(context: RenderContext, change: SettingChange) -> str:
    """The day on which a zone is expected."""
    return index_text.day(context, date.fromisoformat(change.id)) if change.what == "index_ahead" else ""
