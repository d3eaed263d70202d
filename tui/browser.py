"""`segtap serve`: the screen in a browser of this machine, for whoever has the URL.

textual-serve starts a process of the screen for each page, and connects both with a WebSocket. Here its page
is another one, which loads nothing from elsewhere; every path begins with a token, and no other page may use
them.
"""

# Where the extra `serve` is not installed, its types are unknown.
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false
from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from ..core.errors import EngineError

HOST = "127.0.0.1"
TITLE = "segtap"
GRACE = 5.0
"""Seconds that the screens' processes have to end once they have closed their output."""
_PAGES = Path(__file__).parent / "pages"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BrowserScreen:
    """A server of the screen on loopback. `url` has the token, and is all that a browser needs.

    `command` is run for each page that is opened.
    """

    def __init__(self, command: list[str], *, port: int = 0) -> None:
        """Listen at the port. Raises EngineError if it is taken."""
        self._socket = socket.socket()
        if sys.platform != "win32":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
        except OSError as error:
            self._socket.close()
            raise EngineError(f"Port {port} of {HOST} cannot be used: {error.strerror}.") from error
        self._token = secrets.token_urlsafe(24)
        self._host = f"{HOST}:{self._socket.getsockname()[1]}"
        joined = subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
        self._server = _Screens(joined, f"http://{self._host}")

    @property
    def url(self) -> str:
        """The URL to open, with the token."""
        return f"http://{self._host}/{self._token}/"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; the screens that are open then end."""
        logging.getLogger("textual-serve").addHandler(logging.NullHandler())
        app = web.Application(middlewares=[self._guard])
        app.add_subapp(f"/{self._token}", await self._server.app())
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=2)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            await stop.wait()
        finally:
            await runner.cleanup()
            await self._server.ended()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Refuse whoever does not know the token, and every page but this one."""
        headers = request.headers
        token = request.path.split("/")[1]
        origin, site = headers.get("Origin", ""), headers.get("Sec-Fetch-Site", "none")
        foreign = origin not in ("", f"http://{self._host}") or site not in ("none", "same-origin")
        # A page that rebinds its own name to this machine sends that name.
        if headers.getall("Host", []) != [self._host] or foreign:
            return web.Response(status=403, text="Only this machine's own browser, and no other page.\n")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return web.Response(status=401, text="Open the URL that segtap serve printed.\n")
        if headers.get("Upgrade") and not origin:
            return web.Response(status=403, text="Only the page itself may connect.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(self._headers())
        return response

    def _headers(self) -> dict[str, str]:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
            f" img-src 'self' data:; connect-src 'self' ws://{self._host}; base-uri 'none';"
            " form-action 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }


class _Screens(Server):
    """textual-serve's server with a page of its own; it prints nothing, and leaves signals alone."""

    def __init__(self, command: str, public_url: str) -> None:
        super().__init__(command, public_url=public_url, title=TITLE, templates_path=str(_PAGES))
        self._ending: set[asyncio.Task[int]] = set()

    async def app(self) -> web.Application:
        """Return the application, to be put below the token."""
        app = await self._make_app()
        app.router.add_static("/own", _PAGES)
        return app

    async def ended(self) -> None:
        """Wait until the processes of all screens have ended: each was asked to, and closed its output."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=GRACE)

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Pass on what a page sends. textual-serve does not wait for the process of the page's screen."""
        process = app_service._process  # pyright: ignore[reportPrivateUsage]
        if process is not None:
            task = asyncio.create_task(process.wait(), name="segtap-browser-screen")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        await super()._process_messages(websocket, app_service)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command says where to look."""
