"""Rows of two documents that belong together stand level."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segtap.core.compare.fields import FieldRow
from segtap.tui.model.beside import fields_of, in_order, pairs
from segtap.tui.model.level import BLANK, Lines, level, own_lines

HEIGHTS = st.lists(st.integers(1, 3), max_size=12)


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[list[int], list[int], dict[int, int]]:
    left, right = draw(HEIGHTS), draw(HEIGHTS)
    rows = st.integers(0, max(len(left) - 1, 0))
    pairs = draw(st.dictionaries(st.integers(0, max(len(right) - 1, 0)), rows)) if left and right else {}
    return left, right, pairs


def rows_of(lines: Lines) -> list[tuple[int, int]]:
    return [line for line in lines if line != BLANK]


@given(two_sides(), st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_every_line_is_there_in_order_and_pairs_are_level(
    sides: tuple[list[int], list[int], dict[int, int]], lead: tuple[int, int]
) -> None:
    left, right, belongs = sides
    found = level(left, right, belongs, lead)
    for lines, heights in zip(found, (left, right), strict=True):
        assert rows_of(lines) == [(row, part) for row, height in enumerate(heights) for part in range(height)]
    if belongs:
        first = min(belongs)
        here, there = found[1].index((first, 0)), found[0].index((belongs[first], 0))
        assert here - lead[1] == there - lead[0]
    assert all(line == BLANK for lines, blank in zip(found, lead, strict=True) for line in lines[:blank])


def test_between_two_pairs_rows_stand_beside_each_other() -> None:
    left, right = level([1, 1, 2, 1], [1, 1, 1], {0: 0, 2: 3})
    assert left == [(0, 0), (1, 0), (2, 0), (2, 1), (3, 0)]
    assert right == [(0, 0), (1, 0), BLANK, BLANK, (2, 0)]


def test_pairs_that_cross_give_way_to_the_first() -> None:
    left, right = level([1, 1], [1, 1], {0: 1, 1: 0})
    assert (left, right) == ([(0, 0), (1, 0)], [BLANK, (0, 0), (1, 0)])


def test_a_document_by_itself_has_lines_only_where_rows_are_high() -> None:
    assert own_lines([1, 1]) is None
    assert own_lines([1, 2]) == [(0, 0), (1, 0), (1, 1)]


PROPERTIES = "requests[0].body[0].properties"
ROWS = (
    FieldRow(state="same", source="$.event", target="requests[0].body[0].event"),
    FieldRow(state="same", source="$.userId", target=f"{PROPERTIES}.distinct_id"),
    FieldRow(
        state="changed", source="$.properties.list[0].id", target="requests[0].body[0].properties.list[0].id"
    ),
    FieldRow(state="dropped", source="$.properties.gone"),
    FieldRow(state="same", source="$.context.os", target="requests[1].body.os", request=1),
    FieldRow(state="added", target=f"{PROPERTIES}.$source"),
)


def test_fields_of_one_request() -> None:
    fields = fields_of(ROWS, 0)
    assert fields.dropped == {"$.properties.gone"}
    assert fields.added == {"requests[0].body[0].properties.$source"}
    assert fields.changed == {"requests[0].body[0].properties.list[0].id"}
    assert "requests[1].body.os" not in fields.sources


def test_the_request_has_the_order_of_the_message_and_what_was_added_comes_last() -> None:
    body = [{"properties": {"$source": "s", "list": [{"id": 1}], "distinct_id": "u"}, "event": "E"}]
    ordered = in_order(body, "requests[0].body", fields_of(ROWS, 0).ranks)  # type: ignore[arg-type]
    assert ordered == body
    assert list(ordered[0]) == ["event", "properties"]  # type: ignore[index]
    assert list(ordered[0]["properties"]) == ["distinct_id", "list", "$source"]  # type: ignore[index]


def test_a_field_in_a_folded_object_belongs_to_the_objects_row() -> None:
    fields = fields_of(ROWS, 0)
    body = "requests[0].body[0]"
    left = ["$.event", "$.userId", "$.properties", "$.properties.list"]
    right = [
        f"{body}.event",
        f"{body}.properties",
        f"{body}.properties.distinct_id",
        f"{body}.properties.list",
    ]
    assert pairs(fields, left, right) == {0: 0, 2: 1, 3: 3}
    opened = [*left, "$.properties.list[0]", "$.properties.list[0].id"]
    assert pairs(fields, opened, [*right, f"{body}.properties.list[0]"])[4] == 4
