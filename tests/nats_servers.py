"""NATS servers with JetStream for tests, each a process on loopback with its own folder."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

PROGRAM = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
PATIENCE = 30.0
"""Seconds in which a server has to be ready, on a machine that does other things."""
_streams = itertools.count(1)


def new_stream() -> str:
    """The name of a stream that no other test of this process has."""
    return f"test-{os.getpid()}-{next(_streams)}"


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Server:
    """One server. `routes` are the ports at which the servers of its cluster reach each other."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        name: str = "",
        routes: Sequence[int] = (),
        more: Sequence[str] = (),
        jetstream: bool = True,
    ) -> None:
        self.port = port
        self._log = folder / "log"
        folder.mkdir(parents=True, exist_ok=True)
        self._command = [PROGRAM, "-a", "127.0.0.1", "-p", str(port), *more]
        if jetstream:
            self._command += ["-js", "-sd", str(folder)]
        if routes:
            self._command += ["-n", name, "--cluster_name", "segtap-test", "--no_advertise", "--cluster"]
            self._command += [f"nats://127.0.0.1:{routes[0]}", "--routes"]
            self._command += [",".join(f"nats://127.0.0.1:{route}" for route in routes)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)  # it does not say when it is ready
        raise AssertionError(f"nats-server did not start: {self._log.read_text()[-2000:]}")

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it by a signal."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None


@contextlib.contextmanager
def one_server(folder: Path, *more: str) -> Iterator[Server]:
    """A server by itself."""
    if not PROGRAM:
        pytest.skip("nats-server is not installed")
    (port,) = free_ports(1)
    server = Server(folder, port, more=more)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[list[Server]]:
    """Three servers that keep the same streams."""
    if not PROGRAM:
        pytest.skip("nats-server is not installed")
    ports, routes = free_ports(6)[:3], free_ports(6)[3:]
    servers = [
        Server(folder / f"n{at}", ports[at], name=f"n{at}", routes=[routes[at], *routes])
        for at in range(len(ports))
    ]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()


class Gate:
    """Ports that lead to others while it is open; closed, it cuts all connections and accepts none."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = targets
        self.ports = free_ports(len(targets))
        self._servers: list[asyncio.Server] = []
        self._pipes: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Gate:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Let connections through."""
        for port, target in zip(self.ports, self._targets, strict=True):

            async def connected(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int = target
            ) -> None:
                await self._through(reader, writer, target)

            self._servers.append(await asyncio.start_server(connected, "127.0.0.1", port))

    async def close(self) -> None:
        """Cut all connections."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for writer in self._pipes:
            writer.transport.abort()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
        self._pipes.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        self._pipes.add(far_writer)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        self._pipes -= {writer, far_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
