"""`segtap replay`: messages of a file, or of the journal, through the tap again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from .completing import complete_engine
from .options import load, saved_option, with_saved
from .output import say


@click.command()
@click.argument("file", metavar="[FILE|-]", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.option(
    "--filter", "filter_text", metavar="EXPR", help="Those of the running engine's journal that match EXPR."
)
@saved_option
@click.option(
    "--url",
    shell_complete=complete_engine,
    default="",
    help="The engine, or any endpoint of Segment's kind. [the newest of your engines]",
)
@click.option(
    "--write-key",
    default="segtap-replay",
    show_default=True,
    help="Used for an endpoint that is not a segtap.",
)
@click.option(
    "--pace",
    default="now",
    show_default=True,
    metavar="PACE",
    help="now, original (with the time between them that they had), or so many times as fast: 10x.",
)
def replay(
    file: Path | None, filter_text: str | None, saved: str, url: str, write_key: str, pace: str
) -> None:
    """Send messages through segtap again, with their messageId and timestamp.

    FILE holds one message a line, as `segtap export` writes it, or what else `segtap check` reads. They are
    forwarded when forwarding is on.
    """
    if saved:
        filter_text = with_saved(filter_text or "", saved)
    if (file is None) == (filter_text is None):
        raise click.UsageError("Name either a FILE, or --filter EXPR or --saved NAME.")
    if file is not None:
        sent = asyncio.run(_replay_file(file, url, write_key, pace))
    else:
        from ...core import parse_filter

        parse_filter(filter_text or "")  # raises FilterFault before anything is opened
        sent = asyncio.run(_replay_kept(filter_text or "", url, pace))
    say(f"{sent:,} messages replayed.")


async def _replay_file(file: Path, url: str, write_key: str, pace: str) -> int:
    from ...core import bounds_of
    from ...core.commands.bulk import read_pace
    from ...core.commands.replay import replay_lines

    bounds = bounds_of(load().ingest)
    with click.open_file(str(file), "rb") as lines:
        return await replay_lines(lines, url=url, write_key=write_key, bounds=bounds, pace=read_pace(pace))


async def _replay_kept(filter_text: str, url: str, pace: str) -> int:
    from ...core.commands.bulk import read_pace
    from ...core.commands.replay import replay_matching

    progress, notes = await replay_matching(filter_text, url, read_pace(pace))
    for words in notes:
        say(words)
    for why, count in progress.reasons.items():
        say(f"{count:,} not replayed: {why}.")
    return progress.done
