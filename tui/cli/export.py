"""`segtap export`: the messages of a journal to stdout or into a file, in one of several formats."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from ...core.text import counted
from .completing import complete_file
from .options import load, reading_options, saved_option, with_saved
from .output import ask, say, shown_bytes

if TYPE_CHECKING:
    from ...core.commands.export_formats import Format, FormatName
    from ...core.messages import Receipt

SHOWN = 5
"""Damaged requests that are named; of more the number is said."""
EVERY = 0.2
"""Seconds between two changes of the progress on a terminal."""


@click.command()
@click.argument("filter_text", metavar="[FILTER]", default="")
@saved_option
@reading_options
@click.option(
    "--format",
    "shape",
    type=click.Choice(["jsonl", "mixpanel", "csv", "har", "segment-archive"]),
    help="How to write them. [jsonl, or what the ending of --output says]",
)
@click.option(
    "--columns",
    metavar="PATHS",
    default="",
    help="The columns of csv, with commas: timestamp,event,properties.total",
)
@click.option(
    "-o",
    "--output",
    shell_complete=complete_file,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there instead of stdout; compressed if FILE ends with .gz.",
)
@click.option("--yes", is_flag=True, help="Write over a file that is there without asking.")
@click.pass_context
def export(
    ctx: click.Context,
    filter_text: str,
    saved: str,
    journal: str,
    url: str,
    shape: str | None,
    columns: str,
    output: Path | None,
    yes: bool,
) -> None:
    """Write the journal's messages to stdout or into a file, oldest first.

    With FILTER only those that match (segtap help filter). The formats:

    \b
    jsonl            as received, with what Segment fills in (messageId, timestamp, …); one a line
    mixpanel         the events that they become, as Mixpanel's /import and raw export have them
    csv              a row a message; texts that a spreadsheet would calculate get a quote in front
    har              the requests that they came in, with answers; credentials are masked
    segment-archive  as Segment's raw data archive: compressed lines

    Exit code 1 when parts of the journal are damaged and left out.
    """
    from ...core.commands.export_formats import format_of

    name = cast("FormatName", shape or _named_by(output))
    chosen = format_of(name, [one.strip() for one in columns.split(",") if one.strip()])
    packed = name == "segment-archive" or (output is not None and output.suffix == ".gz")
    if packed and output is None and sys.stdout.isatty():
        raise click.UsageError(f"{name} is compressed: name a file with --output, or redirect stdout.")
    if output is not None and output.exists() and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{output} is there already: --yes writes over it.")
        if not ask(f"{output} is there already. Write over it?"):
            raise click.Abort
    ctx.exit(
        asyncio.run(_export(with_saved(filter_text, saved), journal, url, chosen, output, packed=packed))
    )


def _named_by(output: Path | None) -> str:
    """Return the format that the ending of a file's name says."""
    endings = [] if output is None else [ending for ending in output.suffixes if ending != ".gz"]
    return {".csv": "csv", ".har": "har"}.get(endings[-1] if endings else "", "jsonl")


async def _export(
    filter_text: str, path: str, url: str, chosen: Format, output: Path | None, *, packed: bool
) -> int:
    from ...core import bounds_of
    from ...core.commands.export import export_lines

    settings = load({"journal": {"path": path}} if path else None)
    damaged: list[Receipt] = []
    lines = export_lines(
        journal=settings.journal,
        filter=filter_text,
        what=chosen.what,
        url=url,
        bounds=bounds_of(settings.ingest),
        own=settings,
        damaged=damaged.append,
        note=say,
    )
    progress = _Progress(live=sys.stderr.isatty() and (output is not None or not sys.stdout.isatty()))
    async with contextlib.aclosing(lines):
        # The journal is opened before the file is: a wrong filter leaves no file.
        first = await anext(lines, None)
        with _opened(output, packed=packed) as out:
            out.write(shown_bytes(chosen.head()))
            if first is not None:
                progress.add(bool(written := shown_bytes(chosen.line(first))))
                out.write(written)
            async for line in lines:
                written = shown_bytes(chosen.line(line))
                out.write(written)
                progress.add(bool(written))
            out.write(shown_bytes(chosen.end()))
    progress.end()
    for words in chosen.left_out():
        say(words)
    if output is not None:
        what = "request" if chosen.what == "requests" else "event" if chosen.what == "records" else "message"
        say(f"{counted(progress.count, what)} written to {output}.")
    for receipt in damaged[:SHOWN]:
        say(f"{receipt.refused}; left out.")
    if len(damaged) > SHOWN:
        say(f"and {len(damaged) - SHOWN:,} more damaged requests, left out")
    return 1 if damaged else 0


@contextlib.contextmanager
def _opened(output: Path | None, *, packed: bool) -> Generator[BinaryIO]:
    """Open what is written to: a file as a whole or not at all, or stdout."""
    from ...core.errors import InputError
    from ...core.private_files import replacing

    try:
        with contextlib.nullcontext(sys.stdout.buffer) if output is None else replacing(output) as out:
            if packed:
                from isal import igzip

                with igzip.IGzipFile("", "wb", compresslevel=2, fileobj=out, mtime=0) as inner:
                    yield cast("BinaryIO", inner)
            else:
                yield out
            out.flush()
    except OSError as error:
        if output is None:
            raise
        raise InputError(f"{output} cannot be written: {error.strerror}.") from None


class _Progress:
    """The number of lines so far, on stderr: one line that changes, on a terminal."""

    def __init__(self, *, live: bool) -> None:
        self.count = 0
        self._live = live
        self._said = time.monotonic()

    def add(self, count: int) -> None:
        """Count lines."""
        self.count += count
        if self._live and self.count % 256 == 0 and (now := time.monotonic()) - self._said >= EVERY:
            self._said = now
            sys.stderr.write(f"\r{self.count:,} written")
            sys.stderr.flush()

    def end(self) -> None:
        """Remove the line."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
