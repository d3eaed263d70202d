"""Bare `segtap` (a screen with its own engine) and `segtap attach` (a screen on a running one)."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from ...core.errors import PortTaken
from ...core.settings import Settings
from .options import read_settings


def open_screen(*, demo: bool, **options: Any) -> int:
    """Start an engine and put the screen on it, until the user quits. Returns the exit status."""
    settings = read_settings(demo=demo, **options)
    _need_a_terminal()
    while True:
        try:
            return asyncio.run(_screen_with_engine(settings))
        except PortTaken as error:
            settings = _on_the_next_port(settings, error)


@click.command()
@click.argument("url", default="")
@click.option("--theme", metavar="NAME", help="Colours of the screen.")
def attach(url: str, theme: str | None) -> None:
    """Open the screen on a running engine: the newest one, or the one at URL.

    The engine goes on when the screen closes.
    """
    from ...core.config import load
    from ...core.running import find_engine

    settings = load({"screen": {"theme": theme}} if theme else None)
    address, token = find_engine(url)
    _need_a_terminal()
    asyncio.run(_screen(address, token, settings))


async def _screen_with_engine(settings: Settings) -> int:
    from ...core.client import Client, Viewer
    from ...core.launch import RunningEngine, start_engine

    # The engine's process starts while the screen's modules are imported here.
    starting = asyncio.create_task(start_engine(settings))
    engines: list[RunningEngine] = []
    await asyncio.to_thread(_import_screen)
    traffic = None
    try:
        engines.append(await starting)
        engine = engines[0]

        async def again() -> Viewer:
            """A viewer of the engine; when it has died, of a new one with the same settings."""
            last = engines[-1]
            if last.ended:
                await last.aclose()
                engines.append(await start_engine(settings))
            return Client(engines[-1].url, engines[-1].token)

        if settings.demo:
            from ...core.demo import start_demo

            traffic = start_demo(engine.url, quiet=True)
        from ..app import SegtapApp

        app = SegtapApp(Client(engine.url, engine.token), settings, reconnect=again)
        await app.run_async()
        return app.return_code or 0
    finally:
        if traffic is not None and traffic.stdin is not None:
            traffic.stdin.close()
            traffic.terminate()
            traffic.wait()
        for engine in engines:
            await engine.aclose()


async def _screen(url: str, token: str, settings: Settings) -> None:
    from ...core.client import Client
    from ..app import SegtapApp

    async with Client(url, token) as client:
        await client.state()
        await SegtapApp(client, settings).run_async()


def _import_screen() -> None:
    from .. import app as _  # noqa: F401


def _need_a_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "The screen needs a terminal. Without one: segtap forward, or segtap tail for live lines."
        )


def _on_the_next_port(settings: Settings, error: PortTaken) -> Settings:
    """The same settings on the next free port, if the user takes it. Raises the error if not."""
    from msgspec.structs import replace

    click.echo(f"segtap: {error}", err=True)
    if not error.next_port or not click.confirm(
        f"Listen on {error.next_port} instead?", default=True, err=True
    ):
        raise click.Abort from error
    return replace(settings, ingest=replace(settings.ingest, port=error.next_port))
