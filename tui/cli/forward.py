"""`segtap forward`: the engine without a screen, forwarding from the start."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .options import read_settings, settings_options
from .output import say

if TYPE_CHECKING:
    from ...core import Engine


@click.command()
@settings_options
@click.option("--dry-run", is_flag=True, help="Do everything but send.")
def forward(dry_run: bool, **options: Any) -> None:
    """Receive messages and forward every one to Mixpanel, without a screen.

    It goes on with what the journal still owes from before. stdout gets a log of JSON lines, of which
    "listening" names the URLs. SIGTERM and Ctrl-C finish or keep what is in flight.
    """
    settings = read_settings(dry_run=dry_run, **options)
    from ...core import log_to_stream as to_stream
    from ...core import run_engine as run
    from ...core import serve_engine as serve

    to_stream(stream=sys.stdout)

    def ready(engine: Engine) -> None:
        where = engine.switch.project
        if settings.ingest.answers:
            say(f"Answers on demand: {'; '.join(settings.ingest.answers)}")
        doing = "Sending nothing (dry run)" if dry_run else "Forwarding"
        if settings.forward.receive_only:
            doing = "Receiving for others that send"
        say(f"{doing}: {' '.join(engine.urls)} → {where}")

    run(serve(settings, forwarding=True, ready=ready, kind="forward"))
