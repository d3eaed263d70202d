"""`segtap stats`: the numbers of a running engine, live."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..render.glyphs import ASCII, UNICODE, wants_ascii
from .completing import complete_engine
from .interrupts import run_until_interrupted
from .options import FiniteRange, format_option
from .output import write, write_json

if TYPE_CHECKING:
    from ...core.commands.stats import Stats

MOST = 300
"""Moments that a plot shows at most."""
_PLOTS = ("received_rate", "sent_rate", "owed")
_HEADS = (
    *(("received", 10), ("/s", 8), ("sent", 10), ("/s", 8), ("refused", 8), ("owed", 8), ("stuck", 6)),
    ("uncertain", 9),
)
_OF_ROUTE = ("sent", "refused", "owed", "stuck", "uncertain")
_UP, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"


@click.command()
@click.option(
    "--url", shell_complete=complete_engine, default="", help="The running engine. [the newest of yours]"
)
@format_option
@click.option(
    "--interval", type=FiniteRange(min=0.1, max=86_400), default=1.0, show_default=True, help="Seconds."
)
@click.option("--count", type=click.IntRange(1), help="Stop after this many moments.")
def stats(url: str, shape: str, interval: float, count: int | None) -> None:
    """Show the numbers of a running engine every second, until Ctrl-C.

    In a terminal they are drawn in place, with plots; elsewhere each moment is a line, and below it one for
    each of several routes. What Prometheus reads is at /_segtap/metrics.
    """
    run_until_interrupted(_stats(url, shape, interval, count))


async def _stats(url: str, shape: str, interval: float, count: int | None) -> None:
    from msgspec import to_builtins

    from ...core.api.client import Client
    from ...core.commands.stats import watch_stats
    from ...core.serve.notes import find_engine

    address, token = find_engine(url)
    history: deque[Stats] = deque(maxlen=MOST)
    live = shape == "table" and sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"
    drawn: list[str] = []
    shown = 0
    async with (
        Client(address, token) as client,
        contextlib.aclosing(watch_stats(client, interval)) as moments,
    ):
        async for moment in moments:
            history.append(moment)
            if shape == "json":
                write_json(to_builtins(moment))
            elif live:
                width, height = shutil.get_terminal_size()
                lines = live_lines(address, history, width, height)
                click.echo(redrawn(lines, drawn, width, height), nl=False)
                drawn = lines
            else:
                if not shown:
                    write(head_line())
                write(line_of(moment))
                for line in route_lines(moment):
                    write(line)
            sys.stdout.flush()
            shown += 1
            if shown == count:
                return


def head_line() -> str:
    """Return the names of the columns."""
    return "  ".join(["time    ", *(f"{name:>{width}}" for name, width in _HEADS), "forwarding"])


def line_of(moment: Stats) -> str:
    """Return the numbers of one moment as a line."""
    from datetime import datetime

    values = (
        *(moment.received, moment.received_rate, moment.sent, moment.sent_rate, moment.refused),
        *(moment.owed, moment.stuck, moment.uncertain),
    )
    numbers = (f"{value:>{width},}" for value, (_, width) in zip(values, _HEADS, strict=True))
    time = datetime.fromtimestamp(moment.at / 1000).strftime("%H:%M:%S")
    return "  ".join([time, *numbers, moment.forwarding])


def route_lines(moment: Stats) -> list[str]:
    """Return the numbers of each of several routes, below those of all; the name stands at the end."""
    from ...core.text import clean

    if len(moment.routes) < 2:
        return []
    lines: list[str] = []
    for route in moment.routes:
        numbers = (
            f"{getattr(route, name):>{width},}" if name in _OF_ROUTE else " " * width
            for name, width in _HEADS
        )
        lines.append("  ".join([" " * len("00:00:00"), *numbers, clean(route.name)]))
    return lines


def live_lines(address: str, history: Sequence[Stats], width: int, height: int = 24) -> list[str]:
    """Return what the terminal shows: the last numbers, and a plot of each rate and of what is owed.

    A low terminal shows the first of them.
    """
    from ...core.text import clean, shorten

    now = history[-1]
    lines = [
        f"segtap at {address}, forwarding {now.forwarding}",
        f"received {now.received:,}  sent {now.sent:,}  refused {now.refused:,}  errors {now.errors:,}"
        f"  warnings {now.warnings:,}",
        f"owed {now.owed:,}  stuck {now.stuck:,}  uncertain {now.uncertain:,}",
    ]
    for route in now.routes:
        lines.append(
            f"{clean(route.name)}: sent {route.sent:,}  refused {route.refused:,}  owed {route.owed:,}"
            f"  stuck {route.stuck:,}  uncertain {route.uncertain:,}"
        )
    if now.fault:
        lines.append(clean(now.fault))
    for name, title in zip(_PLOTS, ("received/s", "sent/s", "owed"), strict=True):
        values = [float(getattr(moment, name)) for moment in history]
        number = f"{values[-1]:,.1f}".removesuffix(".0")
        head = f"{title:<10} {number:>10}  "
        lines.append(head + plot(values, max(0, width - len(head) - 1)))
    return [shorten(line, max(1, width - 1)) for line in lines[: max(1, height - 1)]]


def plot(values: Sequence[float], width: int) -> str:
    """Return the newest values as bars, the highest of them as high as the line."""
    levels = (ASCII if wants_ascii() else UNICODE).spark
    shown = values[-width:] if width else ()
    most = max(shown, default=0.0)
    if not most:
        return levels[0] * len(shown)
    return "".join(levels[round(value / most * (len(levels) - 1))] for value in shown)


def redrawn(lines: Sequence[str], before: Sequence[str], width: int, height: int) -> str:
    """Return what writes lines over those that were written before.

    A terminal that has become narrower wraps what stands in it, so earlier lines may take several rows.
    """
    rows = sum(-(-max(1, len(line)) // max(1, width)) for line in before)
    up = min(rows, max(0, height - 1))
    start = _UP.format(up) if up else ""
    return start + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines) + _CLEAR_BELOW
