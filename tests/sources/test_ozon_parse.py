"""What is made of Ozon's JSON: everything that matters is kept, nothing that drifts or is added does harm."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.posting import DeliveryMethod, Posting, Product, TariffStep
from labelwatch.sources import Item, Unreadable
from labelwatch.sources.ozon.parse import digest, page, read
from tests.sources.build import ANYTHING, BARE, answer, item, parsed

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_the_barest_posting_has_a_number_and_a_status() -> None:
    assert parsed() == Posting(
        number="11-22-1",
        order_number="",
        status="awaiting_packaging",
        substatus="",
        flow="",
        schema="",
        method=DeliveryMethod(),
    )


FULL: dict[str, Any] = {
    "order_number": "11-22",
    "substatus": "posting_created",
    "integration_type_flow": "hybrid_aggregator",
    "tpl_integration_type": "hybryd",
    "delivery_schema": "Crossborder",
    "delivery_method": {
        "id": 7,
        "name": "Курьер",
        "warehouse_id": "8",
        "warehouse": "Восток",
        "tpl_provider_id": 9,
        "tpl_provider": "Почта",
    },
    "in_process_at": "2026-11-19T12:00:00Z",
    "shipment_date": "2026-11-20T12:00:00Z",
    "shipment_date_without_delay": "2026-11-20T12:00:00Z",
    "tracking_number": "RB1",
    "available_actions": ["ship", "cancel", "ship"],
    "requirements": {"products_requiring_gtd": [5, "4"], "products_requiring_country": []},
    "products": [
        {
            "sku": 5,
            "offer_id": "A-5",
            "name": "Плед",
            "quantity": 2,
            "price": {"amount": "9.50", "currency": "RUB"},
            "weight": 1.35,
        }
    ],
    "tariffication_steps": [
        {
            "tariff_deadline_at": "2026-11-20T12:00:00Z",
            "tariff_rate": 1.5,
            "tariff_type": "commission",
            "tariff_charge": {"amount": "50", "currency": "RUB"},
        }
    ],
    "parent_posting_number": "11-22-0",
    "is_multibox": True,
    "multi_box_qty": 3,
    "is_express": True,
    "analytics_data": {"is_legal": True, "warehouse": "Восток-1"},
}
FULL_POSTING = Posting(
    number="11-22-1",
    order_number="11-22",
    status="awaiting_packaging",
    substatus="posting_created",
    flow="hybrid_aggregator",
    schema="Crossborder",
    method=DeliveryMethod("7", "Курьер", "8", "Восток", "9", "Почта"),
    in_process_at=datetime(2026, 11, 19, 12, 0, tzinfo=UTC),
    cutoff=NOON,
    hard_cutoff=NOON,
    tracking_number="RB1",
    actions=("cancel", "ship"),
    requirements=(("products_requiring_gtd", ("4", "5")),),
    products=(Product("5", "A-5", "Плед", 2, 1.35, 9.5, "RUB"),),
    tariff=(TariffStep(NOON, 1.5, "commission", "50", "RUB"),),
    parent="11-22-0",
    is_multibox=True,
    boxes=3,
    is_express=True,
    is_legal=True,
)


def test_a_full_posting_of_the_list_keeps_all_that_matters() -> None:
    assert parsed(**FULL) == FULL_POSTING


FOR_EVER = "9999-12-31T23:59:59.999999900Z"


def step(**fields: Any) -> dict[str, Any]:
    return {"tariffication_steps": [fields]}


# (fields of the posting, field of ours, its value)
NORMALISED: list[tuple[dict[str, Any], str, object]] = [
    ({"posting_number": 112233}, "number", "112233"),
    ({"posting_number": " 11-22-1 "}, "number", "11-22-1"),
    ({"order_number": 2**63 + 1}, "order_number", "9223372036854775809"),
    ({"order_number": 7.0}, "order_number", "7"),
    ({"tracking_number": "11-22-1"}, "tracking_number", ""),
    ({"tracking_number": None}, "tracking_number", ""),
    ({"tracking_number": "  "}, "tracking_number", ""),
    ({"tracking_number": 4601}, "tracking_number", "4601"),
    ({"tpl_integration_type": "hybryd"}, "flow", "hybryd"),
    ({"tpl_integration_type": "ozon", "integration_type_flow": ""}, "flow", "ozon"),
    ({"tpl_integration_type": "ozon", "integration_type_flow": "FBP"}, "flow", "FBP"),
    ({"integration_type_flow": "never heard of"}, "flow", "never heard of"),
    ({"substatus": "s" * 500}, "substatus", "s" * 64),
    ({"substatus": "two\nlines\x00"}, "substatus", "two lines"),
    ({"shipment_date": "2026-11-20T12:00:00Z"}, "cutoff", NOON),
    ({"shipment_date": "2026-11-20T15:00:00+03:00"}, "cutoff", NOON),
    ({"shipment_date": "2026-11-20T12:00:00.123456789Z"}, "cutoff", NOON.replace(microsecond=123456)),
    ({"shipment_date": ""}, "cutoff", None),
    ({"shipment_date": None}, "cutoff", None),
    ({"shipment_date": "0001-01-01T00:00:00Z"}, "cutoff", None),
    ({"shipment_date": "0001-01-01T00:00:00+03:00"}, "cutoff", None),
    ({"shipment_date": "1970-01-01T00:00:00Z"}, "cutoff", None),
    ({"available_actions": None}, "actions", ()),
    ({"requirements": None}, "requirements", ()),
    ({"requirements": {"a": None, "b": [], "c": False}}, "requirements", ()),
    ({"requirements": {"b": [2], "a": ["1"]}}, "requirements", (("a", ("1",)), ("b", ("2",)))),
    ({"requirements": {"added_later": [{"sku": 1}]}}, "requirements", (("added_later", ()),)),
    ({"products": None}, "products", ()),
    ({"products": [{"name": "я" * 500}]}, "products", (Product("", "", "я" * 120, 0),)),
    ({"products": [{"sku": 1, "quantity": "3"}]}, "products", (Product("1", "", "", 3),)),
    ({"products": [{"sku": 1, "quantity": -3}]}, "products", (Product("1", "", "", 0),)),
    (step(tariff_deadline_at=FOR_EVER), "tariff", (TariffStep(None, 0.0, "", "", ""),)),
    (step(tariff_rate="2.5", tariff_charge=None), "tariff", (TariffStep(None, 2.5, "", "", ""),)),
    (step(tariff_rate="nan", tariff_type="x"), "tariff", (TariffStep(None, 0.0, "x", "", ""),)),
    (
        step(tariff_charge="50", tariff_charge_currency_code="CNY"),
        "tariff",
        (TariffStep(None, 0.0, "", "50", "CNY"),),
    ),
    ({"is_multibox": None, "multi_box_qty": None}, "boxes", 0),
    ({"is_multibox": "yes"}, "is_multibox", False),
    ({"delivery_method": None}, "method", DeliveryMethod()),
    ({"delivery_method": {"id": "7"}}, "method", DeliveryMethod(id="7")),
    ({"analytics_data": {"warehouse": "Софьино"}}, "method", DeliveryMethod(warehouse="Софьино")),
    (
        {"delivery_method": {"warehouse": "17023"}, "analytics_data": {"warehouse": "Софьино"}},
        "method",
        DeliveryMethod(warehouse="Софьино"),
    ),
    ({"delivery_method": {"warehouse": "17023"}}, "method", DeliveryMethod(warehouse="17023")),
    (
        {"delivery_method": {"warehouse": "Восток"}, "analytics_data": {"warehouse": "17023"}},
        "method",
        DeliveryMethod(warehouse="Восток"),
    ),
    ({"analytics_data": {"is_legal": True}}, "is_legal", True),
    ({"added_later": {"deep": [1, {"er": None}]}}, "number", "11-22-1"),
    ({"tariffication": [{"current_tariff_rate": 0}], "prr_option": {"code": ""}}, "number", "11-22-1"),
]


@pytest.mark.fault("O12", "O18")
@pytest.mark.parametrize(("fields", "name", "value"), NORMALISED)
def test_what_drifts_is_normalised(fields: dict[str, Any], name: str, value: object) -> None:
    assert getattr(parsed(**fields), name) == value


# (body, path below the posting, number)
SENSELESS: list[tuple[object, str, str]] = [
    ({**BARE, "posting_number": ""}, ".posting_number", ""),
    ({**BARE, "posting_number": None}, ".posting_number", ""),
    ({**BARE, "posting_number": True}, ".posting_number", ""),
    ({**BARE, "posting_number": "9" * 65}, ".posting_number", ""),
    ({**BARE, "posting_number": "1\n2"}, ".posting_number", ""),
    ({**BARE, "posting_number": {"no": 1}}, ".posting_number", ""),
    ({"status": "delivering"}, ".posting_number", ""),
    ({"posting_number": "11-22-1"}, ".status", "11-22-1"),
    ({**BARE, "status": 5}, ".status", "11-22-1"),
    ({**BARE, "status": " "}, ".status", "11-22-1"),
    ({**BARE, "status": "s\x00"}, ".status", "11-22-1"),
    ({**BARE, "shipment_date": "2026-11-20T12:00:00"}, ".shipment_date", "11-22-1"),
    ({**BARE, "shipment_date": "2026-11-20"}, ".shipment_date", "11-22-1"),
    ({**BARE, "shipment_date": "2026-13-20T12:00:00Z"}, ".shipment_date", "11-22-1"),
    ({**BARE, "shipment_date": "2026-11-20 12:00:00Z"}, ".shipment_date", "11-22-1"),
    ({**BARE, "shipment_date": 1763640000}, ".shipment_date", "11-22-1"),
    ({**BARE, "shipment_date": {"no": "date"}}, ".shipment_date", "11-22-1"),
    ({**BARE, "available_actions": "ship"}, ".available_actions", "11-22-1"),
    ({**BARE, "available_actions": {"ship": True}}, ".available_actions", "11-22-1"),
    ({**BARE, "shipment_date_without_delay": []}, ".shipment_date_without_delay", "11-22-1"),
    (b'{"posting_number": ' + b"9" * 5000 + b', "status": "s"}', ".posting_number", ""),
    ([], "", ""),
    (None, "", ""),
    (b'{"posting_number": "11-22-1", "status": "\xff"}', "", "11-22-1"),
    (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "", ""),
]


@pytest.mark.fault("O10", "O18")
@pytest.mark.parametrize(("body", "path", "number"), SENSELESS)
def test_a_posting_that_makes_no_sense_says_where(body: object, path: str, number: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(item(body, index=37))
    assert caught.value.path.startswith("$.postings[37]" + path)
    assert caught.value.number == number
    assert caught.value.problem


STEP = {"tariff_deadline_at": "2026-11-20T12:00:00Z", "tariff_rate": 1}
PRODUCT = {"sku": 5, "name": "Плед", "quantity": 2}

# (fields, places of what makes no sense, field of ours, its value)
ODD: list[tuple[dict[str, Any], list[str], str, object]] = [
    ({"analytics_data": []}, [".analytics_data"], "method", DeliveryMethod()),
    ({"tariffication_steps": {}}, [".tariffication_steps"], "tariff", ()),
    ({"tariffication_steps": [STEP, None, STEP]}, [".tariffication_steps[1]"], "tariff", ()),
    (
        {"tariffication_steps": [STEP, {**STEP, "tariff_deadline_at": "2026"}]},
        [".tariffication_steps[1].tariff_deadline_at"],
        "tariff",
        (),
    ),
    ({"requirements": []}, [".requirements"], "requirements", ()),
    ({"delivery_method": []}, [".delivery_method"], "method", DeliveryMethod()),
    ({"delivery_method": {"id": [], "name": "A"}}, [".delivery_method.id"], "method", DeliveryMethod(name="A")),
    ({"products": [None]}, [".products[0]"], "products", ()),
    ({"products": "5"}, [".products"], "products", ()),
    (
        {"products": [{**PRODUCT, "dimensions": [], "price": [1]}]},
        [".products[0].dimensions", ".products[0].price"],
        "products",
        (Product("5", "", "Плед", 2, 0.0, 0.0, ""),),
    ),
    ({"available_actions": ["ship", None]}, [".available_actions[1]"], "actions", ("ship",)),
    ({"available_actions": [{}, 5, "ship"]}, [".available_actions[0]"] * 2, "actions", ("ship",)),
    ({"in_process_at": "soon"}, [".in_process_at"], "in_process_at", None),
    ({"in_process_at": {}}, [".in_process_at"], "in_process_at", None),
    ({"substatus": ["posting_created"]}, [".substatus"], "substatus", ""),
    ({"tracking_number": {"x": 1}}, [".tracking_number"], "tracking_number", ""),
    ({"customer": [], "legal_info": 5}, [], "is_legal", False),
]


@pytest.mark.fault("O10", "O18")
@pytest.mark.parametrize(("fields", "places", "name", "value"), ODD)
def test_what_makes_no_sense_and_is_not_needed_counts_as_unknown_and_says_where(
    fields: dict[str, Any], places: list[str], name: str, value: object
) -> None:
    odd: list[Unreadable] = []
    posting = read(item({**BARE, **fields}, index=37), odd.append)
    assert getattr(posting, name) == value
    assert [(one.path, one.number) for one in odd] == [(f"$.postings[37]{place}", "11-22-1") for place in places]


def test_a_number_out_of_all_proportion_is_left_out_where_it_is_not_needed() -> None:
    odd: list[Unreadable] = []
    for value in (b"1e999", b"[1e999]", b"9" * 5000):
        raw = b'{"posting_number": "1-1-1", "status": "s", "multi_box_qty": %s}' % value
        assert read(item(raw), odd.append).boxes == 0


def test_one_in_which_too_much_is_odd_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="too many"):
        read(item({**BARE, "products": [None] * 60}))


STRINGS = {
    "half an emoji": (rb'"\u0427\u0435\u0445\u043e\u043b \ud83d"', "Чехол \ufffd"),
    "its other half": (rb'"\ude00 x"', "\ufffd x"),
    "two first halves": (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
    "a whole one": (rb'"\ud83d\ude00"', "\U0001f600"),
    "behind a backslash": (rb'"\\ud83d"', "\\ud83d"),
    "behind a backslash and broken": (rb'"\\\ud83d"', "\\\ufffd"),
    "bare tab": (b'"a\tb"', "a b"),
    "bare newline": (b'"a\nb"', "a b"),
    "control character": (b'"a\x01b"', "a b"),
    "an unknown escape": (rb'"a\x b"', "a\ufffdx b"),
    "a cut escape": (rb'"a\u12"', "a\ufffdu12"),
}


@pytest.mark.fault("O18")
@pytest.mark.parametrize("field", ["products", "courier"])
@pytest.mark.parametrize("kind", STRINGS)
def test_a_broken_string_costs_neither_its_page_nor_its_posting(kind: str, field: str) -> None:
    raw, text = STRINGS[kind]
    bodies = [b'{"posting_number": "1-1-%d", "status": "s"}' % n for n in range(30)]
    bodies[7] = b'{"posting_number": "1-1-7", "status": "s", "%s": [{"name": %s}]}' % (field.encode(), raw)
    found = [read(one) for one in page(answer(b'{"postings": [%s], "has_next": false}' % b",".join(bodies))).items]
    assert [one.number for one in found] == [f"1-1-{n}" for n in range(30)]
    assert [product.name for product in found[7].products] == ([text] if field == "products" else [])


def test_no_value_of_a_senseless_posting_is_repeated_in_its_error() -> None:
    with pytest.raises(Unreadable) as caught:
        read(item({**BARE, "shipment_date": "Канарейкин", "products": [{"name": "Канарейкин"}]}))
    assert "Канарейкин" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_buyer_never_reaches_a_posting() -> None:
    canary = "kanareika"
    buyer = {
        "customer": {"name": canary, "phone": canary, "address": {"address_tail": canary}},
        "addressee": {"name": canary, "phone": canary},
        "legal_info": {"company_name": canary, "inn": canary},
        "analytics_data": {"region": canary, "city": canary, "warehouse": "Восток"},
        "barcodes": {"upper_barcode": canary},
        "financial_data": {"cluster_to": canary},
        "courier": {"name": canary},
        "destination_place_name": canary,
    }
    assert canary not in repr(parsed(**buyer))


def test_the_digest_is_of_the_bytes_and_fits_a_signed_column() -> None:
    assert digest(b"a") == digest(memoryview(b"a")) != digest(b"b")
    assert all(-(2**63) <= digest(bytes([n])) < 2**63 for n in range(50))
    assert any(digest(bytes([n])) < 0 for n in range(50))


FIELDS = [
    *("posting_number", "order_number", "status", "substatus", "tracking_number", "shipment_date", "in_process_at"),
    *("available_actions", "requirements", "products", "tariffication_steps", "delivery_method", "analytics_data"),
    *("is_multibox", "multi_box_qty", "parent_posting_number", "customer", "integration_type_flow"),
]


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_any_posting_is_read_or_unreadable(fields: dict[str, Any]) -> None:
    try:
        posting = read(item(msgspec.json.encode({**BARE, **fields})))
    except Unreadable:
        return
    texts = [posting.number, posting.status, posting.substatus, posting.tracking_number, *posting.actions]
    assert all(len(text) <= 64 and "\x00" not in text for text in texts)
    assert posting.number
    repr(posting).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_posting_or_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(item(raw))


@pytest.mark.parametrize(
    ("legal_info", "is_legal"),
    [
        ({"company_name": "", "inn": "", "kpp": ""}, False),
        ({"company_name": "", "inn": "7700000000", "kpp": ""}, True),
        ({"company_name": "ООО", "inn": ""}, True),
        (None, False),
        ("odd", False),
    ],
)
def test_that_a_company_buys_is_seen_and_which_one_is_not_read(legal_info: Any, is_legal: bool) -> None:
    raw = msgspec.json.encode({"posting_number": "1-1-1", "status": "delivering", "legal_info": legal_info})
    posting = read(Item(0, raw, 0))
    assert posting.is_legal is is_legal
    assert "7700000000" not in repr(posting)


def test_a_buyer_hidden_by_the_schema_has_no_gaps() -> None:
    customer = {"phone": "", "address": {"zip_code": "", "address_tail": ""}}
    body = {
        "posting_number": "1-1-1",
        "status": "delivering",
        "tpl_integration_type": "aggregator",
        "customer": customer,
    }
    assert read(Item(0, msgspec.json.encode(body | {"delivery_schema": "rFBS"}), 0)).recipient_gaps
    assert read(Item(0, msgspec.json.encode(body | {"delivery_schema": "FBS"}), 0)).recipient_gaps == ()
