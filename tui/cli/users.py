"""`segtap users`: which users Mixpanel has, one a line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from .options import DESTINATIONS, clock_of, config_option, format_option, load, reading_options, tell_faults
from .output import hidden, say, write, write_json

if TYPE_CHECKING:
    from ...core.identities.model import UserRow
    from ...core.messages import JsonObject
    from ...core.settings import Settings

SHOWN = 5
"""Lines without a message that are named; of more the number is said."""


@click.command()
@click.argument("source", metavar="[FILE|-]", type=click.File("rb"), required=False)
@click.option("--destination", type=DESTINATIONS, help="Which destination of Segment's. [actions]")
@reading_options
@config_option
@click.option("--now", metavar="ISO", help="The clock for messages that name none. [the time now]")
@format_option
@click.pass_context
def users(
    ctx: click.Context,
    source: BinaryIO | None,
    destination: str | None,
    journal: str,
    url: str,
    config_file: Path | None,
    now: str | None,
    shape: str,
) -> None:
    """Show which users Mixpanel has after messages were sent.

    FILE holds messages as `segtap check` reads them, one a line. Without it they are those of the engine that
    runs, read by its own settings, else of the journal. Each user has all ids by which Mixpanel holds them
    (in a Simplified project a device as $device:ID), how many events, and whether they have a profile. The ID
    merge is `identity` in segtap.toml. Exit status 1 when a line cannot be read.
    """
    if source is not None and (journal or url):
        raise click.UsageError("FILE and --journal or --url are two sources: give one.")
    clock = clock_of(now)
    flags: dict[str, JsonObject] = {}
    if destination:
        flags["destination"] = {"kind": destination}
    if journal:
        flags["journal"] = {"path": journal}
    settings = load(flags, file=config_file)
    tell_faults(settings)
    if source is None:
        from ...core.commands.users import users_kept

        own = bool(destination or config_file)
        rows, origin = asyncio.run(users_kept(settings, url=url, clock=lambda: clock, own=own))
        say(f"Users of {origin}")
        _write(rows, shape)
        return
    ctx.exit(_of_file(source, settings, clock, shape))


def _of_file(source: BinaryIO, settings: Settings, clock: int, shape: str) -> int:
    from ...core.commands.users import UsersOf

    found = UsersOf(settings, lambda: clock)
    found.take(source)
    _write(found.rows(), shape)
    if found.refused:
        say(f"{found.refused:,} of {found.messages:,} messages add nothing: Segment refuses them.")
    if found.copies:
        say(f"{found.copies:,} of {found.messages:,} messages add nothing: they are copies of others.")
    for number, why in found.unreadable[:SHOWN]:
        say(f"{source.name}:{number}: {why}")
    if len(found.unreadable) > SHOWN:
        say(f"and {len(found.unreadable) - SHOWN:,} more lines that cannot be read")
    return 1 if found.unreadable else 0


def _write(rows: Iterable[UserRow], shape: str) -> None:
    if shape == "json":
        for row in rows:
            write_json({"ids": list(row.ids), "events": row.events, "profile": row.profile})
        return
    count = 0
    write(f"{'events':>9}  profile  ids")
    for row in rows:
        count += 1
        write(f"{row.events:>9,}  {'yes' if row.profile else 'no':<7}  {_ids(hidden(row))}")
    write(f"{count:,} {'user' if count == 1 else 'users'}")


def _ids(row: UserRow) -> str:
    from ...core.text import clean, counted

    first = ", ".join(clean(id) for id in row.ids[:SHOWN])
    more = len(row.ids) - SHOWN
    return f"{first} and {counted(more, 'more id')}" if more > 0 else first
