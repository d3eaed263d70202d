"""Bare `segtap` (a screen with its own engine) and `segtap attach` (a screen on a running one)."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ...core.errors import JournalLocked, PortTaken
from ...core.settings import Settings
from .completing import complete_engine, complete_file
from .options import load, read_settings
from .output import ask, say

if TYPE_CHECKING:
    import subprocess

    from ...core.api.viewer import Viewer
    from ...core.serve.launch import RunningEngine
    from ..app import SegtapApp


def open_screen(*, demo: bool, **options: Any) -> int:
    """Start an engine and put the screen on it, until the user quits. Returns the exit status."""
    settings = read_settings(demo=demo, **options)
    _need_a_terminal()
    while True:
        try:
            return asyncio.run(screen_with_engine(settings))
        except PortTaken as error:
            if (status := _attached_instead(error, settings)) is not None:
                return status
            settings = _on_the_next_port(settings, error)
        except JournalLocked as error:
            if (status := _attached_instead(error, settings)) is None:
                raise
            return status


def _attached_instead(error: PortTaken | JournalLocked, settings: Settings) -> int | None:
    """Attach the screen to the engine that has the port or the journal, if there is one and the user accepts.

    Returns the exit status; None if not.
    """
    from ...core.serve.notes import running

    for note in running():
        ports = {urlsplit(url).port for url in note.urls}
        if error.port in ports if isinstance(error, PortTaken) else note.url in str(error):
            what = f"port {error.port}" if isinstance(error, PortTaken) else "this journal"
            if not ask(f"The segtap at {note.url} has {what}. Attach to it?", default=True):
                return None
            return asyncio.run(_screen(note.url, note.token, settings, ""))
    return None


@click.command()
@click.argument("url", default="", shell_complete=complete_engine)
@click.option(
    "--token-env",
    metavar="NAME",
    help="Variable with the engine's token, for one of another machine: segtap ps --show-secrets there.",
)
@click.option(
    "--ca", shell_complete=complete_file, metavar="FILE", help="Certificates to verify an https URL with."
)
@click.option("--theme", metavar="NAME", help="Colours of the screen.")
@click.pass_context
def attach(ctx: click.Context, url: str, token_env: str | None, ca: str | None, theme: str | None) -> None:
    """Open the screen on a running engine: the newest one, or the one at URL.

    The engine goes on when the screen closes. Several screens may be open at once. An engine of another
    machine is reached through a tunnel (ssh -L 8765:127.0.0.1:8765 HOST) or at the https URL of a proxy
    there, with its token in a variable.
    """
    from ...core.serve.notes import find_engine

    settings = load({"screen": {"theme": theme}} if theme else None)
    address, token = _distant(url, token_env) if token_env else find_engine(url)
    _need_a_terminal()
    ctx.exit(asyncio.run(_screen(address, token, settings, ca or "")))


def _distant(url: str, token_env: str) -> tuple[str, str]:
    """Return URL and token of an engine that has no note here."""
    from ...core.config.secrets import read_secret
    from ...core.errors import EngineError
    from ...core.server_url import checked, is_this_machine

    address, token = checked(url or "http://127.0.0.1:8765"), read_secret(token_env, os.environ)
    if not token:
        raise EngineError(f"--token-env names {token_env}, which is not set.")
    if address.startswith("http:") and not is_this_machine(address):
        raise EngineError(
            f"{address} is another machine, and http would show the token on the way. Use https, or a tunnel:"
            " ssh -L 8765:127.0.0.1:8765 HOST, and the URL http://127.0.0.1:8765"
        )
    return address, token


async def screen_with_engine(settings: Settings) -> int:
    """Start an engine and put the screen on it, until the user quits. Returns the exit status."""
    _collect_no_garbage()
    own = OwnEngine(settings)
    try:
        # The engine's process starts while the screen is imported here and draws its first frame.
        await asyncio.to_thread(import_module, "segtap.tui.app")
        from ..app import SegtapApp
        from ..theme_memory import place
        from ..theming import user_folder

        app = SegtapApp(own.viewer, settings, reconnect=own.again, memory=place(), themes=user_folder())
        connecting = asyncio.create_task(_connect(app, own), name="segtap-connecting")
        await app.run_async(mouse=settings.screen.mouse)
        if connecting.done():
            await connecting  # raises the reason why there is no engine
        connecting.cancel()
        return app.return_code or 0
    finally:
        await own.aclose()


async def _connect(app: SegtapApp, own: OwnEngine) -> None:
    """Once the first frame is drawn, connect the screen to its engine. If that did not start, end the screen.

    Raises what starting the engine raised.
    """
    await app.painted.wait()
    await asyncio.to_thread(_import_what_follows)
    _collect_rarely()
    try:
        await own.start()
    except BaseException:
        app.exit()
        raise
    # The first message that is shown is read with these, for what changed since the one before.
    for module in ("segtap.core.pipeline.reading", "segtap.core.compare.fields"):
        await asyncio.to_thread(import_module, module)


class OwnEngine:
    """The engine that this screen started, a new one in its place when it dies, and the demo's traffic.

    The engine starts at once. The requests of `viewer` wait until `start` has seen it answer.
    """

    def __init__(self, settings: Settings) -> None:
        from ...core.api.awaited import AwaitedViewer
        from ...core.serve.launch import start_engine

        self.viewer = AwaitedViewer()
        self._settings = settings
        self._starting = asyncio.create_task(start_engine(settings, kind="screen"), name="segtap-starting")
        self._engine: RunningEngine | None = None
        self._traffic: subprocess.Popen[bytes] | None = None

    @property
    def engine(self) -> RunningEngine:
        """The engine that runs now."""
        assert self._engine is not None, "before start()"
        return self._engine

    async def start(self) -> None:
        """Wait until the engine answers, and start the demo's traffic. Raises what starting it raised."""
        from msgspec.structs import replace

        from ...core.api.client import Client

        settings, engine = self._settings, await self._starting
        self._engine = engine
        # SDKs know this port by now: an engine in this one's place listens there, too.
        port = urlsplit(engine.url).port or settings.ingest.port
        self._settings = replace(settings, ingest=replace(settings.ingest, port=port))
        self.play_demo()
        self.viewer.found.set_result(Client(engine.url, engine.token))

    async def again(self) -> Viewer:
        """Return a viewer of the engine; if it has died, of a new one with the same settings."""
        from ...core.api.client import Client
        from ...core.serve.launch import start_engine

        if self.engine.ended:
            before = await self.engine.last_switch()
            await self.engine.aclose()
            self._engine = await start_engine(self._settings, before=before, kind="screen")
            self.play_demo()
        return Client(self.engine.url, self.engine.token)

    def play_demo(self) -> None:
        """Start the demo's traffic, where there is to be one and none runs."""
        if not self._settings.demo or (self._traffic is not None and self._traffic.poll() is None):
            return
        from ...core.demo import start_demo

        self._traffic = start_demo(self.engine.url, quiet=True)

    async def aclose(self) -> None:
        """End the traffic and the engine, also one that is still starting."""
        if self._traffic is not None:
            with self._traffic:
                self._traffic.terminate()
        self._starting.cancel()
        await asyncio.wait({self._starting})
        if self._starting.cancelled() or self._starting.exception() is not None:
            return
        await (self._engine or self._starting.result()).aclose()


