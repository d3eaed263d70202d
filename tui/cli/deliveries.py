"""`segtap deliveries`: what became of messages at Mixpanel, and what is to be done about them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from ...core.text import counted
from .options import check_filter, format_option, load, reading_options, saved_option, with_saved
from .output import ask, say, write, write_json

if TYPE_CHECKING:
    from ...core.api.deliveries import DeliveryRow
    from ...core.api.models import Summary
    from ...core.delivery import Decision
    from ...core.settings import Settings

COLUMNS = ("ID", "RECEIVED", "TYPE", "NAME", "DELIVERY", "REQUEST", "OUTCOME", "STATUS", "WORDS")
WIDTHS = (14, 23, 8, 28, 9, 12, 9, 6, 0)
NAMED = 5
"""Messages that a decision did not change, and that are named; of more the number is said."""


@click.group()
def deliveries() -> None:
    """Look after what Mixpanel has not accepted: refused, stuck, uncertain or waiting.

    IDS are numbers of the list, or messageIds.
    """


@dataclass(frozen=True)
class Choice:
    """The messages that a command is about, and the journal or the engine that has them."""

    ids: Sequence[str]
    filter_text: str
    saved: str
    journal: str
    url: str

    @property
    def any(self) -> bool:
        """True if messages were named, or a filter for them."""
        return bool(self.ids or self.filter_text or self.saved)

    @property
    def settings(self) -> Settings:
        """The settings, with the journal that was named."""
        return load({"journal": {"path": self.journal}} if self.journal else None)

    def checked(self, *, needed: bool = True) -> Choice:
        """Return it with the saved filter in its place. Raises UsageError unless messages are chosen."""
        if self.ids and (self.filter_text or self.saved):
            raise click.UsageError(
                "Name messages by their IDS, or with --filter EXPR or --saved NAME, not both."
            )
        filter_text = with_saved(self.filter_text, self.saved)
        if needed and not self.ids and not filter_text.strip():
            raise click.UsageError("Name messages by their IDS, or with --filter EXPR or --saved NAME.")
        check_filter(filter_text)  # raises FilterFault before anything is opened
        return replace(self, filter_text=filter_text, saved="")


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose messages, which the command gets as a `Choice`."""

    @functools.wraps(command)
    def with_choice(
        *args: Any, ids: Sequence[str], filter_text: str, saved: str, journal: str, url: str, **rest: Any
    ) -> None:
        command(*args, choice=Choice(ids, filter_text, saved, journal, url), **rest)

    given: Callable[..., None] = with_choice
    for option in (
        reading_options,
        saved_option,
        click.option("--filter", "filter_text", metavar="EXPR", default="", help="Those that match EXPR."),
        click.argument("ids", nargs=-1),
    ):
        given = option(given)
    return given


only_route = click.option(
    "--route", default="", metavar="NAME", help="Only along this one of several routes to Mixpanel."
)
"""The route that a list or a decision is about."""


@deliveries.command(name="list")
@choosing
@only_route
@format_option
def list_(choice: Choice, shape: str, route: str) -> None:
    """List what became of messages at Mixpanel, a line for each request.

    Without IDS or --filter those that Mixpanel has not accepted, and that are not off. With several routes to
    Mixpanel there are lines for each.
    """
    choice = choice.checked(needed=False)
    if not asyncio.run(list_rows(choice, shown_as(shape), route=route)):
        some = choice.any or route
        say("No deliveries match." if some else "Mixpanel has accepted everything that was sent.")


async def list_rows(
    choice: Choice, show: Callable[[DeliveryRow], None], *, only: str = "", route: str = ""
) -> int:
    """Show what became of messages, a request a row; return how many rows that are.

    With `only`, those of messages in that state, with `route` those of that route.
    """
    from ...core.commands.deliveries import opened

    shown = 0
    async with opened(choice.settings, choice.url) as kept:
        rows = kept.rows_of(await kept.chosen(choice.ids)) if choice.ids else kept.rows(choice.filter_text)
        async with contextlib.aclosing(rows):
            async for row in rows:
                if (not only or row.delivery.value == only) and route in ("", row.route):
                    show(row)
                    shown += 1
    return shown


