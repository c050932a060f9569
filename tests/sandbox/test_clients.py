"""Somebody else's client of the Ozon API works with the sandbox: the package ozon-sdk, where it is installed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from labelwatch.sandbox import Fault, Kind, World
from labelwatch.sandbox.scenarios import many
from labelwatch.sandbox.scenarios.stage import HOME
from tests.support.sandbox_player import START, WIDE, Play, playing

sdk = pytest.importorskip("ozon_sdk", reason="ozon-sdk is not installed")
models = pytest.importorskip("ozon_sdk.seller_api.basic.models", reason="ozon-sdk is not installed")


def ask(world: World, use: Callable[[Any, Play], Awaitable[Any]], *, key: str = HOME.api_key) -> Any:
    """What `use` gets out of the client against a sandbox of this world."""

    async def run(play: Play) -> Any:
        session = {"base_url": play.sandbox.base_url, "max_retries": 1}
        client = sdk.SellerAPI(client_id=HOME.client_id, api_key=key, **session)
        try:
            return await use(client, play)
        finally:
            await client._session.close()

    with playing(world) as play:
        return asyncio.run(run(play))


async def _page_all(client: Any, _: Play) -> Any:
    window = models.PostingV4PostingFbsUnfulfilledListRequestFilter(**WIDE)
    return [posting async for posting in client.posting_fbs_unfulfilled_list(filter_=window, limit=10)]


def test_it_pages_the_unfulfilled_list() -> None:
    postings = ask(many(START, 25), _page_all)
    assert len({posting.posting_number for posting in postings}) == len(postings) == 25
    assert postings[0].delivery_method.tpl_provider == "Доставка Ozon"
    assert "label_download" in postings[0].available_actions


async def _get(client: Any, _: Play) -> Any:
    return await client.get_fbs_posting_v3(posting_number="80000000-0000-1")


def test_it_reads_one_posting() -> None:
    posting = ask(many(START, 1), _get).result
    assert posting.status == "awaiting_deliver"
    assert posting.products[0].currency_code == "RUB"


async def _print(client: Any, play: Play) -> Any:
    created = await client.posting_fbs_package_label_create(posting_numbers=["80000000-0000-1"])
    play.wait(seconds=5)
    return await client.posting_fbs_package_label_get(task_id=created.tasks[0].task_id)


def test_it_has_a_label_printed() -> None:
    label = ask(many(START, 1), _print)
    assert label.status.code == "completed"
    assert label.file_url.endswith(".pdf")


async def _roles(client: Any, _: Play) -> Any:
    return await client.roles_by_token()


def test_it_asks_for_its_roles() -> None:
    assert [role.name for role in ask(many(START, 1), _roles).roles] == ["Admin"]


def test_it_understands_a_refusal() -> None:
    with pytest.raises(sdk.OzonAPIError, match="Invalid Api-Key") as caught:
        ask(many(START, 1), _roles, key="wrong")
    assert (caught.value.status_code, caught.value.code) == (404, "5")
    assert caught.value.trace_id


async def _roles_after_429(client: Any, play: Play) -> Any:
    play.sandbox.fault(Fault(kind=Kind.TOO_MANY, retry_after=0, times=1))
    return await _roles(client, play), [seen.status for seen in play.sandbox.requests]


def test_it_comes_again_after_too_many_requests() -> None:
    answer, statuses = ask(many(START, 1), _roles_after_429)
    assert answer.roles
    assert statuses == [429, 200]
