"""Wrapping and colouring of long text."""

from __future__ import annotations

import json
from typing import Any

from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pane_host import Host
from rich.cells import cell_len

from segtap.core.text import clean
from segtap.tui.render.wrapped import Wrapped
from segtap.tui.widgets.text_view import TextView, hexdump, is_text, readable

TEXTS = st.text(st.sampled_from('ab "{}[]:,1e-é日本👍\n\\\x1b\t'), max_size=120)


@given(TEXTS, st.integers(2, 20), st.booleans())
@examples(300)
def test_nothing_is_lost_and_no_row_is_too_wide(text: str, width: int, colored: bool) -> None:
    wrapped = Wrapped(text, width, json=colored)
    rows = ["".join(piece for piece, _ in wrapped.row(number)) for number in range(wrapped.rows)]
    assert "".join(rows) == "".join(map(clean, text.split("\n")))
    assert all(cell_len(row) <= width for row in rows)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
@examples(200)
def test_each_token_has_the_style_of_its_kind(value: Any) -> None:
    text = json.dumps(value)
    wrapped = Wrapped(text, 10_000, json=True)
    spans = wrapped.row(0)
    strings = [piece for piece, style in spans if style in ("string", "key")]
    assert strings == [json.dumps(item) for item in texts(value)]
    assert [piece for piece, style in spans if style == "key"] == [json.dumps(item) for item in names(value)]


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts(item))]
    return []


def names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in names(item)]
    if isinstance(value, dict):
        return [name for key, item in value.items() for name in (key, *names(item))]
    return []


def test_a_far_row_can_be_asked_for_first() -> None:
    wrapped = Wrapped('{"a":' + "1," * 1000 + '"é":2}', 20, json=True)
    last = wrapped.rows - 1
    assert ('"é"', "key") in wrapped.row(last)
    assert wrapped.row(0)[1] == ('"a"', "key")
    assert wrapped.row(last + 1) == []


def test_bytes_that_are_no_text_are_shown_in_hexadecimal() -> None:
    assert readable("né".encode()) == "né"
    assert not is_text(b"\x1f\x8b\x08")
    assert not is_text(b"a\0b")
    assert (
        readable(b"\x1f\x8b\x08\0abcde")
        == "000000  1f 8b 08 00 61 62 63 64  ....abcd\n000008  65" + " " * 23 + "e"
    )
    assert hexdump(b"x" * 5000).endswith("… 904 bytes more")


async def test_the_view_wraps_to_the_width_that_it_is_drawn_with() -> None:
    view = TextView()
    app = Host(view)
    async with app.run_test(size=(40, 10)) as pilot:
        view.show("abcdefghij" * 10, json=True)
        await pilot.pause()
        width = view.scrollable_content_region.width
        assert view.render_line(0).text == ("abcdefghij" * 10)[:width]
        view._wrapped = Wrapped("abcdefghij" * 10, 1)
        assert view.render_line(0).text == ("abcdefghij" * 10)[:width]
        await pilot.resize_terminal(25, 10)
        assert view.render_line(0).text == ("abcdefghij" * 10)[: view.scrollable_content_region.width]
        assert view.virtual_size.height == -(-100 // view.scrollable_content_region.width)
