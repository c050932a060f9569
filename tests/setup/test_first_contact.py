"""The first meeting with a shop in the sandbox: what its key shows, and what it may not."""

from dataclasses import replace

import pytest

from labelwatch.sandbox.scenarios.stage import HOME, STAR
from labelwatch.sandbox.shops import POSTINGS, Shop
from labelwatch.setup.first_contact import Label, Met, label_of, meet
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.shop_info import ShopDeliveryMethod
from tests.support.sandbox_player import Play, playing, world_of


def met(play: Play, shop: Shop) -> Met:
    return meet(shop.client_id, shop.api_key, base_url=play.sandbox.base_url)


def test_a_working_key_shows_the_shop() -> None:
    with playing(world_of()) as play:
        star, home = met(play, STAR), met(play, HOME)
    assert (star.company.name, star.company.currency) == ("Shenzhen Star", "CNY")
    assert star.key.roles == ("Admin",)
    assert star.ways is not None
    expected = {label_of(way, currency="CNY") for way in star.ways}
    assert expected == {Label.AFTER_REGISTRATION, Label.ALWAYS, Label.NEVER}
    assert home.ways == ()


def test_a_key_for_postings_alone_is_enough() -> None:
    world = world_of()
    world.shops[STAR.client_id] = replace(STAR, roles=(POSTINGS,))
    with playing(world) as play:
        found = met(play, STAR)
    assert found.ways is None
    assert found.company.name == ""
    assert (found.postings, found.is_more) == (0, False)


def test_a_wrong_key_is_a_trouble_with_a_name() -> None:
    with playing(world_of()) as play, pytest.raises(SourceError) as raised:
        met(play, replace(STAR, api_key=HOME.api_key))
    assert raised.value.trouble is Trouble.KEY_REJECTED


@pytest.mark.parametrize(
    ("flow", "currency", "label"),
    [
        ("ozon", "RUB", Label.ALWAYS),
        ("aggregator", "CNY", Label.AFTER_REGISTRATION),
        ("hybrid", "RUB", Label.AFTER_REGISTRATION),
        ("3pl_tracking", "RUB", Label.PERHAPS),
        ("3pl_tracking", "CNY", Label.ALWAYS),
        ("non_integrated", "CNY", Label.NEVER),
        ("click_and_collect", "RUB", Label.NEVER),
        ("FBP", "CNY", Label.NEVER),
        ("something_new", "RUB", Label.PERHAPS),
    ],
)
def test_the_flow_tells_whether_a_label_is_to_be_expected(flow: str, currency: str, label: Label) -> None:
    assert label_of(ShopDeliveryMethod("x", flow, "ACTIVE"), currency=currency) is label
