"""Find the messages that are meant, and do something with them while the screen shows how far it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from ...core.chosen import Chosen
from ...core.commands.bulk import Progress
from ...core.commands.chosen import Line, count, walk
from ...core.errors import SegtapError
from ...core.text import clean
from ..keymap import first
from ..model.many import Job
from .context import Context

SHOWN_REASONS = 2
"""Reasons of failures that are named, the most frequent first."""

Work = Callable[[AsyncIterator[list[Line]], Progress], Awaitable[None]]


@dataclass(frozen=True)
class These:
    """The messages in question: `what` names them, as "12 marked messages"."""

    chosen: Chosen
    count: int
    what: str


def counted_messages(number: int) -> str:
    """Return `1 message`, `1,204 messages`."""
    return f"{number:,} {'message' if number == 1 else 'messages'}"


async def these_of(on: Context) -> These | None:
    """Return the marked messages, or without marks all that are shown, counted.

    None, and say so, while something else is being done; None as well if the reader stopped the counting.
    """
    if on.many.job is not None:
        on.notify(
            f"{on.many.job.doing}: still under way. {first('pane.back')} in the list stops it.",
            severity="warning",
        )
        return None
    found = on.many.marks
    marked = bool(found)
    which = found.chosen if marked else on.shown().chosen
    number = await counted(on, which)
    if number is None:
        return None
    noun = "message" if number == 1 else "messages"
    return These(which, number, f"{number:,} marked {noun}" if marked else f"all {number:,} {noun} shown")


async def counted(on: Context, which: Chosen, only: str = "") -> int | None:
    """Count messages; those of a filter are searched for in the journal. None if the reader stopped it."""
    progress = Progress(on.state.received if on.state is not None else 0)

    def so_far(number: int) -> bool:
        progress.done = number
        return not progress.stopped

    if not which.steps and not only:
        return await count(on.viewer, which)
    on.many.begin(Job("Counting", progress))
    try:
        number = await count(on.viewer, which, only, so_far)
    finally:
        on.many.end()
    return None if progress.stopped else number


async def run(on: Context, these: These, doing: str, done: str, work: Work, only: str = "") -> Progress:
    """Do the work, and say at the end how many messages are done, in the word `done`, and what failed."""
    progress = Progress(these.count)
    on.many.begin(Job(doing, progress))
    trouble: SegtapError | None = None
    try:
        await work(walk(on.viewer, these.chosen, only), progress)
    except SegtapError as error:
        trouble = error
    finally:
        on.many.end()
    on.notify(
        result(progress, done, trouble),
        title=trouble.title if trouble is not None else "",
        severity="warning" if trouble is not None or progress.failed else "information",
        timeout=10 if trouble is not None or progress.failed else None,
    )
    return progress


def result(progress: Progress, done: str, trouble: SegtapError | None = None) -> str:
    """Return `1,204 messages replayed.`, with why not all, and what failed."""
    text = f"{counted_messages(progress.done)} {done}."
    if trouble is not None or progress.stopped:
        why = f"{clean(str(trouble))} " if trouble is not None else ""
        text = f"{why}Stopped: {progress.done:,} of {counted_messages(progress.total)} {done}."
    if progress.reasons:
        parts = [
            f"{number:,} {word}"
            for number, word in ((progress.failed, "failed"), (progress.skipped, "left out"))
            if number
        ]
        reasons = progress.reasons.most_common(SHOWN_REASONS)
        named = "; ".join(f"{clean(why)} ({number:,})" for why, number in reasons)
        text += f" {', '.join(parts)}: {named}."
    return text
