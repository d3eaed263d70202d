"""`segtap held`: the messages that `[[hold]]` keeps back, and what is to be done about them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import click

from .deliveries import Choice, choosing, decide, list_rows, shown_as
from .options import format_option
from .output import say


@click.group()
def held() -> None:
    """Look after what [[hold]] of the settings keeps back: it is forwarded once you release it.

    IDS are numbers of the list, or messageIds. `segtap deliveries edit` edits a held message: what you make
    of it is forwarded in its place.
    """


@held.command(name="list")
@choosing
@format_option
def list_(choice: Choice, shape: str) -> None:
    """List the messages that are held, the oldest first."""
    from ...core.commands.deliveries import decidable

    choice = choice.checked(needed=False)
    among = replace(choice, filter_text=decidable(choice.filter_text, "release"))
    if not asyncio.run(list_rows(among, shown_as(shape), only="held")):
        say("Nothing of that is held." if choice.any else "Nothing is held.")


@held.command()
@choosing
@format_option
@click.pass_context
def release(ctx: click.Context, choice: Choice, shape: str) -> None:
    """Forward messages that are held, with the $insert_id and time that they have.

    While forwarding is off they wait.
    """
    ctx.exit(asyncio.run(decide("release", choice.checked(), shape, yes=True, held=True)))


@held.command()
@choosing
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
@click.pass_context
def drop(ctx: click.Context, choice: Choice, shape: str, yes: bool) -> None:
    """Do not forward messages that are held.

    They stay in the journal, as off: `segtap deliveries retry` sends them after all.
    """
    ctx.exit(asyncio.run(decide("drop", choice.checked(), shape, yes=yes, held=True)))
