"""Does one thing with many messages of a running engine, in pieces, so that it can be stopped in between."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ..api.viewer import Viewer
from ..delivery import NOT_AFTER, Decision, Outcome, Validated
from ..errors import InputError, NotAccepted
from ..text import clean, shorten
from .chosen import Line

REPLAYED = 100
"""Messages of one order to replay."""
EXPORTED = 500
VALIDATED = 200
"""Messages of one order to send to Mixpanel."""
POSTED = 20
"""Messages of one order to send to another server, which are posted one after another."""
PATIENCE = (1.0, 4.0, 15.0, 30.0)
"""Seconds to wait before messages are sent again to a Mixpanel that does not accept any."""
CREDENTIALS = frozenset((401, 403))
WORDS = 90
"""Characters of an answer that are kept as a reason."""
LONGEST_PACE = 10_000.0
NOT_REPLAYED = "too large to be read, or no longer in the journal"
NOT_EXPORTED = "no longer in the journal"
_PACE = re.compile(r"x?(\d+(?:\.\d+)?)x?")

Lines = AsyncIterator[list[Line]]


@dataclass
class Progress:
    """The state of something done with `total` messages: `done` are done, `failed` could not be.

    `skipped` are those of which there is nothing to do. `reasons` counts why messages failed, or were
    skipped. After `stop`, it ends with the piece under way.
    """

    total: int
    done: int = 0
    failed: int = 0
    skipped: int = 0
    waits: str = ""
    """Why it waits, "" if it does not."""
    reasons: Counter[str] = field(default_factory=Counter[str])
    stopped: bool = False
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tried(self) -> int:
        """The messages that are done, failed or skipped."""
        return self.done + self.failed + self.skipped

    def fail(self, why: str, count: int = 1) -> None:
        """Count messages that failed for the same reason."""
        self.failed += count
        self.reasons[why] += count

    def skip(self, why: str) -> None:
        """Count a message of which there is nothing to do."""
        self.skipped += 1
        self.reasons[why] += 1

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


async def to_mixpanel(viewer: Viewer, lines: Lines, progress: Progress) -> None:
    """Send messages to Mixpanel once, whether forwarding is on or off.

    What Mixpanel refuses is counted, and the rest goes on. After 429, 5xx or no answer, the same messages
    are sent again, after the time that Mixpanel asks for. Raises NotAccepted if it refuses the credentials,
    or if that was in vain several times.
    """
    async for ids in paced(lines, progress, size=VALIDATED):
        left, tries = list(ids), 0
        while left and not progress.stopped:
            results = await viewer.validate(left)
            again = [one for one in results if _is_left(one)]
            for one in results:
                if not _is_left(one):
                    _note(one, progress)
            tries = tries + 1 if len(again) == len(left) else 0
            left = [one.id for one in again]
            if not left:
                break
            words = shorten(clean(again[0].words), WORDS)
            if any(line.status in CREDENTIALS for one in again for line in one.deliveries):
                raise NotAccepted(f"Mixpanel refuses the credentials: {words}.")
            if tries == len(PATIENCE):
                raise NotAccepted(f"Mixpanel accepts nothing: {words}.")
            asked = max((one.retry_after or 0.0 for one in again), default=0.0)
            progress.waits = f"trying again: {words}"
            await progress.pause(max(asked, PATIENCE[max(tries - 1, 0)]))
            progress.waits = ""


def _is_left(one: Validated) -> bool:
    """Return True if a message has to be sent again: there was no verdict on it."""
    return one.outcome is Outcome.RETRY or (one.outcome is None and one.words.startswith(NOT_AFTER))


def _note(one: Validated, progress: Progress) -> None:
    """Count the result of one message."""
    words = shorten(clean(one.words), WORDS)
    if one.outcome is None:
        progress.skip(words)
    elif one.outcome in (Outcome.SENT, Outcome.DRY_RUN):
        progress.done += 1
    elif one.outcome is Outcome.UNCERTAIN:
        progress.fail(f"it cannot be known whether Mixpanel has it: {words}")
    else:
        progress.fail(f"Mixpanel refused it: {words}")


async def decide(
    viewer: Viewer, lines: Lines, progress: Progress, decision: Decision, route: str = ""
) -> None:
    """Have what Mixpanel has not accepted of messages sent, or dropped; the others are left out.

    With several routes to Mixpanel it is about all of them, or about `route` alone.
    """
    async for ids in paced(lines, progress):
        decided = await viewer.decide(decision, ids, route)
        progress.done += len(decided.changed)
        for one in decided.unchanged:
            progress.skip(clean(one.why))


async def to_url(viewer: Viewer, lines: Lines, progress: Progress, url: str) -> None:
    """Send messages to the server at a URL; those that it does not accept are counted.

    Raises NotAccepted if it answers none of several messages, InputError for a URL that cannot be used.
    """
    async for ids in paced(lines, progress, size=POSTED):
        answers = await viewer.replay_to(url, ids)
        for one in answers:
            if one.taken:
                progress.done += 1
            elif one.status:
                progress.fail(f"answered {one.status}: {shorten(clean(one.words), WORDS)}")
            else:
                progress.fail(shorten(clean(one.words), WORDS))
        if not any(one.status for one in answers):
            words = shorten(clean(answers[0].words), WORDS) if answers else "no answer"
            raise NotAccepted(f"{clean(url)} does not answer: {words}.")


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


async def record(viewer: Viewer, lines: Lines, progress: Progress, write: Callable[[bytes], object]) -> None:
    """Write messages as a scenario, all at once at the end, and nothing once the progress is stopped."""
    from ..scenarios.lines import is_step  # here: it loads what the first frame does not need

    ids = [line.id async for some in lines for line in some]
    made: list[bytes] = []
    async with contextlib.aclosing(viewer.scenario(ids=ids)) as recorded:
        async for line in recorded:
            if progress.stopped:
                return
            if is_step(line):
                made.append(line)
                progress.done += 1
    if made:
        write(b"".join(made))
    if progress.tried < len(ids):
        progress.fail(NOT_REPLAYED, len(ids) - progress.tried)


async def _each(pieces: AsyncIterator[list[int]], act: Callable[[Sequence[int]], Awaitable[None]]) -> None:
    async for ids in pieces:
        await act(ids)
