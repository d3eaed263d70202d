"""`segtap replay`: messages of a file, or of the journal, through the tap again; scenarios compared."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ...core.text import counted
from .completing import complete_engine
from .options import check_filter, load, saved_option, tell_faults, tell_unusable, with_saved
from .output import hidden, say, write, write_json

if TYPE_CHECKING:
    from ...core.api.models import EngineState
    from ...core.commands.scenario import ComparedStep


@click.command()
@click.argument(
    "file",
    metavar="[FILE|-]",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    required=False,
)
@click.option(
    "--filter", "filter_text", metavar="EXPR", help="Those of the running engine's journal that match EXPR."
)
@saved_option
@click.option(
    "--url",
    shell_complete=complete_engine,
    default="",
    help="The engine, or any endpoint of Segment's kind. [the newest of your engines]",
)
@click.option(
    "--write-key",
    default="segtap-replay",
    show_default=True,
    help="Used for an endpoint that is not a segtap.",
)
@click.option(
    "--pace",
    metavar="PACE",
    help="now, original (with the time between them that they had), or so many times as fast: 10x. "
    "[now; original for a scenario]",
)
@click.option(
    "--validate",
    is_flag=True,
    help="With --filter: send them to Mixpanel once, forwarding on or off, and not through segtap.",
)
@click.option(
    "--expect",
    is_flag=True,
    help="Send nothing: compare the requests of a scenario's messages with those recorded.",
)
@click.option("--update", is_flag=True, help="Compare, and accept what differs: rewrite FILE.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "github", "junit"]),
    default="table",
    show_default=True,
    help="How --expect writes.",
)
@click.pass_context
def replay(
    ctx: click.Context,
    file: Path | None,
    filter_text: str | None,
    saved: str,
    url: str,
    write_key: str,
    pace: str | None,
    validate: bool,
    expect: bool,
    update: bool,
    shape: str,
) -> None:
    """Send messages through segtap again, with their messageId and timestamp.

    FILE holds one message a line, as `segtap export` writes it, or what else `segtap check` reads. They are
    forwarded when forwarding is on. A scenario, which `segtap record` writes, is sent at the pace at which it
    was recorded, with new ids and the times of now.

    With --validate the messages of the journal that match are sent to Mixpanel, as the key v does, with exit
    status 1 if Mixpanel does not accept one of them, or none matches.

    With --expect nothing is sent, and no engine is needed: the messages of a scenario walk through the
    settings here, and where a request differs from the recorded one, that is shown, with exit status 1;
    for CI also with --format github or junit. --update writes the requests of now into FILE.
    """
    if expect or update:
        if others := _given(ctx, "filter_text", "saved", "url", "write_key", "pace", "validate"):
            raise click.UsageError(f"--expect and --update send nothing: leave out {', '.join(others)}.")
        if file is None:
            raise click.UsageError("Name the FILE of a scenario.")
        if update and str(file) == "-":
            raise click.UsageError("--update needs the name of a file to rewrite.")
        ctx.exit(_compare(file, update=update, shape=shape))
    if _given(ctx, "shape"):
        raise click.UsageError("--format belongs to --expect.")
    if saved:
        filter_text = with_saved(filter_text or "", saved)
    if (file is None) == (filter_text is None):
        raise click.UsageError("Name either a FILE, or --filter EXPR or --saved NAME.")
    if validate:
        if file is not None or _given(ctx, "write_key", "pace"):
            raise click.UsageError(
                "--validate needs --filter EXPR or --saved NAME, without --pace and --write-key."
            )
        ctx.exit(asyncio.run(_validate(filter_text or "", url)))
    if file is not None:
        sent = asyncio.run(_replay_file(file, url, write_key, pace))
    else:
        check_filter(filter_text or "")  # raises FilterFault before anything is opened
        sent = asyncio.run(_replay_kept(filter_text or "", url, pace or "now"))
    say(f"{counted(sent, 'message')} replayed.")


def _given(ctx: click.Context, *names: str) -> list[str]:
    """Return those of the options that the command line has."""
    by_name = {option.name: option.opts[0] for option in ctx.command.params}
    by_user = click.core.ParameterSource.COMMANDLINE
    return [by_name[name] for name in names if ctx.get_parameter_source(name) is by_user]


async def _replay_file(file: Path, url: str, write_key: str, pace: str | None) -> int:
    from ...core import bounds_of
    from ...core.commands.bulk import read_pace
    from ...core.commands.replay import replay_lines

    settings = load()
    with click.open_file(str(file), "rb") as lines:
        return await replay_lines(
            lines,
            url=url,
            write_key=write_key,
            bounds=bounds_of(settings.ingest),
            pace=None if pace is None else read_pace(pace),
            token=settings.destination.token,
        )


def _compare(file: Path, *, update: bool, shape: str) -> int:
    """Compare a scenario, and return the exit status."""
    from ...core.commands.scenario import compare_scenario
    from ...core.functions import InsertFunctions
    from ...core.private_files import replacing

    settings = load()
    tell_faults(settings)
    messages = changed = 0

    def counted_steps(found: Iterable[ComparedStep | bytes], out: IO[bytes] | None) -> Iterator[ComparedStep]:
        nonlocal messages, changed
        for one in found:
            if out is not None:
                out.write(one if isinstance(one, bytes) else one.text)
            if isinstance(one, bytes):
                continue
            messages += 1
            changed += bool(one.differences)
            yield one

    with (
        click.open_file(str(file), "rb") as lines,
        InsertFunctions(settings.insert_functions) as functions,
        replacing(file.resolve()) if update else contextlib.nullcontext() as out,
    ):
        found = compare_scenario(lines, settings, functions=functions.run)
        _show(counted_steps(found, out), shape, lines.name)
        tell_unusable(functions.unusable())
    if not messages:
        say(f"{file} holds no message.")
        return 2
    if shape == "json":
        write_json({"summary": {"messages": messages, "changed": changed, "updated": update}})
    same = messages - changed
    if not changed:
        say(f"{counted(messages, 'message')}: all as recorded.")
    elif update:
        say(f"{counted(messages, 'message')}: {changed:,} updated in {file}, {same:,} as recorded.")
    else:
        say(f"{counted(messages, 'message')}: {changed:,} changed, {same:,} as recorded.")
    return 1 if changed and not update else 0


def _show(compared: Iterator[ComparedStep], shape: str, name: str) -> None:
    """Write compared messages in one of the formats."""
    from ...core.commands.scenario import as_json
    from ...core.commands.scenario_formats import FORMATS
    from .scenario_lines import scenario_lines

    if shape in FORMATS:
        for line in FORMATS[shape](map(hidden, compared), name):
            write(line)
        return
    for one in compared:
        if shape == "json":
            write_json(as_json(one))
            continue
        for line in scenario_lines(hidden(one)):
            write(line)


async def _validate(filter_text: str, url: str) -> int:
    """Send what matches to Mixpanel once, and return the exit status."""
    from ...core.commands.replay import validate_matching
    from ...core.masks import project_in_words

    dry = False

    def tell(state: EngineState) -> None:
        nonlocal dry
        dry = state.dry_run
        where = project_in_words(state.project, state.region, state.mixpanel_url, state.project_region)
        say(f"Sending to {where}{' (dry run: nothing leaves this machine)' if dry else ''}.")

    check_filter(filter_text)  # raises FilterFault before anything is opened
    progress, notes = await validate_matching(filter_text, url, tell)
    for words in notes:
        say(words)
    if not progress.tried:
        say("No message of the journal matches: nothing was sent.")
        return 1
    for why, count in progress.reasons.items():
        say(f"{count:,} not accepted: {why}.")
    say(f"{counted(progress.done, 'message')} {'not sent' if dry else 'accepted by Mixpanel'}.")
    return 1 if progress.failed or progress.skipped else 0


async def _replay_kept(filter_text: str, url: str, pace: str) -> int:
    from ...core.commands.bulk import read_pace
    from ...core.commands.replay import replay_matching

    progress, notes = await replay_matching(filter_text, url, read_pace(pace))
    for words in notes:
        say(words)
    for why, count in progress.reasons.items():
        say(f"{count:,} not replayed: {why}.")
    return progress.done
