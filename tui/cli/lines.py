"""`segtap translate`, `check` and `decode`: text in, text out, no engine."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from ...core.settings import REPAIR_NAMES
from ..render.glyphs import wants_ascii
from .by_source import judged_as, source_option
from .completing import complete_file
from .options import (
    DESTINATIONS,
    SIMULATED,
    along,
    clock_of,
    format_option,
    load,
    route_option,
    tell_faults,
    tell_plan_faults,
    tell_stand_in,
    tell_unusable,
)
from .output import hidden, say, write_document, write_json, write_json_text
from .output import write as put

if TYPE_CHECKING:
    from ...core.messages import JsonObject
    from ...core.settings import RepairName, Settings

SOURCE = click.argument("source", metavar="[FILE|-]", type=click.File("rb"), default="-")


@click.command()
@SOURCE
@click.option(
    "--destination",
    type=click.Choice([*DESTINATIONS.choices, SIMULATED]),
    help="Which destination of Segment's. [actions]",
)
@click.option("--now", metavar="ISO", help="The clock to translate by. [the time now]")
@click.option("--show-secrets", is_flag=True, help="Write the authorization header whole.")
@click.option(
    "--stages",
    type=click.Choice(["all"]),
    help="Apply every stage that the settings define: blocked events, transformations, filters, functions.",
)
@click.option(
    "--repair",
    "repairs",
    multiple=True,
    type=click.Choice(REPAIR_NAMES),
    metavar="NAME",
    help=f"Repair the requests too (repeatable): {', '.join(REPAIR_NAMES)}.",
)
@route_option
@source_option
@click.pass_context
def translate(
    ctx: click.Context,
    source: BinaryIO,
    destination: str | None,
    now: str | None,
    show_secrets: bool,
    stages: str | None,
    repairs: tuple[RepairName, ...],
    route: str,
    source_name: str,
) -> None:
    """Show what messages become in Mixpanel.

    Reads one JSON object a line: a Segment message, or an envelope {"now", "settings", "subscriptions",
    "message"}. What is no JSON line by line is read as what people paste: indented messages, several one
    after another, a list of them, an HTTP request with its body, a curl command. Writes one line
    each: messageId, requests, rejected, warnings. What is sent is what Segment would send: repairs of
    segtap.toml are not made here, only those that --repair names.

    With --stages all the message walks through every stage of the settings first. The envelope takes
    "transformations" and "filters", too, in place of the file's. Three keys are added: message (what the
    destination gets), not_sent (the stage, path and reason that stop it, or null) and stages (what each
    changed).

    With --destination classic-device it simulates device mode, in which the page itself sends to Mixpanel.
    Each line becomes {"operations", "super_properties"}: the records that the page sends, in order, and what
    Mixpanel's SDK keeps in the browser afterwards. A line {"settings", "page", "calls", "messages"} is a page
    of its own: "page" has url and referrer, "calls" says what no message shows (a reload, the second argument
    of alias). Without "calls" it is as if one page load. Bare messages use the [classic] settings of
    segtap.toml: those of one anonymousId are one page, in the order of the lines, and each line writes what
    its own message sends and what is registered after it. Random ids are written as <device_id> and
    <insert_id>; what only the browser knows ($os, $browser, $screen_height, …) is left out.
    """
    import msgspec

    from ...core import bounds_of
    from ...core.commands.translate import translate_lines, translate_through_stages
    from ...core.functions import InsertFunctions
    from ...core.pipeline import compile_settings

    failed = False
    clock = clock_of(now)
    if destination == SIMULATED:
        if stages or repairs or route or source_name:
            words = "goes without --stages, --repair, --route and --source"
            raise click.UsageError(f"--destination {SIMULATED} {words}.")
        ctx.exit(_simulate(source, clock))
    settings = _settings(destination, show_secrets=show_secrets, route=route)
    judged = compile_settings(msgspec.structs.replace(settings, repair=repairs), stages=bool(stages))
    judged = judged_as(judged, settings, source_name)
    tell_stand_in(settings)
    with InsertFunctions(settings.insert_functions) as functions:
        whole = partial(translate_through_stages, functions=functions.run)
        for line in (whole if stages else translate_lines)(
            source,
            judged,
            clock=lambda: clock,
            show_secrets=show_secrets,
            bounds=bounds_of(settings.ingest),
        ):
            failed |= line.failed
            write_json_text(line.text)
        tell_unusable(functions.unusable() if stages else ())
    ctx.exit(1 if failed else 0)


def _simulate(source: BinaryIO, clock: int) -> int:
    from ...core import bounds_of
    from ...core.commands.translate_device import simulate_lines
    from ...core.segment_names import device_settings

    settings = load()
    failed = False
    bounds = bounds_of(settings.ingest)
    for line in simulate_lines(source, device_settings(settings), clock=lambda: clock, bounds=bounds):
        failed |= line.failed
        write_json_text(line.text)
    return 1 if failed else 0


@click.command()
@SOURCE
@click.option("--destination", type=DESTINATIONS, help="Which destination of Segment's. [actions]")
@click.option("--now", metavar="ISO", help="The clock for messages that name none. [the time now]")
@click.option(
    "--plan",
    shell_complete=complete_file,
    metavar="FILE",
    help="Tracking plan that the messages must keep to.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json", "github", "junit"]),
    default="table",
    show_default=True,
)
@route_option
@source_option
@click.pass_context
def check(
    ctx: click.Context,
    source: BinaryIO,
    destination: str | None,
    now: str | None,
    plan: str | None,
    shape: str,
    route: str,
    source_name: str,
) -> None:
    """Check messages against the rules.

    Reads one JSON object a line: a message, a batch, or an envelope as `segtap translate` takes it; or what
    people paste: indented messages, a list of them, an HTTP request with its body, a curl command. Exit
    status 1 when a rule of severity error was tripped or a line cannot be read.
    """
    from ...core import bounds_of
    from ...core.commands.check import Tally, check_lines
    from ...core.commands.check_formats import FORMATS, as_table
    from ...core.functions import InsertFunctions
    from ...core.pipeline import compile_settings

    clock = clock_of(now)
    settings = _settings(destination, plan, route=route)
    judged = judged_as(compile_settings(settings), settings, source_name)
    reported: set[tuple[str, ...]] = set()
    for one in judged.each:
        if one.checks.plan is not None and one.checks.plan.faults not in reported:
            reported.add(one.checks.plan.faults)
            tell_plan_faults(one.checks.plan.faults, one.source)
    tally = Tally()
    write = partial(as_table, ascii_only=wants_ascii()) if shape == "table" else FORMATS[shape]
    with InsertFunctions(settings.insert_functions) as functions:
        checked = check_lines(
            source,
            judged,
            clock=lambda: clock,
            bounds=bounds_of(settings.ingest),
            whole=shape == "json",
            functions=functions.run,
        )
        for line in write(tally.counting(map(hidden, checked)), source.name):
            put(line)
        tell_unusable(functions.unusable())
    ctx.exit(tally.exit_code)


@click.command()
@click.argument("text", metavar="[TEXT|-]", nargs=-1)
@format_option
def decode(text: tuple[str, ...], shape: str) -> None:
    """Decode anything pasted from a debugger.

    JSON, several values of it, base64 in any alphabet, percent-encoded, data=…, a whole URL, an HTTP request,
    a curl command, gzip within. stdout gets
    the JSON; what was taken off around it is said on stderr. With --format json one object holds both.
    """
    from ...core.codec import decode as decode_text
    from ...core.errors import SettingsError

    with contextlib.suppress(SettingsError):  # settings that cannot be used name no secret
        load()

    pasted: str | bytes = " ".join(text)
    if pasted in ("", "-"):
        pasted = sys.stdin.buffer.read()
    found = decode_text(pasted)
    if shape == "json":
        whole = {
            "kind": found.kind,
            "layers": list(found.layers),
            "notes": list(found.notes),
            "url": found.url,
            "value": found.value,
        }
        write_json(cast("JsonObject", whole))
        return
    layers = " › ".join(found.layers) or "nothing around it"
    say(f"{found.kind}, out of: {layers}")
    for note in found.notes:
        say(note)
    write_document(found.value)


def _settings(
    kind: str | None, plan: str | None = None, *, show_secrets: bool = False, route: str = ""
) -> Settings:
    if kind and route:
        raise click.UsageError("Name either a --destination or a --route, which has its own.")
    flags: dict[str, JsonObject] = {}
    if kind:
        flags["destination"] = {"kind": kind}
    if plan:
        flags[""] = {"plan": plan}
    settings = along(load(flags, show_secrets=show_secrets), route)
    tell_faults(settings)
    return settings
