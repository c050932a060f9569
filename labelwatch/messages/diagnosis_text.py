"""One diagnosis in words: what to do, why, by when, in which steps, and what proves it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from labelwatch.core.alert import Alert, AlertState, Certainty, Diagnosis
from labelwatch.core.deadline import Phase, phase
from labelwatch.core.lateness import KNOWN_STATUSES
from labelwatch.core.posting import Product, Stage
from labelwatch.core.subject import Channel, Database, Incident, Polls, PostingId, Shop, is_outage
from labelwatch.i18n import translate
from labelwatch.messages.catalog import CauseWords, Remedy, counted, first, sayable
from labelwatch.messages.evidence_text import (
    fact,
    found,
    group_count_of,
    in_order,
    over_limits,
    quoted,
    quoted_from_ozon,
    value,
)
from labelwatch.messages.plain import plain
from labelwatch.messages.raw_text import raw
from labelwatch.messages.recipients import KINDS, SUPPORT
from labelwatch.messages.time_format import RenderContext, clock, duration, zoned_clock
from labelwatch.messages.time_left import due as due
from labelwatch.messages.time_left import due_at as due_at
from labelwatch.messages.time_left import is_picked_up as is_picked_up
from labelwatch.messages.time_left import soonest as soonest
from labelwatch.messages.time_left import time_left as time_left

MAX_GOODS = 5
MAX_NAMES = 3
MAX_SHOPS = 10
MAX_NAMED = 6
"""A sentence names at most this many postings and counts more."""

_GAP_IN_CHINESE = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


def words_of(context: RenderContext, cause: str) -> CauseWords:
    """The texts of a cause; one that no catalog has (an alert of a newer version) counts as unexplained."""
    causes = context.words.cause
    return causes.get(cause, causes["unexplained"])


def values(context: RenderContext, diagnosis: Diagnosis, *, zoned: bool) -> dict[str, str]:
    """Placeholder values for the texts of a cause; unknown ones are left out."""
    said = {
        "shop": plain(diagnosis.shop),
        "carrier": plain(", ".join(diagnosis.carriers), 40) or context.words.line.carrier,
        "method": plain(diagnosis.method.name, 60),
        "warehouse": plain(diagnosis.method.warehouse, 60),
        "alternatives": _listed(context, diagnosis.alternatives),
    }
    number = diagnosis.posting_number
    if number:
        said |= {"posting": plain(number), "order": plain(number.rpartition("-")[0])}
    if diagnosis.wait_until is not None and diagnosis.wait_until > context.now:
        said["wait_until"] = (zoned_clock if zoned else clock)(context, diagnosis.wait_until)
    if is_picked_up(diagnosis) and diagnosis.cutoff is not None and diagnosis.cutoff > context.now:
        said["cutoff"] = (zoned_clock if zoned else clock)(context, diagnosis.cutoff)
    if diagnosis.waiting_since is not None:
        said["waiting"] = duration(context, context.now - diagnosis.waiting_since.latest)
    answer = found(diagnosis, "answer")
    match diagnosis.subject:
        case Channel(name):
            reason = translate(answer.value, context.words.language) if answer else ""
            said |= {"channel": plain(name, 40), "reason": plain(reason, 240)}
        case Database():
            said["reason"] = plain(raw(answer.value), 240) if answer else ""
        case Polls(behind):
            said["behind"] = duration(context, behind)
        case Incident() as incident if incident.total:
            said |= _of_incident(context, diagnosis, incident, zoned=zoned)
    if diagnosis.cause == "unknown_state":
        is_known = diagnosis.status in KNOWN_STATUSES
        said["unknown"] = plain(diagnosis.substatus if is_known else diagnosis.status, 60)
    said |= _required(context, diagnosis) | _proven(context, diagnosis)
    return {name: text for name, text in said.items() if text}


def remedy(context: RenderContext, diagnosis: Diagnosis) -> tuple[str, Remedy]:
    """What to do with the time that is left, and the id by which programs know it."""
    words, cause = words_of(context, diagnosis.cause), diagnosis.cause
    match phase(diagnosis, context.now):
        case Phase.MISSED if (due_at(diagnosis, context.now) or context.now) > context.now:
            return "missed:pick_up", context.words.missed["pick_up"]
        case Phase.MISSED if words.missed is not None:
            return f"{cause}:missed", words.missed
        case Phase.MISSED:
            # Only name support if there is a letter to it.
            is_support = diagnosis.stage is not Stage.PACKING and SUPPORT in KINDS.get(cause, ())
            return f"missed:{diagnosis.stage}", context.words.missed[Stage.LABEL if is_support else Stage.PACKING]
        case Phase.URGENT if words.urgent is not None:
            return f"{cause}:urgent", words.urgent
    return cause, Remedy(words.headline, words.advice, words.steps)


def headline(context: RenderContext, diagnosis: Diagnosis) -> str:
    """What to do now, in a few words."""
    return first(remedy(context, diagnosis)[1].headline, values(context, diagnosis, zoned=False))


def advice(context: RenderContext, diagnosis: Diagnosis) -> str:
    """Whether to wait or act, and the consequence."""
    return first(remedy(context, diagnosis)[1].advice, values(context, diagnosis, zoned=True))


def why(context: RenderContext, diagnosis: Diagnosis) -> str:
    """One or two sentences on what is wrong, then whether to wait or act, then what is uncertain."""
    words, known = words_of(context, diagnosis.cause), values(context, diagnosis, zoned=True)
    sentences = (first(words.why, known), advice(context, diagnosis), doubt(context, diagnosis))
    return context.words.line.sentence_gap.join(filter(None, sentences))


def doubt(context: RenderContext, diagnosis: Diagnosis) -> str:
    """What else an incident may be if there is nothing to compare it with."""
    said, shops = context.words.doubt, len(diagnosis.incident.shops) if diagnosis.incident else 0
    if diagnosis.certainty is not Certainty.UNKNOWN:
        return ""
    if diagnosis.cause == "carrier_incident":
        return said["carrier" if shops > 1 else "carrier_one_shop"]
    return said["platform_one_shop"] if diagnosis.cause == "platform_incident" and shops == 1 else ""


def steps(context: RenderContext, diagnosis: Diagnosis) -> list[str]:
    """What to do, in order, with this posting's data."""
    known = values(context, diagnosis, zoned=True)
    return sayable(remedy(context, diagnosis)[1].steps, known | _usual_step(context, diagnosis, known))


