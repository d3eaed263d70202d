"""Keys that come faster than they are handled have the same effect as slow ones, in every box."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from details import MESSAGES, order
from fake_viewer import FakeViewer, story, until
from textual import events
from textual.pilot import Pilot

from segtap.tui.app import SegtapApp
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.edit import EditScreen
from segtap.tui.screens.name_box import NameBox
from segtap.tui.widgets.in_order import LineBox

AppOn = Callable[..., SegtapApp]
BURST = ("a", "b", "left", "c", "home", "d", "end", "backspace", "e")
TYPED = "dace"


def burst(pilot: Pilot[object], keys: Sequence[str]) -> None:
    """Give the app keys all at once, as a terminal does that was slow."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_the_filter_and_the_search_of_a_pane(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(12)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        main = app.main
        assert main is not None
        burst(pilot, ("slash", *BURST, "enter"))
        await until(pilot, lambda: main.filter_bar.text == TYPED)
        await pilot.press("escape", "1")
        burst(pilot, ("slash", *BURST))
        await until(pilot, lambda: any(box.value == TYPED for box in main.segment.query(LineBox)))


@pytest.mark.parametrize("name", ["edit", "decode", "name"])
async def test_boxes_over_the_panes(app_on: AppOn, name: str) -> None:
    viewer = FakeViewer(story(12))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        edit = EditScreen(viewer, order(), "Order", json.dumps(MESSAGES["order"]))
        decode, named = DecodeBox(), NameBox("Name", "about it")
        app.push_screen({"edit": edit, "decode": decode, "name": named}[name])
        await pilot.pause()
        if name == "edit":
            edit.editor.load_text("{}")
            edit.editor.move_cursor((0, 1))
            burst(pilot, ("enter", *BURST[:-1], "up", "end", "x"))
            await until(pilot, lambda: edit.editor.text.split("\n")[0] == "{x")
            assert "".join(edit.editor.text.split()) == "{xdacb"
        elif name == "decode":
            burst(pilot, BURST)
            await until(pilot, lambda: decode.box.text == TYPED)
        else:
            burst(pilot, BURST)
            await until(pilot, lambda: named.query_one(LineBox).value == TYPED)
