"""`H`: messages that do not match the filter are dimmed instead of hidden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, story, summary, until
from grids import SameGrid
from textual.pilot import Pilot

from segtap.core.messages import message_number
from segtap.tui import layout_memory
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
SIZES = [(80, 24), (120, 40), (200, 60)]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


def bright(main: MainScreen) -> list[int]:
    """The messages that are not dimmed, by their numbers in the story."""
    return [row.id >> 20 for row in main.list.window.rows if not main.dimmed.dims(row.id)]


def told(main: MainScreen) -> str:
    return [one.message for one in main.app._notifications][-1]


async def test_all_messages_stay_and_matches_stand_out(app_on: AppOn) -> None:
    viewer = FakeViewer(story(36))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 36)
        await pilot.press("H")
        assert told(main).startswith("Messages that do not match the filter are dimmed.")
        main.filter_by('event:"Signed Up"')
        await until(pilot, lambda: bright(main) == [10, 22, 34])
        assert len(main.list.window) == 36
        assert main.filter_bar.text == main.search == 'event:"Signed Up"'
        faint, plain = (main.list.paint_line(at, 100) for at in (4, 9))
        assert len({piece.style.color for piece in faint if piece.style}) == 1
        assert len({piece.style.color for piece in plain if piece.style}) > 1
        viewer.add(summary(37, name="Signed Up"), summary(38))
        await until(pilot, lambda: bright(main) == [10, 22, 34, 37], "new messages, too")
        await pilot.press("N", "N")
        await until(pilot, lambda: main.list.selected == message_number(34, 0))
        await pilot.press("n", "n")
        await until(
            pilot, lambda: told(main).startswith("No message that matches the filter after this one.")
        )
        assert main.list.selected == message_number(37, 0)
        await pilot.press("H")
        await until(pilot, lambda: len(main.list.window) == 4 and not main.source.searching, "hidden again")
        assert main.list.selected == message_number(37, 0)
        assert bright(main) == [10, 22, 34, 37]
        await pilot.press("H")
        await until(pilot, lambda: len(main.list.window) == 38)
        await pilot.press("full_stop")
        await until(pilot, lambda: len(bright(main)) == 38, "without a filter nothing is dimmed")


async def test_dimming_is_remembered(app_on: AppOn, tmp_path: Path) -> None:
    for pressed in (("H",), (), ("H",)):
        viewer = FakeViewer(story(12))
        async with app_on(viewer, memory=tmp_path / "theme").run_test(size=(120, 40)) as pilot:
            main = await ready(pilot, 12)
            if not pressed:
                main.filter_by("type:identify")
                await until(pilot, lambda: len(bright(main)) < 12)  # noqa: B023
                assert len(main.list.window) == 12, "those that do not match are dimmed"
            await pilot.press(*pressed)
    assert not layout_memory.read(tmp_path / "layout.json").dimmed


async def test_what_is_scrolled_to_is_searched_as_well(app_on: AppOn) -> None:
    lines = [summary(number, name="Rare" if number % 500 == 7 else "Usual") for number in range(1, 2_501)]
    async with app_on(FakeViewer(lines)).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        await pilot.press("H")
        main.filter_by("event:rare")
        await until(pilot, lambda: bright(main) == [1507, 2007])
        await pilot.press("home")
        await until(pilot, lambda: main.list.selected == message_number(1, 0))
        await until(pilot, lambda: bright(main)[:1] == [7] and main.dimmed.dims(message_number(1, 0)))
        await pilot.press("n")
        await until(pilot, lambda: main.list.selected == message_number(7, 0))
        await pilot.press("n")
        await until(pilot, lambda: main.list.selected == message_number(507, 0), "wherever it is")
        assert main.filter_bar.text == "event:rare"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
async def test_dimmed(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[object]) -> None:
        main = await ready(pilot, 60)
        main.dim = True
        main.filter_by("warn:error")
        await until(pilot, lambda: len(bright(main)) == 10)
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
        await pilot.pause()

    await same_grid(app_on(FakeViewer(story(60))), size, run)
