"""Records messages as a scenario: an export whose lines are turned into those of a scenario."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from ..functions import InsertFunctions
from ..pipeline.scenario import Recorder
from ..settings import Settings
from ..sources.bounds import DEFAULT_BOUNDS, Bounds

STRETCH = 50
"""Messages that are recorded together, in a thread."""


async def scenario_lines(
    exported: AsyncIterator[bytes], settings: Settings, *, count: int = 0, bounds: Bounds = DEFAULT_BOUNDS
) -> AsyncIterator[bytes]:
    """Yield an export as lines of a scenario, with the requests that the settings make of its messages.

    `count` is how many at most, 0 for all. The last line says how many messages were left out because they
    cannot be read, if there are any. Insert functions run in processes of their own.
    """
    functions = InsertFunctions(settings.insert_functions)
    recorder = Recorder(settings, functions=functions.run, bounds=bounds)
    left = count or sys.maxsize
    try:
        async for chunk in exported:
            lines = recorder.lines(chunk.splitlines())
            while left and (made := await asyncio.to_thread(_some, lines, min(STRETCH, left))):
                yield b"".join(made)
                left -= len(made)
            if not left:
                break
    finally:
        await asyncio.to_thread(functions.close)
    if recorder.left_out:
        yield b'{"left_out":%d}\n' % recorder.left_out


def _some(lines: Iterator[bytes], count: int) -> list[bytes]:
    return list(islice(lines, count))
