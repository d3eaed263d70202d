"""The stand-in Mixpanel on a socket.

In a test::

    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, path="/import")     # the next /import is answered 429
        ...                                           # send to mixpanel.url
        assert mixpanel.events[0]["event"] == "Signed Up"

By hand: `python -m segtap.core.stand_in --port 9000` writes `{"url": …}` on stdout and serves until it is
interrupted. `GET /_records` shows what it holds, `POST /_reset` forgets all. `POST /_faults` queues answers:
a list of objects with the fields of `Fault`, `path`, and `holding`: with it, the fault is the answer to every
request that holds this text, for ever (a poisoned record). `always`: to every request.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from .faults import Fault
from .http_text import read_request, write_answer, write_broken
from .ingestion import Ingestion


class MixpanelServer(Ingestion):
    """A stand-in Mixpanel that serves on loopback while it is entered."""

    def __init__(
        self,
        *,
        port: int = 0,
        secrets: frozenset[str] = frozenset(),
        accounts: Mapping[str, int] | None = None,
        one_means: Literal["any", "all"] = "any",
        enforce_length: bool = False,
        refused_ids: frozenset[str] = frozenset(),
        now_ms: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            secrets=secrets,
            accounts=accounts,
            one_means=one_means,
            enforce_length=enforce_length,
            refused_ids=refused_ids,
            now_ms=now_ms,
        )
        self.port = port
        self.tls = tls
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def release(self) -> None:
        """Let go of every request that hangs: its connection closes."""
        self._released.set()

    async def __aenter__(self) -> MixpanelServer:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=2**18, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.release()
        for task in list(self._handlers):
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._serve(*request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._handlers.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(
        self, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return False if the connection is to be closed."""
        path = urlsplit(target).path
        if path.startswith("/_"):
            await write_answer(writer, *self._control(path, body))
            return True
        reply = self.handle(method, target, headers, body)
        if reply.hang:
            await self._released.wait()
        if reply.hang or reply.drop:
            return False
        if reply.raw or reply.breaks:
            await write_broken(writer, reply)
            return False
        await write_answer(writer, reply.status, reply.body, reply.headers)
        return True

    def _control(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/_records":
            return 200, self.snapshot()
        if path == "/_reset":
            self.reset()
            return 200, {"status": "OK"}
        if path == "/_faults":
            for item in json.loads(body):
                where, holding = item.pop("path", ""), item.pop("holding", "")
                always = item.pop("always", False)
                item["headers"] = tuple((name, value) for name, value in item.get("headers", ()))
                if holding or always:
                    self.poison(holding, Fault(**item), where)
                else:
                    self.script(Fault(**item), path=where)
            return 200, {"queued": len(self.faults)}
        return 404, {"error": f"no such page: {path}"}
