"""The comparison on the screen: `=` opens it, it fits any width, copies as text and shows no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from details import MESSAGES, NOW
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from pane_host import Host
from textual.pilot import Pilot
from textual.widgets import Static

from segtap.core.compare import compare, destination_for
from segtap.core.settings import ClassicSettings, DestinationSettings, Secret, Settings
from segtap.tui.app import SegtapApp
from segtap.tui.screens import destinations as screen_module
from segtap.tui.screens.destinations import Destinations
from segtap.tui.widgets.compared_view import ComparedView

SECRET, TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
SETTINGS = Settings(
    destination=DestinationSettings(token=TOKEN, api_secret=Secret(SECRET)),
    classic=ClassicSettings(people=True, event_increments=("Order Completed",), prop_increments=("revenue",)),
    origin="segtap.toml",
)
AppOn = Callable[..., SegtapApp]


def screen(name: str) -> Destinations:
    comparison = compare(
        MESSAGES[name],
        destination_for(SETTINGS, "actions"),
        destination_for(SETTINGS, "classic-cloud"),
        NOW,
    )
    return Destinations(comparison, message=name, settings=SETTINGS.origin)


def text_on(view: ComparedView) -> str:
    return "\n".join("".join(part for _, part in line) for line in view.lines)


async def opened(pilot: Pilot[object], count: int) -> ComparedView:
    """The view, after the newest message was chosen and `=` pressed."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None, "a detail")
    assert app.main is not None
    assert len(app.main.list.window) == count
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, Destinations), "the comparison")
    view = app.screen.query_one(ComparedView)
    await until(pilot, lambda: view.lines, "its lines")
    return view


async def test_the_key_opens_it_and_esc_closes_it(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(3)))
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, 3)
        assert view.has_focus
        shown = text_on(view)
        assert "insert-id-undocumented" in shown
        assert "set by Segment, value unknown" in shown
        assert "Actions: POST /import?strict=1" in shown
        assert "Classic: POST /track" in shown
        await pilot.press("escape")
        assert app.screen is app.main


async def test_a_refused_request_has_nothing_to_compare(app_on: AppOn) -> None:
    app = app_on(FakeViewer([line for line in story(12) if line.refused]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("d")
        await until(pilot, lambda: app._notifications)
        assert "nothing to compare" in next(iter(app._notifications)).message
        assert app.screen is app.main


async def test_it_compares_by_the_settings_of_the_engine_as_they_are_now(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    viewer.in_force = Settings(origin="/srv/segtap.toml")
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "event-increment" not in text_on(await opened(pilot, 3))
        assert "by /srv/segtap.toml" in app.screen.query(Static).last().render().plain  # type: ignore[union-attr]
        await pilot.press("q")
        assert app.main is not None
        assert app.main.detail is not None
        name = app.main.detail.summary.name
        viewer.in_force = Settings(classic=ClassicSettings(people=True, event_increments=(name,)))
        assert "event-increment" in text_on(await opened(pilot, 3))
        await pilot.press("q")
        viewer.stop()
        await pilot.press("d")
        await until(pilot, lambda: app._notifications)
        assert app.screen is app.main


async def test_it_goes_one_below_the_other_where_it_is_narrow() -> None:
    host = Host(Static(""))
    async with host.run_test(size=(120, 40)) as pilot:
        page = screen("order")
        await host.push_screen(page)
        await until(pilot, lambda: page.compared.lines)
        assert "Actions: POST /import?strict=1" in text_on(page.compared)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "    Actions POST /import?strict=1" in text_on(page.compared))
        assert all(sum(len(part) for _, part in line) <= 80 for line in page.compared.lines)


async def test_a_shows_what_is_the_same_too() -> None:
    host = Host(Static(""))
    async with host.run_test(size=(120, 40)) as pilot:
        page = screen("order")
        await host.push_screen(page)
        await until(pilot, lambda: page.compared.lines)
        before = len(page.compared.lines)
        assert "= properties.order_id" not in text_on(page.compared)
        await pilot.press("a")
        assert "= properties.order_id" in text_on(page.compared)
        await pilot.press("a")
        assert len(page.compared.lines) == before


async def test_a_terminal_without_unicode_gets_ascii(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(3)), plain=True)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, 3)
        drawn_lines = [view.render_line(y).text for y in range(view.size.height)]
        assert any("# properties.time" in line for line in drawn_lines)
        assert all(line.isascii() for line in drawn_lines)
        assert all(
            text.isascii() for text in (view.border_title or "", str(app.screen.query_one(Static).render()))
        )


async def test_what_is_copied_is_the_text_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def copy(app: object, text: str) -> str:
        copied.append(text)
        return "in a test"

    monkeypatch.setattr(screen_module, "copy", copy)
    host = Host(Static(""))
    async with host.run_test(size=(200, 60)) as pilot:
        page = screen("identify")
        await host.push_screen(page)
        await until(pilot, lambda: page.compared.lines)
        await pilot.press("a", "y")
        assert copied[0].startswith("identify (node-next-")
        for text in (copied[0], text_on(page.compared)):
            assert "identity-link" in text
            assert SECRET not in text
            assert TOKEN not in text
            assert "a1b2…f9" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["order", "identify"])
async def test_picture(same_grid: SameGrid, name: str, size: tuple[int, int]) -> None:
    async def push(pilot: Pilot[Any]) -> None:
        page = screen(name)
        await pilot.app.push_screen(page)
        await until(pilot, lambda: page.compared.lines)

    await same_grid(Host(Static("")), size, push)
