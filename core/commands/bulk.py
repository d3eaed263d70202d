"""Does one thing with many messages of a running engine, in pieces, so that it can be stopped in between."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ..api.viewer import Viewer
from ..errors import InputError
from .chosen import Line

REPLAYED = 100
"""Messages of one order to replay."""
EXPORTED = 500
LONGEST_PACE = 10_000.0
NOT_REPLAYED = "too large to be read, or no longer in the journal"
NOT_EXPORTED = "no longer in the journal"
_PACE = re.compile(r"x?(\d+(?:\.\d+)?)x?")

Lines = AsyncIterator[list[Line]]


@dataclass
class Progress:
    """The state of something done with `total` messages: `done` are done, `failed` could not be.

    `reasons` counts why they failed. After `stop`, it ends with the piece under way.
    """

    total: int
    done: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    stopped: bool = False
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tried(self) -> int:
        """The messages that are done or failed."""
        return self.done + self.failed

    def fail(self, why: str, count: int = 1) -> None:
        """Count messages that failed for the same reason."""
        self.failed += count
        self.reasons[why] += count

    def stop(self) -> None:
        """End it after the piece under way."""
        self.stopped = True
        self._stop.set()

    async def pause(self, seconds: float) -> None:
        """Wait, but not after `stop`."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


@dataclass(frozen=True)
class Pace:
    """The speed of a replay: `factor` times as fast as the messages came, 0 as fast as possible."""

    factor: float = 0.0


NOW = Pace()
ORIGINAL = Pace(1.0)


def read_pace(text: str) -> Pace:
    """Read `now`, `original`, or a factor such as `10x`. Raises InputError."""
    text = text.strip().lower()
    if text in ("now", "original"):
        return NOW if text == "now" else ORIGINAL
    found = _PACE.fullmatch(text)
    factor = float(found[1]) if found else 0.0
    if not 0 < factor <= LONGEST_PACE:
        raise InputError(
            f"{text!r} is not a pace: now, original, or how many times as fast, such as 10x (up to 10000x)."
        )
    return Pace(factor)


async def paced(
    lines: Lines,
    progress: Progress,
    pace: Pace = NOW,
    size: int = REPLAYED,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[list[int]]:
    """Yield ids in pieces of up to `size`, each when it is due; nothing more once the progress is stopped.

    At a pace, the first message is due at once, and every other one as long after it as it came, divided by
    the factor. What came earlier than the message before is due with that one.
    """
    began, first = clock(), None
    piece: list[int] = []
    async for some in lines:
        for line in some:
            first = line.received_at if first is None else first
            due = began + (line.received_at - first) / 1000 / pace.factor if pace.factor else began
            early = due - clock()
            if piece and (early > 0 or len(piece) >= size):
                yield piece
                piece = []
                early = due - clock()
            if early > 0 and not progress.stopped:
                await progress.pause(early)
            if progress.stopped:
                return
            piece.append(line.id)
    if piece and not progress.stopped:
        yield piece


async def replay(viewer: Viewer, lines: Lines, progress: Progress, pace: Pace = NOW) -> None:
    """Send messages through segtap again. Raises EngineError or JournalError, which concern all of them."""

    async def send(ids: Sequence[int]) -> None:
        try:
            sent = await viewer.replay(ids)
        except InputError:
            sent = 0
        progress.done += sent
        if sent < len(ids):
            progress.fail(NOT_REPLAYED, len(ids) - sent)

    await _each(paced(lines, progress, pace, REPLAYED), send)


async def export(viewer: Viewer, lines: Lines, progress: Progress, write: Callable[[bytes], object]) -> None:
    """Write messages in the format of `segtap export`, a line each, oldest first."""

    async def read(ids: Sequence[int]) -> None:
        found = 0
        async for line in viewer.export_of(ids):
            write(line)
            found += 1
        progress.done += found
        if found < len(ids):
            progress.fail(NOT_EXPORTED, len(ids) - found)

    await _each(paced(lines, progress, size=EXPORTED), read)


async def _each(pieces: AsyncIterator[list[int]], act: Callable[[Sequence[int]], Awaitable[None]]) -> None:
    async for ids in pieces:
        await act(ids)