def first_step(context: RenderContext, diagnosis: Diagnosis, *, several: bool) -> str:
    """What to do first, without a posting number if there are several. Empty if it needs the data of each."""
    known = values(context, diagnosis, zoned=True)
    if several:
        known = {name: text for name, text in known.items() if name != "order"}
        known |= {"posting": context.words.line.each} if "posting" in known else {}
    said = first(remedy(context, diagnosis)[1].steps[:1], known | _usual_step(context, diagnosis, known))
    return _GAP_IN_CHINESE.sub("", said)


def begin(context: RenderContext, diagnosis: Diagnosis, *, several: bool) -> str:
    """`What to do: ...`, the first step."""
    step, line = first_step(context, diagnosis, several=several), context.words.line
    return line.colon.format(head=line.how.rstrip(":："), text=step) if step else ""


def _usual_step(context: RenderContext, diagnosis: Diagnosis, known: Mapping[str, str]) -> dict[str, str]:
    """The first step before the deadline, which is still due after it."""
    step = first(words_of(context, diagnosis.cause).steps[:1], known)
    return {"usual_step": step} if step else {}


def tally(context: RenderContext, diagnosis: Diagnosis) -> str:
    """For an incident: how many of the due labels are late, or how many shops cannot be read."""
    incident, line = diagnosis.incident, context.words.line
    if not incident or not incident.total:
        return ""
    if is_outage(incident):
        return _dark(context, incident, line.dark_left if incident.has_partly_recovered else line.dark)
    return group_count_of(context, late=incident.late, total=incident.total)


def goods(context: RenderContext, diagnosis: Diagnosis) -> str:
    """`Goods: S5200657-28 ×1, ...`: article and quantity."""
    listed = list_of_goods(context, diagnosis)
    return context.words.line.goods.format(goods=listed) if listed else ""


def list_of_goods(context: RenderContext, diagnosis: Diagnosis) -> str:
    line, shown = context.words.line, diagnosis.products[:MAX_GOODS]
    listed = [f"{_article(product)} ×{product.quantity}" for product in shown]
    if len(diagnosis.products) > MAX_GOODS:
        listed.append(line.goods_more.format(n=len(diagnosis.products) - MAX_GOODS))
    return line.list_gap.join(listed)


def evidence(context: RenderContext, diagnosis: Diagnosis) -> str:
    """The evidence in words and as Ozon wrote it, and its certainty; for channel and database `why` has it."""
    line = context.words.line
    if isinstance(diagnosis.subject, Shop) or is_outage(diagnosis.subject):
        return "\n".join(line.answer.format(value=plain(raw(p.value), 240)) for p in diagnosis.evidence if p.value)
    facts = line.list_gap.join(fact(context, proof) for proof in in_order(diagnosis.evidence))
    certainty = context.words.certainty.get(diagnosis.certainty, diagnosis.certainty)
    is_told = not facts or isinstance(diagnosis.subject, Channel | Database | Polls)
    return "" if is_told else line.evidence.format(facts=facts, certainty=certainty)


