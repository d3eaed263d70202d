"""`--source NAME`: which of `[[sources]]` messages without a write key are of."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .completing import complete_source

if TYPE_CHECKING:
    from ...core.pipeline import CompiledSettings
    from ...core.settings import Settings

source_option = click.option(
    "--source",
    "source_name",
    default="",
    metavar="NAME",
    shell_complete=complete_source,
    help="Judge lines without a writeKey by the settings of this one of [[sources]]; a line's own wins.",
)
"""The source whose settings are used, see `judged_as`."""


def judged_as(compiled: CompiledSettings, settings: Settings, name: str) -> CompiledSettings:
    """Return the settings that judge messages without a write key as those of the source of that name.

    Without a name they are unchanged. Raises UsageError for a name that none of `[[sources]]` has.
    """
    return compiled.without_key_as(_key_of(settings, name)) if name else compiled


def _key_of(settings: Settings, name: str) -> str:
    """Return a write key of the source; its name may be written in capitals, as in filters."""
    for source in settings.sources:
        if source.name.casefold() == name.casefold():
            return source.write_keys[0]
    names = [source.name for source in settings.sources]
    raise click.UsageError(f"There is no source that is named {name!r}. {_known(name, names)}")


def _known(name: str, names: Sequence[str]) -> str:
    if not names:
        return "[[sources]] of segtap.toml has none."
    by_fold = {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), by_fold, 1)
    hint = f"Did you mean {by_fold[near[0]]}? " if near else ""
    return f"{hint}[[sources]] has {', '.join(names)}."
