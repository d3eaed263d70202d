"""Mapping directives: each does what Segment's mapping kit does (checked against it in Node)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.errors import MappingError
from segtap.core.mapping import MISSING, Refused, compile_mapping

MESSAGE: dict[str, Any] = {
    "type": "track",
    "event": "Order Done",
    "userId": "",
    "properties": {
        "plan": "Pro",
        "total": 12.0,
        "zero": 0,
        "no": None,
        "x y": 3,
        "list": [{"sku": "a", "n": 1}, {"sku": "b"}],
        "tags": ["x", None, ["y"]],
        "deep": {"10": 1, "a": {"b": 2, "c": []}, "2": None},
        "text": '{"a": [1.0, 1e2]}',
    },
}


def resolve(node: Any, message: Any = MESSAGE) -> Any:
    """What one field becomes; MISSING when it is left out."""
    made: Any = compile_mapping({"field": node})(message)
    return made.get("field", MISSING)


def path(text: str) -> dict[str, str]:
    return {"@path": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$.event", "Order Done"),
        ("event", "Order Done"),
        ("$.properties.list[1].sku", "b"),
        ("$.properties.list.0.n", 1),
        ("$.properties.list.length", 2),
        ("$.properties['x y']", 3),
        ("$.event.length", 10),
        ("$.event.0", "O"),
        ("$.userId.of.nobody", ""),
        ("$.properties.no.thing", None),
        ("$.properties.zero.thing", 0),
        ("$.properties.total.thing", MISSING),
        ("$.nothing.at.all", MISSING),
        ("$", MISSING),
        ("$.", MESSAGE),
        (".", MESSAGE),
    ],
)
def test_path(text: str, value: object) -> None:
    assert resolve(path(text)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Viewed {{event}}", "Viewed Order Done"),
        ("Viewed {{ nothing }}", "Viewed "),
        ("{{properties.total}}/{{{properties.plan}}}", "12/Pro"),
        ("{{properties.tags}} {{properties.deep}}", "x,,y [object Object]"),
        ("{{properties.no}}{{userId}}|", "|"),
        ("{{}} {{ } }}", "{{}} {{ } }}"),
        ("{{{event}} {{event}}", " Order Done"),
    ],
)
def test_template(text: str, value: str) -> None:
    assert resolve({"@template": text}) == value


@pytest.mark.parametrize(
    ("test", "filled"),
    [
        ({"exists": path("$.userId")}, True),
        ({"exists": path("$.properties.no")}, False),
        ({"exists": path("$.nothing")}, False),
        ({"blank": path("$.userId")}, False),
        ({"blank": path("$.properties.zero")}, False),
        ({"blank": path("$.properties.list")}, True),
        ({"blank": {"@literal": [[]]}}, False),
    ],
)
def test_if(test: dict[str, Any], filled: bool) -> None:
    assert resolve({"@if": {**test, "then": "yes", "else": "no"}}) == ("yes" if filled else "no")
    assert resolve({"@if": {**test, "else": 0}}) is MISSING


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"value": path("$.event"), "pattern": "e", "replacement": "E"}, "OrdEr DonE"),
        ({"value": path("$.event"), "pattern": "e", "replacement": "E", "global": False}, "OrdEr Done"),
        ({"value": path("$.event"), "pattern": "o", "ignorecase": True}, "rder Dne"),
        ({"value": path("$.event"), "pattern": "Done", "replacement": "[$&$$$1]"}, "Order [Done$$1]"),
        ({"value": path("$.event"), "pattern": "r", "pattern2": "d", "replacement2": "t"}, "Ote Done"),
        ({"value": path("$.properties.total"), "pattern": "2", "replacement": ""}, "1"),
        ({"value": path("$.nothing"), "pattern": "2"}, ""),
        ({"value": path("$.properties.list"), "pattern": "2"}, ""),
        ({"value": "a.b", "pattern": ".", "replacement": "-"}, "a-b"),
        ({"value": "Ist \u212a", "pattern": "k", "replacement": "-", "ignorecase": True}, "Ist \u212a"),
    ],
)
def test_replace(options: dict[str, Any], value: str) -> None:
    assert resolve({"@replace": options}) == value


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"@case": {"operator": "upper", "value": path("$.event")}}, "ORDER DONE"),
        ({"@case": {"operator": "lower", "value": path("$.properties.total")}}, 12.0),
        ({"@literal": None}, None),
        ({"@literal": {"a": path("$.type")}}, {"a": "track"}),
        ({"@excludeWhenNull": path("$.properties.no")}, MISSING),
        ({"@excludeWhenNull": {"a": None, "b": {"c": None, "d": [None]}}}, {"b": {"d": [None]}}),
        (
            {"@flatten": {"value": path("$.properties.deep"), "separator": "-"}},
            {"2": None, "10": 1, "a-b": 2},
        ),
        (
            {"@flatten": {"value": path("$.properties.deep"), "separator": "-", "omitArrays": True}},
            {"2": None, "10": 1, "a-b": 2, "a-c": []},
        ),
        ({"@flatten": {"value": path("$.type"), "separator": "-"}}, {"": "track"}),
        (
            {"@json": {"value": path("$.properties.deep"), "mode": "encode"}},
            '{"2":null,"10":1,"a":{"b":2,"c":[]}}',
        ),
        ({"@json": {"value": path("$.properties.text"), "mode": "decode"}}, {"a": [1.0, 100.0]}),
        ({"@json": {"value": "NaN", "mode": "decode"}}, "NaN"),
        ({"@json": {"value": path("$.nothing"), "mode": "encode"}}, MISSING),
        (
            {"@arrayPath": ["$.properties.list", {"sku": path("sku"), "n": path("n")}]},
            [{"sku": "a", "n": 1}, {"sku": "b"}],
        ),
        ({"@arrayPath": ["$.properties.deep", {"x": path("a.b")}]}, [{"x": 2}]),
        ({"@arrayPath": ["$.event", {"x": path("a.b")}]}, "Order Done"),
        ({"@merge": {"objects": [{"a": 1, "b": 1}, {"a": 2}], "direction": "right"}}, {"a": 2, "b": 1}),
        ({"@merge": {"objects": [{"a": 1}, {"a": path("$.nothing")}], "direction": "right"}}, {}),
        ({"@merge": {"objects": [{"a": 1}, {"a": path("$.nothing")}], "direction": "left"}}, {"a": 1}),
        (
            {"@transform": {"apply": {"a": path("$.properties")}, "mapping": {"x": path("$.a.plan")}}},
            {"x": "Pro"},
        ),
    ],
)
def test_other_directives(node: Any, value: object) -> None:
    assert resolve(node) == value


def test_the_root_directive_takes_the_other_fields_as_its_mapping() -> None:
    mapping: dict[str, Any] = {
        "__segment_internal_directive": {"@transform": {"apply": {"a": path("$.properties.plan")}}},
        "plan": path("$.a"),
    }
    assert compile_mapping(mapping)(MESSAGE) == {"plan": "Pro"}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"a": {"@nope": 1}}, "/a has an invalid directive: @nope."),
        ({"a": {"@path": 1}}, "/a/@path should be a string or a mapping directive but it is a number."),
        ({"a": {"@path": "$.x", "b": 1}}, "should only have one @-prefixed key but it has 2 keys"),
        ({"a": {"@replace": {"pattern": "", "value": "x"}}}, "length 1 or greater"),
        ({"a": {"@json": {"value": "x", "mode": "pack"}}}, "one of encode, decode"),
        ({"a": {"@flatten": {"separator": "."}}}, 'should have field "value"'),
        ({"a": {"@liquid": None}}, "/a/@liquid should be a string but it is a null."),
    ],
)
def test_mappings_that_cannot_be_used(mapping: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingError) as caught:
        compile_mapping(mapping)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (
            {"@merge": {"objects": ["x", 3]}},
            "/ should be a object or a mapping directive but it is a string.",
        ),
        (
            {"@arrayPath": [3, {"@nope": 1}]},
            "/a/@arrayPath should be a string or a mapping directive but it is a number.",
        ),
    ],
)
def test_the_first_fault_of_a_list_of_options_ends_the_search(node: Any, words: str) -> None:
    with pytest.raises(MappingError) as caught:
        compile_mapping({"a": node})
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"@path": path("$.properties.total")}, "@path: expected string, got number"),
        ({"@if": {}}, '@if requires an "exists" key or a "blank" key'),
        ([{"@nope": 1}], "@nope is not a valid directive, got undefined"),
        ([{"@case": {"operator": ["lower"], "value": "X"}}], 'a value of "lower" or "upper"'),
        ([{"@merge": 3}], '@merge requires an object with an "objects" key and a "direction" key'),
        ({"@case": {"operator": "title", "value": "x"}}, "operator key should have a value of"),
        (
            {"@replace": {"pattern": "a", "value": "x", "pattern2": "longer than 10"}},
            '@replace requires a "pattern" less than 10 characters',
        ),
    ],
)
def test_what_is_wrong_only_when_it_runs_refuses_the_message(node: Any, words: str) -> None:
    with pytest.raises(Refused) as caught:
        resolve(node)
    assert words in str(caught.value)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        "@if",
        "@case",
        "@replace",
        "@arrayPath",
        "@path",
        "@template",
        "@literal",
        "@flatten",
        "@json",
        "@merge",
        "@transform",
        "@excludeWhenNull",
        "exists",
        "then",
        "else",
        "value",
        "pattern",
        "operator",
        "mode",
        "objects",
        "direction",
        "apply",
        "mapping",
    ]
)
NODES: st.SearchStrategy[Any] = st.recursive(
    VALUES | st.sampled_from(["$.event", "encode", "left", "lower", "$."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), NODES, max_size=3), st.dictionaries(st.text(max_size=5), VALUES))
def test_any_mapping_compiles_or_is_refused(mapping: dict[str, Any], message: dict[str, Any]) -> None:
    made: Any = {}
    with contextlib.suppress(MappingError, Refused):
        made = compile_mapping(mapping)(message)
    assert isinstance(made, dict) or any(key.startswith("@") for key in mapping)
