import json
import time
from pathlib import Path
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, every_real_message, real_message
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.checks import CheckSettings, check
from segtap.core.plan import Plan, compiled, load_plan, read_plan_text
from segtap.core.verdict import Finding, Translation

FILE = Path(__file__).parents[2] / "data/plan/rules.json"
PLAN = load_plan(FILE)
ORDER: dict[str, Any] = {
    "order_id": "o-1",
    "total": 30,
    "currency": "USD",
    "products": [{"sku": "S1", "quantity": 1}],
}


def plan_of(schema: Any, kind: str = "TRACK", key: str | None = "A") -> Plan:
    rule = {"type": kind, "key": key, "jsonSchema": schema, "version": 1}
    return compiled(read_plan_text(json.dumps({"rules": [rule]}), "plan.json"))


def of_properties(schema: Any) -> Plan:
    return plan_of({"type": "object", "properties": {"context": {}, "traits": {}, "properties": schema}})


def order(**changes: Any) -> dict[str, Any]:
    properties = {name: value for name, value in (ORDER | changes).items() if value is not ...}
    return real_message("python", "track", event="Order Completed", properties=properties)


def told(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.path, finding.message) for finding in found]


def event(properties: Any, **changes: Any) -> dict[str, Any]:
    return {"type": "track", "event": "A", "properties": properties} | changes


def test_a_message_that_keeps_to_the_plan_has_no_findings() -> None:
    assert PLAN.findings(order()) == []
    assert PLAN.findings(order(coupon=None)) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"order_id": ...}, "$.properties.order_id", "properties.order_id is required"),
        (
            {"order_id": 7},
            "$.properties.order_id",
            "properties.order_id: Invalid type. Expected: string, given: integer",
        ),
        (
            {"total": "30"},
            "$.properties.total",
            "properties.total: Invalid type. Expected: number, given: string",
        ),
        ({"total": -1}, "$.properties.total", "properties.total: Must be greater than or equal to 0"),
        (
            {"currency": "GBP"},
            "$.properties.currency",
            'properties.currency must be one of the following: "USD", "EUR"',
        ),
        (
            {"coupon": "ten off"},
            "$.properties.coupon",
            "properties.coupon: Does not match pattern '^[A-Z0-9]+$'",
        ),
        (
            {"coupon": 3.5},
            "$.properties.coupon",
            "properties.coupon: Invalid type. Expected: [string,null], given: number",
        ),
        (
            {"products": [{"quantity": 1}]},
            "$.properties.products[0].sku",
            "properties.products.0.sku is required",
        ),
        (
            {"products": [{"sku": "S1"}, {"sku": None}]},
            "$.properties.products[1].sku",
            "properties.products.1.sku: Invalid type. Expected: string, given: null",
        ),
    ],
)
def test_violations_are_worded_as_segment_does(changes: dict[str, Any], path: str, message: str) -> None:
    assert told(PLAN.findings(order(**changes))) == [("plan-violation", path, message)]


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"const": 3}, 4, "properties.x does not match: 3"),
        ({"maxLength": 2}, "abc", "properties.x: String length must be less than or equal to 2"),
        ({"minLength": 2}, "a", "properties.x: String length must be greater than or equal to 2"),
        ({"format": "email"}, "nobody", "properties.x: Does not match format 'email'"),
        ({"multipleOf": 0.5}, 0.7, "properties.x: Must be a multiple of 0.5"),
        ({"exclusiveMaximum": 5}, 5, "properties.x: Must be less than 5"),
        ({"exclusiveMinimum": 5.5}, 5, "properties.x: Must be greater than 5.5"),
        ({"minItems": 1}, [], "properties.x: Array must have at least 1 items"),
        ({"uniqueItems": True}, [1, 1], "properties.x: array items must be unique"),
        ({"contains": {"type": "string"}}, [1], "properties.x: At least one of the items must match"),
        ({"not": {"pattern": "bot"}}, "a bot", "properties.x: Must not validate the schema (not)"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            1,
            "properties.x: Must validate at least one schema (anyOf)",
        ),
        (
            {"oneOf": [{"type": "integer"}, {"minimum": 0}]},
            1,
            "properties.x: Must validate one and only one schema (oneOf)",
        ),
        ({"maxProperties": 0}, {"a": 1}, "properties.x: Must have at most 0 properties"),
        (False, 1, "properties.x: False always fails validation"),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, 'properties.x: Property name of "b" does not match'),
        ({"if": {"minimum": 5}, "then": {"maximum": 7}}, 9, "properties.x: Must be less than or equal to 7"),
        ({"dependencies": {"a": ["b"]}}, {"a": 1}, "properties.x.b is required"),
    ],
)
def test_every_keyword_has_its_words(schema: Any, value: Any, words: str) -> None:
    plan = of_properties({"type": "object", "properties": {"x": schema}})
    assert [finding.message for finding in plan.findings(event({"x": value}))] == [words]


