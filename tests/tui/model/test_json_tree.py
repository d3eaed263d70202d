"""The rows of a document: folding, finding a row by its line and back, paths."""

from __future__ import annotations

from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.tui.model.json_path import child_path, resolve
from segtap.tui.model.json_tree import LISTED, MORE, OPEN_AT_FIRST, JsonTree

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=40,
)


def paths(tree: JsonTree) -> list[str]:
    return [tree.row(line).path for line in range(len(tree))] if not tree.scalar else []


def below(value: Any, path: str = "$") -> list[str]:
    """Every path of a document in order, the plain way."""
    found: list[str] = []
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in children:
        found.append(child_path(path, key))
        found += below(item, found[-1])
    return found


@given(VALUES)
@examples(200)
def test_unfolded_rows_are_all_values_in_order(value: Any) -> None:
    tree = JsonTree(value)
    tree.open_all()
    assert paths(tree) == below(value)


@given(VALUES, st.data())
@examples(200)
def test_line_and_row_are_each_others_inverse_whatever_is_folded(value: Any, data: Any) -> None:
    tree = JsonTree(value)
    for _ in range(4):
        if tree.scalar:
            return
        row = tree.row(data.draw(st.integers(0, len(tree) - 1)))
        if row.is_open:
            tree.fold(row)
        else:
            tree.open(row)
        assert [tree.line(tree.row(line)) for line in range(len(tree))] == list(range(len(tree)))
        with pytest.raises(IndexError):
            tree.row(len(tree))


@given(VALUES)
@examples(200)
def test_every_path_leads_to_its_value(value: Any) -> None:
    tree = JsonTree(value)
    tree.open_all()
    for path in below(value):
        row = tree.reveal(path)
        assert row is not None
        assert row.path == path


def test_a_long_document_opens_only_what_fits() -> None:
    tree = JsonTree({"few": {"a": [1, 2]}, "many": list(range(100_000))})
    assert paths(tree)[:4] == ["$.few", "$.few.a", "$.few.a[0]", "$.few.a[1]"]
    assert len(tree) == 5 <= OPEN_AT_FIRST
    many = tree.reveal("$.many[99999]")
    assert many is not None
    assert tree.line(many) == len(tree) - 1 == 100_004


def test_folding_by_hand_holds_for_the_next_document() -> None:
    tree = JsonTree({"context": {"ip": 1}, "traits": {"a": 1}})
    row = tree.reveal("$.context")
    assert row is not None
    tree.fold(row)
    tree.remember(row, False)
    following = JsonTree({"context": {"ip": 2, "os": {}}, "traits": {"b": 2}}, folds=tree.folds)
    assert paths(following) == ["$.context", "$.traits", "$.traits.b"]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("$.a.b", ["a", "b"]),
        ("$.a.dotted.key", ["a", "dotted.key"]),
        ("$.a['dotted.key']", ["a", "dotted.key"]),
        ('$.a["dotted.key"]', ["a", "dotted.key"]),
        ("$.list[1].x", ["list", 1, "x"]),
        ("$['it\\'s']", ["it's"]),
        ("$.a.missing", None),
        ("$.list[2]", None),
        ("$.a.b.c", None),
        ("requests[0].body", None),
    ],
)
def test_paths_are_read_as_people_and_rules_write_them(path: str, keys: list[Any] | None) -> None:
    document: Any = {"a": {"b": 1, "dotted.key": 2}, "list": [0, {"x": 3}], "it's": 4}
    assert resolve(document, "$", path) == keys


@pytest.mark.parametrize("value", [{}, [], 1, "text", None])
def test_a_document_without_rows_is_one_line(value: Any) -> None:
    tree = JsonTree(value)
    assert tree.scalar
    assert len(tree) == 1
    assert tree.reveal("$.a") is None


def test_a_long_array_has_rows_for_its_first_items_and_one_for_the_others() -> None:
    tree = JsonTree({"a": 1, "items": [{"x": number} for number in range(1_300)], "z": 2})
    row = tree.visible("$.items")
    assert row is not None
    tree.open(row)
    last = tree.row(len(tree) - 2)
    assert last.hidden == 1_300 - LISTED
    assert tree.open(last) is None
    assert paths(tree)[-1] == "$.z"
    assert tree.visible("$.items[99]") is not None
    assert tree.visible("$.items[100]") is None
    tree.list_more(last.branch)
    assert tree.row(len(tree) - 2).hidden == 1_300 - LISTED - MORE
    assert tree.visible("$.items[1099]") is not None
    tree.list_more(last.branch)
    assert not tree.row(len(tree) - 2).hidden
    assert [tree.line(tree.row(line)) for line in range(len(tree))] == list(range(len(tree)))


def test_a_path_into_a_long_array_lists_what_is_before_it() -> None:
    tree = JsonTree([[number] for number in range(5_000)])
    row = tree.reveal("$[4321][0]")
    assert row is not None
    assert row.path == "$[4321][0]"
    assert tree.visible("$[4321][0]") == row
    assert tree.row(len(tree) - 1).hidden == 5_000 - 4_322


def test_what_is_in_sight_is_found_without_unfolding_anything() -> None:
    tree = JsonTree({"a": {"b": 1}})
    row = tree.visible("$.a.b")
    assert row is not None
    assert row.path == "$.a.b"
    tree.fold_all()
    assert tree.visible("$.a.b") is None
    assert tree.visible("$.nowhere") is None
    assert len(tree) == 1
