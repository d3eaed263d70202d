"""`segtap tail`: live lines without a screen, for pipes and for screen readers."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .completing import complete_engine
from .interrupts import run_until_interrupted
from .options import check_filter, format_option, read_settings, saved_option, settings_options, with_saved
from .output import say, write, write_json

if TYPE_CHECKING:
    from ...core.api.client import Client
    from ...core.api.models import EngineState, Summary
    from ..model.sources import SourceNames

Show = Callable[["Summary", "SourceNames"], None]
"""Prints a message, with the names of sources."""


@click.command()
@click.argument("filter_text", metavar="[FILTER]", default="")
@click.option(
    "--url",
    shell_complete=complete_engine,
    default="",
    help="The running engine to listen to. [the newest of yours, else an own one]",
)
@saved_option
@format_option
@click.option(
    "--route", default="", metavar="NAME", help="As messages stand on this one of several routes to Mixpanel."
)
@click.option("--count", type=click.IntRange(1), help="Stop after this many lines.")
@settings_options
def tail(
    filter_text: str, url: str, saved: str, shape: str, route: str, count: int | None, **options: Any
) -> None:
    """Print messages as they come, a line each, until Ctrl-C.

    Listens to the engine that runs, or starts one when none does. With FILTER only those that match
    (segtap help filter).
    """
    filter_text = with_saved(filter_text, saved)
    check_filter(filter_text)  # raises FilterFault before anything is opened
    show = partial(_write_json, route=route) if shape == "json" else _write_line
    run_until_interrupted(_tail(filter_text, url, route, show, count, options))


async def _tail(
    filter_text: str, url: str, route: str, show: Show, count: int | None, options: dict[str, Any]
) -> None:
    async with _some_engine(url, options) as client:
        printed = 0
        # Ctrl-C cancels this task, which then closes the feed: the event loop need not do it on its way out.
        async with contextlib.aclosing(_arrivals(client, filter_text, route)) as arrivals:
            async for summary, sources in arrivals:
                show(summary, sources)
                sys.stdout.flush()
                printed += 1
                if printed == count:
                    return
        say("The engine has stopped.")


@contextlib.asynccontextmanager
async def _some_engine(url: str, options: dict[str, Any]) -> AsyncGenerator[Client]:
    """Return a client of the running engine, or of one that is started for as long as this lasts."""
    from ...core.api.client import Client
    from ...core.serve.launch import start_engine
    from ...core.serve.notes import find_engine, running

    if url or running():
        address, token = find_engine(url)
        say(f"Listening to {address}")
        async with Client(address, token) as client:
            yield client
        return
    async with await start_engine(read_settings(**options), kind="tail") as engine:
        say(f"Receiving on {' '.join(engine.urls)}")
        async with Client(engine.url, engine.token) as client:
            yield client


async def _arrivals(
    client: Client, filter_text: str, route: str
) -> AsyncGenerator[tuple[Summary, SourceNames]]:
    """Yield what arrives from now on and matches the filter, in order and without gaps.

    Each message stands as it does on the route, if one is named, and has the names of sources with it, as
    they are then. Raises InputError if the engine has not several routes to Mixpanel with one of that name.
    """
    from ..model.sources import SourceNames

    newest = await client.page(limit=1)
    state = await client.state()
    if route:
        _check_route(route, state)
    sources = SourceNames(state.sources)
    last = newest.summaries[-1].id if newest.summaries else 0
    async with contextlib.aclosing(client.feed()) as frames:
        async for frame in frames:
            if frame.state is not None:
                sources = SourceNames(frame.state.sources)
            if not (frame.added or frame.missed):
                continue
            # The frame only says that there is more: the journal is what has no gaps.
            while True:
                page = await client.page(after=last, limit=500, filter=filter_text, route=route)
                for summary in page.summaries:
                    yield summary, sources
                # What was searched without a match is not searched again at the next frame.
                last = max(last, page.reached, *(summary.id for summary in page.summaries[-1:]))
                if not page.more:
                    break


def _check_route(route: str, state: EngineState) -> None:
    from ...core.errors import InputError
    from ...core.text import clean

    names = [one.name for one in state.routes if one.kind == "mixpanel"]
    if len(names) < 2:
        raise InputError("This segtap has one route to Mixpanel: leave out --route.")
    if route not in names:
        raise InputError(
            f"There is no route to Mixpanel that is named {clean(route)}. [[routes]] has {', '.join(names)}."
        )


def _table_line(summary: Summary, sources: SourceNames) -> str:
    from datetime import datetime

    from ...core.text import clean

    moment = datetime.fromtimestamp(summary.received_at / 1000).strftime("%H:%M:%S.%f")[:-3]
    count, noun = (summary.errors, "error") if summary.errors else (summary.warnings, "warning")
    trouble = f"{count} {noun if count == 1 else noun + 's'}" if count else ""
    parts = (
        moment,
        f"{summary.type or ('DAMAGED' if summary.damaged else 'REFUSED'):<8}",
        f"{clean(summary.name):<32}",
        f"{clean(summary.user):<20}",
        f"{clean(sources.word(summary)):<{sources.width}}",
        f"{summary.mode:<6}",
        f"{trouble:<11}",
        summary.delivery.value,
    )
    return "  ".join(parts).rstrip()


def _write_line(summary: Summary, sources: SourceNames) -> None:
    write(_table_line(summary, sources))


def _write_json(summary: Summary, sources: SourceNames, route: str = "") -> None:
    from ...core.messages import Marks

    fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
    fields["marks"] = [mark.name.lower() for mark in Marks(summary.marks) if mark.name]
    write_json(fields | {"mode": summary.mode, "source_name": sources.name(summary), "route": route})
