"""What tests of the screen share: a fixed clock and time zone, and an app on a scripted engine."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import textual.app
import textual.pilot
import textual.screen
from command_line import use_own_folders
from details import NOW
from fake_viewer import FakeViewer
from grids import DRAWN_WITH, GRIDS, PICTURED, PICTURES, SameGrid, check_stored, grid_of, picture_of
from settling import settled
from textual.app import App
from textual.pilot import Pilot

from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.render import clock


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def _settling() -> Iterator[None]:
    """The pilot asks the event loop whether the screen has settled; what has changed is drawn at once."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (textual.app, textual.pilot):
            patch.setattr(module, "wait_for_idle", settled)
        patch.setattr(textual.screen, "UPDATE_PERIOD", 1 / 500)
        yield


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find no settings but those of the test, and work in its folder."""
    use_own_folders(tmp_path, monkeypatch)


@pytest.fixture
def app_on() -> Callable[..., SegtapApp]:
    """Makes an app on a viewer; its clock stands still."""

    def make(viewer: FakeViewer, **options: object) -> SegtapApp:
        return SegtapApp(viewer, Settings(), **{"plain": False, "clock": lambda: 100.0, **options})

    return make


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the panes, now is `details.NOW`."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def same_grid(request: pytest.FixtureRequest, tmp_path: Path) -> SameGrid:
    """Compares an app's screen with the one that is stored under the name of the test."""
    name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
    name = f"{request.node.path.stem.removeprefix('test_')}/{name}"
    update = request.config.getoption("update_grids")

    async def compare(
        app: App[Any], size: tuple[int, int], act: Callable[[Pilot[Any]], Awaitable[None]]
    ) -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await act(pilot)
            await pilot.pause()
            grid, picture = grid_of(app), picture_of(app)
        check_stored(grid, GRIDS / f"{name}.txt", update=update, beside=tmp_path)
        if name in PICTURED:
            if any(version(package) != number for package, number in DRAWN_WITH.items()):
                pytest.skip(f"the grid is the same; the picture needs {DRAWN_WITH}, which drew it")
            check_stored(picture, PICTURES / f"{name}.svg", update=update, beside=tmp_path)

    return compare
