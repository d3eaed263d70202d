"""Filters used last, and saved ones, are there at the next start; commands apply saved ones by name."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_viewer import FakeViewer, story, until
from textual.pilot import Pilot

from segtap.tui import filter_memory
from segtap.tui.app import SegtapApp
from segtap.tui.cli import cli
from segtap.tui.cli.options import with_saved
from segtap.tui.filter_memory import Filters
from segtap.tui.screens.main import MainScreen
from segtap.tui.screens.name_box import NameBox

AppOn = Callable[..., SegtapApp]
ODD = """event:"Order \\"x\\"" or 'é' warn:error"""


async def ready(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 12)
    assert app.main is not None
    return app.main


def offered(main: MainScreen) -> dict[str, str]:
    return {one.label: one.text for one in main.filter_bar.completion.candidates}


async def test_filters_used_and_saved_are_there_at_the_next_start(tmp_path: Path, app_on: AppOn) -> None:
    theme = tmp_path / "state" / "theme"
    app = app_on(FakeViewer(story(12)), memory=theme)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot)
        main.filter_by("user:ada or user:bob")
        await pilot.press("slash", "f2")
        await until(pilot, lambda: isinstance(app.screen, NameBox))
        await pilot.press(*"both", "enter")
        await until(pilot, lambda: app.screen is main and main.filter_bar.filters.saved)
        assert main.focused is main.filter_bar.box
    file = theme.with_name("filters.json")
    assert filter_memory.read(file) == Filters(("user:ada or user:bob",), {"both": "user:ada or user:bob"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = app_on(FakeViewer(story(12)), memory=theme)
    async with again.run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot)
        await pilot.press("slash", "up")
        assert main.filter_bar.box.value == "user:ada or user:bob"
        await pilot.press("escape", "slash", *"bo")
        await until(pilot, lambda: "both" in offered(main))
        await pilot.press("tab", "enter")
        assert main.filter_bar.text == "user:ada or user:bob"
        await pilot.press("escape", "slash", *"type:track bot")
        await until(pilot, lambda: "both" in offered(main))
        await pilot.press("tab")
        assert main.filter_bar.box.value == "type:track (user:ada or user:bob)"
        await pilot.press("escape")
        main.filter_by("user:ada or user:bob")
        await pilot.press("slash", "f2")
        await until(pilot, lambda: isinstance(again.screen, NameBox))
        await pilot.press("ctrl+u", "enter")
        await until(pilot, lambda: again.screen is main and not main.filter_bar.filters.saved)
    assert filter_memory.read(file).saved == {}


async def test_nothing_is_saved_of_a_filter_that_cannot_be_read(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(12)))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await ready(pilot)
        await pilot.press("slash", "f2", *"typ:x", "f2")
        await pilot.pause()
        assert app.screen is main


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "new" / "filters.json"
    filters = Filters().named("a name", ODD).named("b", "x")
    for text in (*map(str, range(60)), "3", ODD):
        filters = filters.used(text)
    assert not filter_memory.write(file, filters)
    assert filter_memory.read(file) == filters
    assert len(filters.history) == filter_memory.MOST
    assert filters.history[-2:] == ("3", ODD)
    assert filters.named("b", "").saved == {"a name": ODD}
    for text in ('{"history": 5}', "no JSON", "\xff"):
        file.write_text(text, encoding="latin-1")
        assert filter_memory.read(file) == Filters()
    assert filter_memory.read(tmp_path / "none") == Filters()
    assert filter_memory.write(file / "under-a-file", filters)


@pytest.mark.usefixtures("own_folders")
def test_commands_apply_a_saved_filter() -> None:
    place = filter_memory.place()
    assert not filter_memory.write(place, Filters().named("orders", "event:a or event:b"))
    assert with_saved("", "orders") == "event:a or event:b"
    assert with_saved("type:track", "orders") == "(event:a or event:b) type:track"
    assert with_saved("type:track", "") == "type:track"
    for command in ("tail", "export"):
        done = CliRunner().invoke(cli, [command, "--saved", "nothing"])
        assert done.exit_code == 2
        assert "no filter is saved as 'nothing'; there are orders" in " ".join(done.output.split())