def test_a_violation_of_the_whole_message_is_told_of_the_root() -> None:
    plan = plan_of({"type": "object", "required": ["context"]}, "COMMON", None)
    assert told(plan.findings({"type": "alias"})) == [("plan-violation", "$.context", "context is required")]
    plan = plan_of({"anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}]}, "COMMON", None)
    (finding,) = plan.findings({"type": "track", "event": "A"})[1:]
    assert finding.message == "(root): Must validate at least one schema (anyOf)"


def test_forbidden_properties_are_violations_and_not_unplanned_as_well() -> None:
    plan = of_properties({"type": "object", "properties": {"a": {}}, "additionalProperties": False})
    assert told(plan.findings(event({"a": 1, "b": 2}))) == [
        (
            "plan-violation",
            "$.properties.b",
            "properties.b: Additional property b is not allowed",
        )
    ]


def test_an_event_that_is_not_in_the_plan_is_named_with_the_nearest() -> None:
    (finding,) = PLAN.findings(real_message("python", "track", event="Order Complete"))
    assert (finding.rule, finding.severity, finding.path) == ("plan-unplanned-event", "warning", "$.event")
    assert finding.message == 'unplanned event: "Order Complete" is not in the plan'
    assert finding.fix == 'did you mean "Order Completed"?'
    (finding,) = PLAN.findings(real_message("python", "track", event="order_completed"))
    assert finding.fix == 'did you mean "Order Completed"?'
    (finding,) = PLAN.findings(real_message("python", "track", event="Zebra Fed"))
    assert finding.fix.startswith("add the event to the plan")


def test_unplanned_properties_are_named_inside_lists_too() -> None:
    found = PLAN.findings(order(orderId="o-1", products=[{"sku": "S1", "size": "L"}]))
    assert told(found) == [
        (
            "plan-unplanned-property",
            "$.properties.products[0].size",
            'unplanned property: "size" is not in the plan of track Order Completed',
        ),
        (
            "plan-unplanned-property",
            "$.properties.orderId",
            'unplanned property: "orderId" is not in the plan of track Order Completed',
        ),
    ]
    near = PLAN.findings(order(order_id=..., orderId="o-1"))[-1]
    assert near.fix == 'did you mean "order_id"?'


def test_unplanned_traits_are_named() -> None:
    message = real_message("python", "identify", traits={"email": "a@b.example", "plan": "pro"})
    (finding,) = PLAN.findings(message)
    assert (finding.path, finding.message) == (
        "$.traits.plan",
        'unplanned trait: "plan" is not in the plan of identify',
    )


def test_where_a_rule_names_no_property_all_are_unplanned() -> None:
    plan = of_properties({"type": "object"})
    assert [finding.path for finding in plan.findings(event({"a": 1}))] == ["$.properties.a"]


@pytest.mark.parametrize(
    "schema",
    [
        {"additionalProperties": True},
        {"properties": {"a": {}}, "additionalProperties": {"type": "number"}},
        {"properties": {"a": {}}, "patternProperties": {"^b": {}}},
        {"properties": {"a": {}, "b": {}}},
        {"properties": {"a": {}}, "anyOf": [{"properties": {"b": {}}}, {}]},
        {"properties": {"a": {}}, "if": {}, "then": {"properties": {"b": {}}}},
        {"$ref": "#/definitions/x"},
    ],
)
def test_names_that_a_schema_leaves_open_or_describes_elsewhere_are_planned(schema: Any) -> None:
    parts = {"properties": schema, "context": {}, "traits": {}}
    plan = plan_of({"type": "object", "properties": parts, "definitions": {"x": {}}})
    assert plan.faults == ()
    assert plan.findings(event({"a": 1, "b": 2})) == []


def test_an_event_is_validated_against_the_version_that_it_names_else_the_oldest() -> None:
    def missing(version: Any) -> list[str]:
        context = {"library": {"name": "x"}, "protocols": {"event_version": version}}
        message = order(order_id=..., products=...) | {"context": context}
        return [finding.path for finding in PLAN.findings(message) if finding.rule == "plan-violation"]

    oldest = ["$.properties.order_id", "$.properties.products"]
    assert missing(2) == missing(2.0) == ["$.properties.subtotal"]
    for version in (None, 1, 3, 3.2, "2", True, float("nan"), float("inf"), -1):
        assert missing(version) == oldest, version


def test_pages_go_by_their_own_rules_else_by_page_viewed() -> None:
    page = real_message("next", "page", name="Home", properties={"title": "x"})
    assert [finding.path for finding in PLAN.findings(page)] == ["$.properties.path"]
    named = plan_of({"properties": {"properties": {"required": ["x"]}}}, "PAGE", "Home")
    assert [finding.path for finding in named.findings(page)] == ["$.properties.x"]
    (finding,) = named.findings(page | {"name": "Homes"})
    assert (finding.rule, finding.path) == ("plan-unplanned-event", "$.name")
    assert finding.message == 'unplanned page: "Homes" is not in the plan'
    assert named.findings({"type": "page"}) == []
    # A plan without rules for pages says nothing of them.
    assert of_properties({}).findings(page) == []


def test_dates_may_stand_alone_as_segments_library_takes_them() -> None:
    def found(value: str) -> list[str]:
        message = real_message("python", "identify", traits={"createdAt": value})
        return [finding.message for finding in PLAN.findings(message)]

    for good in ("2026-11-24T22:00:00Z", "2026-11-24T22:00:00.123+01:00", "2026-11-24", "22:00:00"):
        assert found(good) == [], good
    for bad in ("yesterday", "2026-13-45", "24.11.2026", "1795557600", ""):
        assert found(bad) == ["traits.createdAt: Does not match format 'date-time'"], bad


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"properties": {"properties": {"x": {"pattern": "^(?!bot)"}}}}},
        {"type": "strin"},
        {"$ref": "https://example.com/schema.json"},
        {"properties": {"properties": {"$ref": "#/definitions/none"}}},
    ],
)
def test_a_rule_with_a_faulty_schema_checks_nothing_and_is_named(schema: Any) -> None:
    plan = plan_of(schema)
    (fault,) = plan.faults
    assert fault.startswith("the rule 'track A' is not checked: its schema cannot be used: ")
    assert plan.findings(event({"x": 1})) == []


