"""Conditions that match no message are found, and none that may match one is called so."""

from __future__ import annotations

import pytest

from segtap.core.errors import MappingError
from segtap.core.mapping.fql_never import fql_never_matches


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("event = 'A' and event = 'B'", 'event cannot be both "A" and "B"'),
        ("event = 'A' and (userId != null and event = 'B')", 'event cannot be both "A" and "B"'),
        ("'A' = event and event in ['B', 'C']", 'event cannot be both "A" and "B"'),
        ('properties.a = 1 and properties.a = "1"', "properties.a cannot be both"),
        ('type = "tracks"', 'no call has the type "tracks"'),
        ('type = "tracks" or type = "pages"', 'no call has the type "tracks"'),
        ('userId = "u" and (type = "tracks" or type = "pages")', 'no call has the type "tracks"'),
        ("event = 'Blocked'", 'the event "Blocked" is blocked at its source'),
        ("userId in []", "userId is compared with an empty list"),
    ],
)
def test_a_condition_that_never_matches_says_why(condition: str, words: str) -> None:
    assert words in fql_never_matches(condition, blocked={"Blocked"})


@pytest.mark.parametrize(
    "condition",
    [
        "event = 'A' or event = 'B'",
        "event = 'A' and event != 'B'",
        "event = 'A' and event in ['A', 'B']",
        "!(event = 'A' and event = 'B')",
        'type = "track" or type = "tracks"',
        "event in ['A', 'Blocked']",
        "userId in properties.ids",
        "event = properties.name and event = 'A'",
        "event in [properties.name, 'Blocked']",
        "length(event) = 3 and length(event) = 4",
        "true",
    ],
)
def test_a_condition_that_may_match_is_left_alone(condition: str) -> None:
    assert fql_never_matches(condition, blocked={"Blocked"}) == ""


def test_a_condition_that_cannot_be_judged_raises() -> None:
    with pytest.raises(MappingError):
        fql_never_matches("event ==")
