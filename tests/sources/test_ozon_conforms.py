"""Every request is one that Ozon's own description of its API allows, and none that it has switched off."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from labelwatch.sources.ozon import LISTED, SINGLE
from tests.sources.scripted import Asked, Reply, page, says, scripted

DESCRIPTION = Path(__file__).parents[3] / "shared" / "ozon" / "openapi.json"
pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason="Ozon's description is not beside this project")


def everything_asked() -> list[Asked]:
    """All requests the source can make, pages and lookups included."""

    def script(asked: Asked) -> Reply:
        if asked.path == "/v1/roles":
            return says({"roles": []})
        if asked.path == SINGLE:
            return says({"code": 5, "message": "POSTING_NOT_FOUND"}, 404)
        return page("1-1-1") if asked.body["cursor"] else page("2-2-2", cursor="next", more=True)

    with scripted(script) as scene:
        source = scene.source("4001")
        list(source.sweep())
        source.lookup([f"{n}-0-1" for n in range(120)])
        source.key_info()
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


def test_every_request_conforms_to_ozons_own_description() -> None:
    description = json.loads(DESCRIPTION.read_bytes())
    asked = everything_asked()
    assert {each.path for each in asked} > {LISTED, SINGLE}
    for each in asked:
        operation = description["paths"][each.path]["post"]
        assert "x-switched-off" not in operation
        if "requestBody" not in operation:
            assert each.content == b""
            continue
        schema = closed(operation["requestBody"]["content"]["application/json"]["schema"])
        components = closed(description["components"])
        jsonschema.validate(each.body, {**schema, "components": components})