def test_strange_texts_and_depths_do_no_harm() -> None:
    plan = of_properties(
        {"type": "object", "properties": {"x": {"type": "string", "maxLength": 3}, "d": {"enum": [1]}}}
    )
    assert plan.findings(event({"x": "\ud800"})) == []
    assert [f.rule for f in plan.findings(event({"x": "\ud800abc"}))] == ["plan-violation"]
    (finding,) = plan.findings(event({"\ud800": 1}))
    assert finding.rule == "plan-unplanned-property"
    deep: Any = 1
    for _ in range(500):
        deep = {"d": deep}
    assert [f.rule for f in plan.findings(event({"d": deep}))] == ["plan-violation"]
    assert plan.findings({"type": ["track"], "event": {}}) == []
    assert plan.findings({}) == []


def test_findings_are_told_without_what_acts_on_a_terminal() -> None:
    plan = of_properties({"type": "object", "properties": {}})
    name = "a\x1b[31m" + "b" * 5_000
    (finding,) = plan.findings(event({name: 1}))
    assert "\x1b" not in finding.message
    assert len(finding.message) < 300


def test_many_faults_on_one_message_are_bounded() -> None:
    plan = of_properties({"type": "object", "properties": {}})
    assert len(plan.findings(event({f"p{n}": n for n in range(10_000)}))) == 50


def test_names_out_of_data_do_not_make_it_slow() -> None:
    rules = [{"type": "TRACK", "key": f"Page Viewed {n}", "jsonSchema": {}, "version": 1} for n in range(300)]
    plan = compiled(read_plan_text(json.dumps({"rules": rules}), "plan.json"))
    started = time.perf_counter()
    for n in range(20_000):
        (finding,) = plan.findings(event({}, event=f"Viewed product {n}"))
        assert finding.rule == "plan-unplanned-event"
    assert time.perf_counter() - started < 10, "a comparison for each would take half a minute"
    (finding,) = plan.findings(event({}, event="page_viewed_7"))
    assert finding.fix == 'did you mean "Page Viewed 7"?'


def test_a_plan_speaks_through_the_checks_only_where_it_is_set() -> None:
    message = order(total="30")
    settings = CheckSettings(plan=PLAN)

    def rules(given: CheckSettings) -> set[str]:
        found = check(message, Translation(), DESTINATION, now=NOW, settings=given)
        return {finding.rule for finding in found if finding.rule.startswith("plan-")}

    assert rules(settings) == {"plan-violation"}
    assert rules(CheckSettings()) == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "event", "name", "properties", "traits", "context"]), JSON))
def test_no_message_makes_it_raise(document: Any) -> None:
    for call in (document.get("type"), "track", "identify", "page"):
        document["type"] = call
        for finding in PLAN.findings(document):
            assert finding.path.startswith("$")


def test_the_real_messages_break_a_plan_only_where_they_do() -> None:
    common = [message for message in every_real_message() if "messageId" not in message]
    assert common == []
    found = [finding for message in every_real_message() for finding in PLAN.findings(message)]
    assert not [one for one in found if one.path.startswith(("$.context", "$.messageId"))]