async def _screen(url: str, token: str, settings: Settings, ca: str) -> int:
    """Put the screen on a running engine, until the user quits. Returns the exit status."""
    from ...core.api.client import Client
    from ..app import SegtapApp
    from ..theme_memory import place
    from ..theming import user_folder

    _collect_no_garbage()
    async with Client(url, token, ca=ca) as client:
        await client.state()
        _collect_rarely()
        app = SegtapApp(client, settings, memory=place(), themes=user_folder())
        await app.run_async(mouse=settings.screen.mouse)
        return app.return_code or 0


def _collect_no_garbage() -> None:
    """Collect no garbage until the first frame is drawn: what the imports make stays."""
    gc.disable()


def _collect_rarely() -> None:
    """Collect garbage less often, and never look at what the imports made.

    Drawing a frame makes thousands of short-lived objects. With Python's defaults the collector takes a sixth
    of the time of a key.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def _import_what_follows() -> None:
    # What the first keys and the engine's first answer need, imported while the engine still starts.
    clients = ("httpx", "websockets.asyncio.client")
    for module in (*clients, "segtap.tui.actions.table", "segtap.tui.model.completion"):
        import_module(module)


def _need_a_terminal() -> None:
    # The screen is drawn on stderr, as Textual does it; in a browser textual-serve draws it.
    if "TEXTUAL_DRIVER" not in os.environ and not all(
        stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)
    ):
        raise click.UsageError(
            "The screen needs a terminal. Without one: segtap forward, or segtap tail for live lines."
        )


def _on_the_next_port(settings: Settings, error: PortTaken) -> Settings:
    """Return the same settings on the next free port if the user accepts it. Raises the error if not."""
    from msgspec.structs import replace

    say(f"segtap: {error}")
    if not error.next_port or not ask(f"Listen on {error.next_port} instead?", default=True):
        raise click.Abort from error
    return replace(settings, ingest=replace(settings.ingest, port=error.next_port))
