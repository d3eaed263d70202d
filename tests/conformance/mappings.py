"""Mappings for any action: every directive, sound ones and broken ones."""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.values import (
    Strategy,
    keys,
    messages,
    row,
    scalars,
    settings,
    some_of,
    subscription,
    texts,
    usually,
    values,
    weighted,
)
from hypothesis import strategies as st

PATHS = [
    *("$.event", "$.name", "$.userId", "$.anonymousId", "$.traits", "$.traits.email", "$.properties"),
    *("$.properties.total", "$.properties.plan", "$.properties.products", "$.properties.products[0].sku"),
    *(
        "$.properties.products.0",
        "$.properties.a.b",
        '$.properties["a.b"]',
        "$.properties['x y']",
        "$.context",
    ),
    *(
        "$.context.app.name",
        "$.context.page",
        "$.type",
        "$",
        "",
        ".",
        "$.",
        "event.length",
        "$.event.0",
        "$.event[0]",
    ),
    *(
        "properties.a[1]",
        "$.properties.10",
        "$.properties.a..b",
        "name",
        "$.$.event",
        "$.timestamp",
        "a",
        "$.a",
    ),
    *(
        "$.context.library",
        "$.properties.n",
        "$.properties[10]",
        "$.properties.a[b]",
        "$.properties.é",
        "x.$.event",
    ),
]
paths = st.sampled_from(PATHS)
templates = st.lists(
    st.sampled_from(
        [
            *(
                "{{event}}",
                "x",
                "{{ name }}",
                "{{{userId}}}",
                "{{properties.total}}",
                "{{properties}}",
                "é",
                "$&",
            ),
            *(
                "{{properties.products}}",
                "{{$.event}}",
                "{{}}",
                "{{ }}",
                "{",
                "}",
                "{{properties.a}}",
                "{{a",
                "}}",
            ),
            *("{{context.app.name}}", "{{properties['x y']}}", "{{event.length}}", "{{ properties.a.b }}"),
        ]
    ),
    max_size=3,
).map("".join)

_BROKEN: list[Any] = [
    {"@nope": 1},
    {"@path": 3},
    {"@path": "$.event", "x": 1},
    {"@path": "$.event", "@template": "x"},
    {"@path": "$.event", "_metadata": {"label": "x"}},
    {"_metadata": 1},
    {"@if": {}},
    {"@case": {}},
    {"@replace": {"pattern": ""}},
    {"@merge": {"objects": 3}},
    {"@merge": {"objects": [3, {"@nope": 1}], "direction": "up"}},
    {"@json": {"value": 1, "mode": "x"}},
    {"@transform": {"apply": 3}},
    {"@arrayPath": "$.x"},
    {"@arrayPath": []},
    {"@arrayPath": [3]},
    {"@flatten": {}},
    {"@template": None},
    {"@liquid": 3},
    {"a": {"@if": 3}, "b": {"@case": None}},
    [{"@nope": 2}],
]
"""Mappings that the engine refuses as a whole, or in part."""

_WRONG_OPTIONS: list[Any] = [
    *(3, None, "x", "", {}, [], True),
    *({"value": "x"}, {"exists": 1}, {"blank": "", "exists": None}, {"mapping": 3, "apply": 3}),
    *({"mapping": {}, "apply": {"@path": 3}}, {"separator": 3, "value": {}}, {"direction": "left"}),
    *({"separator": {"@path": "$.event"}, "value": {"a": {"b": 1}}}, {"direction": 3, "objects": {}}),
    *({"direction": {"@literal": "left"}, "objects": [{"a": 1}, {"a": 2}]}, {"operator": 3, "value": "x"}),
    *(
        {"operator": ["lower"], "value": "X"},
        {"pattern": 3, "value": "x"},
        {"pattern": "abcdefghijklm", "value": "x"},
    ),
    *(
        {"mode": 3, "value": "x"},
        [{"@literal": "event"}],
        [3, {"a": 1}],
        {"objects": ["ab", [1, 2]], "direction": "x"},
    ),
]
DIRECTIVES = [
    *(
        "@if",
        "@case",
        "@replace",
        "@arrayPath",
        "@flatten",
        "@json",
        "@merge",
        "@transform",
        "@path",
        "@template",
    ),
    *("@literal", "@excludeWhenNull"),
]


