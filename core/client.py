"""The client of a running engine: the only way that screens, commands and scripts reach one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from .messages import JsonObject
from .views import EngineState, FeedBatch, MessageDetail, Page


class Viewer(Protocol):
    """What a screen or command may ask of an engine. `Client` is it over HTTP and WebSocket.

    Every method raises `EngineError` when the engine cannot be reached or does not know the token.
    """

    url: str

    async def state(self) -> EngineState:
        """The header's facts now."""
        ...

    def feed(self) -> AsyncIterator[FeedBatch]:
        """Frames until the engine stops. The first holds the state and no messages: page those."""
        ...

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        """A stretch of the list, oldest first."""
        ...

    async def detail(self, id: int) -> MessageDetail:
        """Everything about one message."""
        ...

    async def inspect(self, document: JsonObject) -> MessageDetail:
        """Read a pasted Segment message as if it had come, without keeping it."""
        ...

    async def set_forwarding(self, on: bool) -> EngineState:
        """Turn forwarding on or off. Raises ForwardingRefused with the reason."""
        ...

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages through the tap again; returns how many. Forwarded when forwarding is on."""
        ...

    async def clear(self) -> None:
        """Forget the whole journal."""
        ...

    def export(self, text: str = "") -> AsyncIterator[bytes]:
        """One message a line, as received plus what was filled in, oldest first."""
        ...

    async def close(self) -> None:
        """Let go of the connection. The engine runs on."""
        ...
