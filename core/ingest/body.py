"""Reading a request's body from the server, with a cap in bytes and one in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..errors import RequestRefused
from ..sources.limits import excess

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

HUNG_UP = 499
"""The status kept for a request whose client went away before it was complete: nobody was answered."""

_DRAIN = 4
"""A body over the cap is read on and thrown away up to this many times the cap: a client that is still
sending would otherwise see a broken connection instead of the answer."""


class BodyRefused(RequestRefused):
    """A body that was not read to its end: `body` is the beginning of it. The connection must close."""

    def __init__(self, status: int, message: str, body: bytes) -> None:
        super().__init__(status, message)
        self.body = body


class Deadlines:
    """Ends readings that take too long. One timer serves all: a timer each would cost more than the reading.

    A reading may last `seconds`, and up to a tenth more.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._readings: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._armed = False

    def start(self) -> asyncio.Task[Any]:
        """Start the deadline of the running task. Call `done` with what this returns."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a body is read inside a task")
        self._readings[task] = asyncio.get_running_loop().time() + self.seconds
        if not self._armed:
            self._arm()
        return task

    def done(self, task: asyncio.Task[Any]) -> None:
        """End the deadline of a task."""
        self._readings.pop(task, None)

    def was_late(self, task: asyncio.Task[Any]) -> bool:
        """Return True if the deadline cancelled this task. Clears the flag and undoes the cancellation."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def _arm(self) -> None:
        self._armed = True
        asyncio.get_running_loop().call_later(self.seconds / 10, self._sweep)

    def _sweep(self) -> None:
        self._armed = False
        now = asyncio.get_running_loop().time()
        for task, deadline in list(self._readings.items()):
            if deadline > now:
                break  # they stand in the order of their starts
            del self._readings[task]
            self._late.add(task)
            task.cancel()
        if self._readings:
            self._arm()


async def read_body(receive: Receive, declared: str | None, max_bytes: int, deadlines: Deadlines) -> bytes:
    """Return the whole body as on the wire.

    `declared` is the Content-Length header. Raises BodyRefused: 400 beyond `max_bytes`, 408 when `deadlines`
    ended it, `HUNG_UP` when the client went away.
    """
    parts: list[bytes] = []
    size = 0
    expected = int(declared) if declared is not None and declared.isascii() and declared.isdigit() else None
    if expected is not None and expected > _DRAIN * max_bytes:
        raise BodyRefused(400, _too_large(expected, max_bytes), b"")
    task = deadlines.start()
    try:
        more = True
        while more:
            event = await receive()
            if event["type"] != "http.request":
                seen = f"{size:,} bytes" if expected is None else f"{size:,} of {expected:,} bytes"
                reason = f"the client hung up after {seen}; nobody was answered"
                raise BodyRefused(HUNG_UP, reason, b"".join(parts))
            part: bytes = event.get("body", b"")
            if size < max_bytes:
                parts.append(part if size + len(part) <= max_bytes else part[: max_bytes - size])
            size += len(part)
            if size > _DRAIN * max_bytes:
                raise BodyRefused(400, _too_large(expected or size, max_bytes), b"".join(parts))
            more = event.get("more_body", False)
    except asyncio.CancelledError:
        if not deadlines.was_late(task):
            raise
        reason = f"the body was not complete after {deadlines.seconds:g} s ({size:,} bytes came)"
        raise BodyRefused(408, reason, b"".join(parts)) from None
    finally:
        deadlines.done(task)
    if size > max_bytes:
        raise BodyRefused(400, _too_large(size, max_bytes), b"".join(parts))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(size: int, max_bytes: int) -> str:
    much, limit = excess(size, max_bytes)
    return f"the body is {much}, at most {limit} are taken"
