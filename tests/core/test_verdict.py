"""What the source of a value says about the message."""

import pytest

from segtap.core.verdict import PropertySource


@pytest.mark.parametrize(
    ("source", "place", "path"),
    [
        ("$.traits.email", True, "$.traits.email"),
        ("$.properties['a, b']", True, "$.properties['a, b']"),
        ("$.messageId, as string", False, "$.messageId"),
        ("$.timestamp, as milliseconds", False, "$.timestamp"),
        ("worked out of $.traits.createdAt", False, "$.traits.createdAt"),
        ("worked out of $.traits.firstName and $.traits.lastName", False, ""),
        ("$.traits.firstName and $.traits.lastName", False, ""),
        ("setting: project token", False, ""),
        ('template "Viewed {{name}}"', False, ""),
        ('"US" (literal)', False, ""),
    ],
)
def test_the_one_path_that_a_value_was_made_of(source: str, place: bool, path: str) -> None:
    assert PropertySource("requests[0].body", source, "", place).stands_at == path
