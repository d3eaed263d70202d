"""Values as JavaScript has them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.mapping.javascript import format_number, json_number, plain, quote, to_number, to_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (12345678901234567890, "12345678901234567000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (0.1, "0.1"),
        (-12.25, "-12.25"),
        (9007199254740993, "9007199254740992"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        (10**400, "Infinity"),
    ],
)
def test_numbers_as_text(number: float, text: str) -> None:
    assert format_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back_as_the_same_number(number: float) -> None:
    assert float(format_number(number)) == number
    written = json_number(number)
    assert written is not None
    assert float(written) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        (" 5 ", 5),
        ("0x1F", 31),
        ("0b11", 3),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("-Infinity", -math.inf),
    ],
)
def test_text_as_numbers(text: str, number: float) -> None:
    assert to_number(text) == number


@pytest.mark.parametrize("text", ["1_0", "abc", "1,5", "0x", "-0x1", "nan", "inf", "١"])
def test_text_that_is_no_number(text: str) -> None:
    assert math.isnan(to_number(text))


def test_lists_and_objects_as_text() -> None:
    assert to_text([1.0, None, ["a", True], {}]) == "1,,a,true,[object Object]"


def test_plain_copies_only_what_changes() -> None:
    same: dict[str, object] = {"a": [1, {"b": "c"}], "d": None}
    assert plain(same) is same  # pyright: ignore[reportArgumentType]
    changing = {"a": [1.0, {"b": math.inf}], "__proto__": 1}
    assert plain(changing) == {"a": [1, {"b": None}]}  # pyright: ignore[reportArgumentType]
    assert changing == {"a": [1.0, {"b": math.inf}], "__proto__": 1}


def test_quote_escapes_only_unpaired_surrogates() -> None:
    assert quote('é😀\ud800"') == '"é😀\\ud800\\""'
