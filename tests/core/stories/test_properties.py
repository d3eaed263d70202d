"""The properties of an event: types, shares, changes, in whatever order the messages are read."""

from __future__ import annotations

import random
from typing import Any

import pytest

from segtap.core.stories.properties import (
    MAX_DEPTH,
    MOST_CHANGES,
    MOST_PROPERTIES,
    MOST_SLOTS,
    Properties,
    held_in,
    types_in,
)

MINUTE = 60_000


def read(values: list[Any], order: list[int] | None = None, type: str = "track") -> Properties:
    """Message `n` has the n-th of these values as `x` (`...`: without it), a minute after the one before."""
    found = Properties(type)
    for number in order or range(len(values)):
        held = {} if values[number] is ... else {"x": values[number]}
        found.add(number + 1, (number + 1) * MINUTE, {"properties": held})
    return found


def test_types_have_their_first_and_last_message_and_the_share() -> None:
    found = read([1, ..., 2.5, "3", None])
    (story,) = found.stories(10)
    assert (story.path, story.messages, found.messages) == (("x",), 4, 5)
    assert [(one.type, one.messages, one.first, one.last) for one in story.types] == [
        ("number", 2, 1, 3),
        ("string", 1, 4, 4),
        ("null", 1, 5, 5),
    ]
    assert [(one.message, one.before, one.after) for one in story.changes] == [(4, "number", "string")]


def test_null_is_no_change() -> None:
    (story,) = read([1, None, 2, None, None, 3]).stories(10)
    assert not story.changes_total


def test_the_order_of_reading_changes_nothing() -> None:
    """Read from the middle to both ends, as an engine does while messages come."""
    rng = random.Random(7)
    values = [rng.choice([1, "a", None, True, ..., [1], {"y": 1}]) for _ in range(60)]
    forwards = read(values)
    for start in (0, 1, 30, 59):
        low, high, order = start - 1, start + 1, [start]
        while low >= 0 or high < len(values):
            if high < len(values) and (low < 0 or rng.random() < 0.5):
                order.append(high)
                high += 1
            else:
                order.append(low)
                low -= 1
        other = read(values, order)
        assert other.stories(100) == forwards.stories(100)
        assert (other.start, other.step, other.slots()) == (forwards.start, forwards.step, forwards.slots())


def test_the_newest_changes_are_kept() -> None:
    for order in (None, list(range(99, -1, -1))):
        (story,) = read([1 if at % 2 else "1" for at in range(100)], order).stories(1)
        assert story.changes_total == 99
        assert [one.message for one in story.changes] == list(range(100, 100 - MOST_CHANGES, -1))


def test_slots_grow_so_that_there_are_few_and_lose_nobody() -> None:
    found = Properties("track")
    for number in range(2_000):
        found.add(number + 1, number * 97_000, {"properties": {"x": 1 if number % 3 else "1"}})
        assert len(found.slots()) <= MOST_SLOTS
    (story,) = found.stories(1)
    slots = found.slots()
    assert sum(slots) == 2_000
    assert [a + b for a, b in zip(*(one.slots for one in story.types), strict=True)] == list(slots)


def test_properties_within_objects_and_arrays_are_followed() -> None:
    held = {"cart": {"id": 1, "items": [{"price": 1}, {"price": "2"}, 7]}, "tags": ["a"]}
    assert dict(types_in(held)) == {
        ("cart",): "object",
        ("cart", "id"): "number",
        ("cart", "items"): "array",
        ("cart", "items", "price"): "number or string",
        ("tags",): "array",
    }


def test_a_deep_object_ends_somewhere() -> None:
    held: Any = 1
    for _ in range(500):
        held = {"x": held}
    assert len(dict(types_in(held))) == MAX_DEPTH


def test_those_that_changed_stand_first_then_the_most_frequent() -> None:
    found = Properties("track")
    for number in range(10):
        held: dict[str, Any] = {"b": 1, "changes": number if number else "0"}
        found.add(number + 1, number, {"properties": held | ({"a": 1} if number < 5 else {})})
    assert [one.path[0] for one in found.stories(10)] == ["changes", "b", "a"]
    assert [one.path[0] for one in found.stories(2)] == ["changes", "b"]
    assert found.total == 3


def test_more_properties_than_are_followed() -> None:
    found = Properties("track")
    for number in range(3):
        found.add(number + 1, number, {"properties": {f"p{at}": 1 for at in range(MOST_PROPERTIES)}})
    assert (found.total, found.open) == (MOST_PROPERTIES, False)
    found.add(4, 4, {"properties": {"one more": 1, "\x1b[31m" + "x" * 100_000: 1}})
    assert (found.total, found.open) == (MOST_PROPERTIES, True)


@pytest.mark.parametrize(
    ("type", "document", "held"),
    [
        ("identify", {"traits": {"a": 1}, "properties": {"b": 1}}, {"a": 1}),
        ("page", {"traits": {"a": 1}, "properties": {"b": 1}}, {"b": 1}),
        ("track", {"properties": [1]}, {}),
        ("raw", {"event": "x", "properties": {"b": 1}}, {"b": 1}),
        ("raw", {"$set": {"a": 1}}, {"$set": {"a": 1}}),
    ],
)
def test_where_properties_stand(type: str, document: Any, held: Any) -> None:
    from segtap.core.messages import RAW_TYPE

    assert held_in(document, RAW_TYPE if type == "raw" else type) == held
