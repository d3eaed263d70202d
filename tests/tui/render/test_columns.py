"""Columns of the list, and texts fitted into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from segtap.core.text import clean
from segtap.tui.render.columns import fit, sure


@given(st.text(max_size=200), st.integers(0, 60))
def test_a_text_fills_its_cells_exactly(text: str, width: int) -> None:
    assert cell_len(fit(clean(text), width)) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Order Completed", 15, "Order Completed"),
        ("Order Completed", 9, "Order Co…"),
        ("acme", 6, "acme  "),
        ("注文が完了", 6, "注文 …"),
        ("注文が完了", 7, "注文が…"),
        ("🛒🛒", 1, "…"),
        ("x" * 1_000_000, 5, "xxxx…"),
    ],
)
def test_fit(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("👨‍👩‍👧‍👦 Smith", "👨 Smith"),
        ("🇩🇪 Berlin", "DE Berlin"),
        ("🇩", "D"),
        ("👍🏽 ok", "👍 ok"),
        ("❤️ liked", "❤ liked"),
        ("1️⃣ first", "1 first"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿 kilt", "🏴 kilt"),
        ("🏳️‍🌈 pride", "🏳 pride"),
        ("Cafe\u0301", "Café"),
        ("한글", "한글"),
    ],
)
def test_clusters_of_unsure_width_become_one_sign(text: str, shown: str) -> None:
    """Terminals draw a family as one picture or as four, a flag as a picture or as two letters."""
    assert sure(text) == shown
    assert fit(text, 14) == shown + " " * (14 - cell_len(shown))


@given(st.text(st.sampled_from("a 👨👩🏽\u200d\ufe0f🇩🇪❤1\u20e3注e\u0301…"), max_size=60), st.integers(1, 30))
def test_a_line_is_as_wide_as_its_characters_one_by_one(text: str, width: int) -> None:
    assert sum(map(cell_len, fit(clean(text), width))) == width
