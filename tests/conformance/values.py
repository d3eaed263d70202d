"""What is tried on both sides: values, dates, messages and settings; and the rows that hold them.

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
