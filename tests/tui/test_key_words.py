"""The keys below the summary, the users and the groups: on a narrow terminal the way back stays."""

from __future__ import annotations

import pytest

from segtap.tui.keymap import first
from segtap.tui.screens.groups import GroupsScreen
from segtap.tui.screens.live_screen import key_words
from segtap.tui.screens.summary import SummaryScreen
from segtap.tui.screens.users import UsersScreen


@pytest.mark.parametrize("keys", [SummaryScreen.KEYS, UsersScreen.KEYS, GroupsScreen.KEYS])
def test_the_way_back_stays_longest(keys: tuple[tuple[str, str], ...]) -> None:
    whole = key_words(200, keys).plain
    assert [part.split(" ", 1)[0] for part in whole.split("   ")] == [first(id) for id, _ in keys]
    for width in range(8, 200):
        told = key_words(width, keys)
        assert told.cell_length <= width
        assert told.plain.endswith("Esc back"), width
    assert key_words(40, keys).plain.startswith("Enter")
    assert key_words(18, keys).plain == "Esc back"
