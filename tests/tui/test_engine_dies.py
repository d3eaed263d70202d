"""The screen's own engine is killed while it forwards: another takes its place, and says how it stands."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engines import isolate, post, track
from fake_viewer import until
from pane_host import screen
from textual.pilot import Pilot

from segtap.core.config import load
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.app import SegtapApp
from segtap.tui.cli.screen import OwnEngine
from segtap.tui.screens.confirm import Confirm

pytestmark = [pytest.mark.kill, pytest.mark.skipif(os.name != "posix", reason="kill -9")]

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("MIXPANEL_TOKEN", "a1b2c3d4e5f60718293a4b5c6d7e8ff9")
    monkeypatch.delenv("MIXPANEL_SECRET", raising=False)


@asynccontextmanager
async def own_engine(
    folder: Path, url: str, size: tuple[int, int]
) -> AsyncIterator[tuple[Pilot[object], OwnEngine]]:
    """The screen with its own engine, as bare `segtap` starts it."""
    file = folder / "segtap.toml"
    file.touch()
    flags = {
        "ingest": {"port": 0},
        "journal": {"path": str(folder / "journal.db")},
        "destination": {"mixpanel_url": url},
    }
    settings = load(flags, file=file)  # pyright: ignore[reportArgumentType]
    own = OwnEngine(settings)
    try:
        await own.start()
        app = SegtapApp(own.viewer, settings, reconnect=own.again)
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: "FORWARDING OFF" in screen(pilot) or "FWD OFF" in screen(pilot))
            await pilot.press("f")
            await asked(pilot, "project a1b2…f9 at http://127.0.0.1")
            await pilot.press("y")
            await until(pilot, lambda: "FORWARDING ON" in screen(pilot))
            yield pilot, own
            assert app.main is not None
            await app.main.viewer.close()
    finally:
        await own.aclose()


async def asked(pilot: Pilot[object], *texts: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "a question")
    assert isinstance(pilot.app.screen, Confirm)
    for text in texts:
        assert text in pilot.app.screen.question


async def dies(pilot: Pilot[object], own: OwnEngine) -> None:
    """Kill the engine, and wait until another one answers."""
    pid = own.engine.pid
    os.kill(pid, signal.SIGKILL)
    await until(pilot, lambda: "has stopped" in screen(pilot), "the loss is said")
    await pilot.press("R")
    await until(pilot, lambda: "has stopped" not in screen(pilot) and own.engine.pid != pid, "it is back")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_forwarding_goes_on_in_the_next_engine(tmp_path: Path, size: tuple[int, int]) -> None:
    async with MixpanelServer() as mixpanel, own_engine(tmp_path, mixpanel.url, size) as (pilot, own):
        await dies(pilot, own)
        await until(pilot, lambda: "FORWARDING ON" in screen(pilot))
        await until(
            pilot,
            lambda: any("again, as before" in note.message for note in pilot.app._notifications),
            "it is said",
        )
        await post(own.engine.url, track("m-after-0000000"))
        await until(pilot, lambda: len(mixpanel.events) == 1)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_changed_settings_keep_it_off_under_a_standing_line(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with MixpanelServer() as mixpanel, own_engine(tmp_path, mixpanel.url, size) as (pilot, own):
        other = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
        (tmp_path / "segtap.toml").write_text(f'[destination]\ntoken = "{other}"\n')
        await dies(pilot, own)
        await until(pilot, lambda: "It is OFF now" in screen(pilot))
        assert "f resumes" in screen(pilot)
        await pilot.press("f")
        await asked(pilot, "Forwarding was on, to project a1b2…f9", "to project 0f0f…0f at http")
        await pilot.press("n")
        await until(pilot, lambda: "It is OFF now" not in screen(pilot), "answered")
        assert "FORWARDING OFF" in screen(pilot)
        assert not mixpanel.requests
