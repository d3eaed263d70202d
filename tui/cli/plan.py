"""`segtap plan`: write a tracking plan from what was seen, and look at one."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ...core.text import counted
from .completing import complete_file
from .options import format_option, load
from .output import say, write, write_document, write_json

if TYPE_CHECKING:
    from ...core.plan.compared import Side
    from ...core.plan.infer import Inference
    from ...core.plan.model import PlanRule

FAULTS_SHOWN = 10
JOURNAL = b"SQLite format 3\0"
"""How the file of a journal begins."""


@click.group()
def plan() -> None:
    """Tracking plans of Segment Protocols: what you have agreed to send."""


@plan.command()
@click.argument("source", metavar="[FILE|-]", type=click.File("rb"), required=False)
@click.option(
    "--journal",
    shell_complete=complete_file,
    metavar="[PATH]",
    is_flag=False,
    flag_value="",
    default=None,
    help="From the messages of a journal instead. [the usual one]",
)
@click.option(
    "--filter", "filter_text", metavar="FILTER", default="", help="Of the journal, only what matches."
)
@click.option("--name", default="Inferred by segtap", show_default=True, help="The plan's name.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it there.")
@click.option("--yes", is_flag=True, help="Write over a file that is there without asking.")
@click.pass_context
def infer(
    ctx: click.Context,
    source: BinaryIO | None,
    journal: str | None,
    filter_text: str,
    name: str,
    output: Path | None,
    yes: bool,
) -> None:
    """Write a plan from what was seen.

    Reads one JSON object a line: a message, a batch, or an envelope as `segtap translate` takes it. The plan
    has the shape of Segment's Public API: types, what is always there, texts of a few repeated values, nested
    objects and lists. What it was inferred from keeps to it; read it before you hold others to it.
    """

    from ...core.plan.infer import Inference

    if journal is not None and source is not None:
        raise click.UsageError("Give a file or --journal, not both.")
    if filter_text and journal is None:
        raise click.UsageError("--filter goes with --journal.")
    inference = Inference()
    faults: list[str] = []
    if journal is not None:
        _from_journal(inference, faults, journal, filter_text)
    else:
        _from_lines(inference, faults, sys.stdin.buffer if source is None else source)
    for fault in faults[:FAULTS_SHOWN]:
        say(fault)
    if len(faults) > FAULTS_SHOWN:
        say(f"and {len(faults) - FAULTS_SHOWN:,} more lines that cannot be read")
    found = inference.plan(name)
    inferred = f"{counted(inference.messages, 'message')}, {counted(len(found.rules), 'rule')}"
    if inference.passed_over:
        inferred += f"; {inference.passed_over:,} passed over (alias calls, calls without type or event name)"
    say(inferred)
    if not found.rules:
        ctx.exit(1)
    if output is None:
        write_document(found.document())
    else:
        from ...core.json_text import json_indented
        from .mappings import write_asking

        write_asking(output, json_indented(found.document()) + "\n", yes=yes)
    ctx.exit(1 if faults else 0)


@plan.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@format_option
@click.pass_context
def show(ctx: click.Context, file: Path, shape: str) -> None:
    """Show a plan's events and their properties.

    FILE is what Segment's Public API answers to GET /tracking-plans/{id}/rules, Typewriter's plan.json, or
    what `segtap plan infer` wrote. Exit status 1 when a rule in it cannot be checked.
    """
    from ...core.plan import compiled, read_plan

    found = read_plan(file)
    faults = compiled(found).faults
    if shape == "json":
        write_json(found.document())
    else:
        say(f"{found.name or file.name}: {counted(len(found.rules), 'rule')}")
        for rule in found.rules:
            for line in _lines(rule):
                write(line)
    for fault in faults:
        say(fault)
    ctx.exit(1 if faults else 0)


@plan.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--lexicon", "as_lexicon", is_flag=True, required=True, help="As schemas of Mixpanel's Lexicon."
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it there.")
@click.option("--yes", is_flag=True, help="Write over a file that is there without asking.")
@click.pass_context
def export_(ctx: click.Context, file: Path, as_lexicon: bool, output: Path | None, yes: bool) -> None:
    """Write a plan for Mixpanel: schemas of its events and users, as the Lexicon Schemas API reads them.

    To upload them, with a service account and the project's number:

    \b
    curl https://mixpanel.com/api/app/projects/PROJECT/schemas -u "$MIXPANEL_SERVICE_ACCOUNT" \\
      -H 'Content-Type: application/json' --data @lexicon.json

    Exit status 1 when the plan has no such rule. What Lexicon has no schema for is named and left out.
    """
    from ...core.plan import read_plan
    from ...core.plan.lexicon import lexicon

    found = lexicon(read_plan(file))
    for words in found.left_out:
        say(words)
    entries = found.body["entries"]
    if output is None:
        write_document(found.body)
    else:
        from ...core.json_text import json_indented
        from .mappings import write_asking

        write_asking(output, json_indented(found.body) + "\n", yes=yes)
    ctx.exit(0 if entries else 1)


@plan.command()
@click.argument("one", metavar="A", type=click.Path(path_type=Path))
@click.argument("other", metavar="B", type=click.Path(path_type=Path))
@format_option
@click.pass_context
def diff(ctx: click.Context, one: Path, other: Path, shape: str) -> None:
    """Show what differs between two plans, a plan and what was seen, or two recordings of what was seen.

    A and B are plans, as segtap plan show reads them, files of messages, a line each, or journals. Of
    messages the events, properties and types are compared: with a plan, whether they keep to it; with each
    other, whether something came or went. Exit status 1 if something differs.
    """
    from ...core.plan.compared import differences

    found = list(differences(_side(one), _side(other)))
    label = ""
    for difference in found:
        if shape == "json":
            write_json(
                {
                    "rule": difference.rule,
                    "property": difference.property,
                    "what": difference.what,
                    "one": difference.one,
                    "other": difference.other,
                }
            )
            continue
        if difference.rule != label:
            label = difference.rule
            write(label)
        sign = {"added": "+", "removed": "-", "changed": "~"}[difference.what]
        sides = " → ".join(words for words in (difference.one, difference.other) if words)
        write(f"  {sign} {difference.property or 'the whole event'}  {sides}")
    say(f"{counted(len(found), 'difference')} from {one} to {other}.")
    ctx.exit(1 if found else 0)


def _side(path: Path) -> Side:
    """Read a plan, or infer one from the messages in a file or journal."""
    from ...core.errors import InputError
    from ...core.plan import read_plan_bytes
    from ...core.plan.compared import Side
    from ...core.plan.infer import Inference

    inference, faults = Inference(), list[str]()
    try:
        with path.open("rb") as file:
            begun = file.read(len(JOURNAL))
            if begun == JOURNAL:
                _from_journal(inference, faults, str(path), "")
                return Side(inference.plan(path.name), seen=True)
            data = begun + file.read()  # once: a pipe cannot be read again
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return Side(read_plan_bytes(data, str(path)))
    except InputError as error:
        _from_lines(inference, faults, io.BytesIO(data))
        if not inference.messages:
            raise error from None
    for fault in faults[:FAULTS_SHOWN]:
        say(f"{path}: {fault}")
    return Side(inference.plan(path.name), seen=True)


def _from_lines(inference: Inference, faults: list[str], source: BinaryIO) -> None:
    from ...core.pipeline.lines import documents

    for document in documents(source, faults):
        inference.add(document)


def _from_journal(inference: Inference, faults: list[str], path: str, filter_text: str) -> None:
    import asyncio

    from ...core.commands.export import export_lines
    from ...core.pipeline.lines import documents

    settings = load({"journal": {"path": path}} if path else None).journal

    async def read() -> None:
        # Over the control API the lines come in pieces of any length.
        rest = b""
        async for piece in export_lines(filter=filter_text, journal=settings, url=""):
            *whole, rest = (rest + piece).split(b"\n")
            for document in documents(whole, faults):
                inference.add(document)
        for document in documents([rest], faults):
            inference.add(document)

    asyncio.run(read())


def _lines(rule: PlanRule) -> list[str]:
    from ...core.plan.table import rows
    from ...core.text import clean, shorten

    lines = [clean(rule.label)]
    found = rows(rule)
    if not found:
        lines.append("  no properties are described")
    width = min(max((len(row.name) for row in found), default=0), 40)
    room = max((len(row.type) for row in found), default=0)
    for row in found:
        must = "required" if row.required else ""
        about = " · ".join(part for part in (row.values, row.description) if part)
        line = (
            f"  {clean(row.name):<{width}}  {clean(row.type):<{room}}  {must:<8}  {shorten(clean(about), 80)}"
        )
        lines.append(line.rstrip())
    return [*lines, ""]
