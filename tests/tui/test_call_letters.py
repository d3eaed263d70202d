"""The letter of a message, wherever it is shown."""

from __future__ import annotations

import pytest

from segtap.tui.render.glyphs import ASCII, call_letter
from segtap.tui.render.summary import call_mark, event_words


@pytest.mark.parametrize(
    ("type", "shown"),
    [("track", ("T", "track")), ("raw", ("M", "mixpanel-direct")), ("strange", ("?", "dim"))],
)
def test_letter_and_style(type: str, shown: tuple[str, str]) -> None:
    assert call_letter(type) == shown
    assert call_mark(type, ASCII) == shown


def test_what_goes_straight_to_mixpanel_is_called_by_its_event_or_operation() -> None:
    assert event_words("raw", "$set") == "$set"
    assert event_words("raw", "") == "straight to Mixpanel, without a name"
