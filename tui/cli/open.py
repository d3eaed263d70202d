"""`segtap open`: files of messages as if they had just been received, on a screen or as a report."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ...core.errors import PortTaken
from ...core.text import counted
from .completing import complete_file
from .options import config_option, load
from .output import say, write, write_json

if TYPE_CHECKING:
    from ...core.commands.open_files import ReadFile
    from ...core.messages import JsonObject

EVERY = 0.2
"""Seconds between two changes of the progress."""


@click.command("open")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--journal",
    shell_complete=complete_file,
    metavar="PATH",
    default="",
    help="Keep them in this journal, and go on where an earlier run ended. [a throw-away one]",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json"]),
    help="Write what was read, and open no screen. [table where there is no terminal]",
)
@config_option
@click.pass_context
def open_(
    ctx: click.Context, files: tuple[Path, ...], journal: str, shape: str | None, config_file: Path | None
) -> None:
    """Open files of messages on the screen, as if they had just been received: past days, another machine's.

    Each FILE is recognised by its content, also compressed with gzip: JSON lines or a list of Segment
    messages (segtap export, Segment's raw data archive, a debugger), HAR files, and Mixpanel's raw export; -
    is stdin. Messages are received when the file says. Nothing is forwarded, and none is owed to Mixpanel.

    A line that is not a message is named and left out; the exit status is 1 then. A run that was interrupted
    goes on when it is started again with the same --journal.
    """
    settings = load(file=config_file)
    screen = shape is None and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    with contextlib.ExitStack() as stack:
        if screen and not journal:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="segtap-open-"))
            journal = str(Path(folder, "journal.db"))
        opened = [(_name(file), stack.enter_context(_binary(file))) for file in files]
        read = _read(opened, journal)
        for one in read:
            _tell(one, journal)
            if shape == "json":
                write_json(_as_json(one))
            elif not screen:
                for line in _lines(one):
                    write(line)
        status = 0 if all(one.whole for one in read) else 1
        if screen and any(one.messages or one.before.values for one in read):
            from msgspec.structs import replace

            from ...core.commands.open_files import journal_settings
            from .screen import screen_with_engine

            ingest = replace(settings.ingest, port=0, host=("127.0.0.1",))
            with contextlib.suppress(PortTaken):
                own = replace(settings, ingest=ingest, journal=journal_settings(journal), demo=False)
                status = asyncio.run(screen_with_engine(own)) or status
    ctx.exit(status)


def _name(file: Path) -> str:
    return "stdin" if str(file) == "-" else str(file)


def _binary(file: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    return contextlib.nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb")


def _read(files: list[tuple[str, BinaryIO]], journal: str) -> list[ReadFile]:
    """Read the files, with progress on a terminal."""
    from ...core.commands.open_files import read_files

    progress = _Progress()
    try:
        return asyncio.run(read_files(files, journal, progress=progress.show))
    except KeyboardInterrupt:
        if journal:
            say(f"Interrupted. To go on, run the same command: {journal} has what was read so far.")
        raise click.Abort from None
    finally:
        progress.end()


class _Progress:
    """The line on a terminal that says how far the files are read."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = 0.0

    def show(self, file: ReadFile) -> None:
        """Show how far a file is read."""
        if self._live and (now := time.monotonic()) - self._said >= EVERY:
            self._said = now
            part = f"{100 * file.read // file.size}% of " if file.size else ""
            sys.stderr.write(f"\r\x1b[K{file.messages:,} messages, {part}{Path(file.name).name!a}")
            sys.stderr.flush()

    def end(self) -> None:
        """Remove the line."""
        if self._live:
            sys.stderr.write("\r\x1b[K")


def _tell(one: ReadFile, journal: str) -> None:
    """Say what was not read of a file."""
    if one.broken > 1 and not one.messages and not one.before.values:
        line, why = one.faults[0]
        none = f"none of its {one.broken:,} lines is a message (line {line}: {why})"
        say(f"{one.name}: {none}. Files can be JSON lines, JSON lists, HAR, and Mixpanel's raw export.")
    else:
        for line, why in one.faults:
            say(f"{one.name}, line {line}: {why}")
        if one.broken > len(one.faults):
            say(f"{one.name}: and {one.broken - len(one.faults):,} more lines that are not messages")
    if one.ended:
        say(f"{one.name}: {one.ended}{'; what was read before stays' if one.messages else ''}")
    if one.before.values or one.before.messages:
        say(f"{one.name}: {journal} has its first {counted(one.before.values, 'value')} from before")


def _lines(one: ReadFile) -> list[str]:
    held = [f"{one.name}: {counted(one.messages, 'message')} in {counted(one.requests, 'request')}"]
    if one.first:
        held.append(f"received {_time(one.first)} to {_time(one.last)}")
    if one.passed_over:
        held.append(f"{counted(one.passed_over, 'other request')} passed over")
    if one.broken:
        held.append(f"{counted(one.broken, 'line')} not readable")
    return ["; ".join(held)]


def _as_json(one: ReadFile) -> JsonObject:
    return {
        "file": one.name,
        "messages": one.messages,
        "requests": one.requests,
        "passed_over": one.passed_over,
        "before": one.before.values,
        "first": one.first,
        "last": one.last,
        "broken": one.broken,
        "faults": [{"line": line, "why": why} for line, why in one.faults],
        "ended": one.ended,
    }


def _time(ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # a year that the platform's calendar does not have
        return f"{ms} ms"
