"""The changes that an insert function made, found and made again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.outcomes import Change, changes_between, with_changes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(["", "a", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


@given(OBJECTS, OBJECTS)
def test_the_changes_make_one_document_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    given, wanted = copy.deepcopy(before), copy.deepcopy(after)
    changes = changes_between(before, after)
    assert same(with_changes(before, changes), after)
    assert repr((before, after)) == repr((given, wanted)), "the documents themselves stay as they are"
    assert with_changes(before, changes) is before or changes


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1.0}, ()),
        ({"a": 1}, {"a": True}, (Change(("a",), True),)),
        ({"a": [1, {"b": 0}]}, {"a": [1, {"b": False}]}, (Change(("a",), [1, {"b": False}]),)),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, (Change(("a", "b"), removed=True), Change(("a", "c"), 3))),
        ({"a": {"b": 1}}, {"a": None}, (Change(("a",), None),)),
        ({}, {"a": None}, (Change(("a",), None),)),
    ],
)
def test_the_changes(before: Any, after: Any, changes: tuple[Change, ...]) -> None:
    assert changes_between(before, after) == changes


def test_a_document_without_changes_is_the_same_object() -> None:
    document: dict[str, Any] = {"a": {"b": 1}}
    assert with_changes(document, ()) is document


def test_a_deep_document_is_compared_without_recursion() -> None:
    def deep(end: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"end": end}
        for _ in range(5_000):
            made = {"in": made}
        return made

    (change,) = changes_between(deep(1), deep(2))
    assert len(change.path) == 5_001
    assert change.value == 2


def test_a_change_that_leads_nowhere_is_left_out() -> None:
    assert with_changes({"a": 1}, [Change(("a", "b"), 2), Change(("x",), removed=True)]) == {"a": 1}
