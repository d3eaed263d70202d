"""Listening: sockets on every host at one port, and uvicorn run on them within our own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from typing import Any, cast

import uvicorn

from ..errors import EngineError, PortTaken, SettingsError
from ..ingest.body import ASGIApp
from ..ingest.http_protocol import Report, TapProtocol
from ..settings import IngestSettings
from .certificates import loaded
from .handshakes import watched
from .ports import (
    family_of,
    interface_addresses,
    is_exposed,
    is_loopback,
    is_unavailable,
    is_wildcard,
    next_free_port,
    owner_of,
    url_of,
)

BACKLOG = 2048
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than any SDK's flush interval."""
STOP_GRACE = 5
"""Seconds that requests under way have to finish at a stop; an SDK sends again what was cut off."""
_STOP_LOOK = 0.002
ALIKE_TRIES = 20
"""How often a free port is drawn again, when it is taken on the other address."""

logger = logging.getLogger(__name__)


class Listener:
    """Bound sockets, all at one port. `hosts` are those that exist here, as the user wrote them."""

    def __init__(self, sockets: Sequence[socket.socket], hosts: Sequence[str], port: int, tls: bool) -> None:
        self.sockets = list(sockets)
        self.hosts = tuple(hosts)
        self.port = port
        self.tls = tls

    @property
    def exposed(self) -> bool:
        """True when other machines can reach a socket."""
        return any(is_exposed(host) for host in self.hosts)

    @property
    def urls(self) -> tuple[str, ...]:
        """What to type on this machine: loopback first, since the control API answers only there."""
        local = [host for host in self.hosts if is_loopback(host) or host == "localhost"]
        for host in self.hosts:
            if is_wildcard(host):
                local.append("::1" if host == "::" else "127.0.0.1")
        local.sort(key=lambda host: ":" in host)
        others = [host for host in self.hosts if is_exposed(host) and not is_wildcard(host)]
        return tuple(dict.fromkeys(url_of(host, self.port, tls=self.tls) for host in [*local, *others]))

    @property
    def phone_urls(self) -> tuple[str, ...]:
        """What to type on another device of the network."""
        found: list[str] = []
        for host in self.hosts:
            if is_wildcard(host):
                found += [a for a in interface_addresses() if host == "::" or ":" not in a]
            elif is_exposed(host):
                found.append(host)
        return tuple(dict.fromkeys(url_of(host, self.port, tls=self.tls) for host in found))

    def close(self) -> None:
        """Close the sockets; needed only when no server took them over."""
        for bound in self.sockets:
            bound.close()


def listen(settings: IngestSettings) -> Listener:
    """Bind every host of the settings at one port; port 0 draws a free one.

    An address that this machine lacks (::1 without IPv6) is left out, as long as one remains. Raises
    PortTaken naming owner and next free port, or EngineError for an address that cannot be used.
    """
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("TLS takes both: --tls-cert and --tls-key.")
    for key, name, secret in (
        ("metrics_token_env", settings.metrics_token_env, settings.metrics_token),
        ("test_token_env", settings.test_token_env, settings.test_token),
        ("redact_key_env", settings.redact_key_env, settings.redact_key),
    ):
        if name and not secret:
            raise SettingsError(f"{key} names {name}, which is not set. Set it, or leave {key} out.")
    tls = bool(settings.tls_cert)
    hosts = tuple(dict.fromkeys(settings.host))
    if not hosts:
        raise SettingsError("There is no address to listen on: [ingest] host is empty.")
    if "" in hosts:
        # The system would take it for every address of this machine.
        raise SettingsError(
            "An address to listen on is empty, as of a variable that is not set. Every address is 0.0.0.0."
        )
    for _ in range(ALIKE_TRIES):
        try:
            sockets, bound, port = _bind_all(hosts, settings.port)
        except _Taken as taken:
            if settings.port == 0:
                continue
            raise _port_taken(taken.host, settings.port, hosts) from None
        return Listener(sockets, bound, port, tls)
    raise EngineError(f"No port is free on all of {', '.join(hosts)}. Name one with --port.")


class _Taken(Exception):
    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def _bind_all(hosts: Sequence[str], port: int) -> tuple[list[socket.socket], list[str], int]:
    sockets: list[socket.socket] = []
    bound: list[str] = []
    missing: list[str] = []
    try:
        for host in hosts:
            try:
                made = _bind(host, port)
            except OSError as error:
                if is_unavailable(error):
                    missing.append(host)
                    continue
                if isinstance(error, socket.gaierror):
                    raise EngineError(
                        f"{host!r} is not an address of this machine: {error.strerror}."
                    ) from error
                if isinstance(error, PermissionError):
                    raise EngineError(
                        f"Listening on port {port} is not allowed for this user. Take one above 1023."
                    ) from error
                raise _Taken(host) from error
            sockets.append(made)
            bound.append(host)
            port = int(made.getsockname()[1])
        unknown = [host for host in missing if host != "::1"]
        if unknown or not sockets:
            raise EngineError(f"{(unknown or missing)[0]} is not an address of this machine.")
    except BaseException:
        for made in sockets:
            made.close()
        raise
    return sockets, bound, port


