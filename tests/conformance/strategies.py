"""What is tried on both sides: messages, settings, triggers and mappings, sound ones and broken ones.

Pools hold what has told implementations apart before: array indexes as keys, -0, 1e21, characters whose upper
case is longer, dates that roll over. They come first to last from plain to odd, so that examples shrink to
plain ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

NOW = "2026-11-24T22:00:00.000Z"

TEXTS = [
    *(
        "a",
        "",
        "b",
        "true",
        "false",
        "null",
        "12",
        "1e3",
        " 5 ",
        "0x1F",
        "-0",
        "1.50",
        "Infinity",
        "NaN",
        ".5",
        "5.",
    ),
    *(
        "+7",
        "1_0",
        "0b11",
        "Order Completed",
        "Product X",
        "Ed",
        "e",
        "acme",
        "A.B.c",
        "xéß",
        "İK\u212a",
        "ŉǰΐſ",
    ),
    *(
        "😀b",
        "\u2028",
        "\ufeff7",
        "\x00",
        "\u00a0",
        "{{event}}",
        "$&$1",
        '{"a":1}',
        "[1,2]",
        "__proto__",
        "a\nb",
    ),
    *("2026-11-20", "2026-11-20T10:00:00Z", "1700000000", "1700000000000", "9999999999999", "2026-13-45"),
]
NUMBERS = [
    *(0, 1, 5, 7, -1, 2.5, 100, 2000, 2001, 0.1, -0.0, 1.0, 1e21, 1e-7, 1.5e-9, 1e300, 2**53 + 1, 2**64),
    *(123456789012345680000, 1700000000, 1700000000000.7),
]
KEYS = [
    *("a", "b", "n", "0", "10", "2", "01", "length", "a.b", "x y", "k-1", "_u", "é", "", "@x", "constructor"),
    *(
        "plan",
        "total",
        "name",
        "email",
        "products",
        "sku",
        "price",
        "quantity",
        "position",
        "coupon",
        "variant",
    ),
    *("url", "increment", "firstName", "lastName", "createdAt", "created", "created_at", "phone", "username"),
    *(
        "$email",
        "$name",
        "ip",
        "time",
        "id",
        "$insert_id",
        "utm_source",
        "$os",
        "revenue",
        "currency",
        "group",
    ),
    *("$group_id", "event", "distinct_id", "$created", "mp_lib"),
]
ORDER = [
    "products",
    "revenue",
    "total",
    "affiliation",
    "subtotal",
    "shipping",
    "tax",
    "discount",
    "coupon",
    "currency",
]


def weighted(*choices: tuple[int, Strategy]) -> Strategy:
    """One of the strategies, each as often as its weight says (`one_of` drops repetitions)."""
    ladder = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.integers(0, len(ladder) - 1).flatmap(ladder.__getitem__)


texts = weighted((2, st.sampled_from(TEXTS)), (1, st.text(max_size=6)))
numbers = st.one_of(
    st.sampled_from(NUMBERS),
    st.integers(-(10**6), 10**14),
    st.floats(allow_nan=False, allow_infinity=False),
)
keys = weighted((5, st.sampled_from(KEYS)), (1, st.text(max_size=3)))
scalars = weighted((5, texts), (3, numbers), (1, st.booleans()), (1, st.none()))


def usually(strategy: Strategy, otherwise: Strategy) -> Strategy:
    """Three times in four the first."""
    return weighted((3, strategy), (1, otherwise))


@cache
def values(depth: int = 3) -> Strategy:
    """Any JSON value."""
    if not depth:
        return scalars
    return weighted((4, scalars), (1, st.lists(values(depth - 1), max_size=3)), (2, objects(depth - 1)))


@cache
def objects(depth: int = 2) -> Strategy:
    return st.dictionaries(keys, values(depth), max_size=5)


def some_of(known: dict[str, Strategy]) -> Strategy:
    """An object that has any of these keys."""
    return st.fixed_dictionaries({}, optional=known)


# Dates: near ISO, and mixtures of the words that JavaScript's date parser knows.

_DATE_WORDS = [
    *(
        "Jan",
        "February",
        "mar",
        "SEPT",
        "nov",
        "foo",
        "T",
        "Z",
        "GMT",
        "UTC",
        "PST",
        "am",
        "PM",
        "(x (y) z)",
        "+",
        "-",
    ),
    *(
        ":",
        ".",
        " ",
        "/",
        ",",
        "+01:00",
        "-0830",
        "GMT+2",
        "0",
        "1",
        "5",
        "12",
        "13",
        "20",
        "26",
        "31",
        "32",
        "49",
    ),
    *("50", "59", "60", "99", "100", "1999", "2026", "12345", "123456", "07"),
]


@st.composite
def _iso(draw: st.DrawFn) -> str:
    year, month, day = draw(st.integers(0, 9999)), draw(st.integers(0, 13)), draw(st.integers(0, 32))
    text = f"{year:04d}-{month:02d}-{day:02d}"
    if draw(st.booleans()):
        text += (
            draw(st.sampled_from("T t")) + f"{draw(st.integers(0, 25)):02d}:{draw(st.integers(0, 61)):02d}"
        )
        if draw(st.booleans()):
            text += f":{draw(st.integers(0, 61)):02d}"
            text += draw(st.sampled_from(["", ".1", ".12", ".123", ".1234567", ".12345678901", ":5"]))
        text += draw(st.sampled_from(["Z", "", "z", "+02:00", "-0830", "+5", " GMT", "+24:00"]))
    return text


dates = st.one_of(
    _iso(),
    st.lists(st.sampled_from(_DATE_WORDS), min_size=1, max_size=8).map("".join),
    st.lists(st.sampled_from(_DATE_WORDS), min_size=1, max_size=6).map(" ".join),
    st.sampled_from(
        [0, 1, 1700000000, 1700000000000, 1700000000000.7, -5, 8.64e15, 8.65e15, True, False, None]
    ),
    st.sampled_from([[], {}, ["2026-01-01"], [1], [None], "2024-02-30", "20261120", "2026/11/20 10:00"]),
    texts,
)

# Messages

_AGENTS = [
    *(
        "Mozilla/5.0",
        "OPR/1.2.3",
        "Opera/9.80",
        " OPR/45.0",
        "Mini",
        "BlackBerry 9.9",
        "blackberry",
        "BB10",
        "PlayBook",
    ),
    *(
        "IEMobile",
        "WPDesktop",
        "rv:11.0",
        "SamsungBrowser/3.1",
        "Edge/12.1",
        "Edg/1",
        "Edg/1.2",
        "FBIOS",
        "Chrome/1.2",
    ),
    *("CriOS/2.2", "UCWEB/1.1", "UCBrowser/2.2", "FxiOS/3.3", "Safari", "iPhone", "Version/9.1.2", "Android"),
    *("android 4.4", "Konqueror:1.2", "Konqueror", "Firefox/1.0", "MSIE 9.0", "Trident/", "Gecko"),
]
_leaf = weighted((15, scalars), (1, values(1)))


def _inside(*names: str) -> Strategy:
    return usually(some_of(dict.fromkeys(names, _leaf)), _leaf)


contexts = some_of(
    {
        "app": _inside("name", "namespace", "build", "version", "platform"),
        "device": _inside(
            "id", "type", "name", "manufacturer", "model", "advertisingId", "idfa", "adTrackingEnabled"
        ),
        "os": _inside("name", "version"),
        "page": _inside("url", "referrer"),
        "network": _inside("bluetooth", "carrier", "cellular", "wifi"),
        "location": _inside("country", "region"),
        "library": _inside("name", "version"),
        "campaign": _inside("source", "medium", "name", "term", "content"),
        "screen": _inside("width", "height", "density"),
        "userAgentData": _inside(
            "mobile", "platform", "bitness", "model", "platformVersion", "uaFullVersion", "wow64"
        ),
        "integration": _inside("name"),
        "personas": _inside("computation_class", "computation_key"),
        "traits": objects(1),
        "locale": _leaf,
        "timezone": _leaf,
        "ip": _leaf,
        "userAgent": usually(st.lists(st.sampled_from(_AGENTS), min_size=1, max_size=4).map(" ".join), _leaf),
        "groupId": _leaf,
    }
)

_products = st.one_of(
    st.lists(
        some_of(
            dict.fromkeys(
                ("product_id", "sku", "name", "price", "quantity", "position", "coupon", "zz"), _leaf
            )
        ),
        max_size=3,
    ),
    values(2),
)
_orders = st.builds(
    lambda own, products, more: {**own, "products": products, **more},
    objects(1),
    _products,
    some_of(dict.fromkeys(ORDER[1:], _leaf)),
)
_increments = st.one_of(
    st.dictionaries(keys, st.one_of(scalars, st.integers(0, 9)), max_size=4),
    st.integers(19, 22).map(lambda count: {str(index): index for index in range(count)}),
    _leaf,
)
_properties = weighted(
    (4, objects()),
    (2, _orders),
    (2, st.builds(lambda own, increment: {**own, "increment": increment}, objects(1), _increments)),
    (1, values(1)),
)


messages = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "identify", "group", "page", "screen", "alias"]),
        "messageId": usually(
            st.just("mid"), st.one_of(texts, numbers, st.none(), st.lists(texts, max_size=2))
        ),
    },
    optional={
        "event": weighted((12, texts), (6, st.just("Order Completed")), (1, _leaf)),
        "name": usually(texts, _leaf),
        "userId": usually(texts, _leaf),
        "anonymousId": usually(texts, _leaf),
        "groupId": usually(texts, _leaf),
        "previousId": usually(texts, _leaf),
        "timestamp": usually(
            st.sampled_from(["2026-11-20T10:00:00.123Z", "2026-11-20", 1700000000000]), dates
        ),
        "properties": _properties,
        "traits": usually(objects(), _leaf),
        "context": weighted((14, contexts), (1, _leaf)),
    },
)

settings = st.fixed_dictionaries(
    {
        "projectToken": st.sampled_from(["t0", "tök", "", "a b"]),
        # without a secret the published code has no user name, ours the token: a known difference
        "apiSecret": st.sampled_from(["s", "sécrét😀", "a:b", "a b"]),
    },
    optional={
        "apiRegion": st.sampled_from(["US 🇺🇸", "EU 🇪🇺", "IN 🇮🇳", "EU", ""]),
        "strictMode": st.sampled_from(["1", "0", "", "2"]),
        "sourceName": st.sampled_from(["web", "", "Ünï", None]),
    },
)

# Mappings

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

fields = weighted((2, nodes(1)), (3, nodes(2)), (1, nodes(3)))


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """A mapping for any action; four in five have what an event needs."""
    mapping = draw(st.dictionaries(st.sampled_from(FIELDS), fields, min_size=1, max_size=6))
    if draw(st.integers(0, 4)):
        mapping["event"] = draw(st.sampled_from(["lit", {"@path": "$.type"}]))
        mapping.setdefault("insert_id", "iid")
    odd = draw(st.integers(0, 29))
    if odd == 29:
        mapping[draw(st.sampled_from(FIELDS))] = draw(st.sampled_from(_BROKEN))
    elif odd == 28:
        name = draw(st.sampled_from(["@transform", "@merge", "@if", "@path"]))
        apply = draw(st.dictionaries(st.sampled_from(["a", "event", "properties"]), nodes(1), max_size=2))
        mapping["__segment_internal_directive"] = {name: {"apply": apply}}
    return mapping


# Triggers

_SUBJECTS = [
    *(
        "type",
        "event",
        "name",
        "userId",
        "properties.plan",
        "properties.total",
        "properties.a.b",
        "traits.email",
    ),
    *(
        "context.library.name",
        "groupId",
        "properties.a\\-b",
        "context.app",
        "properties",
        "messageId",
        "traits",
    ),
    *("properties.a\\.b", "context.page.url", "type.x", "event.y", "properties.0"),
]
_comparisons = st.tuples(
    st.sampled_from(_SUBJECTS),
    st.sampled_from([" = ", " != ", " > ", " >= ", " < ", " <= ", "=", "!= ", "=  ", " ! "]),
    st.sampled_from(
        [
            *(
                '"track"',
                '"page"',
                '"identify"',
                "null",
                "true",
                "false",
                "5",
                "-1",
                "2.5",
                '"pro"',
                "'track'",
                '"12"',
            ),
            *('"analytics.js"', "foo", '""', "+7", "1.5.2", "5.", '"a\\"b"', '"é😀"', "nulla", "1e3"),
        ]
    ),
).map("".join)
_calls = st.tuples(
    st.sampled_from(["", "!"]),
    st.sampled_from(["contains(", "match("]),
    st.sampled_from(
        ["event", "name", "properties.plan", "context.app.name", "traits.email", "type", "userId", "groupId"]
    ),
    st.sampled_from([", ", ","]),
    st.sampled_from(['"ed"', '"*x"', '"Prod*"', '"e"', "5", '"*"', '""', "'Or*'", '"*d*"', "null", "true"]),
    st.sampled_from([")", ")", ")", ""]),
).map("".join)


@cache
def _clauses(depth: int = 2) -> Strategy:
    simple = st.one_of(_comparisons, _comparisons, _calls)
    if not depth:
        return simple
    inner = _clauses(depth - 1)
    return st.one_of(
        simple,
        inner.map(lambda clause: f"({clause})"),
        inner.map(lambda clause: f"!({clause})"),
        st.lists(inner, min_size=2, max_size=3).flatmap(
            lambda clauses: st.sampled_from([" and ", " or ", " AND ", "and"]).map(
                lambda word: word.join(clauses)
            )
        ),
        st.builds(lambda a, b, c: f"{a} and {b} or {c}", inner, inner, inner),
    )


@st.composite
def triggers(draw: st.DrawFn) -> str:
    """A trigger; one in ten is broken by a stray sign."""
    text = draw(_clauses())
    if draw(st.integers(0, 9)) == 9:
        at = draw(st.integers(0, len(text)))
        sign = draw(st.sampled_from(["(", ")", '"', " ", "!", "a", "\\", "&", ".", "[", "'", "-", "é"]))
        text = text[:at] + sign + text[at:]
    return text


# Rows: what both sides are given


def row(message: Any, given: Any, subscriptions: list[Any] | None = None) -> dict[str, Any]:
    """An envelope as `segtap translate` takes it."""
    made = {"now": NOW, "settings": given, "message": message}
    if subscriptions is not None:
        made["subscriptions"] = subscriptions
    return made


def subscription(action: str, mapping: Any, subscribe: str, name: str = "s") -> dict[str, Any]:
    return {
        "name": name,
        "subscribe": subscribe,
        "partnerAction": action,
        "mapping": mapping,
        "enabled": True,
    }


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


_WORDS = [
    "pro",
    "ed",
    "e",
    "12",
    "analytics.js",
    "Products",
    "a*x",
    "",
    "track",
    'a"b',
    "é😀",
    "identify",
    "Order",
]
_asked = st.one_of(
    st.sampled_from(_WORDS), st.sampled_from([5, -1, 2.5, 7, 12, 1000, True, False, None]), values(1)
)
_asked_messages = st.builds(
    lambda message, more: {**message, **more},
    messages,
    some_of(
        {
            "event": _asked,
            "name": _asked,
            "userId": _asked,
            "properties": some_of(
                {"plan": _asked, "total": _asked, "a": some_of({"b": _asked}), "a-b": _asked, "0": _asked}
            ),
            "traits": some_of({"email": _asked}),
            "context": some_of({"library": some_of({"name": _asked}), "app": some_of({"name": _asked})}),
        }
    ),
)


@st.composite
def trigger_rows(draw: st.DrawFn) -> dict[str, Any]:
    """One message and several triggers over plain mappings, so that each trigger shows."""
    subscriptions = [
        subscription(
            "trackEvent", {"event": f"taken by {index}", "insert_id": "iid"}, draw(triggers()), f"s{index}"
        )
        for index in range(draw(st.integers(1, 4)))
    ]
    return row(draw(_asked_messages), draw(settings), subscriptions)
