"""What a frame of new messages costs the screen while the list is paused, beside one that it follows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from fake_viewer import FakeViewer, story, until

from segtap.core.api.models import Summary
from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp

HELD, ROUNDS, FRAMES, BATCH = 1_000, 3, 20, 100
SHARE = 0.5
"""The most that a frame may cost of one that draws every line of the list. Measured 0.3."""


async def cost(viewer: FakeViewer, batches: Iterator[list[Summary]]) -> float:
    """Seconds of CPU of a frame: the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(FRAMES):
            viewer.add(*next(batches))
            await asyncio.sleep(0.05)
        best = min(best, (time.process_time() - before) / FRAMES)
    return best


async def test_a_frame_costs_a_paused_list_little() -> None:
    viewer = FakeViewer(story(HELD))
    batches = iter([story(BATCH, HELD + 1 + at * BATCH) for at in range(2 * ROUNDS * FRAMES)])
    app = SegtapApp(viewer, Settings(), plain=False)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == HELD)
        assert app.main is not None
        following = await cost(viewer, batches)
        await pilot.press("up", "up")
        assert not app.main.list.following
        rows = app.main.list.scroll_offset.y
        await asyncio.sleep(0.5)
        paused = await cost(viewer, batches)
        assert app.main.list.scroll_offset.y == rows
        assert len(app.main.list.window) > HELD + BATCH
    print(f"\na frame: {paused * 1e3:.1f} ms of CPU paused, {following * 1e3:.1f} ms following")
    assert paused < following * SHARE