def _bind(host: str, port: int) -> socket.socket:
    family = family_of(host)
    # asyncio turns Nagle's algorithm off only where the protocol is said: else, without uvloop, the second
    # half of an answer waits 40 ms for the client's acknowledgement of the first.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # On Windows SO_REUSEADDR would let two processes share the port.
            bound.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", -5), 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        # Listening at once: two processes may bind one port with SO_REUSEADDR until one listens.
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _port_taken(host: str, port: int, hosts: tuple[str, ...]) -> PortTaken:
    found = owner_of(port)
    owner = f"{found[1] or 'a process'} (pid {found[0]})" if found else ""
    free = next_free_port(port, hosts)
    message = f"Port {port} on {host} is taken{f' by {owner}' if owner else ''}."
    if free:
        message += f" The next free one is {free}: --port {free}."
    return PortTaken(message, port=port, owner=owner, next_port=free)


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: who runs the engine decides about those.

    And without its pauses: it looks every tenth of a second whether to end, and waits another one at the end.
    TLS has to be agreed on within `handshake` seconds.
    """

    def __init__(self, config: uvicorn.Config, handshake: float) -> None:
        super().__init__(config)
        self._handshake = handshake
        self.up = asyncio.Event()
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Stop as soon as what is under way allows."""
        self.should_exit = True
        self._ending.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        config, loop = self.config, asyncio.get_running_loop()
        protocol = functools.partial(
            cast("Callable[..., asyncio.Protocol]", config.http_protocol_class),
            config=config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        more: dict[str, Any] = {}
        if config.ssl is not None:
            more = {"ssl": config.ssl, "ssl_handshake_timeout": self._handshake}
        self.servers = [
            await loop.create_server(protocol, sock=bound, backlog=config.backlog, **more)
            for bound in sockets or ()
        ]
        self.started = True
        self.up.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which sets the date that answers bear
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from websockets.exceptions import InvalidState

        for server in self.servers:
            server.close()
        for bound in sockets or []:
            bound.close()
        state = self.server_state
        for connection in list(state.connections):
            try:
                connection.shutdown()
            except InvalidState:
                # A WebSocket that the other end is closing already: uvicorn would send a second close frame.
                connection.transport.close()
        try:
            async with asyncio.timeout(STOP_GRACE):
                while state.connections or state.tasks:  # noqa: ASYNC110 – nothing reports when they are gone
                    await asyncio.sleep(_STOP_LOOK)
                for server in self.servers:
                    await server.wait_closed()
        except TimeoutError:
            logger.warning("cut off at the stop: %d requests under way", len(state.tasks))
            for task in state.tasks:
                task.cancel(msg="the engine stops")


class WebServer:
    """Serves one ASGI app on a Listener's sockets, inside the running event loop.

    `report` is called for connections without a readable request. Unless `dated`, answers get no `Date` but
    the application's: a proxy hands on the server's.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: Listener,
        settings: IngestSettings,
        report: Report | None = None,
        *,
        dated: bool = True,
    ) -> None:
        self._listener = listener
        context = _context(settings, listener) if listener.tls else None
        protocol = functools.partial(TapProtocol, report=report, limits=settings)
        config = uvicorn.Config(
            app,  # pyright: ignore[reportArgumentType] – uvicorn types each event; plain dicts are ASGI
            http=cast("type[asyncio.Protocol]", protocol),
            ws="websockets-sansio",
            # Feed frames are small and local: compressing them would cost more than sending.
            ws_per_message_deflate=False,
            ws_max_size=64 * 1024,
            # A viewer that was suspended for a while keeps its place: the feed holds little for it.
            ws_ping_interval=None,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Else anyone could name 127.0.0.1 in X-Forwarded-For and pass for a loopback peer.
            proxy_headers=False,
            server_header=False,
            date_header=dated,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
        )
        config.load()
        config.ssl = self.tls_context = context
        """What TLS connections are made with, None without TLS."""
        self._server = _Uvicorn(config, settings.head_timeout)
        self._task: asyncio.Task[None] | None = None
        if context is not None and report is not None:
            context.sslobject_class = watched(functools.partial(self._no_handshake, report))

    async def start(self) -> None:
        """Take connections from here on. Raises EngineError when serving cannot begin."""
        self._task = asyncio.create_task(self._server.serve(self._listener.sockets), name="segtap-web")
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait({self._task, up}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            up.cancel()
            self._listener.close()
            await self._task
            raise EngineError("The web server ended before it began.")

    async def stop(self) -> None:
        """Take no more connections, let requests under way finish, and close."""
        if self._task is None:
            self._listener.close()
            return
        self._server.end()
        await self._task
        self._task = None

    def _no_handshake(self, report: Report, words: str) -> None:
        keeping = asyncio.get_running_loop().create_task(report(400, words, peer="", method="", target=""))
        tasks = self._server.server_state.tasks
        tasks.add(keeping)
        keeping.add_done_callback(tasks.discard)


def _context(settings: IngestSettings, listener: Listener) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if trouble := loaded(context, settings.tls_cert, settings.tls_key):
        listener.close()
        raise SettingsError(f"The TLS certificate or key cannot be used: {trouble}.")
    return context
