"""`segtap copy`: a message of a running engine as curl, code, Markdown, …"""

from __future__ import annotations

import asyncio

import click

from .completing import complete_engine, complete_format
from .options import load
from .output import write_lines


@click.command()
@click.argument("message", metavar="ID")
@click.option(
    "--as",
    "format_id",
    metavar="FORMAT",
    default="segment-curl",
    show_default=True,
    shell_complete=complete_format,
    help="How to write it; --as list names the formats.",
)
@click.option("--url", shell_complete=complete_engine, default="", help="The engine. [the newest of yours]")
def copy(message: str, format_id: str, url: str) -> None:
    """Write a message of a running engine for another place: as the copy menu of the screen has it.

    ID is a messageId, or the number that segtap tail --format json gives. Of several receipts the newest is
    written. Secrets stand as variables or as dots.
    """
    from ...core.copied.formats import EXPORTERS, EXPORTERS_BY_ID

    if format_id == "list":
        write_lines("\n".join(f"{one.id:<15} {one.title}" for one in EXPORTERS))
        return
    names = {"curl": "segment-curl"}
    exporter = EXPORTERS_BY_ID.get(names.get(format_id, format_id))
    if exporter is None:
        known = ", ".join(EXPORTERS_BY_ID)
        raise click.BadParameter(f"{format_id!r} is none of {known}", param_hint="--as")
    load()
    write_lines(asyncio.run(_copied(message, exporter.id, url)))


async def _copied(message: str, format_id: str, url: str) -> str:
    from ...core.api.client import Client
    from ...core.commands.copy import copied
    from ...core.serve.notes import find_engine

    async with Client(*find_engine(url)) as client:
        return await copied(client, message, format_id)
