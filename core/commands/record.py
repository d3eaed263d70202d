"""`segtap record`: messages of an engine or a journal as a scenario."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable

import msgspec

from ..api.client import Client
from ..api.operations import ScenarioLine
from ..engine.kept import engine_with, settings_behind
from ..engine.scenario import scenario_lines
from ..masks import masked_settings
from ..messages import Receipt
from ..scenarios.lines import is_step
from ..serve.notes import find_engine
from ..settings import Settings
from ..sources.bounds import bounds_of
from .export import export_lines

_STATED = ("kind", "region", "strict", "source_name")
"""The keys of `[destination]` that requests depend on; token and secret have stand-ins in a scenario."""
_WHOLE = ("subscriptions", "segment", "classic", "transformations", "filters", "insert_functions")
"""The other settings that requests depend on."""


async def recorded_lines(
    own: Settings,
    *,
    filter: str = "",
    url: str = "",
    count: int = 0,
    damaged: Callable[[Receipt], None],
    note: Callable[[str], None],
) -> AsyncGenerator[bytes]:
    """Yield messages as lines of a scenario, with their newlines, in pieces of any length.

    They come from the engine at `url`, without one from the engine that has the journal of the settings, or
    from the journal's file. The requests are those of the settings that the messages were received by, else
    of `own`. `note` is called with what a person should know, `damaged` as by `export_lines`. Raises
    FilterFault, EngineError or JournalError.
    """
    url = url or engine_with(own.journal)
    settings = await settings_behind(own, url=url)
    if not alike(settings, own):
        by = f"the engine at {url}" if url else "the journal"
        note(
            f"The requests are those of the settings of {by}. Those of this folder differ, and segtap replay"
            " --expect compares with these."
        )
    if any(source.differs for source in settings.sources):
        note(
            "The requests are those of the settings of all sources. [[sources]] have settings of their own,"
            " which a scenario leaves out: its lines do not say from which source a message came."
        )
    if url:
        async with (
            Client(*find_engine(url)) as client,
            contextlib.aclosing(client.scenario(filter, count)) as scenario,
        ):
            async for line in scenario:
                yield line
        return
    exported = export_lines(
        journal=own.journal, filter=filter, bounds=bounds_of(own.ingest), own=own, damaged=damaged, note=note
    )
    async with contextlib.aclosing(exported):
        used = _with_functions(settings, own)
        async for lines in scenario_lines(exported, used, count=count, bounds=bounds_of(used.ingest)):
            yield lines


def left_out_in(line: bytes) -> int:
    """Return how many messages could not be read, as the last line may say; 0 for a message's line."""
    return 0 if is_step(line) else msgspec.json.decode(line, type=ScenarioLine).left_out


def alike(one: Settings, other: Settings) -> bool:
    """Return True if both settings make the same requests of a scenario's messages."""
    one, other = masked_settings(one), masked_settings(other)
    return all(getattr(one, name) == getattr(other, name) for name in _WHOLE) and all(
        getattr(one.destination, name) == getattr(other.destination, name) for name in _STATED
    )


def _with_functions(settings: Settings, own: Settings) -> Settings:
    """Return the settings of a journal with the insert functions of `own`, if only their secrets differ.

    A journal does not keep the settings of functions.
    """
    if masked_settings(own).insert_functions != settings.insert_functions:
        return settings
    return msgspec.structs.replace(settings, insert_functions=own.insert_functions)
