import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.messages import Json
from segtap.core.text import ago, clean, shorten, shown, size

ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Order Completed", "Order Completed"),
        ("Zoë 🎉", "Zoë 🎉"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x9b31m", "⟨9b⟩31m"),
        ("a\tb\r\nc", "a⇥b␍⏎c"),
        ("user\u202egnp.exe", "user⟨U+202E⟩gnp.exe"),
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("zero\u200bwidth", "zero⟨zero width⟩width"),
        ("\ufeff{}", "⟨BOM⟩{}"),
        ("half \ud83d of a pair", "half � of a pair"),
        ("\x00", "␀"),
    ],
)
def test_clean_makes_strange_characters_visible(text: str, result: str) -> None:
    assert clean(text) == result


@given(ANY_TEXT)
def test_clean_text_is_one_line_and_encodes(text: str) -> None:
    result = clean(text)
    assert result.encode().decode() == result
    assert len(result.splitlines()) <= 1
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in result)
    assert clean(result) == result


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("order_991", '"order_991"'),
        ("", '""'),
        ("x" * 100, '"' + "x" * 57 + '…"'),
        ("\x1b[2J", '"␛[2J"'),
        (None, "null"),
        (True, "true"),
        (12, "12"),
        (59.8, "59.8"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        ([1, 2], "[2 items]"),
        ({"a": 1}, "{1 key}"),
        ({}, "{}"),
    ],
)
def test_shown(value: Json, result: str) -> None:
    assert shown(value) == result


def test_shown_never_writes_out_a_giant_number() -> None:
    assert shown(10**5000) == "a number of over 1,000 digits"


@given(ANY_TEXT, st.integers(3, 80))
def test_shown_keeps_its_limit(text: str, limit: int) -> None:
    assert len(shown(text, limit)) <= limit


def test_shorten_leaves_what_fits() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (2150, "2.1 KB"),
        (32 * 1024, "32 KB"),
        (41062, "40.1 KB"),
        (1024 * 1024 - 1, "1 MB"),
        (1536 * 1024, "1.5 MB"),
        (5 * 1024**3, "5 GB"),
        (5000 * 1024**3, "5,000 GB"),
    ],
)
def test_size(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (0, "just now"),
        (4_300, "4 s ago"),
        (-4_300, "in 4 s"),
        (125_000, "2 min ago"),
        (7_200_000, "2 h ago"),
        (86_400_000, "1 day ago"),
        (10 * 86_400_000, "10 days ago"),
        (56 * 365 * 86_400_000, "56 years ago"),
    ],
)
def test_ago(before: int, words: str) -> None:
    now = 1_795_557_764_000
    assert ago(now - before, now) == words
