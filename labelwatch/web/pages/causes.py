"""`/causes`: everything that can delay a label: its meaning, its evidence, its remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.core.alert import Family
from labelwatch.core.rules import CAUSES, MEANINGS
from labelwatch.messages.catalog import sayable
from labelwatch.web.page import Reader, app_of, reader_of, respond


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause in words, with placeholders for a posting's own data."""

    id: str
    name: str
    why: str
    proof: str
    steps: Sequence[str]
    judged: str
    """How often it was named, and how often that was right."""


def page(request: Request) -> Response:
    """By family, in the order of the rules."""
    app, reader = app_of(request), reader_of(request)
    judged: dict[str, list[tuple[str, int]]] = {}
    for said, really, number in app.store.verdicts.counts():
        judged.setdefault(said, []).append((really, number))
    families: dict[Family, list[Cause]] = {}
    for cause, family in CAUSES.items():
        families.setdefault(family, []).append(_cause(reader, cause, judged.get(cause, [])))
    order = [*(family for family in families if family is not Family.BLIND), Family.BLIND]
    return respond(request, "causes.html", families=[(str(family), families[family]) for family in order])


def _cause(reader: Reader, cause: str, judged: Sequence[tuple[str, int]]) -> Cause:
    said, values = reader.context.words.cause[cause], _example(reader)
    right, total = sum(n for really, n in judged if really == cause), sum(n for _, n in judged)
    return Cause(
        id=cause,
        name=said.name,
        why=reader.context.words.line.sentence_gap.join(
            [*sayable(said.why, values)[:1], *sayable(said.advice, values)[:1]]
        ),
        proof=_proof(reader, cause),
        steps=sayable(said.steps, values),
        judged=reader.say("causes", "judged", right=right, total=total) if total else "",
    )


def _proof(reader: Reader, cause: str) -> str:
    """The evidence of a cause; in English it is part of the rule."""
    told = " ".join(MEANINGS[cause].split())
    return reader.context.words.proof.get(cause) or told.rpartition("Proof: ")[2]


def _example(reader: Reader) -> Mapping[str, str]:
    """A placeholder for a posting's own data."""
    return {"carrier": reader.context.words.line.carrier, **reader.words.said["example"]}