@deliveries.command()
@choosing
@only_route
@format_option
@click.pass_context
def retry(ctx: click.Context, choice: Choice, shape: str, route: str) -> None:
    """Send to Mixpanel again what it refused, or what is stuck or uncertain.

    Only these requests of a message are sent again, with the $insert_id and time that they had. While
    forwarding is off they wait. An update that was uncertain may count twice.
    """
    ctx.exit(asyncio.run(decide("retry", choice.checked(), shape, yes=True, route=route)))


@deliveries.command()
@choosing
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--route",
    default="",
    metavar="NAME",
    help="Messages only along this route; without messages all that is owed to a route you have removed.",
)
@format_option
@click.pass_context
def drop(ctx: click.Context, choice: Choice, shape: str, yes: bool, route: str) -> None:
    """Send messages no more that wait, or are held, stuck or uncertain.

    They stay in the journal, as off: `segtap deliveries retry` sends them after all.

    With --route and without messages, all that is owed to a route that is no longer in [[routes]].
    """
    if route and not choice.any:
        asyncio.run(_drop_route(route, choice, shape, yes=yes))
        return
    ctx.exit(asyncio.run(decide("drop", choice.checked(), shape, yes=yes, route=route)))


DONE: dict[Decision, str] = {"retry": "to be sent again", "drop": "dropped", "release": "released"}


async def decide(
    decision: Decision, choice: Choice, shape: str, *, yes: bool, held: bool = False, route: str = ""
) -> int:
    """Carry out a decision about messages, and return the exit status. `held`: about held ones alone.

    With a `route` it is about that one of several routes to Mixpanel.
    """
    from ...core.commands.deliveries import decidable, opened, uncertain_among

    ids, changed, unchanged = choice.ids, 0, 0
    async with opened(choice.settings, choice.url) as kept:
        among = decidable(choice.filter_text, "release" if held else decision)
        lines = await (kept.chosen(ids) if ids else kept.matching(among))
        others = [line for line in lines if held and line.delivery.value != "held"]
        lines = [line for line in lines if line not in others]
        for line in others:
            unchanged += 1
            if shape == "json":
                write_json({"id": line.id, "changed": False, "why": "it is not held"})
            elif unchanged <= NAMED:
                say(f"{line.id} is left as it is: it is not held.")
        if decision == "drop" and lines and not yes:
            _ask_to_drop(lines)
        if decision == "retry" and (doubted := uncertain_among(lines)):
            say(f"{counted(doubted, 'message')} of these may count twice, if Mixpanel has it already.")
        async for made in kept.decide(decision, [line.id for line in lines], route):
            changed += len(made.changed)
            if shape == "json":
                for id in made.changed:
                    write_json({"id": id, "changed": True, "why": ""})
            for other in made.unchanged:
                unchanged += 1
                if shape == "json":
                    write_json({"id": other.id, "changed": False, "why": other.why})
                elif unchanged <= NAMED:
                    say(f"{other.id} is left as it is: {other.why}.")
        if unchanged > NAMED and shape == "table":
            say(f"and {unchanged - NAMED:,} more are left as they are.")
        waits = decision != "drop" and changed and not await kept.forwards()
    say(f"{counted(changed, 'message')} {DONE[decision]}.")
    if waits:
        say("Forwarding is off: they wait until it is turned on (f on the screen, or segtap forward).")
    return 1 if unchanged or (ids and not changed) else 0


async def _drop_route(route: str, choice: Choice, shape: str, *, yes: bool) -> None:
    from ...core.commands.deliveries import opened
    from ...core.text import clean

    name = clean(route)
    async with opened(choice.settings, choice.url) as kept:
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(
                    f"The route {name} would never get them: --yes drops without a question."
                )
            if not ask(f"Drop all requests that are owed to the route {name}? It never gets them."):
                raise click.Abort
        dropped = await kept.drop_route(route)
    if shape == "json":
        write_json({"route": route, "requests": dropped})
    say(f"{counted(dropped, 'request')} dropped.")


