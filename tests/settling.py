"""How tests wait for a screen to settle: they ask the event loop, and do not sleep as Textual's pilot does.

Textual sleeps 20 ms at least, twice for a key, and looks at how much the process has worked. The loop itself
says more: nothing is ready, and no timer is due that would draw what has changed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

SOON = 0.02
"""Seconds in which a timer is due that is waited for: those that draw or resize a screen are among them."""
PAUSE = 0.002
"""Seconds for what threads have under way."""
WORKED = 0.0005
"""Seconds of the processor in such a pause from which on something has been under way."""
ROUNDS = 3
"""Timers that are waited for, so that one that repeats has an end."""


async def settled(min_sleep: float = 0.0, max_sleep: float = 1) -> None:
    """Wait until nothing is under way in the event loop, at most `max_sleep` seconds.

    It stands in for `textual._wait.wait_for_idle`.
    """
    del min_sleep
    loop = cast(Any, asyncio.get_running_loop())
    end, rounds = time.monotonic() + max_sleep, 0
    while time.monotonic() < end:
        await _quiet(loop, end)
        soon = min((one.when() for one in loop._scheduled if not one.cancelled()), default=0) - loop.time()
        if 0 < soon < SOON and rounds < ROUNDS:
            rounds += 1
            await asyncio.sleep(soon)
            continue
        before = time.process_time()
        await asyncio.sleep(PAUSE)
        if not loop._ready and time.process_time() - before < WORKED:
            return


async def _quiet(loop: Any, end: float) -> None:
    """Let the others run until none is ready, not even after a look at files and sockets."""
    quiet = 0
    while quiet < 2 and time.monotonic() < end:
        await asyncio.sleep(0)
        quiet = 0 if loop._ready else quiet + 1
