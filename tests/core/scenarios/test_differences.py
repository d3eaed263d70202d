"""The differences between expected requests and those of now."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.scenarios.differences import Difference, differences

A, B, C = ({"url": name, "body": [{"n": 1}]} for name in "abc")


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        ([], [], []),
        ([A, B], [A, B], []),
        ([A], [{**A, "body": [{"n": 1.0}]}], []),
        ([A], [{**A, "body": [{"n": True}]}], [("requests[0].body[0].n", "changed")]),
        ([A], [{**A, "body": [{"n": "1"}]}], [("requests[0].body[0].n", "changed")]),
        ([A], [{"body": [{}], "url": "a"}], [("requests[0].body[0].n", "removed")]),
        ([A], [{**A, "a b": None}], [("requests[0]['a b']", "added")]),
        ([A], [{**A, "body": [{"n": 1}, 2]}], [("requests[0].body[1]", "added")]),
        ([A, B, C], [B, C], [("requests[0]", "removed")]),
        ([A, B, C], [A, C], [("requests[1]", "removed")]),
        ([A, C], [A, B, C], [("requests[1]", "added")]),
        ([], [A, B], [("requests[0]", "added"), ("requests[1]", "added")]),
        ([A], [{**A, "body": None}], [("requests[0].body", "changed")]),
    ],
)
def test_each_difference_is_named(was: list[Any], now: list[Any], found: list[tuple[str, str]]) -> None:
    assert [(one.path, one.state) for one in differences(was, now)] == found


def test_a_difference_has_both_values() -> None:
    assert differences([{"a": 1}], [{"a": "x"}]) == [Difference("requests[0].a", "changed", 1, "x")]


def test_deep_values_are_compared() -> None:
    one: Any = 1
    other: Any = 2
    for _ in range(2000):
        one, other = [one], [other]
    assert len(differences([{"a": one}], [{"a": other}])) == 1
