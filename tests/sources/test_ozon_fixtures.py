"""Example bodies written by others, of this year's methods and of older ones, are all read."""

import json
from pathlib import Path
from typing import Any

import pytest

from labelwatch.core.posting import Posting
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.parse import one, page, read

FIXTURES = Path(__file__).parents[3] / "shared" / "ozon" / "fixtures"
pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the example bodies are not beside this project")

_LISTS = ("v3_fbs_list", "v3_unfulfilled", "v4_fbs_list", "v4_unfulfilled")
_UNKNOWN = FIXTURES / "live__v3_get_unknown_posting.json"
_GETS = ("v3_fbs_get", "v3_get")


def bodies(kinds: tuple[str, ...]) -> list[Path]:
    named = (path for path in sorted(FIXTURES.glob("*.json")) if any(kind in path.name for kind in kinds))
    return [path for path in named if "request" not in path.name and path != _UNKNOWN]


def listed(path: Path) -> list[Posting]:
    return [read(item) for item in page(Answer("/list", 200, {}, path.read_bytes())).items]


def raw_postings(path: Path) -> list[dict[str, Any]]:
    body = json.loads(path.read_bytes())
    postings: list[dict[str, Any]] = body.get("result", body)["postings"]
    return postings


def agrees(posting: Posting, raw: dict[str, Any]) -> bool:
    method = raw["delivery_method"]
    return (
        posting.number == raw["posting_number"]
        and posting.status == raw["status"]
        and posting.substatus == raw.get("substatus", "")
        and posting.flow == (raw.get("integration_type_flow") or raw["tpl_integration_type"])
        and posting.method.id == str(method["id"])
        and posting.method.carrier == method["tpl_provider"]
        and [product.sku for product in posting.products] == [str(product["sku"]) for product in raw["products"]]
        and posting.cutoff is not None
        and posting.in_process_at is not None
        and len(posting.tariff) == len(raw.get("tariffication_steps", []))
    )


@pytest.mark.parametrize("path", bodies(_LISTS), ids=lambda path: path.stem)
def test_every_list_is_read_and_what_matters_is_kept(path: Path) -> None:
    postings, raw = listed(path), raw_postings(path)
    assert len(postings) == len(raw) > 0
    assert all(agrees(posting, body) for posting, body in zip(postings, raw, strict=True))


@pytest.mark.parametrize("path", bodies(_GETS), ids=lambda path: path.stem)
def test_every_single_posting_is_read_and_what_matters_is_kept(path: Path) -> None:
    item = one(Answer("/get", 200, {}, path.read_bytes()))
    assert item is not None
    assert agrees(read(item), json.loads(path.read_bytes())["result"])


def test_an_unknown_posting_is_missing() -> None:
    assert one(Answer("/get", 200, {}, _UNKNOWN.read_bytes())) is None


def test_the_example_with_a_named_buyer_gives_nothing_of_him_away() -> None:
    posting = listed(FIXTURES / "official__v4_fbs_list_response.json")[0]
    shown = repr(posting)
    assert not [word for word in ("Петров", "79031234567", "Ромашка", "7701234567", "ivan") if word in shown]
    assert posting.method.warehouse == "Софьино"


def test_the_example_with_a_label_shows_it_and_that_requirements_may_stay() -> None:
    posting = listed(FIXTURES / "official__v4_unfulfilled_list_response.json")[0]
    assert "label_download" in posting.actions
    assert posting.requirements == (("products_requiring_gtd", ("4116250392",)),)
    assert posting.is_legal
    assert posting.tariff[-1].until is None
