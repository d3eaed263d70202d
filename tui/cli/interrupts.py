"""Ctrl-C in commands that wait for what may never come."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any


def run_until_interrupted(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, or until Ctrl-C cancels it.

    With `asyncio.run` alone, a signal that arrives just before the loop goes to sleep is seen only when
    something else wakes the loop up.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_interruptible(coroutine))


async def _interruptible(coroutine: Coroutine[Any, Any, None]) -> None:
    running = asyncio.ensure_future(coroutine)
    # Loops without signal handlers, on Windows, wake up for every signal by themselves.
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, running.cancel)
    await asyncio.wait({running})
    if not running.cancelled():
        running.result()
