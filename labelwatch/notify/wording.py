"""One diagnosis in words: what to do, why, by when, in which steps, and what proves it."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from labelwatch.core.model import Alert, Diagnosis, Product, Proof
from labelwatch.notify.catalog import CauseWords, first, sayable
from labelwatch.notify.moments import Voice, clock, duration, zoned_clock
from labelwatch.notify.plain import plain

_POSTINGS = "https://seller.ozon.ru/app/postings"
FBS_LINK = _POSTINGS + "/fbs?postingDetails={number}"
RFBS_LINK = _POSTINGS + "/crossborder/fbs?postingDetails={number}"
"""rFBS stands under cross-border in the seller cabinet of a shop abroad."""
KEYS_LINK = "https://seller.ozon.ru/app/settings/api-keys"
CABINET_LINK = "https://seller.ozon.ru/app"

_KEY_TROUBLES = frozenset({"key_rejected", "key_expired", "role_missing", "ip_not_allowed"})

MAX_GOODS = 5


def link(diagnosis: Diagnosis) -> str:
    """Where to go in the seller cabinet: the posting; of a shop that cannot be read, its API keys or the cabinet."""
    if diagnosis.posting_number is None:
        return KEYS_LINK if diagnosis.cause in _KEY_TROUBLES else CABINET_LINK
    template = FBS_LINK if diagnosis.flow in ("ozon", "") else RFBS_LINK
    return template.format(number=quote(plain(diagnosis.posting_number), safe=""))


def words_of(voice: Voice, cause: str) -> CauseWords:
    """The words of a cause; one that no catalog knows (an alert of a newer version) counts as unexplained."""
    causes = voice.words.cause
    return causes.get(cause, causes["unexplained"])


def values(voice: Voice, diagnosis: Diagnosis, *, zoned: bool) -> dict[str, str]:
    """What may stand in braces in the words of a cause; what is not known is left out."""
    said = {
        "shop": plain(diagnosis.shop),
        "carrier": plain(diagnosis.method.carrier, 40) or voice.words.line.carrier,
    }
    number = diagnosis.posting_number
    if number is not None:
        said |= {"posting": plain(number), "order": plain(number.rpartition("-")[0])}
    if diagnosis.wait_until is not None and diagnosis.wait_until > voice.now:
        said["wait_until"] = (zoned_clock if zoned else clock)(voice, diagnosis.wait_until)
    if diagnosis.waiting_since is not None:
        said["waiting"] = duration(voice, voice.now - diagnosis.waiting_since.latest)
    if diagnosis.requirements:
        said["skus"] = voice.words.line.list_gap.join(_needing(diagnosis))
    return said


def headline(voice: Voice, diagnosis: Diagnosis) -> str:
    """What to do now, in a few words."""
    return first(words_of(voice, diagnosis.cause).headline, values(voice, diagnosis, zoned=False))


def why(voice: Voice, diagnosis: Diagnosis) -> str:
    """One or two sentences on what is wrong, then whether to wait or act."""
    words, known = words_of(voice, diagnosis.cause), values(voice, diagnosis, zoned=True)
    sentences = (first(words.why, known), first(words.advice, known))
    return voice.words.line.sentence_gap.join(filter(None, sentences))


def steps(voice: Voice, diagnosis: Diagnosis) -> list[str]:
    """What to do, in order, with this posting's data."""
    return sayable(words_of(voice, diagnosis.cause).steps, values(voice, diagnosis, zoned=True))


def time_left(voice: Voice, deadline: datetime | None) -> str:
    """`52 min left`, `20 min over`, or nothing where there is no deadline."""
    if deadline is None:
        return ""
    if deadline > voice.now:
        return voice.words.line.left.format(left=duration(voice, deadline - voice.now))
    return voice.words.line.late.format(late=duration(voice, voice.now - deadline))


def due(voice: Voice, diagnosis: Diagnosis) -> str:
    """The deadline in the channel's zone and what is left, as a sentence."""
    deadline = diagnosis.deadline
    if deadline is None:
        return ""
    at = zoned_clock(voice, deadline)
    if deadline > voice.now:
        return voice.words.line.deadline.format(deadline=at, left=duration(voice, deadline - voice.now))
    return voice.words.line.deadline_passed.format(deadline=at, late=duration(voice, voice.now - deadline))


