"""`segtap help`: the questions of the FAQ, answered from messages and settings, and commands."""

from __future__ import annotations

import asyncio
import difflib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..render.glyphs import wants_ascii
from .completing import complete_topic
from .options import config_option, format_option, load, reading_options
from .output import hidden, say, write, write_json, write_lines

if TYPE_CHECKING:
    from ...core.doctor import Facts
    from ...core.doctor.faq.question import Question
    from ...core.settings import Settings

FAQ = "faq"
FILTER = "filter"
PIPELINE = "pipeline"
MODES = "modes"
AGENTS = "agents"
KEYS = "keys"
MESSAGES = 500
WIDTH = 100


@click.command("help")
@click.argument("words", metavar="[TOPIC]", nargs=-1, shell_complete=complete_topic)
@reading_options
@config_option
@format_option
@click.pass_context
def help(  # noqa: A001 (the command's name)
    ctx: click.Context, words: tuple[str, ...], journal: str, url: str, config_file: Path | None, shape: str
) -> None:
    """Explain a topic: a question of the FAQ, the filter language, or a command.

    Without TOPIC the topics are listed; `faq` lists the questions of Mixpanel's guide to Segment, `filter`
    prints the filter language, `pipeline` the stages between Segment and Mixpanel, `modes` what cloud mode
    and device mode are, `keys` the keys of the screen and how to change them, `agents` a page to paste into
    an agent's instructions. Else TOPIC is the name of a question or words of it ("Loaded a Page"). Its
    answer is for the destination of the engine that runs, else of the journal, from its messages and
    settings; without either it holds in general.
    """
    from ...core.doctor.faq import find_questions

    text = " ".join(words).strip()
    if not text:
        _topics(ctx)
        return
    if text == FILTER:
        from ...core import filter_guide

        for line in filter_guide(_width()):
            write(line)
        return
    if text == PIPELINE:
        from ...core.pipeline.guide import pipeline_guide

        write_lines(pipeline_guide())
        return
    if text == MODES:
        from ...core import modes_guide

        write_lines(modes_guide())
        return
    if text == AGENTS:
        from ...core.agents.guide import agents_guide

        write_lines(agents_guide())
        return
    if text == KEYS:
        ctx.exit(_keys(load(None, file=config_file), shape))
    command = _command(ctx, text)
    if command is not None:
        write_lines(command)
        return
    asked = text.removeprefix(FAQ).strip() if text.split()[0] == FAQ else text
    found = find_questions(asked)
    if not found:
        ctx.exit(_unknown(ctx, asked))
    if len(found) > 1:
        _list(found, shape)
        return
    own = load({"journal": {"path": journal}} if journal else None, file=config_file)
    facts = asyncio.run(_facts(own, url, override=config_file is not None))
    _answer(found[0], facts, own, shape)


def _topics(ctx: click.Context) -> None:
    from ...core.doctor.faq import QUESTIONS

    write("Questions (segtap help TOPIC, or some of its words; segtap help faq lists only these):")
    _list(list(QUESTIONS), "table", indent="  ")
    write("")
    write("The filter language: segtap help filter")
    write("The stages between Segment and Mixpanel: segtap help pipeline")
    write("Cloud mode and device mode: segtap help modes")
    write("The keys of the screen: segtap help keys")
    write("A page for an agent's instructions: segtap help agents")
    write("")
    write("Commands (segtap help COMMAND):")
    parent = ctx.parent.command if ctx.parent is not None else None
    if isinstance(parent, click.Group):
        write("  " + ", ".join(parent.list_commands(ctx)))


def _keys(settings: Settings, shape: str) -> int:
    """Print the keys of the screen; 1 if some of `[keys]` cannot be used."""
    from ..keymap import read_keymap
    from .key_lines import key_lines, key_objects

    keymap = read_keymap(settings.keys)
    if shape == "json":
        for command in key_objects(keymap):
            write_json(command)
    else:
        for line in key_lines(keymap, ascii_only=wants_ascii()):
            write(line)
    for problem in keymap.problems:
        say(f"segtap: [keys] {problem}")
    return 1 if keymap.problems else 0


def _list(questions: list[Question], shape: str, indent: str = "") -> None:
    from ...core.doctor.faq.text import listed

    if shape == "json":
        for question in questions:
            write_json({"id": question.id, "title": question.title})
        return
    width = max(len(question.id) for question in questions)
    for question in questions:
        write(indent + listed(question, width))
    if not indent:
        say("One of them, answered: segtap help TOPIC")


def _command(ctx: click.Context, name: str) -> str | None:
    """Return the help of a command, None for any other word."""
    parent = ctx.parent
    if parent is None or not isinstance(parent.command, click.Group):
        return None
    command = parent.command.get_command(parent, name)
    return (
        None if command is None else command.get_help(click.Context(command, info_name=name, parent=parent))
    )


def _unknown(ctx: click.Context, text: str) -> int:
    from ...core.doctor.faq import QUESTIONS
    from ...core.text import shown

    parent = ctx.parent.command if ctx.parent is not None else None
    commands = parent.list_commands(ctx) if isinstance(parent, click.Group) else []
    known = [*(question.id for question in QUESTIONS), *commands]
    near = difflib.get_close_matches(text.lower(), known, 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "segtap help lists them."
    say(f"segtap: there is no topic {shown(text)}. {hint}")
    return 2


async def _facts(own: Settings, url: str, *, override: bool) -> Facts | None:
    """Return messages and settings of the engine or of the journal; None, and a word of why, if there are
    none.
    """
    from ...core.doctor import Facts, newest_messages
    from ...core.errors import EngineError, JournalError

    try:
        found = await newest_messages(own, limit=MESSAGES, url=url, override=override)
    except (EngineError, JournalError) as error:
        if url:
            raise
        say(str(error))
        return None
    facts = Facts.of(found, time.time_ns() // 1_000_000)
    return facts if facts.cases or facts.refused or own.origin != "defaults" else None


def _answer(question: Question, facts: Facts | None, own: Settings, shape: str) -> None:
    import msgspec

    from ...core.doctor.faq import answer
    from ...core.doctor.faq.text import answer_lines
    from ..keymap import read_keymap

    made = hidden(answer(question, facts, read_keymap(own.keys).first))
    if shape == "json":
        write_json(msgspec.to_builtins(made))
        return
    width = _width()
    for _, line in answer_lines(made, width, ascii_only=wants_ascii()):
        write(line)


def _width() -> int:
    """Return the columns to write in."""
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
