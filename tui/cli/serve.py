"""`segtap serve`: the screen in a browser."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from .completing import complete_engine
from .options import load
from .output import say, write

if TYPE_CHECKING:
    from ..browser import BrowserScreen

INSTALL_HINT = "segtap serve needs textual-serve. Install it: pip install 'segtap[serve]'"


@click.command()
@click.argument("url", default="", shell_complete=complete_engine)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page. [a free one]")
@click.option("--open", "opened", is_flag=True, help="Open the page.")
@click.option("--theme", metavar="NAME", help="Colours of the screen.")
def serve(url: str, port: int, opened: bool, theme: str | None) -> None:
    """Show the screen of a running engine in a browser: of the newest one, or of the one at URL.

    The page is served on this machine alone, and loads nothing from elsewhere. Whoever has the printed URL
    can do all that the screen can; each start makes another token. Each page is a screen of its own.
    """
    from ...core.errors import EngineError
    from ...core.serve.notes import find_engine

    settings = load()
    address, _ = find_engine(url)
    try:
        from ..browser import BrowserScreen
    except ImportError:
        raise EngineError(INSTALL_HINT) from None
    # The screens inherit the environment, and need none of these.
    to, own = settings.destination, settings.ingest
    needless = (to.api_secret_env, to.service_account_env, own.metrics_token_env, own.test_token_env)
    for name in (*needless, own.redact_key_env):
        os.environ.pop(name, None)
    command = [sys.executable, "-P", "-m", "segtap.tui", "attach", address]
    page = BrowserScreen([*command, *(("--theme", theme) if theme else ())], port=port)
    write(page.url)
    sys.stdout.flush()
    say(f"The screen of {address} in a browser; Ctrl-C stops.")
    if opened:
        import webbrowser

        webbrowser.open(page.url)
    asyncio.run(_until_stopped(page))


async def _until_stopped(page: BrowserScreen) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def handler(number: int, _: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        await page.run(stop)
    finally:
        for number, old in before.items():
            signal.signal(number, old)
