"""Finding the text of a value by its path."""

from __future__ import annotations

import json

import pytest

from segtap.tui.model.json_place import place_of

MESSAGE = {
    "messageId": 'a "quoted" id',
    "properties": {"id": 7, "odd.key": None, "list": [1, {"deep": [True, "x"]}], "empty": {}, "none": []},
    "userId": "u",
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", MESSAGE),
        ("$.messageId", 'a "quoted" id'),
        ("$.properties.id", 7),
        ("$.properties['odd.key']", None),
        ("$.properties.odd.key", None),
        ("$.properties.list[1].deep[1]", "x"),
        ("$.properties.list[0]", 1),
        ("$.properties.empty", {}),
        ("$.properties.none", []),
        ("$.userId", "u"),
    ],
)
def test_the_place_holds_the_value(path: str, value: object, indent: int | None) -> None:
    text = "\n " + json.dumps(MESSAGE, indent=indent)
    place = place_of(text, path)
    assert place is not None
    start, end = place
    quoted = text[start - 1] == '"' == text[end]
    assert quoted is isinstance(value, str)
    assert json.loads(text[start - quoted : end + quoted]) == value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1}', "$.b"),
        ('{"a": 1}', "$.a.b"),
        ('{"a": [1]}', "$.a[1]"),
        ('{"a": 1}', "requests[0].body[0].event"),
        ('{"a": ', "$.a"),
        ("", "$"),
        ("[" * 100_000, "$[0]"),
    ],
)
def test_what_is_not_there_has_no_place(text: str, path: str) -> None:
    assert place_of(text, path) is None
