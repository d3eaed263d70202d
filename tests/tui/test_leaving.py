"""The screen ends without a crash at any moment, whatever is open or about to open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fake_viewer import FakeViewer, story
from textual import events

from segtap.core.api.awaited import AwaitedViewer
from segtap.tui.app import SegtapApp

AppOn = Callable[..., SegtapApp]

OPENING = ["ctrl+p", "question_mark", "e", "C", "s", "x", "vertical_line"]
"""Keys that open something over the main screen: by the app, by the screen, and by a worker."""


@pytest.mark.parametrize("late", [False, True], ids=["opening", "to-open"])
@pytest.mark.parametrize("key", OPENING)
async def test_it_ends_while_a_screen_opens(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch, key: str, late: bool
) -> None:
    """As when SIGTERM comes just behind a key. Once Textual leaves, it mounts a screen without its parts."""
    app = app_on(FakeViewer(story(12), can_forward=True))
    push, opened = app.push_screen, False

    def leave_and_push(*arguments: Any, **options: Any) -> Any:
        nonlocal opened
        opened = True
        if late:
            app.exit()
        pushed = push(*arguments, **options)
        app.exit()
        return pushed

    monkeypatch.setattr(app, "push_screen", leave_and_push)
    running = asyncio.create_task(app.run_async(headless=True, size=(120, 40)))
    await app.painted.wait()
    while app.main is None or app.main.detail is None:  # noqa: ASYNC110 – of an app that no pilot runs
        await asyncio.sleep(0.01)
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    await running
    assert opened
    assert app.return_code == 0


async def test_it_ends_before_it_is_drawn(app_on: AppOn) -> None:
    app = app_on(AwaitedViewer())
    running = asyncio.create_task(app.run_async(headless=True, size=(120, 40)))
    while app.main is None:  # noqa: ASYNC110 – the turn in which it comes
        await asyncio.sleep(0)
    assert not app.main.is_mounted
    app.exit()
    await running
    assert app.main.is_mounted
    assert app.return_code == 0


async def test_keys_typed_behind_the_end_do_nothing(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12), can_forward=True)
    app = app_on(viewer)
    running = asyncio.create_task(app.run_async(headless=True, size=(120, 40)))
    await app.painted.wait()
    app.exit()
    for key in ("ctrl+p", "question_mark", "slash", "f"):
        app.post_message(events.Key(key, None))
    await running
    assert app.return_code == 0
