"""The choice of the list's columns: each change is in the list at once, and at the next start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, story, until
from textual.pilot import Pilot

from segtap.tui.app import SegtapApp
from segtap.tui.render.list_columns import DEFAULT
from segtap.tui.screens.columns import ChooseColumns
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 12)
    assert app.main is not None
    return app.main


def head(main: MainScreen) -> list[str]:
    return main.list_head.render().plain.split()


async def test_columns_are_chosen_moved_and_resized(app_on: AppOn, tmp_path: Path) -> None:
    memory = tmp_path / "theme"
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(140, 40)) as pilot:
        main = await ready(pilot)
        assert head(main) == ["time", "event", "user", "source", "mode", "warn", "sent"]
        await pilot.press("vertical_line")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseColumns))
        await pilot.press("down", "down", "K")
        assert main.list.look.names[:3] == ("time", "user", "event")
        before = main.list.columns.width("user")
        await pilot.press("less_than_sign", "less_than_sign")
        assert main.list.columns.width("user") == before - 4
        await pilot.press("j", "space")
        assert "event" in main.list.look.names, "the event is always shown"
        await pilot.press("down", "down", "space", "down", "space")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert head(main) == ["time", "user", "event", "source", "messageId", "warn", "sent"]
        assert "message-12" in main.list.render_line(11).text
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(140, 40)) as pilot:
        main = await ready(pilot)
        assert head(main) == ["time", "user", "event", "source", "messageId", "warn", "sent"]
        await pilot.press("vertical_line")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseColumns))
        await pilot.press("d", "vertical_line")
        assert main.list.look.names == DEFAULT


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_the_choice_is_readable_at_every_size_and_in_ascii(
    app_on: AppOn, size: tuple[int, int]
) -> None:
    async with app_on(FakeViewer(story(12)), plain=True).run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("vertical_line", "end")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseColumns))
        screen = pilot.app.screen
        assert isinstance(screen, ChooseColumns)
        await until(pilot, lambda: screen.rows.size.height > len(screen.order), "all of it has room")
        words = str(screen.rows.content)
        assert words.isascii()
        assert "event" in words
