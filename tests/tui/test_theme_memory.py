"""The theme that was chosen is there at the next start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from fake_viewer import FakeViewer, story, until

from segtap.core.settings import ScreenSettings, Settings
from segtap.tui.app import SegtapApp

AppOn = Callable[..., SegtapApp]


async def theme_at_start(memory: Path, settings: Settings) -> str:
    app = SegtapApp(FakeViewer(story(3)), settings, plain=False, memory=memory)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.main is not None)
        return app.theme


async def test_the_theme_chosen_is_kept(tmp_path: Path, app_on: AppOn) -> None:
    memory = tmp_path / "state" / "theme"
    app = app_on(FakeViewer(story(3)), memory=memory)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.main is not None)
        app.theme = "segtap-light"
        await until(pilot, memory.exists)
    settings = Settings(screen=ScreenSettings(theme="segtap-ember"))
    assert await theme_at_start(memory, settings) == "segtap-light"
    flagged = msgspec.structs.replace(settings, flags={"screen": {"theme": "segtap-ember"}})
    assert await theme_at_start(memory, flagged) == "segtap-ember", "the command line wins"
    memory.write_text("segtap-gone")
    assert await theme_at_start(memory, settings) == "segtap-ember"
