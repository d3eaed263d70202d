"""`segtap mcp`: answer an agent over the Model Context Protocol."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import click

from .completing import complete_engine
from .options import config_option, load, tell_faults
from .output import say


@click.command()
@click.option(
    "--allow-changes",
    is_flag=True,
    help="Let the agent replay messages, and turn forwarding to Mixpanel on and off.",
)
@click.option(
    "--url", shell_complete=complete_engine, default="", help="The running engine. [the newest of yours]"
)
@config_option
def mcp(allow_changes: bool, url: str, config_file: Path | None) -> None:
    """Answer an agent over the Model Context Protocol (stdio).

    The agent's program starts this command; segtap help agents is a page for its instructions. The agent
    reads what the running segtap received, waits for events, and translates and checks messages, for which no
    engine has to run. With --config messages are judged by that file, else by the settings of the engine that
    runs.
    """
    from ...core.agents.server import serve
    from ...core.agents.session import Session

    settings = load(None, file=config_file)
    tell_faults(settings)
    if sys.stdin.isatty():
        say("An agent's program starts this command and speaks to it over stdin. How: segtap help agents")
    session = Session(settings, url=url, fixed=config_file is not None)
    # A thread waits for stdin, which Python's own handler does not interrupt, and nothing has to be finished.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(session, changes=allow_changes))