def _ask_to_drop(lines: Sequence[Summary]) -> None:
    """Ask once before messages are dropped. Raises click.Abort for no, UsageError where nobody can answer."""
    what = counted(len(lines), "message")
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what} would never be sent: --yes drops without a question.")
    if not ask(f"Drop {what}? Nothing of them that waits is sent to Mixpanel any more."):
        raise click.Abort


@deliveries.command()
@choosing
@click.option("--new-id", is_flag=True, help="Give it a new messageId: Mixpanel counts it as another event.")
@click.pass_context
def edit(ctx: click.Context, choice: Choice, new_id: bool) -> None:
    """Open each message in $EDITOR, and send what you make of it.

    The edited message is a replay of the first one, and keeps its messageId unless you change it. If the
    first one waits, or is held, stuck or uncertain, it is dropped then. A text that is left unchanged is not
    sent.
    """
    ctx.exit(asyncio.run(_edit(choice.checked(), new_id=new_id)))


async def _edit(choice: Choice, *, new_id: bool) -> int:
    import uuid

    from ...core.commands.deliveries import DROPPABLE, opened
    from ...core.errors import EngineError, InputError
    from ..model.edited_text import NO_EDITOR, editable_text, edited_in, editor, why_not_editable

    command = editor()
    if not command:
        raise InputError(f"{NO_EDITOR}.")
    sent, held = 0, 0
    async with opened(choice.settings, choice.url) as kept:
        lines = await (kept.chosen(choice.ids) if choice.ids else kept.matching(choice.filter_text))
        client = kept.client
        if client is None:
            raise EngineError("An edited message is sent through a running segtap: start one with segtap.")
        for line in lines:
            detail = await client.detail(line.id)
            if why := why_not_editable(detail):
                say(f"{line.id} is left as it is: {why}")
                continue
            text = editable_text(detail)
            code, after = edited_in(command, text)
            if code != 0:
                say(f"{line.id} is left as it is: the editor {command[0]} ended with {code}.")
                continue
            if after.rstrip("\n") == text.rstrip("\n"):
                say(f"{line.id} is left as it is: the text was not changed.")
                continue
            message_id = str(uuid.uuid4()) if new_id else ""
            await client.send_edited(after.encode("utf-8", "surrogatepass"), line.id, message_id)
            sent += 1
            if line.delivery.value == "held":
                held += 1  # the engine has dropped it
            elif line.delivery in DROPPABLE:
                await client.drop([line.id])
        forwarding = (await client.state()).forwarding
    say(f"{counted(sent, 'edited message')} sent.")
    if held and not forwarding:
        say(f"Forwarding is off: what takes the place of {counted(held, 'held message')} waits for it.")
    elif sent and not forwarding:
        say("Forwarding is off, so Mixpanel gets nothing of it.")
    return 0 if sent == len(lines) and sent else 1


def shown_as(shape: str) -> Callable[[DeliveryRow], None]:
    """Return what writes a row as `--format` says, the first one after the head of a table."""
    if shape == "json":
        return _write_row
    head = iter([COLUMNS])
    return lambda row: _write_line(row, next(head, None))


def _write_row(row: DeliveryRow) -> None:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    write_json(fields | {"delivery": row.delivery.value})


def _write_line(row: DeliveryRow, head: Sequence[str] | None) -> None:
    from datetime import datetime

    if head is not None:
        _write_cells(head)
    place = f"[{row.index}] of {row.of}: " if row.of > 1 and row.outcome == "refused" else ""
    _write_cells(
        (
            str(row.id),
            datetime.fromtimestamp(row.received_at / 1000).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            row.type,
            row.name,
            row.delivery.value,
            " ".join(filter(None, (row.route, str(row.request or ""), row.endpoint))),
            row.outcome,
            str(row.status or ""),
            f"{place}{row.words}",
        )
    )


def _write_cells(cells: Sequence[str]) -> None:
    from ...core.text import clean, shorten

    parts = [
        f"{shorten(clean(cell), width):<{width}}" if width else clean(cell)
        for cell, width in zip(cells, WIDTHS, strict=True)
    ]
    write("  ".join(parts).rstrip())
