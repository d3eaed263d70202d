"""`segtap journal`: what is kept is counted, thrown away, or saved from damage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from ...core.delivery import MEANINGS
from ...core.errors import JournalError
from ...core.text import clean, counted, size
from .completing import complete_file
from .options import format_option, load
from .output import ask, say, write, write_json

if TYPE_CHECKING:
    from ...core.commands.salvage import Report
    from ...core.commands.upkeep import FileStats
    from ...core.settings import JournalSettings, Settings


@click.group()
def journal() -> None:
    """Look after the journal."""


_journal_option = click.option(
    "--journal",
    "path",
    shell_complete=complete_file,
    metavar="PATH",
    default="",
    help="The journal. [the usual one]",
)


@journal.command()
@_journal_option
@format_option
def stats(path: str, shape: str) -> None:
    """Show what the journal holds, and the room that it takes. A running engine may use it meanwhile."""
    from ...core.commands.upkeep import file_stats

    found = file_stats(_journal_of(path))
    if shape == "json":
        write_json(msgspec.to_builtins(found))
        return
    for line in _stats_lines(found):
        write(line)


def _journal_of(path: str) -> JournalSettings:
    return _settings_of(path).journal


def _settings_of(path: str) -> Settings:
    """Return the settings with a journal in a file. Raises JournalError for streams of NATS."""
    settings = load({"journal": {"path": path}} if path else None)
    if settings.journal.path.startswith("nats://"):
        raise JournalError(
            "segtap journal looks after files. A journal at nats:// is cleared on the screen of a segtap "
            "that runs on it (segtap attach URL), and segtap stats has its numbers; NATS's own tools look "
            "after the streams: nats stream info.",
            title="That journal is no file",
        )
    return settings


def _stats_lines(found: FileStats) -> Iterator[str]:
    """Yield what a person wants to know of the journal, a fact a line."""
    yield found.path
    free = f", {size(found.free)} of them free: segtap journal compact gives them back" if found.free else ""
    yield f"on the disk  {size(found.bytes)}{free}"
    if found.requests:
        first, last = _time(found.first), _time(found.last)
        yield f"received     {counted(found.requests, 'request')}, {first} to {last}"
    else:
        yield "received     nothing"
    if found.counts is None:
        if found.requests:
            yield "messages     unknown: an earlier version wrote this file. Open it with segtap once."
        return
    counts = found.counts
    yield f"messages     {counts.received:,}, and {counted(counts.refused, 'rejected request')}"
    yield f"findings     {counts.errors:,} with errors, {counts.warnings:,} with warnings only"
    states = [(state, getattr(counts.deliveries, state.value)) for state in MEANINGS]
    held = ", ".join(f"{number:,} {state.value}" for state, number in states if number)
    yield f"delivery     {held or 'nothing'}"
    for name, route in found.routes.items():
        numbers = [(field, getattr(route, field)) for field in route.__struct_fields__]
        states_of_it = ", ".join(f"{number:,} {field}" for field, number in numbers if number)
        yield f"route        {clean(name)}: {states_of_it or 'nothing'}"


def _time(ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # a damaged file can hold any number
        return f"{ms} ms since the epoch"


@journal.command()
@_journal_option
def compact(path: str) -> None:
    """Rewrite the journal's file without the room that is free in it.

    No segtap may be running on it, and the disk must have room for a second copy of what it holds.
    """
    from ...core.commands.upkeep import compact as rewrite

    done = rewrite(_journal_of(path))
    say(f"{done.path}: {size(done.before)} before, {size(done.after)} now.")


@journal.command()
@_journal_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(path: str, yes: bool) -> None:
    """Forget every message and delivery, for good."""
    asyncio.run(_clear(path, yes=yes))


async def _clear(path: str, *, yes: bool) -> None:
    from ...core import open_stores

    journal = await open_stores(_journal_of(path), must_exist=True)
    try:
        counts = await journal.index.counts()
        if not yes:
            owed = (
                f", {counts.deliveries.owed:,} of them still owed to Mixpanel"
                if counts.deliveries.owed
                else ""
            )
            waiting = sum(route.waiting for route in (await journal.requests.counts()).values())
            if waiting:
                owed += f", {counted(waiting, 'request')} still owed to mirrors and archives"
            question = f"Forget {counted(counts.received, 'message')}{owed}, for good?"
            if not ask(question):
                raise click.Abort
        await journal.clear()
        say(f"{counted(counts.received, 'message')} forgotten.")
    finally:
        await journal.close()


@journal.command()
@click.option(
    "--journal",
    "path",
    shell_complete=complete_file,
    metavar="OLD",
    default="",
    help="The damaged journal. [the usual one]",
)
@click.option("--to", metavar="NEW", required=True, help="The new journal; nothing may have that name yet.")
@click.pass_context
def salvage(ctx: click.Context, path: str, to: str) -> None:
    """Copy what can be read of a damaged journal into a new one.

    OLD is only read, and no segtap may be running on it. What was owed stays owed, what Mixpanel was sent
    is not sent again; where neither can be known, a message is uncertain. Exit code 1 when something is lost.
    """
    from ...core.commands.salvage import salvage as copy

    settings = _settings_of(path)
    progress = _Progress()
    report = copy(settings, to, progress.show)
    progress.end()
    for line in _reported(report):
        write(line)
    ctx.exit(0 if report.copied.whole else 1)


class _Progress:
    """The progress, on stderr: one line that changes on a terminal, else a line every tenth."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = -1

    def show(self, part: float) -> None:
        percent = int(part * 100) if self._live else int(part * 10) * 10
        if percent > self._said:
            self._said = percent
            sys.stderr.write(f"\r{percent:3d}% read" if self._live else f"{percent}% read\n")
            sys.stderr.flush()

    def end(self) -> None:
        self.show(1)
        if self._live:
            sys.stderr.write("\n")


def _reported(report: Report) -> list[str]:
    """Describe what was copied and what was not."""
    copied = report.copied
    lines = [
        f"Copied: {counted(copied.requests, 'request')} with {counted(copied.messages, 'message')}, "
        f"and {counted(copied.attempts, 'attempt')} to send them.",
    ]
    if copied.owed_requests:
        lines.append(f"Still owed to mirrors and archives: {counted(copied.owed_requests, 'request')}.")
    if report.rebuilt:
        lines.append(
            f"Read from their requests again, because the list is damaged: {report.rebuilt:,} of these lines."
        )
    if copied.doubted:
        lines.append(
            f"Uncertain, because it cannot be read whether they were sent: {copied.doubted:,} of the "
            "messages. None of them is sent unless you replay it."
        )
    if copied.lost_requests:
        lost = f"Lost: {counted(copied.lost_requests, 'request')}"
        if copied.lost_lines:
            owed = f", {copied.lost_owed:,} of them still owed to Mixpanel" if copied.lost_owed else ""
            lost += f" with at least {counted(copied.lost_lines, 'message')}{owed}"
        lines.append(lost + ".")
    if copied.lost_attempts:
        lines.append(f"Lost: {counted(copied.lost_attempts, 'attempt')}.")
    if copied.bad_pages:
        lines.append(
            f"Nothing can be read on {counted(copied.bad_pages, 'page')}; what stood there is not counted."
        )
    if copied.log_damaged:
        lines.append(f"The log beside it ({report.old}-wal) is damaged: the newest requests may be missing.")
    if copied.whole:
        lines.append("Nothing is missing.")
    lines.append(f"{report.old} is as it was. Go on with: segtap --journal {report.new}")
    return lines
