"""`segtap arrived`: whether Mixpanel has the events that messages became."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ...core.text import clean, counted
from .completing import complete_engine
from .options import format_option, read_settings, saved_option, settings_options, with_saved
from .output import say, write, write_json

if TYPE_CHECKING:
    from ...core.commands.arrived import Event

SHOWN = 20
"""Events that are named of each state; of more the number is said."""
WORDS = {
    "there": "at Mixpanel",
    "twice": "at Mixpanel more than once",
    "not there yet": "sent, and not in Mixpanel's export yet: that takes some minutes",
    "not there": "sent, and not in Mixpanel's export",
    "never sent": "never sent by segtap",
}


@click.command()
@click.argument("filter_text", metavar="[FILTER|ID]...", nargs=-1)
@saved_option
@click.option("--url", shell_complete=complete_engine, default="", help="Take the messages of this engine.")
@format_option
@settings_options
@click.pass_context
def arrived(
    ctx: click.Context, filter_text: tuple[str, ...], saved: str, url: str, shape: str, **options: Any
) -> None:
    """Ask Mixpanel whether it has the events of the journal, or of those messages that match.

    An ID is a messageId; several filters or ids are joined by "or". Mixpanel's raw export is asked once, in
    the region where the project stores its data, with a service account (MIXPANEL_SERVICE_ACCOUNT and
    --project-id); it answers 60 requests an hour. Exit status 0 if each event is there, once,
    and each filter or id has one.
    """
    from ...core.commands.arrived import arrived as ask
    from ...core.commands.arrived import without_events

    settings = read_settings(**options)
    query = filter_text[0] if len(filter_text) == 1 else " or ".join(f"({one})" for one in filter_text)
    events = asyncio.run(ask(settings, with_saved(query, saved), url=url))
    if shape == "json":
        for event in events:
            write_json(msgspec.to_builtins(event))
    else:
        _write_table(events)
    if not events:
        say("No message that matches becomes an event with an $insert_id.")
    known = {event.insert_id for event in events}
    others = [one for one in filter_text if one not in known] if events and len(filter_text) > 1 else []
    nothing = asyncio.run(without_events(settings, others, url=url))
    for one in nothing:
        say(f"{one}: no message that matches becomes an event with an $insert_id.")
    there = bool(events) and not nothing and all(event.state == "there" for event in events)
    ctx.exit(0 if there else 1)


def _write_table(events: list[Event]) -> None:
    counts = Counter(event.state for event in events)
    for state, words in WORDS.items():
        if not counts[state]:
            continue
        write(f"{counted(counts[state], 'event')} {words}")
        named = [event for event in events if event.state == state] if state != "there" else []
        for event in named[:SHOWN]:
            times = f", {event.copies:,} copies, counted {event.counted:,} times" if state == "twice" else ""
            write(f"  {clean(event.insert_id)}  {clean(event.name)}{times}")
        if len(named) > SHOWN:
            write(f"  and {len(named) - SHOWN:,} more")