def last_read(context: RenderContext, diagnosis: Diagnosis) -> str:
    """When a shop that cannot be read was last read; empty for anything else."""
    if not isinstance(diagnosis.subject, Shop):
        return ""
    line, at = context.words.line, diagnosis.as_of
    return line.last_read.format(time=zoned_clock(context, at)) if at else line.never_read


def waiting_messages(context: RenderContext, diagnosis: Diagnosis) -> str:
    """For a channel that does not work: how many messages wait for it."""
    waiting = diagnosis.subject.waiting if isinstance(diagnosis.subject, Channel) else 0
    return counted(context.words, context.words.count.waiting, waiting) if waiting else ""


def shop(context: RenderContext, diagnosis: Diagnosis) -> str:
    return context.words.line.shop.format(shop=plain(diagnosis.shop))


def shops(context: RenderContext, diagnosis: Diagnosis) -> str:
    """The shops that an incident concerns, if there are several."""
    return named_shops(context, diagnosis.shops) if len(diagnosis.shops) > 1 else ""


def named_shops(context: RenderContext, names: Iterable[str]) -> str:
    """`Shops: main, north`, only those that the reader may see."""
    heard = tuple(name for name in names if not context.shops or name in context.shops)
    return context.words.line.shops.format(shops=_listed(context, heard, most=MAX_SHOPS)) if heard else ""


def place(context: RenderContext, diagnosis: Diagnosis) -> str:
    """Shop, carrier, and how long it has been waiting."""
    parts = (shop(context, diagnosis), plain(diagnosis.method.carrier, 40), _waiting(context, diagnosis))
    return " · ".join(filter(None, parts))


def _waiting(context: RenderContext, diagnosis: Diagnosis) -> str:
    line, since = context.words.line, diagnosis.waiting_since
    if since is None:
        return ""
    # With rare polls the true start may be long before: only the shorter time is certain.
    waited = context.now - since.latest
    vague = since.latest - since.earliest > waited / 10
    if vague and waited < timedelta(minutes=1):
        return ""  # "at least less than a minute" says nothing
    template = line.waiting_at_least if vague else line.waiting
    return template.format(waiting=duration(context, waited))


def subject(context: RenderContext, diagnosis: Diagnosis) -> str:
    """What it is about: the number of the posting, the shop, the channel, or the number of shops."""
    match diagnosis.subject:
        case PostingId(number=name) | Channel(name=name):
            return plain(name)
        case Incident() as incident if (
            is_outage(incident) and incident.total > 1 and any(part.late for part in incident.parts)
        ):
            return ""  # the count says it
        case Incident() as incident if len(incident.shops) != 1 or incident.has_partly_recovered:
            return _in_shops(context, incident) if incident.shops else ""
        case Shop() | Incident():
            return shop(context, diagnosis)
        case _:
            return ""


def _dark(context: RenderContext, incident: Incident, template: str) -> str:
    """How many of several watched shops cannot be read."""
    of = counted(context.words, context.words.count.of_shops, incident.total)
    return template.format(n=incident.late, shops=of) if incident.total > 1 else ""


def _in_shops(context: RenderContext, incident: Incident) -> str:
    """`in 4 shops`; once some of them have recovered, `still in 2 of 183 shops, the others have recovered`."""
    count, now = context.words.count, len(incident.shops)
    if not incident.has_partly_recovered:
        return counted(context.words, count.in_shops, now)
    of = counted(context.words, count.of_shops, len(incident.parts))
    return context.words.line.in_shops_left.format(n=now, shops=of)


def handled(context: RenderContext, alert: Alert) -> str:
    """Who acknowledged or snoozed it, with the note; for one that has come back, who knows about it."""
    line, by, note = context.words.line, plain(alert.handled_by, 40), plain(alert.note, 120)
    match alert.state:
        case AlertState.SNOOZED if alert.snoozed_until is not None and alert.snoozed_until > context.now:
            until = clock(context, alert.snoozed_until)
            said = context.words.press["snoozed"].format(until=until, by=by)
        case AlertState.ACKNOWLEDGED if by:
            said = line.handled.format(by=by)
        case _ if by and alert.handled_at is not None and alert.snoozed_until is None:
            said = line.seen.format(by=by, time=clock(context, alert.handled_at))
        case _:
            return ""
    return line.colon.format(head=said.rstrip(".。"), text=note) if note else said


