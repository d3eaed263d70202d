"""number-precision, number-as-text and property-name: what stands in properties and traits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_helpers import (
    DESTINATION,
    NOW,
    classic,
    every_real_message,
    findings,
    found,
    inspected,
    real_message,
)
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.checks import CheckSettings
from segtap.core.commands.check import check_lines
from segtap.core.mapping.javascript import SAFE
from segtap.core.messages import Receipt
from segtap.core.pipeline import compiled, run
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import Destination, RuleSetting
from segtap.core.verdict import Finding

BIG = 12345678901234567890
ACTIONS, CLASSIC = DESTINATION, classic(people=True)
BOTH = pytest.mark.parametrize("destination", [ACTIONS, CLASSIC], ids=["actions", "classic"])


def track(event: str = "Signed Up", /, **properties: Any) -> dict[str, Any]:
    return real_message("node", "track", event=event, properties=properties)


def identify(**traits: Any) -> dict[str, Any]:
    return real_message("node", "identify", traits=traits)


def within(message: dict[str, Any], **context: Any) -> dict[str, Any]:
    message["context"] = {**message["context"], **context}
    return message


# -- number-precision ------------------------------------------------------------------------------------

ROUNDED: list[tuple[dict[str, Any], str, str]] = [
    # message, path, words
    (track(order=BIG), "$.properties.order", f"order {BIG} is more than JavaScript can hold: "),
    (track(order=BIG), "$.properties.order", "Segment rounds it to 12345678901234567000"),
    (track(n=SAFE + 1), "$.properties.n", "n 9007199254740993 is more than JavaScript can hold: "),
    (track(n=SAFE + 1), "$.properties.n", "Segment rounds it to 9007199254740992"),
    (track(n=-(SAFE + 1)), "$.properties.n", "Segment rounds it to -9007199254740992"),
    (track(n=9007199254740995), "$.properties.n", "Segment rounds it to 9007199254740996"),
    (track(n=10**23 + 1), "$.properties.n", "Segment rounds it to 1.0000000000000001e+23"),
    (track(n=123456789012345678901234), "$.properties.n", "Segment rounds it to 1.2345678901234569e+23"),
    # JavaScript spells it with the same digits, and holds another number all the same.
    (track(n=12345678901234567000), "$.properties.n", "Segment rounds it to 12345678901234567168"),
    (
        track(n=10**400),
        "$.properties.n",
        "is beyond 1.8e308, the largest number of JavaScript: Segment makes it",
    ),
    (track(n=float("inf")), "$.properties.n", "n Infinity is beyond 1.8e308"),
    (track(n=float("-inf")), "$.properties.n", "n -Infinity is beyond 1.8e308"),
    (track(a={"b": {"c": [1, {"d": BIG}]}}), "$.properties.a.b.c[1].d", "d 1234"),
    (track(ids=[1, BIG]), "$.properties.ids[1]", "ids[1] 1234"),
    (track(products=[{"product_id": BIG}]), "$.properties.products[0].product_id", "product_id 1234"),
    (identify(account=BIG), "$.traits.account", "account 1234"),
    (real_message("node", "group", traits={"account": BIG}), "$.traits.account", "account 1234"),
    (within(track(), traits={"account": BIG}), "$.context.traits.account", "account 1234"),
    (
        real_message("node", "page", properties={"id_of_page": BIG}),
        "$.properties.id_of_page",
        "id_of_page 1234",
    ),
    (real_message("next", "screen", properties={"a b": BIG}), "$.properties['a b']", "a b 1234"),
    (real_message("node", "track", userId=BIG), "$.userId", "userId 1234"),
    (real_message("node", "group", groupId=BIG), "$.groupId", "groupId 1234"),
]
EXACT: list[Any] = [
    *(SAFE, -SAFE, SAFE - 1, 1152921504606846976, 2**53 + 2, 2**63, 2**64, -(2**63), 10**22, 2**1000),
    *(1.5, 0.1, 1e22, 1e23, 1.7976931348623157e308, 12345678901234567890.0, -0.0, 5e-324, float("nan")),
    *(0, True, None, str(BIG), "1e400"),
]


@pytest.mark.parametrize(("message", "path", "words"), ROUNDED)
@BOTH
def test_a_number_that_javascript_cannot_hold(
    message: dict[str, Any], path: str, words: str, destination: Destination
) -> None:
    (finding,) = found(message, "number-precision", destination=destination)
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message
    assert finding.fix
    assert len(finding.message) < 200


@pytest.mark.parametrize("value", EXACT, ids=repr)
def test_a_number_that_javascript_holds(value: Any) -> None:
    for message in (track(n=value, m=[value, {"n": value}]), identify(n=value)):
        assert found(message, "number-precision") == []


@examples(500)
@given(value=st.integers() | st.integers(-(2**80), 2**80) | st.integers(2**53 - 9, 2**53 + 9))
def test_it_is_exact(value: int) -> None:
    assert bool(found(track(n=value), "number-precision")) is (int(float(value)) != value)


def test_what_it_says_is_what_is_sent() -> None:
    for value in (BIG, SAFE + 1, 9007199254740995, 987654321098765432101234567890):
        (finding,) = found(track(n=value), "number-precision")
        (operation,) = inspected(track(n=value)).translation.operations
        body = operation.request.body
        assert isinstance(body, list)
        sent = json.loads(json.dumps(body[0]))["properties"]["n"]
        assert float(finding.message.rpartition(" ")[2]) == float(sent)


def test_the_fix_works() -> None:
    (finding,) = found(track(order=BIG), "number-precision")
    assert finding.fix == f'send it as text: "{BIG}"'
    assert findings(track(order=str(BIG))) == findings(track(order="o-1"))
    (finding,) = found(track("Order Completed", total=BIG), "number-precision")
    assert finding.fix == "send at most 9007199254740992"


def as_received(body: str) -> list[tuple[str, str, str]]:
    """What is found in a body that came to the endpoint."""
    told: list[tuple[str, str, str]] = []
    path = "/v1/batch" if '"batch"' in body else "/v1/t"
    receipt = Receipt(uid="0a", received_at=NOW, method="POST", path=path, body=body.encode())
    for message in parse_receipt(receipt):
        found_in = run(message, compiled(DESTINATION)).findings
        told += _numbers(found_in)
    return told


def as_checked(line: str) -> list[tuple[str, str, str]]:
    """What `segtap check` finds in a line."""
    told: list[tuple[str, str, str]] = []
    for checked in check_lines([line], compiled(DESTINATION), clock=lambda: NOW):
        assert checked.error is None
        told += _numbers(checked.findings)
    return told


def _numbers(found_in: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    wanted = ("number-precision", "segment-would-change")
    return [(one.rule, one.path, one.message) for one in found_in if one.rule in wanted]


HEAD = '"type":"track","event":"Paid","userId":"u1","timestamp":"2026-11-24T22:00:00Z","messageId":"m-1"'


@pytest.mark.parametrize("read", [as_received, as_checked])
def test_a_number_beyond_a_double_is_named_as_it_is_spelled(read: Any) -> None:
    (told,) = read("{" + HEAD + ',"properties":{"a b":{"c":[0,1e400]}}}')
    assert told[:2] == ("number-precision", "$.properties['a b'].c[1]")
    assert told[2].startswith("c[1] 1e400 is beyond 1.8e308, the largest number of JavaScript")
    (told,) = read("{" + HEAD + f',"traits":{{"n":-{"9" * 5000}}}}}')
    assert told[:2] == ("number-precision", "$.traits.n")
    assert len(told[2]) < 200
    (told,) = read("{" + HEAD.replace('"u1"', "1e999") + "}")
    assert told[:2] == ("number-precision", "$.userId")


@pytest.mark.parametrize("read", [as_received, as_checked])
def test_elsewhere_it_is_a_note(read: Any) -> None:
    (told,) = read("{" + HEAD + ',"context":{"screen":{"width":1e400}}}')
    assert told[0] == "segment-would-change"
    assert told[2] == "the number at $.context.screen.width is beyond a double: it reads as null"


@pytest.mark.parametrize("read", [as_received, as_checked])
def test_in_a_batch_it_is_its_own_messages(read: Any) -> None:
    other = HEAD.replace("m-1", "m-2")
    told = read(f'{{"batch":[{{{HEAD}}},{{{other},"properties":{{"n":1e400}}}}]}}')
    assert [one[:2] for one in told] == [("number-precision", "$.properties.n")]


def test_in_an_envelope_too() -> None:
    (told,) = as_checked(f'{{"settings":{{}},"message":{{{HEAD},"properties":{{"n":1e400}}}}}}')
    assert told[:2] == ("number-precision", "$.properties.n")


def test_in_the_context_that_a_batch_shares() -> None:
    told = as_received(f'{{"batch":[{{{HEAD}}}],"context":{{"traits":{{"n":1e400}}}}}}')
    assert [one[:2] for one in told] == [("number-precision", "$.context.traits.n")]


# -- number-as-text --------------------------------------------------------------------------------------

IN_SPEC: list[tuple[dict[str, Any], str, str, str]] = [
    # message, path, words, fix
    (
        track("Product Viewed", product_id="1", price="9,99"),
        "$.properties.price",
        'price "9,99"',
        "9.99 as a n",
    ),
    (
        track("Order Completed", total="12 €"),
        "$.properties.total",
        'total "12 €" is text',
        "12 as a number, and",
    ),
    (
        track("Order Completed", total="1.234,56"),
        "$.properties.total",
        "cannot add it up",
        "1234.56 as a number",
    ),
    (
        track("Order Completed", revenue="$5"),
        "$.properties.revenue",
        'revenue "$5"',
        "5 as a number, and the",
    ),
    (track("Order Completed", tax=" 5 "), "$.properties.tax", 'tax " 5 "', "send 5 as a number"),
    (track("Order Completed", tax="5"), "$.properties.tax", 'tax "5"', "send 5 as a number"),
    (track("Order Completed", tax="-0.50"), "$.properties.tax", 'tax "-0.50"', "send -0.50 as a number"),
    (
        track("Order Completed", discount="10%"),
        "$.properties.discount",
        'discount "10%"',
        "send 10 as a number",
    ),
    (track("Order Completed", total="1,234"), "$.properties.total", "", "send the number itself"),
    (track("Order Completed", total="1'234.50"), "$.properties.total", "", "send 1234.50 as a number"),
    (
        track("Order Completed", total="EUR 12"),
        "$.properties.total",
        "",
        "send 12 as a number, and the currency",
    ),
    (track("Product Added", position="3"), "$.properties.position", "", "send 3 as a number"),
    (track("Ticket Sold", revenue="€27"), "$.properties.revenue", 'revenue "€27"', "send 27 as a number"),
    (
        track("Cart Viewed", products=[{"price": "19"}, {"price": "8"}]),
        "$.properties.products[0].price",
        'price "19"',
        "send 19 as a number",
    ),
    (identify(age="7"), "$.traits.age", 'age "7"', "send 7 as a number"),
]
OF_ONES_OWN = """
price: 9,99 | total: 12 € | amount: 1.234,56 | fee: $5 | item_count: 5 | num_items: 12 | loyaltyPoints: 1,234
balance: -3.50 | deal: 1.234,56 | deal: 5 USD | deal: R$ 10,00 | deal: 12,- | deal: 9,99 | ORDER_TOTAL: 7
duration: 90 | budget: 1 234 567 | ratio: .5 | discount: 50 % | revenue_usd_total: 1e5 | cost: +5
"""
NOT_MEANT = """
zip: 94107 | zipCode: 10115 | postal_code: 8001 | phone: 5551234 | phone: +4930123 | mobile: 0171 1234567
order_id: 50314 | orderId: 7 | id: 12 | sku: 40017 | version: 2.4 | app_version: 9 | build: 301 | isbn: 978
count: 007 | total: 00 | price: 05,50 | price: free | price: on request | price: 10-20 | price: 5 to 6
date: 20261124 | day: 5 | year: 2026 | created_at: 1795557600 | time: 10 | total: 2026-11-24 | score: 12:30
score: 3/5 | amount: 1.2.3 | account_number: 123456 | house_number: 5 | card_last4: 4242 | pin: 1234
plan: 5 | level: 5 | step: 2 | answer: 5 | label: $5 | button_text: 12 € | size: 42 | lat: 52.5
coordinates: 52,13 | ip: 10.0.0.1 | price_range: 5 | total: 12345678901234567890 | x: 5 | employees: 329
content_rating: 12 | age_group: 18 | tracking_number: 123 | price: 9,99 per month | weight: 5 kg
$screen_width: 1920 | total: 1_000 | total: 0x10 | price: € | price: - | total: 12,34,56
"""


def pairs(text: str) -> list[tuple[str, str]]:
    """The names and texts of a table."""
    cells = [cell for line in text.strip().splitlines() for cell in line.split(" | ")]
    return [(name.strip(), value.strip()) for name, _, value in (cell.partition(": ") for cell in cells)]


@pytest.mark.parametrize(("message", "path", "words", "fix"), IN_SPEC)
@BOTH
def test_an_amount_of_segments_spec(
    message: dict[str, Any], path: str, words: str, fix: str, destination: Destination
) -> None:
    (finding,) = found(message, "number-as-text", destination=destination)
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message
    assert fix in finding.fix
    assert found(message, "spec-property-type", destination=destination) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [*pairs(OF_ONES_OWN), ("unitPrice", " 5 "), ("price", "5\t"), ("cost", "1\u202f234,50 €")],
)
@BOTH
def test_an_amount_of_ones_own(name: str, text: str, destination: Destination) -> None:
    for message, path in (
        (track(**{name: text}), "$.properties"),
        (real_message("node", "page", properties={name: text}), "$.properties"),
        (track(cart={name: text}), "$.properties.cart"),
        (real_message("node", "group", traits={name: text}), "$.traits"),
    ):
        (finding,) = found(message, "number-as-text", destination=destination)
        assert (finding.severity, finding.path) == ("info", f"{path}.{name}")


@pytest.mark.parametrize(
    ("name", "text"),
    [*pairs(NOT_MEANT), ("price", 9.99), ("price", None), ("price", ""), ("prices", ["9,99"])],
)
@BOTH
def test_texts_that_are_meant_as_text(name: str, text: Any, destination: Destination) -> None:
    for message in (track(**{name: text}), real_message("node", "group", traits={name: text})):
        assert found(message, "number-as-text", destination=destination) == []


def test_other_texts_stay_with_the_spec() -> None:
    for text in ("free", "007", "5 kg", "2026-11-24"):
        message = track("Order Completed", total=text)
        assert found(message, "number-as-text") == []
        assert len(found(message, "spec-property-type")) == 1


def test_products_share_the_mistake() -> None:
    products = [{"price": "19", "quantity": "1"}, {"price": "8", "quantity": "2"}]
    paths = [one.path for one in found(track("Order Completed", products=products), "number-as-text")]
    assert paths == ["$.properties.products[0].price", "$.properties.products[0].quantity"]


def test_it_can_be_silenced() -> None:
    silent = CheckSettings(rules=(RuleSetting(id="number-as-text", severity="off"),))
    assert found(track(price="9,99"), "number-as-text", settings=silent) == []


# -- property-name ---------------------------------------------------------------------------------------

ODD_NAMES: list[tuple[str, str, str]] = [
    # name, words, fix
    ("", 'has the name "": no report can be made of it', "a name, or leave it out"),
    (" plan", '" plan" has a space at its start: Mixpanel keeps it apart from "plan"', "write it plan"),
    ("plan ", "a space at its end", "write it plan"),
    ("  plan ", "spaces at both ends", "write it plan"),
    ("\tplan", "a space at its start", "write it plan"),
    ("plan\n", "a space at its end", "write it plan"),
    ("plan\u00a0", "a space at its end", "write it plan"),
    ("\ufeffplan", "a space at its start", "write it plan"),
    ("plan\u200b", "a space at its end", "write it plan"),
    (" ", "nothing but spaces", "a name, or leave it out"),
    ("pl\x00an", "a control character in it", "write it plan"),
    ("pl\x9ban", "a control character in it", "write it plan"),
]
PLAIN_NAMES = [
    *(
        "plan",
        "my plan",
        "my  plan",
        "$plan",
        "plan-name",
        "Plan (EUR)",
        "план",
        "計画",
        "👨‍👩‍👧‍👦",
        "é",
        "a.b",
        "_",
        "0",
    ),
    *("نشر‌شده", "\u200fשם", "a\u00a0b"),
]


@pytest.mark.parametrize(("name", "words", "fix"), ODD_NAMES)
@BOTH
def test_an_odd_name(name: str, words: str, fix: str, destination: Destination) -> None:
    for message in (
        track(**{name: 1}),
        track(a={"b": [{name: 1}]}),
        track(products=[{"product_id": "1", name: 2}]),
        identify(**{name: 1}),
        identify(address={name: 1}),
        real_message("node", "group", traits={name: 1}),
        real_message("node", "page", properties={name: 1}),
        within(track(), traits={name: 1}),
    ):
        (finding,) = found(message, "property-name", destination=destination)
        assert finding.severity == "warning"
        assert words in finding.message
        assert fix in finding.fix


@pytest.mark.parametrize("name", PLAIN_NAMES)
@BOTH
def test_a_plain_name(name: str, destination: Destination) -> None:
    for message in (track(**{name: 1, "a": {name: 1}}), identify(**{name: 1})):
        assert found(message, "property-name", destination=destination) == []


def test_where_an_odd_name_stands() -> None:
    paths = [one.path for one in found(track(a={"b": [{" c": 1}]}, **{"": 1}), "property-name")]
    assert sorted(paths) == ["$.properties.a.b[0][' c']", "$.properties['']"]


def test_two_of_the_same_name() -> None:
    (finding,) = found(track(**{"plan": 1, "plan ": 2}), "property-name")
    assert finding.message.endswith('apart from "plan", which is sent as well')
    assert finding.fix == "send one of the two, as plan"


def test_it_speaks_in_place_of_the_spec() -> None:
    told = [one.rule for one in findings(track("Order Completed", **{" order_id": "1", "products": []}))]
    assert told.count("property-name") == 1
    assert "spec-property-name" not in told


# -- all of them -----------------------------------------------------------------------------------------


def test_real_messages_have_none_of_it() -> None:
    ids = {"number-precision", "number-as-text", "property-name"}
    for message in every_real_message():
        assert [one for one in findings(message) if one.rule in ids] == []


def test_deep_nesting_is_no_hardship() -> None:
    value: Any = {"n": BIG}
    for _ in range(150):
        value = [{"inner": value}]
    assert len(found(track(a=value), "number-precision")) == 1