_CASES = st.sampled_from(["lower", "upper"])


def directive(name: str, options: Strategy) -> Strategy:
    return options.map(lambda given: {name: given})


@cache
def nodes(depth: int = 3) -> Strategy:
    """A mapping of one field: mostly sound directives."""
    path = directive("@path", paths)
    if not depth:
        return weighted((5, path), (1, directive("@template", templates)), (2, scalars))
    inner = nodes(depth - 1)
    replacements = st.sampled_from(["", "E", "$&", "$$", "$1", "$`", "$'", "xyz", "$0", "$<a>", "😀"])
    patterns = st.sampled_from(
        ["e", "E", "a", ".", "$", "é", "ß", "k", "1", "xx", "true", "|", "^", "[", " ", "😀", "ſ"]
    )
    shape = st.one_of(
        st.dictionaries(
            st.sampled_from(["sku", "price", "name", "quantity", "zz", "position"]),
            st.one_of(st.sampled_from(["sku", "price", "name", ""]).map(lambda key: {"@path": key}), inner),
            max_size=3,
        ),
        st.sampled_from([{"@path": "sku"}, {}, "s", None]),
    )
    sound = st.one_of(
        directive("@template", usually(templates, inner)),
        directive("@if", st.fixed_dictionaries({"exists": inner, "then": inner}, optional={"else": inner})),
        directive("@if", st.fixed_dictionaries({"blank": inner, "then": inner}, optional={"else": inner})),
        directive("@if", some_of(dict.fromkeys(("exists", "blank", "then", "else"), inner))),
        directive(
            "@case",
            st.fixed_dictionaries(
                {
                    "operator": weighted(
                        (9, st.sampled_from(["lower", "upper"])), (1, st.sampled_from(["title", ""]))
                    )
                },
                optional={"value": weighted((4, path), (2, inner), (1, texts))},
            ),
        ),
        directive(
            "@replace",
            st.fixed_dictionaries(
                {
                    "pattern": patterns,
                    "value": weighted((4, path), (1, inner), (2, st.sampled_from(["Hello", "aſKé😀"]))),
                },
                optional={
                    "replacement": replacements,
                    "ignorecase": st.booleans(),
                    "global": st.booleans(),
                    "pattern2": weighted(
                        (6, patterns), (1, st.sampled_from(["", None, "long long long", 3]))
                    ),
                    "replacement2": weighted((6, replacements), (1, st.sampled_from([None, 3]))),
                },
            ),
        ),
        directive(
            "@arrayPath",
            st.tuples(st.one_of(paths, st.just("$.properties.products"), inner), shape).map(list),
        ),
        directive("@arrayPath", st.tuples(st.one_of(paths, inner)).map(list)),
        directive(
            "@flatten",
            st.fixed_dictionaries(
                {"value": inner, "separator": st.sampled_from([".", "_", "--", ".", "-", ""])},
                optional={"omitArrays": st.booleans()},
            ),
        ),
        directive(
            "@json",
            st.fixed_dictionaries(
                {
                    "value": st.one_of(
                        inner, st.sampled_from(['{"x": [1.0, 1e2, null]}', "[1,", "NaN", "1e400", "-0"])
                    ),
                    "mode": st.sampled_from(["encode", "decode", "Encode"]),
                }
            ),
        ),
        directive(
            "@merge",
            st.fixed_dictionaries(
                {
                    "objects": st.lists(
                        st.one_of(inner, st.dictionaries(keys, inner, max_size=2)), max_size=3
                    ),
                    "direction": st.sampled_from(["left", "right", "Left"]),
                }
            ),
        ),
        directive(
            "@transform",
            st.fixed_dictionaries(
                {
                    "apply": st.dictionaries(
                        st.sampled_from(["a", "event", "name", "properties"]), inner, max_size=2
                    ),
                    "mapping": st.one_of(
                        st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
                        st.sampled_from([{"@path": "$.a"}, {"@path": "$.event"}]),
                    ),
                }
            ),
        ),
        directive("@excludeWhenNull", inner),
        directive("@literal", st.one_of(values(2), inner)),
        st.dictionaries(keys, inner, max_size=2),
        st.lists(inner, min_size=1, max_size=2),
    )
    late = st.builds(
        lambda name, options: [{name: options}], st.sampled_from(DIRECTIVES), st.sampled_from(_WRONG_OPTIONS)
    )  # faults in a list are found only when it runs
    return weighted((16, path), (40, sound), (6, values(2)), (1, late))


