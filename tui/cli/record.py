"""`segtap record`: messages and what they become, as a file that `segtap replay --expect` compares."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ...core.text import counted
from .options import load, reading_options, saved_option, with_saved
from .output import say, shown_bytes

if TYPE_CHECKING:
    from ...core.messages import Receipt

SUFFIX = ".jsonl"


@click.command()
@click.argument("name", metavar="NAME|-")
@click.option("--filter", "filter_text", metavar="EXPR", default="", help="Only messages that match EXPR.")
@saved_option
@click.option("--count", type=click.IntRange(1), metavar="N", help="Only the first N of them.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@reading_options
@click.pass_context
def record(
    ctx: click.Context,
    name: str,
    filter_text: str,
    saved: str,
    count: int | None,
    force: bool,
    journal: str,
    url: str,
) -> None:
    """Record messages and their requests as a scenario: NAME.jsonl, or stdout with -.

    Each line has a message, when it came (at_ms) and the requests that it becomes (expect). Ids, times and
    tokens are placeholders. segtap replay NAME.jsonl --expect says later what has changed.
    """
    filter_text = with_saved(filter_text, saved)
    path = None if name == "-" else Path(name if name.endswith(SUFFIX) else name + SUFFIX)
    if path is not None and path.exists() and not force:
        raise click.UsageError(f"{path} is there already; --force overwrites it.")
    recording = _Recording()
    target = None if path is None else path.resolve()  # a link stays one
    asyncio.run(_write(target, recording, recording.lines(filter_text, journal, url, count or 0)))
    ctx.exit(recording.end(path))


async def _write(path: Path | None, recording: _Recording, lines: AsyncGenerator[bytes]) -> None:
    """Write the lines; into a file once there is a first one."""
    from ...core.errors import InputError
    from ...core.private_files import replacing

    async with aclosing(lines):
        if path is None:
            await recording.write(lines, sys.stdout.buffer)
            return
        if (first := await anext(lines, None)) is None:
            return
        try:
            with replacing(path) as out:
                out.write(first)
                await recording.write(lines, out)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from None


class _Recording:
    """What is recorded, counted on its way."""

    def __init__(self) -> None:
        self._messages = 0
        self._left_out = 0
        self._damaged: list[Receipt] = []

    async def lines(self, filter_text: str, journal: str, url: str, count: int) -> AsyncGenerator[bytes]:
        """Yield the lines as they may be written."""
        from ...core.commands.record import left_out_in, recorded_lines

        settings = load({"journal": {"path": journal}} if journal else None)
        recorded = recorded_lines(
            settings, filter=filter_text, url=url, count=count, damaged=self._damaged.append, note=say
        )
        async with aclosing(recorded):
            async for lines in recorded:
                for line in lines.splitlines(keepends=True):
                    if left_out := left_out_in(line):
                        self._left_out = left_out
                    else:
                        self._messages += 1
                        yield shown_bytes(line)

    async def write(self, lines: AsyncIterator[bytes], out: BinaryIO) -> None:
        """Write the lines."""
        async for line in lines:
            out.write(line)
        out.flush()

    def end(self, path: Path | None) -> int:
        """Say what was recorded; returns the exit status."""
        if self._left_out:
            say(f"{counted(self._left_out, 'message')} left out: too large to be read.")
        for receipt in self._damaged:
            say(f"{receipt.refused}; left out.")
        if not self._messages:
            say("No message matches: nothing is recorded.")
        elif path is not None:
            say(
                f"{counted(self._messages, 'message')} recorded in {path}. To compare:"
                f" segtap replay {path} --expect"
            )
        return 0 if self._messages and not self._left_out and not self._damaged else 1
