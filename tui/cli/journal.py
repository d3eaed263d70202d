"""`segtap export` and `segtap journal clear`: what is kept, taken out or thrown away."""

from __future__ import annotations

import asyncio
import sys

import click

from .options import load
from .output import ask, say, write_json_bytes


@click.command()
@click.argument("filter_text", metavar="[FILTER]", default="")
@click.option("--journal", metavar="PATH", default="", help="The journal to read. [the usual one]")
@click.option("--url", default="", help="Read from the engine that listens there.")
def export(filter_text: str, journal: str, url: str) -> None:
    """Write the journal's messages to stdout, one a line, oldest first.

    Each as it was received, with what Segment fills in (messageId, timestamp, …) filled in.
    """
    asyncio.run(_export(filter_text, journal, url))


async def _export(text: str, path: str, url: str) -> None:
    from ...core.commands.export import export_lines
    from ...core.ingest.bounds import bounds_of

    settings = load({"journal": {"path": path}} if path else None)
    bounds = bounds_of(settings.ingest)
    async for line in export_lines(text=text, journal=settings.journal, url=url, bounds=bounds):
        write_json_bytes(line)
    sys.stdout.buffer.flush()


@click.group()
def journal() -> None:
    """Look after the journal."""


@journal.command()
@click.option("--journal", "path", metavar="PATH", default="", help="The journal. [the usual one]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(path: str, yes: bool) -> None:
    """Forget every message and delivery, for good."""
    asyncio.run(_clear(path, yes=yes))


async def _clear(path: str, *, yes: bool) -> None:
    from ...core.journal import open_journal

    settings = load({"journal": {"path": path}} if path else None).journal
    journal = await open_journal(settings, must_exist=True)
    try:
        counts = await journal.counts()
        if not yes:
            owed = (
                f", {counts.deliveries.owed:,} of them still owed to Mixpanel"
                if counts.deliveries.owed
                else ""
            )
            question = f"Forget {counts.received:,} messages{owed}, for good?"
            if not ask(question):
                raise click.Abort
        await journal.clear()
        say(f"{counts.received:,} messages forgotten.")
    finally:
        await journal.close()
