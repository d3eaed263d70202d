"""`segtap ps` and `segtap stop`: the engines of this machine."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from .completing import complete_engine
from .options import format_option
from .output import ask, say, write, write_json

if TYPE_CHECKING:
    from ...core.commands.engines import RunningEngineRow

COLUMNS = ("URL", "PID", "KIND", "FORWARDING", "VERSION", "SINCE", "JOURNAL")


@click.command()
@format_option
@click.option("--show-secrets", is_flag=True, help="With --format json: also the token of each.")
def ps(shape: str, show_secrets: bool) -> None:
    """List the engines that you run on this machine, the newest first.

    KIND is the command that runs the engine: screen, tail, forward or proxy; engine for a process of its own,
    embedded for one within another program.
    """
    from ...core.commands.engines import list_engines

    rows, words = asyncio.run(list_engines())
    for text in words:
        say(text)
    if show_secrets and shape != "json":
        raise click.UsageError("--show-secrets needs --format json.")
    if shape == "json":
        from ...core.serve.notes import running

        tokens = {note.url: note.token for note in running()} if show_secrets else {}
        for row in rows:
            _write_json(row, tokens.get(row.url, ""))
    elif rows:
        _write_table(rows)
    else:
        say("No segtap is running. Start one with: segtap")


@click.command()
@click.argument("url", default="", shell_complete=complete_engine)
@click.option("--yes", is_flag=True, help="Ask nothing.")
def stop(url: str, yes: bool) -> None:
    """Stop the engine at URL, or the one that runs.

    It finishes or stores what is in flight, and ends; a screen closes with its own engine. Asks first if
    messages that wait to be forwarded would be lost with a throw-away journal.
    """
    from ...core.commands.engines import engine_to_stop, state_of, stop_engine, waiting_and_lost
    from ...core.errors import EngineError
    from ...core.serve.notes import note_of, running
    from ...core.text import counted

    note = note_of(url) if url else engine_to_stop(running())
    state = asyncio.run(state_of(note))
    if (waiting := waiting_and_lost(state)) and not yes:
        lost = f"{counted(waiting, 'message')} not forwarded yet, and kept in a throw-away journal"
        if not sys.stdin.isatty():
            raise EngineError(f"{note.url} has {lost}: --yes stops it nevertheless.")
        if not ask(f"{note.url} has {lost}. Stop it?"):
            raise click.Abort
    asyncio.run(stop_engine(note))
    say(f"Stopped: {note.url} ({note.kind}, process {note.pid})")


def _write_json(row: RunningEngineRow, token: str = "") -> None:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    write_json(fields | {"token": token} if token else fields)


def _write_table(rows: list[RunningEngineRow]) -> None:
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    for line in lines:
        write("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: RunningEngineRow) -> tuple[str, ...]:
    since = datetime.fromtimestamp(row.since / 1000).strftime("%Y-%m-%d %H:%M:%S")
    journal = row.journal or "(throw-away)"
    return (row.url, str(row.pid), row.kind, row.forwarding, row.version, since, journal)