def goods(voice: Voice, diagnosis: Diagnosis) -> str:
    """`S5200657-28 ×1, ...`: article and quantity, as they stand on the shelf."""
    if not diagnosis.products:
        return ""
    line, shown = voice.words.line, diagnosis.products[:MAX_GOODS]
    listed = [f"{_article(product)} ×{product.quantity}" for product in shown]
    if len(diagnosis.products) > MAX_GOODS:
        listed.append(line.goods_more.format(n=len(diagnosis.products) - MAX_GOODS))
    return line.goods.format(goods=line.list_gap.join(listed))


def evidence(voice: Voice, diagnosis: Diagnosis) -> str:
    """What proves the cause, in words and as Ozon wrote it, and how sure that is."""
    line = voice.words.line
    if diagnosis.posting_number is None:
        return "\n".join(line.answer.format(value=plain(p.value, 240)) for p in diagnosis.evidence if p.value)
    facts = line.list_gap.join(_fact(voice, proof) for proof in _in_order(diagnosis.evidence))
    certainty = voice.words.certainty.get(diagnosis.certainty, diagnosis.certainty)
    return line.evidence.format(facts=facts, certainty=certainty) if facts else ""


def shop(voice: Voice, diagnosis: Diagnosis) -> str:
    return voice.words.line.shop.format(shop=plain(diagnosis.shop))


def place(voice: Voice, diagnosis: Diagnosis) -> str:
    """Shop, carrier, and how long it has been waiting."""
    parts = (shop(voice, diagnosis), plain(diagnosis.method.carrier, 40), _waiting(voice, diagnosis))
    return " · ".join(filter(None, parts))


def _waiting(voice: Voice, diagnosis: Diagnosis) -> str:
    line, since = voice.words.line, diagnosis.waiting_since
    if since is None:
        return ""
    # Seen rarely, the true beginning lies far back: then only the shorter time is certain.
    vague = since.latest - since.earliest > (voice.now - since.latest) / 10
    template = line.waiting_at_least if vague else line.waiting
    return template.format(waiting=duration(voice, voice.now - since.latest))


def subject(voice: Voice, diagnosis: Diagnosis) -> str:
    """What it is about: the posting's number, or the shop."""
    if diagnosis.posting_number is None:
        return shop(voice, diagnosis)
    return plain(diagnosis.posting_number)


def handled(voice: Voice, alert: Alert) -> str:
    """Who takes care of it, when somebody does."""
    return voice.words.line.handled.format(by=plain(alert.handled_by, 40)) if alert.handled_by else ""


def _needing(diagnosis: Diagnosis) -> Iterable[str]:
    """The articles that still need something, by article number where the posting names it."""
    articles = {product.sku: _article(product) for product in diagnosis.products}
    skus = dict.fromkeys(sku for _, needing in diagnosis.requirements for sku in needing)
    return [articles.get(sku, plain(sku, 40)) for sku in list(skus)[:MAX_GOODS]]


def _article(product: Product) -> str:
    return plain(product.offer_id, 40) or plain(product.name, 40) or plain(product.sku, 40)


def _in_order(proofs: Iterable[Proof]) -> list[Proof]:
    order = {"status": 0, "substatus": 1}
    return sorted(proofs, key=lambda proof: order.get(proof.field, 2))


def _fact(voice: Voice, proof: Proof) -> str:
    """`status awaiting packaging (awaiting_packaging)`: Ozon's word in the reader's language, then as it is."""
    words, value = voice.words, plain(proof.value, 160)
    kind, _, requirement = proof.field.partition("requirements.")
    if requirement and not kind:
        return words.line.fact.format(field=words.requirement.get(requirement, plain(requirement)), value=value)
    field = words.field.get(proof.field, plain(proof.field, 40))
    table = {"status": words.status, "substatus": words.substatus, "flow": words.flow}.get(proof.field)
    if not value:
        return words.line.fact.format(field=field, value=words.line.empty)
    if table is None:
        return words.line.fact.format(field=field, value=words.value.get(proof.value, value))
    known = table.get(proof.value)
    return words.line.fact.format(
        field=field, value=words.line.raw.format(word=known, value=value) if known else value
    )
