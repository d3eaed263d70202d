"""The layout of the main screen: which part stands where, and what the reader changes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, story, until
from textual.geometry import Region, Size
from textual.pilot import Pilot

from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.body import LEFT, LOW, RIGHT, Room, Shares, places, room_for

AppOn = Callable[..., SegtapApp]
SHOWN: dict[Room, set[str]] = {
    "wide": {"messages", "caption", "segment", "mixpanel", "low-tabs", "warnings"},
    "middle": {"messages", "caption", "left-tabs", "right-tabs", "segment", "mixpanel"},
    "narrow": {"caption", "all-tabs", "segment"},
}


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    assert app.main is not None
    await until(pilot, lambda: bool(app.main and app.main.detail))
    return app.main


@pytest.mark.parametrize("shares", [Shares(), Shares(10, 10, 10), Shares(90, 90, 90)])
@pytest.mark.parametrize("size", [Size(60, 20), Size(100, 30), Size(159, 20), Size(160, 30), Size(300, 80)])
def test_the_parts_fill_the_body_and_none_covers_another(size: Size, shares: Shares) -> None:
    room = room_for(size.width)
    found = places(room, shares, size, SHOWN[room])
    parts = [found[name] for name in SHOWN[room]]
    assert sum(region.area for region in parts) == size.area
    whole = Region(0, 0, *size)
    for place, one in enumerate(parts):
        assert one.height > 0
        assert one in whole
        assert not any(one.overlaps(other) for other in parts[place + 1 :])
    assert places("narrow", shares, size, {"messages"}) == {"messages": whole}
    assert set(LOW) < {*LEFT, *RIGHT}


@pytest.mark.parametrize("size", [(120, 40), (160, 50)])
async def test_zoom_gives_the_part_in_focus_the_whole_body(app_on: AppOn, size: tuple[int, int]) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=size) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("2")
        await until(pilot, lambda: main.mixpanel.has_focus_within)
        await pilot.press("z")
        await until(pilot, lambda: main.mixpanel.size.width >= size[0] - 2)
        assert [name for name, pane in main.panes.items() if pane.display] == ["mixpanel"]
        assert main.mixpanel.has_focus_within
        await pilot.press("escape")
        await until(pilot, lambda: main.list.has_focus and main.list.size.width >= size[0] - 4)
        await pilot.press("enter")
        await until(pilot, lambda: main.mixpanel.has_focus_within)
        await pilot.press("z")
        await until(pilot, lambda: main.segment.display and main.mixpanel.display)
        assert main.mixpanel.has_focus_within


async def test_sizes_and_zoom_are_remembered(app_on: AppOn, tmp_path: Path) -> None:
    memory = tmp_path / "state" / "theme"
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, 12)
        before = main.list.size.width
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: main.list.size.width == before + 8)
        await pilot.press("1", "greater_than_sign", "greater_than_sign")
        await until(pilot, lambda: main.list.size.width == before - 8, "there it makes the panes larger")
        await pilot.press("4", "less_than_sign")
        await until(pilot, lambda: main.shares == Shares(36, 42, 26))
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, 12)
        assert main.list.size.width == before - 8
        await pilot.press("z")
        await until(pilot, lambda: main.list.size.width > 190)
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, 12)
        assert main.list.size.width > 190
        assert not main.segment.display


async def test_one_caption_names_the_message_of_all_panes(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, 12)
        await pilot.press(*["up"] * 9)
        await until(pilot, lambda: main.detail is not None and main.detail.summary.errors == 1)
        await pilot.pause()
        words = main.caption.render().plain
        assert words.startswith("track Order Completed · user-77 · ")
        assert words.endswith("✖1  sent 400")
        assert not any(pane.border_subtitle for pane in main.panes.values())
