"""`segtap why`: what happens to a message on its way to Mixpanel, stage by stage."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..render.glyphs import wants_ascii
from .by_source import judged_as, source_option
from .completing import complete_engine, complete_file
from .options import along, clock_of, config_option, load, route_option, tell_faults, tell_stand_in
from .output import hidden, say, write

if TYPE_CHECKING:
    from ...core.commands.why import Mark, Why
    from ...core.settings import Settings

    Found = tuple[list[Why], bool]
    """The way of every message, and whether something in between could not be read."""

MARKS: dict[Mark, str] = {
    "passed": "✔",
    "unchanged": "·",
    "changed": "~",
    "stopped": "✖",
    "unknown": "?",
    "log": " ",
}
ASCII_MARKS: dict[Mark, str] = {**MARKS, "passed": "+", "unchanged": ".", "stopped": "x"}
STAGE_WIDTH = 27


@click.command()
@click.argument("message", metavar="[FILE|-|ID]", default="-")
@click.option("--now", metavar="ISO", help="The clock for messages that name none. [the time now]")
@click.option(
    "--journal",
    shell_complete=complete_file,
    metavar="PATH",
    default="",
    help="The journal that has the ID. [the usual one]",
)
@click.option("--url", shell_complete=complete_engine, default="", help="The engine that has the ID.")
@config_option
@route_option
@source_option
@click.pass_context
def why(
    ctx: click.Context,
    message: str,
    now: str | None,
    journal: str,
    url: str,
    config_file: Path | None,
    route: str,
    source_name: str,
) -> None:
    """Say what happens to a message, stage by stage, and why it does or does not reach Mixpanel.

    FILE, or - for stdin, holds what people paste: a message, a record of Segment's debugger, base64, a
    request, a curl command. ID is a messageId, or the $insert_id of what Mixpanel's own SDK sent, looked up
    in the running segtap or in the journal, and judged by the settings there; with --config by that file.
    Exit status 0 if every message reaches Mixpanel, else 1.
    """
    settings = load({"journal": {"path": journal}} if journal else None, file=config_file)
    clock = clock_of(now)
    if message == "-":
        found, unread = _pasted(sys.stdin.buffer.read(), along(settings, route), clock, source_name)
    elif Path(message).exists():  # a pipe, such as <(command), too; of a folder it is said that it is one
        found, unread = _pasted(_bytes_of(Path(message)), along(settings, route), clock, source_name)
    elif source_name:
        raise click.UsageError(
            f"There is no file {message!r}. --source needs a file or -: a message that segtap received is of"
            " the source that sent it."
        )
    else:
        found, unread = asyncio.run(
            _kept(message, settings, clock, url=url, override=config_file is not None, route=route)
        )
    for place, one in enumerate(found):
        if place:
            write("")
        for line in _lines(hidden(one)):
            write(line)
    ctx.exit(1 if unread or not all(one.reaches for one in found) else 0)


def _bytes_of(path: Path) -> bytes:
    from ...core.errors import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _pasted(data: bytes, settings: Settings, clock: int, source_name: str = "") -> Found:
    """Return the way of every message, and whether something in between could not be read."""
    from ...core import bounds_of
    from ...core.commands.why import why as explain
    from ...core.errors import InputError
    from ...core.functions import InsertFunctions
    from ...core.pipeline import compile_settings
    from ...core.pipeline.lines import Unreadable
    from ...core.pipeline.pasted import pasted_messages

    compiled = judged_as(compile_settings(settings), settings, source_name)
    found: list[Why] = []
    faults: list[str] = []
    given = pasted_messages(data, destination=compiled.destination, bounds=bounds_of(settings.ingest))
    with InsertFunctions(settings.insert_functions) as functions:
        for one in given:
            if isinstance(one, Unreadable):
                faults.append(f"Line {one.line}: {one.error}.")
                continue
            now = one.now(lambda: clock)
            judged = one.settings_in(compiled)
            found.append(explain(one.message, judged, now=now, functions=functions.run))
    if not found:
        raise InputError(faults[0])
    tell_faults(settings)
    tell_stand_in(settings)
    for fault in faults:
        say(fault)
    return found, bool(faults)


async def _kept(id: str, settings: Settings, clock: int, *, url: str, override: bool, route: str) -> Found:
    """Return the way of the message with this messageId or $insert_id; of several receipts, of the first."""
    from ...core import settings_behind
    from ...core.commands.export import export_lines
    from ...core.errors import InputError, JournalError
    from ...core.query import by_id

    nothing = f"There is no file {id!r}, and no message with that messageId or $insert_id"
    try:
        found = export_lines(
            journal=settings.journal, filter=by_id(id), what="batches", url=url, own=settings
        )
        lines = [line async for line in found]
    except JournalError as error:
        raise InputError(f"{nothing}: {error}") from error
    if not lines:
        raise InputError(f"{nothing}. Paste the message with: segtap why -")
    if len(lines) > 1:
        say(f"Received {len(lines):,} times. The later copies are dropped; this is the first one.")
    if not override:
        settings = await settings_behind(settings, url=url)
    return _pasted(lines[0], along(settings, route), clock)


def _lines(one: Why) -> list[str]:
    from ...core.text import clean

    marks = ASCII_MARKS if wants_ascii() else MARKS
    lines = [clean(one.title)]
    lines += [f"  {marks[line.mark]} {line.stage:<{STAGE_WIDTH}}  {clean(line.words)}" for line in one.lines]
    lines.append(clean(one.end))
    for finding in one.findings:
        lines.append(f"  {finding.severity}: {finding.rule}: {clean(finding.message)}")
    return lines
