"""`segtap expect`: wait until messages match a filter, for tests in a shell."""

from __future__ import annotations

import asyncio
import os
import re
import sys

import click

from .completing import complete_engine
from .options import check_filter, format_option
from .output import say, write, write_json

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|)", re.ASCII)
MOST_SECONDS = 600
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


def _seconds(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Read a time such as `10s`, `500ms` or `2m`."""
    found = _DURATION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time; write 10s, 500ms or 2m.", ctx, param)
    seconds = float(found[1]) * _SECONDS[found[2]]
    if seconds > MOST_SECONDS:
        raise click.BadParameter("10m is the longest.", ctx, param)
    return seconds


@click.command()
@click.argument("filter_text", metavar="FILTER")
@click.option("--count", type=click.IntRange(1), help="How many messages have to match at least. [1]")
@click.option("--exact", is_flag=True, help="No more may match: waits until the time is over.")
@click.option("--none", is_flag=True, help="No message may match until the time is over.")
@click.option("--within", callback=_seconds, default="10s", show_default=True, help="How long to wait.")
@click.option(
    "--url", shell_complete=complete_engine, default="", help="The running engine. [the newest of yours]"
)
@click.option(
    "--test-token-env",
    metavar="NAME",
    default="",
    help="Variable with its test token, if it runs elsewhere.",
)
@format_option
def expect(
    filter_text: str,
    count: int | None,
    exact: bool,
    none: bool,
    within: float,
    url: str,
    test_token_env: str,
    shape: str,
) -> None:
    """Wait until messages match FILTER, and exit with 0; with 1 if they do not in time, and say why.

    Only messages that were received since the last reset count (POST /_segtap/reset); without one, all in the
    journal do.
    """
    from ...core.config.secrets import read_secret
    from ...core.testing.expecting import Expected, expect_messages

    if none and (count is not None or exact):
        raise click.UsageError("--none goes with neither --count nor --exact.")
    if test_token_env and not url:
        raise click.UsageError("--test-token-env needs the --url of the engine.")
    token = read_secret(test_token_env, os.environ) if test_token_env else ""
    if test_token_env and not token:
        raise click.UsageError(f"--test-token-env names {test_token_env}, which is not set.")
    check_filter(filter_text)  # raises FilterFault before anything is asked
    expected = Expected(filter_text, 0 if none else count or 1, exact or none, within)
    outcome = asyncio.run(expect_messages(expected, url, token))
    if shape == "json":
        write_json(outcome.value())
    else:
        write(outcome.reason)
        for line in () if outcome.met else outcome.near_lines()[1:]:
            say(line)
    sys.exit(0 if outcome.met else 1)
