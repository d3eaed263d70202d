"""`segtap demo`: traffic of Segment's own SDK into a running endpoint."""

from __future__ import annotations

import click

from .output import say

DEFAULT_URL = "http://127.0.0.1:8765"


@click.command()
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The endpoint to send to.")
@click.option(
    "--rate", type=click.FloatRange(0.01), default=4.0, show_default=True, help="Messages a second."
)
@click.option("--count", type=click.IntRange(1), help="Stop after this many. [goes on until Ctrl-C]")
@click.pass_context
def demo(ctx: click.Context, url: str, rate: float, count: int | None) -> None:
    """Send believable traffic of Segment's own Python client to a running endpoint.

    Every call type is in it, and mistakes that real tracking code makes.
    """
    from ...core.demo import start_demo

    say(f"Sending to {url}; Ctrl-C stops.")
    with start_demo(url, rate=rate, count=count) as process:
        ctx.exit(process.wait())
