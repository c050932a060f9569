"""What is in a parcel, and that of whom it goes to nothing is seen but what is missing."""

from typing import Any

import pytest

from tests.sources.build import parsed

# (a product as sent, its weight in kilograms, its price, the currency)
WEIGHED: list[tuple[dict[str, Any], float, float, str]] = [
    ({}, 0.0, 0.0, ""),
    ({"weight": 0.549, "price": {"amount": "1530.00", "currency": "RUB"}}, 0.549, 1530.0, "RUB"),
    ({"weight": "0.5", "price": {"amount": 7, "currency": None}}, 0.5, 7.0, ""),
    ({"weight": None, "price": None}, 0.0, 0.0, ""),
    ({"weight": -1, "price": "-1"}, 0.0, 0.0, ""),
    ({"weight": "heavy", "price": "dear", "currency_code": "RUB"}, 0.0, 0.0, "RUB"),
    # of a single posting: grams, and the price without an object around it
    ({"price": "1530.0000", "currency_code": "CNY", "dimensions": {"weight": "550"}}, 0.55, 1530.0, "CNY"),
    ({"price": 1.5, "dimensions": {"weight": "550"}, "weight_max": 9}, 0.55, 1.5, ""),
    ({"dimensions": {"weight": ""}, "weight_max": 0.55}, 0.55, 0.0, ""),
    ({"dimensions": None, "weight_max": 0.55, "weight_min": 0.1}, 0.55, 0.0, ""),
]


@pytest.mark.parametrize(("product", "weight", "price", "currency"), WEIGHED)
def test_a_product_is_weighed_in_kilograms_wherever_it_is_told(
    product: dict[str, Any], weight: float, price: float, currency: str
) -> None:
    (read_one,) = parsed(products=[product]).products
    assert (read_one.weight, read_one.price, read_one.currency) == (weight, price, currency)


def person(**changes: Any) -> dict[str, Any]:
    address = {"zip_code": "614000", "address_tail": "ул. Канареечная, 1", "comment": "", "district": ""}
    return {
        "name": "Канарейкин",
        "phone": "+7000555",
        "address": {**address, **changes.pop("address", {})},
        **changes,
    }


# (flow, customer, the gaps)
GAPS: list[tuple[str, object, tuple[str, ...]]] = [
    ("aggregator", person(), ()),
    ("aggregator", person(phone=""), ("phone",)),
    ("aggregator", person(phone=None), ("phone",)),
    ("aggregator", person(phone=" "), ()),
    ("non_integrated", person(address={"zip_code": ""}), ("zip_code",)),
    (
        "hybrid",
        person(address={"zip_code": None, "address_tail": ""}, phone=""),
        ("zip_code", "address_tail", "phone"),
    ),
    ("aggregator", {"address": {"zip_code": ""}}, ("zip_code",)),
    ("aggregator", {"address": None, "phone": ""}, ("phone",)),
    ("aggregator", {"address": "", "phone": "1"}, ()),
    ("aggregator", {}, ()),
    ("aggregator", None, ()),
    ("aggregator", "nobody", ()),
    ("aggregator", [person(phone="")], ()),
    ("ozon", person(phone="", address={"zip_code": ""}), ()),
    ("FBP", person(phone=""), ()),
    ("", person(phone=""), ()),
]


@pytest.mark.parametrize(("flow", "customer", "gaps"), GAPS)
def test_only_that_a_part_of_the_address_is_empty_is_seen(flow: str, customer: object, gaps: tuple[str, ...]) -> None:
    posting = parsed(integration_type_flow=flow, customer=customer)
    assert posting.recipient_gaps == gaps
    assert "анаре" not in repr(posting)


def test_where_no_customer_is_sent_no_gap_is_known() -> None:
    assert parsed(integration_type_flow="aggregator").recipient_gaps == ()
