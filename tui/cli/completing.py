"""What a shell can complete as the value of an option or argument."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from ...core.masks import mask_token
from ...core.text import clean

Items = list[CompletionItem]
GUIDES = {
    "filter": "the filter language",
    "pipeline": "the stages between Segment and Mixpanel",
    "modes": "cloud mode and device mode",
    "keys": "the keys of the screen",
    "agents": "a page for an agent's instructions",
}
"""Topics of `segtap help` beside questions and commands."""


def complete_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Let the shell complete the names of files."""
    return [CompletionItem(incomplete, type="file")]


def complete_engine(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the URLs of the engines that run."""
    from ...core.serve.notes import running

    return _beginning(incomplete, ((clean(note.url), note.kind) for note in running()))


def complete_saved(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the names of saved filters."""
    from .. import filter_memory

    return _beginning(incomplete, filter_memory.read(filter_memory.place()).saved.items())


def complete_source(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the names of `[[sources]]`; none if the settings cannot be read."""
    from ...core.config import load
    from ...core.errors import SettingsError

    try:
        sources = load(file=ctx.params.get("config_file")).sources
    except SettingsError:
        return []
    return _beginning(incomplete, ((one.name, ", ".join(map(mask_token, one.write_keys))) for one in sources))


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the ids of rules."""
    from ...core.catalogue import BY_ID

    return _beginning(incomplete, ((id, rule.what) for id, rule in BY_ID.items()))


def complete_format(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the formats in which a message can be copied."""
    from ...core.copied.formats import EXPORTERS

    return _beginning(incomplete, ((one.id, one.title) for one in EXPORTERS))


def complete_topic(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the questions of the FAQ, the guides, and commands."""
    from ...core.doctor.faq import QUESTIONS

    topics = [*((question.id, question.title) for question in QUESTIONS), *GUIDES.items()]
    questions = _beginning(incomplete, topics)
    parent = ctx.find_root().command
    return questions + (parent.shell_complete(ctx.find_root(), incomplete) if incomplete else [])


def _beginning(incomplete: str, values: Iterable[tuple[str, str]]) -> Items:
    return [CompletionItem(value, help=text) for value, text in values if value.startswith(incomplete)]