ACTIONS = ["trackEvent", "trackPurchase", "identifyUser", "groupIdentifyUser", "alias", "incrementProperties"]
FIELDS = [
    *(
        "event",
        "distinct_id",
        "anonymous_id",
        "user_id",
        "group_id",
        "insert_id",
        "time",
        "app_name",
        "os_version",
    ),
    *("bluetooth", "wifi", "country", "screen_width", "userAgent", "name", "event_properties", "context"),
    *(
        "utm_properties",
        "batch_size",
        "enable_batching",
        "userAgentData",
        "library_name",
        "zzz",
        "traits",
        "increment",
    ),
    *("alias", "group_key", "products", "generatePurchaseEventPerProduct", "ip", "url"),
]

_anything = weighted((2, nodes(1)), (3, nodes(2)), (1, nodes(3)))
_text = weighted(
    (4, directive("@path", paths)),
    (1, directive("@template", templates)),
    (1, scalars),
    (1, nodes(1)),
)
_fitting = weighted(
    (2, _text),
    (1, st.builds(lambda a, b, c: {"@if": {"exists": a, "then": b, "else": c}}, _text, _text, _text)),
    (1, st.builds(lambda word, value: {"@case": {"operator": word, "value": value}}, _CASES, _text)),
)
_object = weighted(
    (
        2,
        directive("@path", st.sampled_from(["$.properties", "$.traits", "$.context", "$.context.page", "$"])),
    ),
    (3, st.dictionaries(keys, nodes(1), max_size=3)),
)
_fitting_object = weighted(
    (3, _object),
    (1, directive("@excludeWhenNull", _object)),
    (1, directive("@literal", _object)),
    (
        1,
        st.lists(_object, max_size=3).map(lambda parts: {"@merge": {"objects": parts, "direction": "right"}}),
    ),
    (1, st.lists(_object, max_size=3).map(lambda parts: {"@merge": {"objects": parts, "direction": "left"}})),
    (1, _object.map(lambda value: {"@flatten": {"value": value, "separator": "."}})),
)
OBJECT_FIELDS = ("event_properties", "context", "utm_properties", "userAgentData", "traits", "increment")


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """A mapping for any action; two in three have fields of a fitting type and what an event needs."""
    names = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=6, unique=True))
    fit = draw(st.integers(0, 2)) < 2
    mapping = {
        name: draw((_fitting_object if name in OBJECT_FIELDS else _fitting) if fit else _anything)
        for name in names
    }
    if fit or draw(st.booleans()):
        mapping["event"] = draw(st.sampled_from(["lit", {"@path": "$.type"}]))
        mapping.setdefault("insert_id", "iid")
        mapping.setdefault("group_id", "group")
        mapping.setdefault("increment", {"a": 1})
    odd = draw(st.integers(0, 29))
    if odd == 29:
        mapping[draw(st.sampled_from(FIELDS))] = draw(st.sampled_from(_BROKEN))
    elif odd == 28:
        name = draw(st.sampled_from(["@transform", "@merge", "@if", "@path"]))
        apply = draw(st.dictionaries(st.sampled_from(["a", "event", "properties"]), nodes(1), max_size=2))
        mapping["__segment_internal_directive"] = {name: {"apply": apply}}
    return mapping


@st.composite
def custom_rows(draw: st.DrawFn, subscribe: Strategy | None = None) -> dict[str, Any]:
    """One message with one or two subscriptions of its own."""
    message = draw(messages)
    takes = f'type = "{message["type"]}"'
    subscriptions = [
        subscription(
            draw(st.sampled_from(["trackEvent", *ACTIONS])),
            draw(mappings()),
            takes if subscribe is None else draw(subscribe),
            f"s{index}",
        )
        for index in range(draw(st.integers(1, 2)))
    ]
    return row(message, draw(settings), subscriptions)
