"""Accepting what is suggested in place of a fault of a filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core import parse_filter
from segtap.core.errors import FilterFault
from segtap.tui.model.mending import mended


def fault_of(text: str) -> FilterFault:
    with pytest.raises(FilterFault) as raised:
        parse_filter(text)
    return raised.value


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("typ:track warn:error", "type:track warn:error"),
        ("x type:trak", "x type:track"),
        ("type:track,pagee", "type:track,page"),
        ("-typ:track", "-type:track"),
        ("(typ:track or warn:error) x", "(type:track or warn:error) x"),
        ("properties.total > 100", "properties.total>100"),
        ("properties.total >100", "properties.total>100"),
        ("type: track", "type:track"),
        ('a "open', 'a "open"'),
        ("https://segment.com/x", '"https://segment.com/x"'),
        ("typ:track warn:errors", "type:track warn:errors"),
        ("a or", 'a "or"'),
        ("sent:maybe", ""),
        ("(a", ""),
        ("a fn(x)", ""),
    ],
)
def test_the_suggestion_takes_the_place_of_the_term(text: str, becomes: str) -> None:
    assert mended(fault_of(text)) == becomes


@given(st.text('atype:rck=>.,()"- ~*!', max_size=14))
def test_whatever_is_typed_the_fault_goes_or_moves_on(text: str) -> None:
    try:
        parse_filter(text)
    except FilterFault as fault:
        made = mended(fault)
        assert made != text
        if made:
            try:
                parse_filter(made)
            except FilterFault as after:
                assert after.start > fault.start  # noqa: PT017
