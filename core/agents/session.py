"""What one agent's session keeps: its settings, and its way to a running engine."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ..api.client import Client
from ..errors import EngineError
from ..masks import Masks, masks_of, secrets_in_settings
from ..serve.notes import find_engine, running
from ..settings import Settings


class Session:
    """The session of one agent. `url` names the engine, "" for the newest one of this user.

    `own` are the settings at hand. `fixed`: they were named on purpose, and messages are judged by them also
    if an engine with others runs. `started` is the time of the session's start (ms). `returned` are the
    messages that a wait has returned.
    """

    def __init__(self, own: Settings, *, url: str = "", fixed: bool = False) -> None:
        self.own = own
        self.url = url
        self.fixed = fixed
        self.started = time.time_ns() // 1_000_000
        self.returned: set[int] = set()
        self._client: Client | None = None
        self._reached: tuple[str, str] = ("", "")

    @property
    def masks(self) -> Masks:
        """Dots for the secrets of the settings at hand; the engine masks its own."""
        return masks_of(secrets_in_settings(self.own))

    @property
    def since(self) -> str:
        """The time of the session's start, for a filter."""
        moment = datetime.fromtimestamp(self.started / 1_000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def client(self) -> Client:
        """Return the client of the engine that runs now. Raises EngineError, which says how to start one."""
        if not running():
            raise EngineError(f"No segtap is running. Start one, and leave it running: {_START}")
        reached = find_engine(self.url)
        if self._client is None or reached != self._reached:
            await self.close()
            self._client, self._reached = Client(*reached), reached
        return self._client

    async def settings(self) -> tuple[Settings, str]:
        """Return the settings to judge by, and whose they are: the engine's, if one runs, else those at
        hand."""
        if not self.fixed:
            try:
                client = await self.client()
                return await client.settings(), f"the engine at {client.url}"
            except EngineError:
                # Messages can be judged without an engine.
                pass
        return self.own, self.own.origin

    async def close(self) -> None:
        """Close the connection. The engine keeps running."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()


_START = "segtap tail > segtap.log &"
"""An engine without a screen, which forwards nothing."""
