"""`segtap mappings`: import a workspace's mappings, show them, and test them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ..render.glyphs import wants_ascii
from .options import clock_of, config_option, format_option, load, tell_uncovered
from .output import ask, hidden, say, write, write_json, write_lines

if TYPE_CHECKING:
    from ...core.messages import JsonObject
    from ...core.workspace import Workspace

TERRAFORM_FILES = ("*.tf", "*.tf.json", "terraform.tfvars", "*.auto.tfvars", "*.tfvars.json")
"""What is read of a folder: Terraform, too, reads other .tfvars files only when it is given them."""
SAMPLES = 20
"""Messages of a running segtap that are looked at."""


@click.group()
def mappings() -> None:
    """Your workspace's own subscriptions: triggers and mappings.

    In segtap.toml a subscription may begin from one of Segment's presets (preset = "Track Calls"): Track
    Calls, Order Completed Calls, Page Calls, Screen Calls, Identify Calls, Group Calls. Two more are off
    until you add them: Alias Calls and Increment. [[subscriptions]] replaces all presets: write each
    that should go on.
    """


@mappings.command("import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--destination-id", default="", metavar="ID", help="Which destination, where there are several."
)
@click.option("--source-id", default="", metavar="ID", help="Which source's transformations.")
@click.option("--action", "actions", multiple=True, metavar="ID=NAME", help="What an action id stands for.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the settings instead of writing them.")
@click.option("--yes", is_flag=True, help="Change a settings file that is there without asking.")
@config_option
@click.pass_context
def import_(
    ctx: click.Context,
    files: tuple[Path, ...],
    destination_id: str,
    source_id: str,
    actions: tuple[str, ...],
    to_stdout: bool,
    yes: bool,
    config_file: Path | None,
) -> None:
    """Write a workspace's Mixpanel destination into segtap.toml.

    FILE is what Segment's Public API answers to GET /destinations/{id}, GET
    /destinations/{id}/subscriptions, …/filters and GET /transformations, what `terraform show -json`
    prints, a .tf file, or a folder of them; give all that belong together. Other sections of segtap.toml
    are unchanged. Secrets are never written: they come from the environment.

    Everything that changes messages and cannot be imported is named, and listed under [[not_imitated]].
    Exit status 1 if an enabled subscription, filter or transformation is missing in what is written.
    """
    from ...core.config import FILE_NAME
    from ...core.config.file import with_workspace
    from ...core.workspace import read_workspace

    named = dict(_pair(one) for one in actions)
    workspace = read_workspace(
        _texts(files), destination_id=destination_id, source_id=source_id, actions=named
    )
    target = config_file or Path(FILE_NAME)
    before = "" if to_stdout else _text_of(target)
    sections = {
        name: values
        for name, values in (("destination", workspace.destination), ("classic", workspace.classic))
        if values is not None
    }
    text = with_workspace(
        before,
        sections=sections,
        subscriptions=workspace.subscriptions,
        transformations=workspace.transformations,
        filters=workspace.filters,
        not_imitated=workspace.not_imitated,
        heading=_heading(files, workspace),
    )
    for note in workspace.notes:
        say(note)
    if to_stdout:
        write_lines(text)
    else:
        write_asking(target, text, yes=yes)
        say(f"{target}: {_brought(workspace)}. See them: segtap mappings show")
    if workspace.missing:
        several = "one that is" if workspace.missing == 1 else f"{workspace.missing} that are"
        say(f"Not complete: {several} enabled in Segment could not be imported (see above).")
        ctx.exit(1)


def _brought(workspace: Workspace) -> str:
    """Say what was written: `7 subscriptions, 2 transformations, filters unchanged`."""
    from ...core.text import counted

    given = (
        ("subscription", workspace.subscriptions),
        ("transformation", workspace.transformations),
        ("destination filter", workspace.filters),
    )
    parts = [f"{name}s unchanged" if some is None else counted(len(some), name) for name, some in given]
    if workspace.not_imitated:
        parts.append(f"{len(workspace.not_imitated)} not imitated")
    return ", ".join(parts)


@mappings.command()
@click.option(
    "--message",
    "message_file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Messages to try them on, one JSON object a line. [the newest of a running segtap, else the demo's]",
)
@format_option
@config_option
@click.pass_context
def show(ctx: click.Context, message_file: Path | None, shape: str, config_file: Path | None) -> None:
    """Show each transformation, and each subscription with what its fields take from a sample message.

    With --format json the subscriptions alone. Exit status 1 when one of them can never send, or a
    transformation or filter stops every message.
    """
    from ...core import filter_faults, transformation_faults
    from ...core.segment_names import destination_of
    from ...core.text import counted
    from ...core.workspace.in_words import transformation_table
    from ...core.workspace.table import mapping_tables
    from .mapping_lines import subscription_lines, transformation_lines

    settings = load(file=config_file)
    stopping = (
        *transformation_faults(settings.transformations, settings.destination.kind),
        *filter_faults(settings.filters),
    )
    for fault in stopping:
        say(f"NOTHING IS SENT: {fault}")
    destination = destination_of(settings)
    changes = [transformation_table(one, destination.kind) for one in settings.transformations]
    if shape == "table" and changes:
        say(f"{counted(len(changes), 'transformation')}, from {settings.origin}")
        for one in changes:
            for line in (*transformation_lines(one), ""):
                write(line)
    if destination.kind != "actions":
        say("The classic destination has settings in the place of subscriptions: see [classic].")
        ctx.exit(2)
    tell_uncovered(settings)
    tables = mapping_tables(destination, _samples(message_file))
    if shape == "json":
        for table in tables:
            write_json(msgspec.to_builtins(table))
    else:
        where = "Segment's presets" if destination.subscriptions is None else f"from {settings.origin}"
        say(f"{len(tables)} subscriptions, {where}")
        for table in tables:
            for line in (*subscription_lines(table), ""):
                write(line)
    ctx.exit(1 if stopping or any(table.fault and table.enabled for table in tables) else 0)


@mappings.command("test")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "github", "junit"]),
    default="table",
    show_default=True,
)
@config_option
@click.pass_context
def test(ctx: click.Context, shape: str, config_file: Path | None) -> None:
    """Run the [[tests]] of segtap.toml.

    Each has a name, a message, and what is expected: the names of the events that are sent, properties of
    them or of profiles, or the stage that stops the message. Every stage that segtap.toml configures is
    applied. Exit status 1 if a test fails, 2 if there is none.

    \b
    [[tests]]
    name = "Orders arrive with their revenue"
    message = { type = "track", event = "Order Completed", userId = "u-1",
                properties = { revenue = 59.8 } }
    expect = { events = ["Order Completed"], properties = { revenue = 59.8 } }
    """
    from functools import partial

    from ...core.commands.mapping_test_formats import FORMATS, as_table
    from ...core.commands.mapping_tests import run_tests
    from ...core.functions import InsertFunctions
    from ...core.pipeline import compile_settings

    settings = load(file=config_file)
    if not settings.tests:
        say(f"{settings.origin} has no [[tests]]. segtap mappings test --help shows one.")
        ctx.exit(2)
    # Mappings are tested as they are in Segment, without repairs.
    compiled = compile_settings(msgspec.structs.replace(settings, repair=()))
    with InsertFunctions(settings.insert_functions) as functions:
        results = list(
            run_tests(settings.tests, compiled, clock=lambda: clock_of(None), functions=functions.run)
        )
        unusable = functions.unusable()
    for one in unusable:
        say(f"Not imitated, and so not tested: {one}.")
    write_results = partial(as_table, ascii_only=wants_ascii()) if shape == "table" else FORMATS[shape]
    file = Path(settings.file)
    shown_as = str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else file.name
    for line in write_results(map(hidden, results), shown_as, _text_of(file)):
        write(line)
    ctx.exit(1 if any(result.differences for result in results) else 0)


def write_asking(path: Path, text: str, *, yes: bool) -> None:
    """Write a settings file. An existing one is changed only with the option for it, or after a question.

    So is the settings' place, if they are in pyproject.toml. Raises SettingsError for that file itself.
    """
    from ...core.config.file import write_file
    from ...core.config.reading import PYPROJECT, find_file
    from ...core.errors import SettingsError

    if path.name == PYPROJECT:
        raise SettingsError(f"segtap does not write {path}: --stdout prints what belongs in [tool.segtap].")
    there = f"{path} is there already"
    if in_project := not path.exists() and find_file() == Path(PYPROJECT):
        there = f"{path} would take the place of [tool.segtap] in {PYPROJECT}"
    if (path.exists() or in_project) and not yes:
        verb = "writes" if in_project else "changes"
        if not sys.stdin.isatty():
            raise SettingsError(f"{there}: --yes {verb} it, --stdout prints instead.")
        if not ask(f"{there}. {verb.removesuffix('s').capitalize()} it?"):
            raise click.Abort
    write_file(path, text)


def _pair(text: str) -> tuple[str, str]:
    id, separator, name = text.partition("=")
    if not separator or not id or not name:
        raise click.BadParameter(f"{text!r} is not ID=NAME", param_hint="--action")
    return id, name


def _texts(paths: tuple[Path, ...]) -> list[tuple[str, str]]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted({one for pattern in TERRAFORM_FILES for one in path.rglob(pattern)})
            if not any(one.suffix == ".tf" for one in found):
                raise click.BadParameter(f"{path} holds no .tf file", param_hint="FILE")
            files += found
        else:
            files.append(path)
    return [(str(path), _text_of(path)) for path in files]


def _text_of(path: Path) -> str:
    from ...core.errors import InputError

    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _heading(files: tuple[Path, ...], workspace: Workspace) -> str:
    from ...core.text import clean

    names = ", ".join(file.name for file in files)
    return clean(f"{workspace.name or 'Mixpanel'}: from {names}, by segtap mappings import")


def _samples(file: Path | None) -> list[JsonObject]:
    from ...core.errors import InputError
    from ...core.pipeline.lines import documents

    if file is not None:
        lines = sys.stdin.buffer if str(file) == "-" else file.read_bytes().splitlines()
        faults: list[str] = []
        found = list(documents(lines, faults))
        if faults:
            raise InputError(f"{faults[0][:1].upper()}{faults[0][1:]}.")
        return found
    import asyncio

    from ...core.demo.samples import sample_messages

    return [*asyncio.run(_newest_messages()), *sample_messages()]


async def _newest_messages() -> list[JsonObject]:
    """Return the newest messages of the engine that runs, newest first; none when none runs."""
    from ...core import read_document
    from ...core.api.client import Client
    from ...core.errors import EngineError
    from ...core.serve.notes import find_engine

    found: list[JsonObject] = []
    try:
        address, token = find_engine()
        async with Client(address, token) as client:
            page = await client.page(limit=SAMPLES)
            for summary in reversed(page.summaries):
                if not summary.refused:
                    detail = await client.detail(summary.id)
                    if not detail.unread and not detail.summary.damaged:
                        found.append(read_document(detail.document))
    except EngineError:
        return found
    return found
