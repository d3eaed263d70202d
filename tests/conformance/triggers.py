"""Triggers, most of them sound, and messages that they speak of."""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.values import Strategy, messages, row, settings, some_of, subscription, values
from hypothesis import strategies as st

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
