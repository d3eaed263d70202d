"""The height of a text that changes while the screen is being laid out."""

from __future__ import annotations

import pytest
from pane_host import Host
from textual.content import Content

from segtap.tui.widgets.wire_pane import WirePane

pytestmark = pytest.mark.usefixtures("still")


async def test_a_text_that_changes_again_after_a_layout_gets_its_height() -> None:
    pane = WirePane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        await pilot.pause()
        place = pane.note
        for rows in (2, 5, 1, 3):
            place.put(Content(""))
            # A layout that another widget asked for, before this one's turn.
            pane._clear_arrangement_cache()
            pilot.app.screen._refresh_layout()
            place.put(Content("\n".join(["line"] * rows)))
            await pilot.pause()
            assert place.size.height == rows
