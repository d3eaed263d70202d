"""Reading a request's body from the server, with a cap in bytes and one in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..errors import RequestRefused
from .limits import REFUSED_BODY_BYTES, limit_text

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


async def read_body(receive: Receive, declared: str | None, max_bytes: int, seconds: float) -> bytes:
    """The whole body as on the wire.

    `declared` is the Content-Length header. Raises BodyRefused: 400 beyond `max_bytes`, 408 when it took
    longer than `seconds`, `HUNG_UP` when the client went away.
    """
    parts: list[bytes] = []
    size = 0
    expected = int(declared) if declared is not None and declared.isascii() and declared.isdigit() else None
    if expected is not None and expected > _DRAIN * max_bytes:
        raise BodyRefused(400, _too_large(expected, max_bytes), b"")
    try:
        async with asyncio.timeout(seconds):
            while True:
                event = await receive()
                if event["type"] != "http.request":
                    seen = f"{size:,} bytes" if expected is None else f"{size:,} of {expected:,} bytes"
                    reason = f"the client hung up after {seen}; nobody was answered"
                    raise BodyRefused(HUNG_UP, reason, b"".join(parts))
                part: bytes = event.get("body", b"")
                size += len(part)
                if size <= max_bytes:
                    parts.append(part)
                elif size > _DRAIN * max_bytes:
                    raise BodyRefused(400, _too_large(expected or size, max_bytes), b"".join(parts))
                if not event.get("more_body", False):
                    break
    except TimeoutError:
        reason = f"the body was not complete after {seconds:g} s ({size:,} bytes came)"
        raise BodyRefused(408, reason, b"".join(parts)[:REFUSED_BODY_BYTES]) from None
    if size > max_bytes:
        raise BodyRefused(400, _too_large(size, max_bytes), b"".join(parts))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(size: int, max_bytes: int) -> str:
    return f"the body is {limit_text(size)}, at most {limit_text(max_bytes)} are taken"
