"""Text that is percent-encoded, or base64, in part only: what was done with it is said, or it is left."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.codec import decode
from segtap.core.codec.percent import unpercent
from segtap.core.errors import InputError


@pytest.mark.parametrize("pasted", ["foo%bar", "data=foo%bar", '"foo%bar"', "a%ff", "x%E4y"])
def test_what_was_not_percent_encoded_is_not_shown_as_if_it_was(pasted: str) -> None:
    with pytest.raises(InputError) as raised:
        decode(pasted)
    own = pasted.strip('"').removeprefix("data=")
    assert f'"{own}" does not begin like JSON' in str(raised.value)


@pytest.mark.parametrize(
    ("pasted", "value", "notes"),
    [
        (
            "%7B%22a%22%3A%22foo%bar%22%7D",
            {"a": "fooºr"},
            ["%ba is not UTF-8: read as Latin-1 (º), unless the % is the text's own"],
        ),
        (  # what JavaScript's escape() writes
            "%7B%22a%22%3A%22Zo%EB%20%FC%22%7D",
            {"a": "Zoë ü"},
            ["%EB, %FC are not UTF-8: read as Latin-1 (ë, ü), unless the % is the text's own"],
        ),
        (
            "%7B%22a%22%3A%22Zo%C3%AB%20foo%bar%22%7D",
            {"a": "Zoë foo%bar"},
            ["%ba is not UTF-8: left as it stood"],
        ),
        (
            "%7B%22a%22%3A%22100%%22%7D",
            {"a": "100%"},
            ["a % without two hexadecimal digits behind it is left as it stood (1 of them)"],
        ),
        (
            '%7B"a"%3A "x%20y"%7D',
            {"a": "x y"},
            ['only a part of the text is percent-encoded: ", white space stood in it as they are'],
        ),
        (
            'data={"a":"x%20y+z"}',
            {"a": "x%20y+z"},
            [
                "the form field is not percent-encoded: %… and + in it are shown as they stand, "
                "a server reads other characters there"
            ],
        ),
        ("data=%7B%22a%22%3A%22b+%E4%22%7D", {"a": "b ä"}, ["%E4 is not UTF-8: read as Latin-1 (ä), unless "
         "the % is the text's own"]),
        # Not encoded at all, or the whole of it: nothing to say.
        ('{"a":"foo%bar"}', {"a": "foo%bar"}, []),
        (quote('{"a":"100% Zoë"}'), {"a": "100% Zoë"}, []),
        ("data=%7B%22a%22:%22x+y%22%7D", {"a": "x y"}, []),
    ],
)  # fmt: skip
def test_what_was_done_is_said(pasted: str, value: object, notes: list[str]) -> None:
    decoded = decode(pasted)
    assert decoded.value == value
    assert list(decoded.notes) == notes


def test_base64_that_is_not_whole_says_what_was_left_out() -> None:
    text = '{"a": "~~~>>>"}'
    whole = base64.b64encode(text.encode()).decode()
    assert decode(whole).notes == ()
    decoded = decode(whole + "A")
    assert decoded.value == {"a": "~~~>>>"}
    assert decoded.notes == ("the base64 is not whole: its last character, A, is left out",)
    assert "+" in whole
    assert decode(whole.replace("+", " ")).notes == ("spaces in the base64 are read as +",)


def test_notes_are_kept_through_the_layers_below() -> None:
    inner = json.dumps('{"a": NaN}')
    decoded = decode(f"data={quote(inner)}%20")
    assert decoded.value == {"a": None}
    assert decoded.notes == ("NaN at $.a is not JSON: it reads as null",)


@given(st.text(alphabet='%0aAfFé🎉 {}"+x', max_size=60), st.booleans())
def test_nothing_changes_without_a_note_but_percent_encoding(text: str, plus: bool) -> None:
    plain = unpercent(text, plus_as_space=plus)
    plain.text.encode()
    again = unpercent(quote(text, safe=""), plus_as_space=plus)
    assert again == (text, (), True)
