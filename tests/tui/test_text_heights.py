"""The height of a text that changes while the screen is being laid out."""

from __future__ import annotations

import pytest
from pane_host import Host
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from segtap.tui.widgets.text_block import TextBlock
from segtap.tui.widgets.wire_pane import WirePane

pytestmark = pytest.mark.usefixtures("still")


@pytest.mark.parametrize("rows", [3, 100])
async def test_a_text_has_the_height_of_its_rows(rows: int) -> None:
    block = TextBlock()
    async with Host(VerticalScroll(block)).run_test(size=(90, 30)) as pilot:
        block.put(Content("\n".join(["line"] * rows)))
        await pilot.pause()
        assert block.size.height == rows


async def test_a_box_is_as_high_as_the_text_in_it() -> None:
    block = TextBlock()
    box = Vertical(block)
    box.styles.height = "auto"
    async with Host(box).run_test(size=(90, 30)) as pilot:
        block.put(Content("one\ntwo"))
        await pilot.pause()
        assert box.size.height == 2


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
