"""Every request is one that Ozon's own description of its API allows, and none that it has switched off."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from labelwatch.core.enrichment import SHOP_WIDE, Question, Topic
from labelwatch.sandbox.scenarios.stage import OZON
from labelwatch.sources.ozon.client import LISTED
from labelwatch.sources.ozon.enrichment import CREATE, LABEL, SINGLE
from labelwatch.sources.ozon.error_index import CHARGED, INDEX
from tests.schemas import validate
from tests.sources.asking import asking
from tests.sources.printing import OURS, at_work, index
from tests.sources.scripted import Asked, Reply, page, says, scripted
from tests.support.poll_world import START
from tests.support.sandbox_player import world_of

DESCRIPTION = Path(__file__).parents[3] / "shared" / "ozon" / "openapi.json"
pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason="Ozon's description is not beside this project")


def everything_asked() -> list[Asked]:
    """All requests the source can make, pages and lookups included."""

    def script(asked: Asked) -> Reply:
        if asked.path == "/v1/roles":
            return says({"roles": []})
        if asked.path == INDEX:
            return says({"index": 1})
        if asked.path == CHARGED:
            return says({"errors": []})
        if asked.path == SINGLE:
            return says({"code": 5, "message": "POSTING_NOT_FOUND"}, 404)
        return page("1-1-1") if asked.body["cursor"] else page("2-2-2", cursor="next", more=True)

    with scripted(script) as scene:
        source = scene.source("4001")
        list(source.sweep())
        source.lookup([f"{n}-0-1" for n in range(120)])
        source.key_info()
        source.error_index(START)
        source.close()
    return scene.asked


def closed(schema: Any) -> Any:
    """The schema, refusing what it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(each) for key, each in schema.items()}
    return strict | {"additionalProperties": False} if isinstance(strict.get("properties"), dict) else strict


def conforms(asked: Iterable[tuple[str, Any]]) -> bool:
    """Whether each path is in force and each body (None = none) is as it is described; raises what is wrong."""
    description = json.loads(DESCRIPTION.read_bytes())
    components = closed(description["components"])
    for path, body in asked:
        operation = description["paths"][path]["post"]
        assert "x-switched-off" not in operation
        if "requestBody" not in operation:
            assert body is None
            continue
        schema = closed(operation["requestBody"]["content"]["application/json"]["schema"])
        validate(body, {**schema, "components": components})
    return True


def test_every_request_conforms_to_ozons_own_description() -> None:
    asked = everything_asked()
    assert {each.path for each in asked} > {LISTED, SINGLE}
    assert conforms((each.path, each.body) for each in asked)


def test_every_question_conforms_to_ozons_own_description() -> None:
    number = "10000001-0001-1"
    questions = [Question(topic, "" if topic in SHOP_WIDE else number) for topic in Topic]
    with asking(world_of((number, OZON, "awaiting_deliver", True))) as asker:
        answers = asker.ask(questions)
        seen = asker.play.sandbox.requests
    assert all(answers[question].substance for question in questions)
    assert len({each.path for each in seen}) == len(Topic) + 1, "a label is asked for in two steps"
    assert conforms((each.path, each.body) for each in seen)


def test_having_a_label_conforms_to_ozons_own_description() -> None:
    with at_work(index({"sheet": "bars"})) as (play, source):
        source.label(OURS)
        seen = [each for each in play.sandbox.requests if each.method == "POST"]
    assert {each.path for each in seen} >= {CREATE, LABEL}
    assert conforms((each.path, each.body) for each in seen)
