"""`segtap mixpanel`: a Mixpanel for tests on this machine, and what it holds."""

from __future__ import annotations

from typing import Any

import click

from .interrupts import run_until_interrupted
from .options import format_option
from .output import say, write, write_json

PORT = 9000
COLUMNS = ("INSERT ID", "EVENT", "DISTINCT ID", "RECEIVED", "COUNTED", "WHY")
WIDTHS = (38, 28, 28, 8, 8, 0)


@click.group(invoke_without_command=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 picks a free one."
)
@click.option(
    "--answer",
    multiple=True,
    metavar="TEXT",
    help='An answer in place of the real one (repeatable): "429 retry-after=2 x5 path=/import".',
)
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    metavar="NAME",
    help="The project's, for the dates and times of the raw export (projects from before 2023).",
)
@click.pass_context
def mixpanel(ctx: click.Context, port: int, answer: tuple[str, ...], time_zone: str) -> None:
    """Be a Mixpanel for tests: accept, refuse and keep what it gets, as Mixpanel's ingestion API does.

    Prints the command that forwards to it, and serves a page of what it holds, by $insert_id, with what
    Mixpanel would count more than once. Its raw export answers segtap arrived. Nothing leaves this machine;
    it forgets everything at the end.
    """
    if ctx.invoked_subcommand is not None:
        return
    from ...core.commands.mixpanel import serve

    def ready(url: str) -> None:
        write(f"segtap forward --mixpanel-url {url}")
        say(f"A Mixpanel for tests. {url}/ shows what it holds; Ctrl-C ends it.")

    run_until_interrupted(serve(port, answer, time_zone, ready))


@mixpanel.command(name="list")
@click.option("--url", default=f"http://127.0.0.1:{PORT}", show_default=True, help="Where it serves.")
@format_option
def list_(url: str, shape: str) -> None:
    """List the events that a running `segtap mixpanel` holds, by $insert_id, and how often they count."""
    from ...core.commands.mixpanel import held

    found = held(url)
    if shape == "json":
        for one in found:
            write_json(one)
        return
    _write_cells(COLUMNS)
    for one in found:
        _write_cells(_cells(one))
    twice = sum(one["counted"] > 1 or bool(one["also"]) for one in found)
    say(f"{twice:,} of {len(found):,} may be counted more than once." if found else "It holds no event.")


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    why = [one["why"], f"the same action as {', '.join(one['also'])}?" if one["also"] else ""]
    copies = one["copies"]
    return (
        one["insert_id"] or "(none)",
        ", ".join(dict.fromkeys(copy["event"] for copy in copies)),
        ", ".join(dict.fromkeys(copy["distinct_id"] for copy in copies)),
        str(len(copies)),
        str(one["counted"]),
        "; ".join(filter(None, why)),
    )


def _write_cells(cells: tuple[str, ...]) -> None:
    from ...core.text import clean, shorten

    parts = [
        f"{shorten(clean(cell), width):<{width}}" if width else clean(cell)
        for cell, width in zip(cells, WIDTHS, strict=True)
    ]
    write("  ".join(parts).rstrip())
