"""`segtap compare`: messages in both of Segment's Mixpanel destinations, and what a move costs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from .completing import complete_file
from .options import DESTINATIONS, clock_of, config_option, format_option, load, tell_faults, tell_stand_in
from .output import hidden, write, write_json

if TYPE_CHECKING:
    from ...core.api.models import MessageDetail
    from ...core.compare.lines import Compared
    from ...core.settings import DestinationKind, Settings


@click.command()
@click.argument("one", metavar="ONE", type=DESTINATIONS)
@click.argument("other", metavar="OTHER", type=DESTINATIONS)
@click.argument("source", metavar="[FILE|-]", type=click.File("rb"), required=False)
@click.option(
    "--journal",
    shell_complete=complete_file,
    metavar="PATH",
    default="",
    help="All messages of this journal.",
)
@click.option(
    "--count", type=click.IntRange(1), default=20, show_default=True, help="How many, without FILE."
)
@click.option("--now", metavar="ISO", help="The clock for messages that name none. [the time now]")
@click.option("--all", "every", is_flag=True, help="Show properties that are the same, too.")
@click.option("--summary", is_flag=True, help="Only say how many messages lose what.")
@format_option
@click.option("--show-secrets", is_flag=True, help="Write the authorization header whole.")
@config_option
@click.pass_context
def compare(
    ctx: click.Context,
    one: DestinationKind,
    other: DestinationKind,
    source: BinaryIO | None,
    journal: str,
    count: int,
    now: str | None,
    every: bool,
    summary: bool,
    shape: str,
    show_secrets: bool,
    config_file: Path | None,
) -> None:
    """Show messages in two destinations, ONE and OTHER (actions, classic-cloud), and what each drops.

    FILE has one JSON object a line, a message or an envelope as `segtap translate` takes it; without it the
    newest messages of the segtap that runs are compared. Both destinations follow segtap.toml:
    [destination], [[subscriptions]] and [classic]; for messages of a segtap or a journal, unless --config
    names a file, the settings that they were received by.
    """
    from ...core import bounds_of, settings_behind
    from ...core.compare import destination_for
    from ...core.compare.lines import compare_lines

    if one == other:
        raise click.UsageError("Name two different destinations: segtap compare actions classic-cloud")
    if source is not None and journal:
        raise click.UsageError("Give FILE or --journal, not both.")
    settings = load(
        {"journal": {"path": journal}} if journal else None, file=config_file, show_secrets=show_secrets
    )
    if source is None and config_file is None:
        settings = asyncio.run(settings_behind(settings))
    tell_faults(settings)
    tell_stand_in(settings)
    clock = clock_of(now)
    compared = compare_lines(
        _lines(source, journal, count, settings),
        destination_for(settings, one),
        destination_for(settings, other),
        clock=lambda: clock,
        bounds=bounds_of(settings.ingest),
        by_key={
            key: (destination_for(own, one), destination_for(own, other))
            for source_of in settings.sources
            for own in (source_of.over(settings),)
            for key in source_of.write_keys
        },
    )
    if shape == "json":
        failed = _write_json(compared, show_secrets=show_secrets, summary=summary)
    else:
        failed = _write_table(compared, one, other, every=every, summary=summary)
    ctx.exit(1 if failed else 0)


def _lines(source: BinaryIO | None, journal: str, count: int, settings: Settings) -> Iterable[bytes]:
    if source is not None:
        return source
    if journal:
        return asyncio.run(_journal_lines(journal))
    return asyncio.run(_newest(count))


async def _journal_lines(path: str) -> list[bytes]:
    from ...core.commands.export import export_lines
    from ...core.settings import JournalSettings

    return [line async for line in export_lines(journal=JournalSettings(path=path), what="batches")]


async def _newest(count: int) -> list[bytes]:
    """Return the newest messages of the running engine, oldest first."""
    from ...core.api.client import Client
    from ...core.serve.notes import find_engine

    async with Client(*find_engine()) as client:
        found: list[int] = []
        before, more = None, True
        while more and len(found) < count:
            page = await client.page(before=before, limit=count)
            found[:0] = [one.id for one in page.summaries if not one.refused]
            before, more = (page.summaries[0].id if page.summaries else None), page.more
        details = [await client.detail(id) for id in found[-count:]]
        return [_line(detail) for detail in details if not (detail.unread or detail.summary.damaged)]


def _line(detail: MessageDetail) -> bytes:
    """Return a message as a line that says which source it is of."""
    if detail.source_kind == "mixpanel" or not detail.write_key:
        return detail.document
    from ...core.json_text import json_bytes

    return b'{"writeKey":' + json_bytes(detail.write_key) + b',"batch":[' + detail.document + b"]}"


def _write_json(compared: Iterable[Compared], *, show_secrets: bool, summary: bool) -> int:
    from ...core.compare import as_json
    from ...core.compare.table import Tally

    tally = Tally()
    for line in compared:
        if line.comparison is None:
            tally.failed += 1
            write_json({"line": line.number, "error": line.error})
            continue
        tally.count(line.comparison)
        if not summary:
            write_json(as_json(line.comparison, show_secrets=show_secrets))
    write_json(tally.as_json())
    return tally.failed


def _write_table(
    compared: Iterable[Compared],
    one: DestinationKind,
    other: DestinationKind,
    *,
    every: bool,
    summary: bool,
) -> int:
    from ...core.compare.table import Tally, text_of, whole_lines

    tally, width = Tally(), shutil.get_terminal_size().columns
    for line in compared:
        if line.comparison is None:
            tally.failed += 1
            write(f"line {line.number} cannot be read: {line.error}")
            write("")
            continue
        tally.count(line.comparison)
        if not summary:
            for text in text_of(whole_lines(hidden(line.comparison), width, every=every)):
                write(text)
            write("")
    for text in tally.lines(one, other, width):
        write(text)
    return tally.failed
