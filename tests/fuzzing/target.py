"""What a target of fuzzing is, and what the targets share: a log that notices tracebacks, bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Protocol

from segtap.core.errors import SegtapError

CORPUS = Path(__file__).parents[1] / "data" / "fuzz"
"""Inputs that once found something, and others that reach far: a folder for each target."""
ANSWERED_WITHIN = 20.0
"""Seconds after which a target hangs."""


class Misbehaved(AssertionError):
    """What segtap did that it must never do."""


class Target(Protocol):
    """Something that is given bytes, and has to live with any."""

    every: int
    """After so many inputs `settle` is called."""

    def make(self, chance: Random) -> bytes:
        """Return an input."""
        ...

    async def attempt(self, data: bytes) -> None:
        """Give it an input. Raises Misbehaved."""
        ...

    async def settle(self) -> None:
        """Look at what is only seen after some inputs. Raises Misbehaved."""
        ...


class Tracebacks(logging.Handler):
    """Keeps the tracebacks that were logged, but those of faults for which segtap has a text."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record if it has a traceback of such a fault."""
        kind = record.exc_info[0] if record.exc_info else None
        if kind is not None and not issubclass(kind, SegtapError):
            text = logging.Formatter().formatException(record.exc_info)
            self.seen.append(f"{record.getMessage()}\n{text}")

    def check(self) -> None:
        """Raise Misbehaved with the first one, and forget them."""
        if self.seen:
            first = self.seen[0]
            self.seen.clear()
            raise Misbehaved(f"logged a traceback: {first}")


@contextlib.contextmanager
def tracebacks() -> Iterator[Tracebacks]:
    """Collect tracebacks during the block."""
    handler = Tracebacks()
    logging.getLogger().addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)


def memory() -> int:
    """Return the most bytes of memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


async def exchange(port: int, data: bytes, *, ends: bool = True) -> bytes:
    """Write the bytes to a port of this machine, say that no more come, and return what is answered.

    Without `ends`, the other side is left to close the connection.

    Raises Misbehaved if the connection stays open.
    """
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answer = bytearray()
            try:
                writer.write(data)
                if ends:
                    writer.write_eof()
                while some := await reader.read(65_536):
                    answer += some
            finally:
                writer.close()
            return bytes(answer)
    except ConnectionError:
        return bytes(answer)
    except TimeoutError:
        raise Misbehaved(f"no end of the answer within {ANSWERED_WITHIN:g} s") from None


def port_of(url: str) -> int:
    """Return the port of an engine's URL."""
    return int(url.rpartition(":")[2])


_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def statuses(answer: bytes) -> list[int]:
    """Return the statuses in what was answered. A body that quotes a status line counts, too."""
    return [int(status) for status in _STATUS.findall(answer)]
