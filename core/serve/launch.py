"""Starting an engine as a child process, and finding one that runs.

Settings go to the child on its stdin, never on its command line, where every user of the machine reads
them; URL and token come back on its stdout, and each turn of its forwarding switch after them. The child
stops when its stdin closes, so it cannot outlive who started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from typing import IO, Self

import msgspec

from ..api.errors import ErrorAnswer, error_from
from ..errors import EngineError
from ..settings import Settings
from .notes import EngineKind, find_engine

START_TIMEOUT = 30.0
STOP_TIMEOUT = 15.0
LOG_TAIL = 2_000
LAST_WORDS = 1.0
"""Seconds to read what a child wrote before it ended: it is in the pipe already."""

__all__ = ["EngineReady", "LaunchOrder", "RunningEngine", "Switch", "find_engine", "start_engine"]


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """An engine's forwarding switch: what the engine that takes its place has to know of it.

    `aim` is a digest of all that decides where messages go and with which credentials, `project` says it in
    words. `interrupted` is the standing line of an engine that did not resume what was on, else "".
    """

    on: bool = False
    aim: str = ""
    project: str = ""
    interrupted: str = ""


class LaunchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The line on the child's stdin. `forwarding` turns it on at the start (`segtap forward`).

    `before` is the switch of an engine that died, in whose place this one starts.
    """

    settings: Settings
    forwarding: bool = False
    before: Switch | None = None
    kind: EngineKind = "engine"


class EngineReady(msgspec.Struct, frozen=True, kw_only=True):
    """The line on the child's stdout once it takes messages. `url` is the one for the control API."""

    url: str
    urls: tuple[str, ...]
    token: str
    pid: int
    phone_urls: tuple[str, ...] = ()
    switch: Switch = Switch()

    def __repr__(self) -> str:
        return f"EngineReady(url={self.url!r}, pid={self.pid})"


class RunningEngine:
    """An engine that this process started. Close it with `aclose`, or use it as a context manager."""

    def __init__(self, process: asyncio.subprocess.Process, ready: EngineReady, log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.url = ready.url
        self.urls = ready.urls
        self.phone_urls = ready.phone_urls
        self.token = ready.token
        self.pid = process.pid
        self._switch = ready.switch
        self._listening = asyncio.create_task(self._listen(), name="segtap-switch")

    def __repr__(self) -> str:
        return f"RunningEngine({self.url!r}, pid={self.pid})"

    @property
    def ended(self) -> bool:
        """True once the process is gone."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until it has ended, and return its exit code."""
        return await self._process.wait()

    async def last_switch(self) -> Switch:
        """Return how its forwarding switch stood when it ended. Ask once it has: until then it may be
        turned.
        """
        await asyncio.wait({self._listening}, timeout=LAST_WORDS)
        return self._switch

    async def _listen(self) -> None:
        """Note each turn of the switch until the child closes its stdout."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            try:
                self._switch = msgspec.json.decode(line, type=Switch)
            except msgspec.DecodeError:
                return  # cut off as it was written: the turn was not acknowledged either

    def log_tail(self) -> str:
        """Return the last lines of its log: why it ended, when it did by itself."""
        return _tail(self._log)

    async def aclose(self) -> None:
        """Stop it: it finishes or keeps what is in flight. Killed when it takes too long."""
        await _end(self._process)
        await self.last_switch()
        self._listening.cancel()
        self._log.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def start_engine(
    settings: Settings,
    *,
    forwarding: bool = False,
    before: Switch | None = None,
    kind: EngineKind = "engine",
) -> RunningEngine:
    """Start an engine with these settings and wait until it takes messages.

    With `before` it takes the place of an engine that died: it reads the settings file again, and forwards
    if that one did and the settings still name the same project. `kind` says what runs it.

    Raises what the engine raised: PortTaken, JournalLocked, SettingsError, …; EngineError when it ended
    without a word.
    """
    log = tempfile.TemporaryFile(prefix="segtap-engine-")  # noqa: SIM115 – it lives as long as the engine
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the user's folder may hold a segtap/ or a msgspec.py of its own
            "-m",
            "segtap.core.engine.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            # Ctrl-C in the terminal is for the screen; it stops the engine by closing its stdin.
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        log.close()
        raise EngineError(f"The engine's process cannot be started: {error}.") from error
    try:
        order = LaunchOrder(settings=settings, forwarding=forwarding, before=before, kind=kind)
        ready = await _handshake(process, order, log)
    except BaseException:
        await _end(process)
        log.close()
        raise
    return RunningEngine(process, ready, log)


async def _handshake(process: asyncio.subprocess.Process, order: LaunchOrder, log: IO[bytes]) -> EngineReady:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(START_TIMEOUT):
            line = await process.stdout.readline()
    except TimeoutError:
        raise EngineError(f"The engine did not start within {START_TIMEOUT:g} s.{_said(log)}") from None
    except (BrokenPipeError, ConnectionResetError):
        line = b""
    # What a library prints on the child's stdout need not be UTF-8.
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(line, type=EngineReady)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        raise error_from(msgspec.json.decode(line, type=ErrorAnswer).error)
    raise EngineError(f"The engine ended as it started.{_said(log)}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()


def _said(log: IO[bytes]) -> str:
    tail = _tail(log)
    return f" Its log ends: {tail}" if tail else ""


def _tail(log: IO[bytes]) -> str:
    if log.closed:
        return ""
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LOG_TAIL))
    return log.read().decode("utf-8", "replace").strip()
