"""A viewer of an engine that is still starting, so that a screen can be drawn before it answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TypeVar

from .models import FeedBatch
from .operations import Operation
from .viewer import Viewer

R = TypeVar("R")
A = TypeVar("A")


class AwaitedViewer(Viewer):
    """A `Viewer` whose requests wait until `found` has the viewer that carries them.

    `url` is "" until then. If the engine never starts, the requests wait until they are cancelled.
    """

    def __init__(self) -> None:
        self.found: asyncio.Future[Viewer] = asyncio.get_running_loop().create_future()

    @property
    def url(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] – it is not known from the start
        return self.found.result().url if self.found.done() else ""

    async def call(self, operation: Operation[R, A], request: R) -> A:
        """Call an operation that answers with one value."""
        return await (await self._viewer()).call(operation, request)

    async def call_lines(self, operation: Operation[R, A], request: R) -> AsyncGenerator[bytes]:
        """Call an operation that answers with lines."""
        async with contextlib.aclosing((await self._viewer()).call_lines(operation, request)) as lines:
            async for line in lines:
                yield line

    async def feed(self) -> AsyncGenerator[FeedBatch]:
        """Yield frames until the engine stops."""
        async with contextlib.aclosing((await self._viewer()).feed()) as frames:
            async for frame in frames:
                yield frame

    async def close(self) -> None:
        """Close the connection, if there is one. The engine keeps running."""
        if self.found.done():
            await self.found.result().close()

    async def _viewer(self) -> Viewer:
        return await asyncio.shield(
            self.found
        )  # cancelling one request must not cancel what the others wait for
