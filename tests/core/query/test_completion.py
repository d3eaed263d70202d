"""What completes a filter: the part at the cursor, and the paths and values that fit there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.messages import JsonObject
from segtap.core.query import parse
from segtap.core.query.completion import (
    Spot,
    field_written,
    fields_for,
    paths_for,
    spot_at,
    times_for,
    value_at,
    value_written,
)
from segtap.core.query.fields import FIELDS

DOCUMENT: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "properties": {
        "total": 59.8,
        "my key": "a b",
        "products": [{"sku": "A1"}],
        "tags": ["x"],
        "total_tax": None,
    },
    "context": {"library": {"name": "analytics.js"}},
}


@pytest.mark.parametrize(
    ("text", "spot"),
    [
        ("", Spot("word", "", "", 0, 0)),
        ("ty", Spot("word", "", "ty", 0, 2)),
        ("warn:error ", Spot("word", "", "", 11, 11)),
        ("-(us", Spot("word", "", "us", 2, 4)),
        ('"order c', Spot("word", "", "order c", 0, 8)),
        ("type:", Spot("value", "type", "", 5, 5)),
        ("type:track,pa", Spot("value", "type", "pa", 11, 13)),
        ('a event:"Order C', Spot("value", "event", "Order C", 8, 16)),
        (r'event:"a \"b', Spot("value", "event", 'a "b', 6, 12)),
        ("properties.to", Spot("word", "", "properties.to", 0, 13)),
        ("properties.total>=10", Spot("comparison", "properties.total", "10", 18, 20)),
        ("properties.total!=1", Spot("comparison", "properties.total", "1", 18, 19)),
        ("typ:track", None),
        ("https://x", None),
        ("event~^Or", None),
    ],
)
def test_the_part_at_the_end(text: str, spot: Spot | None) -> None:
    assert spot_at(text, len(text)) == spot


def test_the_part_in_the_middle_ends_where_the_next_begins() -> None:
    assert spot_at("event:Or warn:error", 8) == Spot("value", "event", "Or", 6, 8)
    assert spot_at("type:tr,page", 7) == Spot("value", "type", "tr", 5, 7)
    assert spot_at("typ:track", 3) == Spot("word", "", "typ", 0, 4), "with its colon: what is written has one"
    assert spot_at("a  b", 2) == Spot("word", "", "", 2, 2)


@given(st.text('ab:,"\\ ()-.=~?type', max_size=30), st.integers(0, 30))
def test_the_part_is_around_the_cursor_in_any_text(text: str, cursor: int) -> None:
    cursor = min(cursor, len(text))
    spot = spot_at(text, cursor)
    if spot is not None:
        assert 0 <= spot.start <= cursor <= spot.end <= len(text)


def test_fields_by_their_beginning() -> None:
    assert fields_for("") == list(FIELDS)
    assert [field.name for field in fields_for("S")] == ["source", "sent", "since"]
    assert fields_for("nothing") == []


def test_paths_are_found_by_any_part_and_can_be_asked_for() -> None:
    assert [path for path, _ in paths_for(DOCUMENT, "tot")] == ["properties.total", "properties.total_tax"]
    assert [path for path, _ in paths_for(DOCUMENT, "properties.pro")] == ["properties.products.sku"]
    assert ("context.library.name", "analytics.js") in paths_for(DOCUMENT, "NAME")
    for path, _ in paths_for(DOCUMENT, ""):
        parse(f"{path}?")


def test_the_value_at_a_path_is_written_so_that_it_is_found() -> None:
    assert value_at(DOCUMENT, "properties.total") == "59.8"
    assert value_at(DOCUMENT, 'properties."my key"') == '"a b"'
    assert value_at(DOCUMENT, "properties.total_tax") == value_at(DOCUMENT, "properties.none") == ""
    assert [value_written(value) for value in (True, "true", 5, "5", "x")] == [
        "true",
        '"true"',
        "5",
        '"5"',
        "x",
    ]


@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_a_written_value_is_read_as_itself(value: str) -> None:
    query = parse(f"event:{field_written(value)}")
    assert query == parse(f"event:{str(query).partition(':')[2]}")
    assert "*" in value or "*" not in str(query).replace("\\*", "")


def test_a_value_that_may_be_cut_ends_in_a_star() -> None:
    assert field_written("a" * 128) == f'"{"a" * 128}*"'


def test_times_are_offered_for_the_fields_that_have_one() -> None:
    for text in ("since:", "until:2"):
        spot = spot_at(text, len(text))
        assert spot is not None
        assert times_for(spot)
        for time in times_for(spot):
            parse(f"since:{time}")
    spot = spot_at("type:", 5)
    assert spot is not None
    assert not times_for(spot)
