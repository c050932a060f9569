"""Every answer has the fields and types of Ozon's own OpenAPI, where a copy of it lies beside the project."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox.methods import METHODS
from labelwatch.sandbox.scenarios import build
from labelwatch.sandbox.scenarios.stage import STAR
from labelwatch.sandbox.shops import error_row
from tests.schemas import Draft7Validator
from tests.support.sandbox_player import CREATE, GET, LABEL, LIST, LONG, START, UNFULFILLED, WIDE, Play, playing

SPEC = Path(__file__).parents[3] / "shared" / "ozon" / "openapi.json"
PARTS = dict.fromkeys(
    ("analytics_data", "barcodes", "financial_data", "legal_info", "product_exemplars", "related_postings"), True
)

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="no copy of Ozon's OpenAPI beside the project")


@pytest.fixture(scope="module")
def spec() -> Any:
    return json.loads(SPEC.read_text(encoding="utf-8"))


def strict(node: Any, spec: Any) -> Any:
    """The schema with references followed, unknown fields forbidden and unknown formats ignored."""
    if isinstance(node, list):
        return [strict(item, spec) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return strict(spec["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]], spec)
    inner = {key: strict(value, spec) for key, value in node.items() if key not in ("example", "format")}
    return {**inner, "additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


def without_nulls(value: Any) -> Any:
    """Ozon sends null for whatever is not there, though its schema has no nullable field."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def known_part(answer: Any) -> Any:
    """A get without the fields that Ozon's own example of it has and the schema beside it lacks."""
    if isinstance(answer.get("result"), dict):
        beyond = ("is_click_and_collect", "is_presortable", "destination_place_id", "destination_place_name")
        return {"result": {key: value for key, value in answer["result"].items() if key not in beyond}}
    return answer


def wrong(spec: Any, path: str, status: int, answer: Any) -> list[str]:
    responses = spec["paths"][path]["post"]["responses"]
    response = responses.get(str(status)) or responses["default"]
    schema = strict(response["content"]["application/json"]["schema"], spec)
    checker = Draft7Validator(schema)
    return [f"{path}: {error.json_path} {error.message}" for error in checker.iter_errors(without_nulls(answer))]


def questions(play: Play) -> Iterator[tuple[str, Any]]:
    """One good question to every method, and one about every posting."""
    found = play.answer(LIST, {"limit": 100, "filter": LONG, "with": PARTS}, shop=STAR)["postings"]
    printable = next(p["posting_number"] for p in found if "label_download" in p["available_actions"])
    task = play.answer(CREATE, {"posting_numbers": [printable]}, shop=STAR)["tasks"][0]["task_id"]
    for asked in (UNFULFILLED, {"filter": WIDE}), (LIST, {"filter": LONG}):
        yield asked[0], {"limit": 100, "with": PARTS, **asked[1]}
    for posting in found:
        yield GET, {"posting_number": posting["posting_number"], "with": PARTS}
    for path in ("/v1/posting/fbs/restrictions", "/v5/fbs/posting/product/exemplar/status"):
        yield path, {"posting_number": printable}
    yield CREATE, {"posting_numbers": [printable]}
    yield LABEL, {"task_id": task}
    yield from ((path, {"limit": 100}) for path in ("/v2/delivery-method/list", "/v2/warehouse/list"))
    yield from ((path, {}) for path in ("/v1/roles", "/v1/seller/info", "/v1/rating/index/fbs/info"))
    yield (
        "/v1/rating/index/fbs/posting/list",
        {"limit": 100, "filter": {"date_from": LONG["since"], "date_to": LONG["to"]}},
    )
    yield "/v3/posting/multiboxqty/set", {"posting_number": printable, "multi_box_qty": 2}
    dated = next(p for p in found if "set_cutoff" in p["available_actions"])
    yield "/v1/posting/cutoff/set", {"posting_number": dated["posting_number"], "new_cutoff_date": LONG["to"]}
    items = [{"product_id": product["sku"], "quantity": 1} for product in dated["products"]]
    packed = {"packages": [{"products": items}], "with": {"additional_data": True}}
    yield "/v4/posting/fbs/ship", {"posting_number": dated["posting_number"], **packed}


def test_answers_fit_ozons_schema(spec: Any) -> None:
    world = build("causes", START)
    moved: Any = {"index_days": (1.5, 2.0), "errors": (error_row("41-1-1", at=START, cost=90.5),)}
    world.shops[STAR.client_id] = replace(world.shops[STAR.client_id], **moved)
    with playing(world) as play:
        asked = [(path, body, play.ask(path, body, shop=STAR)) for path, body in questions(play)]
    answers = [(path, response.status_code, known_part(response.json())) for path, _, response in asked]
    errors = [error for path, status, answer in answers for error in wrong(spec, path, status, answer)]
    assert errors == []
    assert {status for _, status, _ in answers} == {200}
    assert {path for path, _, _ in asked} == set(METHODS) & set(spec["paths"])


def test_refusals_fit_ozons_schema(spec: Any) -> None:
    with playing(build("causes", START)) as play:
        answers = {path: play.client.post(path, json={}) for path in METHODS if path in spec["paths"]}
        refused = play.ask(LIST, {"limit": 500, "filter": LONG})
    assert all(answer.status_code == 401 for answer in answers.values())
    errors = [error for path, answer in answers.items() for error in wrong(spec, path, 400, answer.json())]
    assert errors + wrong(spec, LIST, 400, refused.json()) == []


def test_a_posting_of_the_lists_leaves_no_documented_field_out(spec: Any) -> None:
    with playing(build("causes", START)) as play:
        page = play.answer(LIST, {"limit": 1, "filter": LONG, "with": PARTS}, shop=STAR)
    schema = strict(spec["paths"][LIST]["post"]["responses"]["200"]["content"]["application/json"]["schema"], spec)
    documented = schema["properties"]["postings"]["items"]["properties"]
    assert set(documented) - set(page["postings"][0]) == set()
