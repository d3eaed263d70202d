"""The engine's end of one worker process: what is written to it and read from it, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence

import msgspec

from ..child_environment import plain_environment
from ..settings import Settings
from .wire import LENGTH, Answer, Encode, Use, Work, frame, read_answer

PATIENCE = 10.0
"""Seconds in which a worker judges a message: one that gives no sign for longer is killed."""
START_PATIENCE = 60.0
"""The same for its start and for settings that it has to read."""
READ_AHEAD = 1 << 20
"""Bytes of answers that are read before they are asked for; then a worker has to wait."""
NICE = 5
"""How much less the system prefers a worker to the engine, which answers requests."""
GRACE = 5.0
"""Seconds that a worker has to end by itself."""


class WorkerGone(Exception):
    """A worker process has ended, or hangs, or what it sends cannot be read."""


class Worker:
    """One worker process. `pieces` counts what it was given and has not answered whole.

    `owner` gave it these, and reads the answers: they come in the order of the pieces. It
    is `gone` once it has ended, and `hung` if it was killed because it gave no sign for too long.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._revision = ""
        self._settings: Settings | None = None
        self._patience = START_PATIENCE
        self.pid = process.pid
        self.pieces = 0
        self.owner: object = None
        self.gone = self.hung = False

    def use(self, settings: Settings, revision: str) -> None:
        """Have it judge by these settings, unless it does."""
        # The revision says nothing of secrets, which are in the requests.
        if revision != self._revision or settings is not self._settings:
            self._revision, self._settings = revision, settings
            self._patience = START_PATIENCE
            self._send(Use(settings))

    def give(self, work: Work | Encode) -> None:
        """Give it a piece of work."""
        self.pieces += 1
        self._send(work)

    def done(self) -> None:
        """Note that it has answered for a piece of work."""
        self.pieces -= 1

    async def answer(self) -> Answer:
        """Return its next answer. Raises WorkerGone."""
        assert self._process.stdout is not None
        patience, self._patience = self._patience, PATIENCE
        try:
            async with asyncio.timeout(patience):
                (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
                return read_answer(await self._process.stdout.readexactly(length))
        except TimeoutError as error:
            self.hung = True
            self.kill()
            raise WorkerGone(f"killed, for it gave no sign for {patience:g} s") from error
        except (asyncio.IncompleteReadError, OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.gone = True
            raise WorkerGone(await self._why(error)) from error

    def kill(self) -> None:
        """End it at once."""
        self.gone = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Close its stdin, which ends it whatever it does; kill it if that takes too long."""
        self.gone = True
        process = self._process
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()
        with contextlib.suppress(OSError):
            await process.stdin.wait_closed()

    async def _why(self, error: Exception) -> str:
        if not isinstance(error, asyncio.IncompleteReadError | OSError):
            return f"what it sent cannot be read ({type(error).__name__})"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                code = await self._process.wait()
                return f"signal {-code}" if code < 0 else f"exit code {code}"
        return "it closed its pipe"

    def _send(self, value: msgspec.Struct) -> None:
        assert self._process.stdin is not None
        # A pipe that is broken is noticed by `answer`.
        self._process.stdin.write(frame(value))


async def start_worker(command: Sequence[str]) -> Worker:
    """Start a worker process. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=READ_AHEAD,
        env=plain_environment(),
        start_new_session=os.name == "posix",  # a Ctrl-C in the terminal is for the engine
    )
    if hasattr(os, "setpriority"):  # not on Windows; at once, for its imports are work, too
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return Worker(process)
