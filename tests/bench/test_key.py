"""What a cursor key in the message list costs the screen, beside importing the framework."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from fake_viewer import FakeViewer, story, until
from textual import events

from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp

KEYS = 20
SHARE = 0.18
"""The most that a key may cost of `import textual.app`. It was 0.10 when this was written."""


def import_cost() -> float:
    """Seconds of CPU that importing the framework takes: the best of three."""
    code = "import time, textual.app; print(time.process_time())"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3))


async def test_a_key_costs_a_part_of_the_frameworks_import() -> None:
    app = SegtapApp(FakeViewer(story(1_000)), Settings(), plain=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 1_000)
        assert app.main is not None
        costs: list[float] = []
        for _ in range(3):
            before = time.process_time()
            for _ in range(KEYS):
                app.post_message(events.Key("up", None))
                await asyncio.sleep(0.12)
            costs.append((time.process_time() - before) / KEYS)
        assert app.main.list.selection.at == 999 - 3 * KEYS
    key, bare = min(costs), import_cost()
    print(
        f"\na key: {key * 1e3:.1f} ms of CPU, import textual.app: {bare * 1e3:.0f} ms, {key / bare:.2f} of it"
    )
    assert key < SHARE * bare
