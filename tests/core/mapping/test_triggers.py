"""Triggers: Segment's query language, its lenient reading included (checked against it in Node)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.errors import MappingError
from segtap.core.mapping import Refused, compile_trigger
from segtap.core.mapping.trigger_syntax import parse_trigger, passed_over
from segtap.core.mapping.triggers import holds, only_type, without_type

TRACK: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "properties": {"total": 12, "plan": "pro", "ok": True, "none": None, "a": {"b": "c"}},
    "context": {"library": {"name": "analytics.js"}},
}


@pytest.mark.parametrize(
    ("trigger", "takes"),
    [
        ('type = "track"', True),
        ('type="track"', True),
        ('type != "track"', False),
        ('type = "track" and event != "Order Completed"', False),
        ('type = "page" or event = "Order Completed"', True),
        ('type = "page" or (type = "track" and userId != null)', True),
        ("userId = null", False),
        ("name = null", True),
        ("properties.total > 5", True),
        ("properties.total >= 12", True),
        ("properties.total < 12", False),
        ("properties.total = 12", True),
        ("properties.total != 12", False),
        ('properties.total = "12"', False),
        ("properties.plan > 5", False),
        ("properties.ok = true", True),
        ("properties.ok = false", False),
        ("properties.none = null", True),
        ('properties.a.b = "c"', True),
        ('context.library.name = "analytics.js"', True),
        ('contains(event, "Comp")', True),
        ('!contains(event, "Comp")', False),
        ('match(event, "Order*")', True),
        ('match(event, "*Order")', False),
        ('!match(properties.plan, "*ro")', False),
        ('contains(name, "x")', False),
        ('!contains(name, "x")', False),
        # Segment's leniency: unknown names, and ! before (, are passed over; the last conditional counts.
        ('type = "track" and groupId = "acme"', True),
        ('!(type = "track")', True),
        ('type = "page" and type = "screen" or event = "Order Completed"', True),
    ],
)
def test_takes(trigger: str, takes: bool) -> None:
    assert compile_trigger(trigger)(TRACK) is takes


@pytest.mark.parametrize(
    "trigger",
    ["", "groupId", 'type = "track', 'type = "a"and', "(type", "type", "contains(", "name = 1.2.3", "&"],
)
def test_what_segment_cannot_read_is_told(trigger: str) -> None:
    with pytest.raises(MappingError) as caught:
        compile_trigger(trigger)
    assert repr(trigger) in str(caught.value)


def test_brackets_around_nothing_fail_when_they_are_reached() -> None:
    takes = compile_trigger('type = "track" and ()')
    assert not takes({"type": "page"})
    with pytest.raises(Refused):
        takes(TRACK)


PIECES = st.sampled_from(
    [
        "type",
        "event",
        "properties.a",
        "traits",
        '"track"',
        "'x'",
        "=",
        "!=",
        "<",
        ">=",
        "!",
        "(",
        ")",
        "and",
        "or",
        "null",
        "true",
        "5",
        "-1.5",
        "contains(",
        "match(",
        ",",
        '"a*"',
        "\\",
        ".",
        "[",
        "an",
        "nul",
    ]
)


@given(st.lists(PIECES, max_size=12), st.sampled_from(["", " "]))
def test_any_text_compiles_or_is_refused(pieces: list[str], space: str) -> None:
    takes = False
    with contextlib.suppress(MappingError, Refused):
        takes = compile_trigger(space.join(pieces))(TRACK)
    assert takes in (True, False)


@pytest.mark.parametrize(
    ("trigger", "names"),
    [
        ('type = "track" and traits.a != null or userId = "u"', ()),
        ('match(properties.a, "x*") and !contains(context.page.url, "y")', ()),
        ('type = "track" and groupId = "x"', ("groupId",)),
        ('anonymousId != null or messageId = "m" or anonymousId = "a"', ("anonymousId", "messageId")),
        ('contains(groupId, "x") and !match( integrations.All, "*" )', ("groupId", "integrations.All")),
        ("traits.plan = pro", ()),
        ('type = "track', ()),
    ],
)
def test_names_that_count_for_nothing_are_named(trigger: str, names: tuple[str, ...]) -> None:
    assert passed_over(trigger) == names


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ('type = "track"', "track"),
        ('type = "track" and event != "Signed Up"', "track"),
        ('type = "track" and event = "Signed Up" and name = null', "track"),
        ('type = "track" or event = "Signed Up"', None),
        ('event = "Signed Up" and type = "track"', None),
        ('type != "track"', None),
    ],
)
def test_a_trigger_that_starts_with_a_type_matches_no_other(text: str, type: str | None) -> None:
    node = parse_trigger(text)
    assert only_type(node) == type
    rest = without_type(node)
    for message in (
        {"type": "track", "event": "Signed Up"},
        {"type": "track", "event": "Signed Up", "name": "x"},
        {"type": "track"},
        {"type": "page", "event": "Signed Up"},
    ):
        whole = compile_trigger(text)(message)
        assert whole == (type in (None, message["type"]) and (rest is None or holds(rest, message)))