def keeper(context: RenderContext, alert: Alert) -> str:
    """The same as a cell of a list, for an alert that is acknowledged or snoozed now."""
    taken = alert.state in (AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
    return handled(context, alert).rstrip(".。") if taken else ""


def in_hands(context: RenderContext, alerts: Sequence[Alert]) -> str:
    """`Anna takes care of 41517061-0214-1, 41517061-0215-1.`; many are counted. The first one says how."""
    first, names = alerts[0], [subject(context, one.diagnosis) for one in alerts]
    what = context.words.line.list_gap.join(names)
    if len(names) > MAX_NAMED:
        what = counted(context.words, context.words.count.alerts, len(names))
    until = clock(context, first.snoozed_until) if first.snoozed_until is not None else ""
    template = "snoozed_of" if first.state is AlertState.SNOOZED else "acknowledged_of"
    by = plain(first.handled_by, 40) or context.words.line.somebody
    return context.words.press[template].format(by=by, until=until, what=what)


def state(context: RenderContext, alert: Alert) -> str:
    """`open`, `Anna is on it: waits for the courier`, `Quiet until 18:00 (Anna)`, `resolved`."""
    # An alert whose snooze is over but was not yet reported is open.
    known = AlertState.FIRING if alert.state is AlertState.SNOOZED else alert.state
    return keeper(context, alert) or context.words.state[known]


def escalated_note(context: RenderContext, alert: Alert) -> str:
    """Whose snooze has just ended, so that it is reported again; empty if none has."""
    until, line = alert.snoozed_until, context.words.line
    if until is None or until > context.now:
        return ""
    template = line.woken if alert.handled_by else line.woken_alone
    return template.format(by=plain(alert.handled_by, 40), until=clock(context, until))


def short_of_time(context: RenderContext, alert: Alert) -> str:
    """That a step of escalation was reached; empty if none was or if that time is over. The time left is shown beside
    it."""
    left = alert.told.left if alert.told else None
    deadline, line = alert.diagnosis.deadline, context.words.line
    if left is None or deadline is None or deadline <= context.now:
        return ""
    return line.escalated_taken if alert.handled_by else line.escalated_left


def _required(context: RenderContext, diagnosis: Diagnosis) -> dict[str, str]:
    """Which goods lack what, while only the seller can supply it; else that Ozon is checking it."""
    check = found(diagnosis, "exemplars")
    if check is not None and check.value == "validation_in_process":
        return {"checking": context.words.value["exemplars"]["validation_in_process"]}
    known, gap = context.words.requirement, context.words.line.list_gap
    missing = (known.get(key, plain(key, 40)) for key, _ in diagnosis.requirements)
    return {"skus": gap.join(_needing(diagnosis)), "missing": gap.join(missing)}


def _proven(context: RenderContext, diagnosis: Diagnosis) -> dict[str, str]:
    """What the evidence says beyond the status."""
    words = quoted_from_ozon(context, diagnosis)
    said = {"message": words, "quoted": quoted(context, words), "over": over_limits(context, diagnosis)}
    told = {"state": ("delivery_method.status", "warehouse.status"), "gaps": ("recipient",)}
    for name, fields in told.items():
        proof = next(filter(None, (found(diagnosis, field) for field in fields)), None)
        said[name] = value(context, proof) if proof is not None else ""
    paused = found(diagnosis, "warehouse.pause_at")
    said["paused"] = zoned_clock(context, paused.since) if paused is not None and paused.since is not None else ""
    return said


def _of_incident(context: RenderContext, diagnosis: Diagnosis, incident: Incident, *, zoned: bool) -> dict[str, str]:
    since = diagnosis.waiting_since
    several = len(incident.shops) > 1 or incident.has_partly_recovered
    return {
        "tally": tally(context, diagnosis),
        "since": (zoned_clock if zoned else clock)(context, since.latest) if since is not None else "",
        "in_shops": _in_shops(context, incident) if several else "",
        "dark": _dark(context, incident, context.words.line.dark) if is_outage(incident) else "",
    }


def _listed(context: RenderContext, names: tuple[str, ...], *, most: int = MAX_NAMES) -> str:
    listed = [plain(name, 60) for name in names[:most]]
    if len(names) > most:
        listed.append(context.words.line.goods_more.format(n=len(names) - most))
    return context.words.line.list_gap.join(listed)


def _needing(diagnosis: Diagnosis) -> Iterable[str]:
    """The articles that still need something, by article number if the posting has it."""
    articles = {product.sku: _article(product) for product in diagnosis.products}
    skus = dict.fromkeys(sku for _, needing in diagnosis.requirements for sku in needing)
    return [articles.get(sku, plain(sku, 40)) for sku in list(skus)[:MAX_GOODS]]


def _article(product: Product) -> str:
    return plain(product.offer_id, 40) or plain(product.name, 40) or plain(product.sku, 40)
