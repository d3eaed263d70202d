"""Background work that goes on whatever happens: an unexpected failure is logged, and it is started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds before work that failed is started again."""


def start(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Run work in a task until it returns or is cancelled."""
    return asyncio.create_task(_run(name, work), name=f"segtap-{name}")


async def _run(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
            return
        except Exception:
            # Whatever went wrong, nothing may wait until somebody notices and starts segtap again.
            logger.exception("%s failed, and is started again", name)
            await asyncio.sleep(PAUSE)
