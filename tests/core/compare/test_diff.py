"""The structural diff of two documents."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.compare.diff import DiffRow, counts, diff, differences, id_key, lines, message_diff, words


def found(one: Any, other: Any) -> list[tuple[str, str]]:
    """The differences, as (kind, path)."""
    return [(row.kind, row.path) for row in diff(one, other) if row.differs]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("changed", "$.a")]),
        ({"a": 1}, {"a": "1"}, [("type", "$.a")]),
        ({"a": 1}, {"a": True}, [("type", "$.a")]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": None}, [("changed", "$.a")]),
        ({"a": {"x": 1}}, {"a": [1]}, [("type", "$.a")]),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, [("removed", "$.a"), ("added", "$.c")]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 3}}, [("changed", "$.a.y")]),
        ({"a": None}, {}, [("removed", "$.a")]),
    ],
)
def test_members_are_added_removed_changed_or_of_another_type(
    one: Any, other: Any, expected: list[tuple[str, str]]
) -> None:
    assert found(one, other) == expected


def test_items_are_aligned_by_what_identifies_them() -> None:
    one = {"products": [{"sku": "A", "price": 1}, {"sku": "B", "price": 2}]}
    other = {"products": [{"sku": "B", "price": 2}, {"sku": "C", "price": 3}, {"sku": "A", "price": 9}]}
    rows = [row for row in diff(one, other) if row.differs]
    assert [(row.kind, row.label, row.path) for row in rows] == [
        ("added", 'sku "C"', "$.products[1]"),
        ("changed", "price", "$.products[2].price"),
    ]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"id": 1, "sku": 2}, {"id": 2, "sku": 2}], "id"),
        ([{"id": 1, "sku": 1}, {"id": 1, "sku": 2}], "sku"),
        ([{"cart_id": 1}, {"cart_id": 2}], "cart_id"),
        ([{"id": [1]}, {"id": [2]}], None),
        ([{"id": 1}, {"no": 1}], None),
        ([{"id": 1}, 2], None),
        ([], None),
    ],
)
def test_a_key_identifies_items_if_each_has_another_value(items: list[Any], expected: str | None) -> None:
    assert id_key(items, items) == expected


def test_plain_values_are_aligned_by_what_they_share() -> None:
    assert [kind for kind, _ in found(["a", "b", "c"], ["b", "c", "d"])] == ["changed"] * 3, "by position"
    assert found(["a", "b", "c"], ["b", "c"]) == [("removed", "$[0]")]
    assert found([1, 2], [1, 5, 2]) == [("added", "$[1]")]


def test_objects_without_an_id_are_aligned_by_position() -> None:
    assert found([{"x": 1}, {"x": 2}], [{"x": 1}]) == [("removed", "$[1]")]
    assert found([{"x": 1}], [{"x": 2}]) == [("changed", "$[0].x")]


def test_containers_lead_to_what_differs_in_them() -> None:
    rows = diff({"a": {"b": {"c": 1}}, "d": {"e": 1}}, {"a": {"b": {"c": 2}}, "d": {"e": 1}})
    assert [(row.depth, row.label, row.kind) for row in rows] == [
        (0, "a", "inside"),
        (1, "b", "inside"),
        (2, "c", "changed"),
        (0, "d", "same"),
        (1, "e", "same"),
    ]
    assert [row.label for row in differences(rows)] == ["a", "b", "c"]


def test_removed_members_stand_where_they_were() -> None:
    assert [row.label for row in diff({"a": 1, "x": 1, "b": 2}, {"a": 1, "b": 2, "c": 3})] == [
        *("a", "x", "b", "c")
    ]


def test_it_can_be_said_and_written() -> None:
    rows = diff({"a": 1, "b": "2", "c": [1]}, {"a": 2, "b": 2, "d": None})
    assert counts(rows) == {"added": 1, "removed": 1, "changed": 1, "type": 1}
    assert words(rows) == "1 added, 1 removed, 1 changed, 1 with another type"
    assert words(()) == "no difference"
    assert list(lines(rows)) == [
        "~ a  1 → 2",
        '! b  "2" → 2  (string → number)',
        "- c  [1 item]",
        "+ d  null",
    ]


def test_what_every_message_has_its_own_of_is_left_out() -> None:
    one: Any = {"messageId": "1", "timestamp": "t", "event": "A", "context": {"ip": "1"}}
    other: Any = {"messageId": "2", "sentAt": "u", "event": "A", "context": {"ip": "2"}}
    assert [row.path for row in message_diff(one, other) if row.differs] == ["$.context.ip"]


def test_a_deep_document_is_compared_as_a_whole_from_some_level_on() -> None:
    def nested(value: Any) -> Any:
        for _ in range(400):
            value = [value]
        return value

    assert diff(nested(1), nested(1))[-1].kind == "same"
    last = diff(nested(1), nested(2))[-1]
    assert isinstance(last, DiffRow)
    assert (last.kind, last.depth) == ("changed", 200)
