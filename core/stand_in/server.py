"""The stand-in Mixpanel on a socket.

In a test::

    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, path="/import")     # the next /import is answered 429
        ...                                           # send to mixpanel.url
        assert mixpanel.events[0]["event"] == "Signed Up"

By hand it is `segtap mixpanel`. `GET /` is a page of what it holds, `GET /?format=json` the same as JSON.
`GET /_records` shows what it holds, `POST /_reset` forgets all. `POST /_faults` queues answers:
a list of objects with the fields of `Fault`, `path`, and `holding`: with it, the fault is the answer to every
request that holds this text, for ever (a poisoned record). `always`: to every request.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, tzinfo
from typing import Any, Literal
from urllib.parse import urlsplit

from ..on_demand import Demands
from .counted import OfInsertId, by_insert_id
from .faults import Fault, on_demand
from .http_text import answer_bytes, read_request, token_of, write_answer, write_broken, write_page
from .ingestion import Ingestion
from .page import HEADERS, page, when


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
        zone: tzinfo = UTC,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            secrets=secrets,
            accounts=accounts,
            one_means=one_means,
            enforce_length=enforce_length,
            refused_ids=refused_ids,
            now_ms=now_ms,
            zone=zone,
        )
        self.port = port
        self.tls = tls
        self.connections = 0
        self.demands = Demands()
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
        except (ValueError, asyncio.LimitOverrunError):
            # What is not HTTP: a line that cannot be read, or a head without end.
            writer.write(answer_bytes(400, {"error": "not an HTTP request"}, (("connection", "close"),)))
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
        if path.startswith("/_") or (path == "/" and method == "GET"):
            if not _is_own(headers):
                await write_answer(writer, 403, {"error": "only pages of this machine are answered"})
            elif path == "/" and "format=json" not in urlsplit(target).query:
                await write_page(writer, self._page(), HEADERS)
            else:
                await write_answer(writer, *self._control(path, body))
            return True
        demand, demanded = self.demands.take(lambda: token_of(target, headers, body), path.rstrip("/")), None
        if demand is not None:
            await asyncio.sleep(demand.delay)
            if demand.status or demand.reset or demand.lost:
                demanded = on_demand(demand, path.rstrip("/"))
        reply = self.handle(method, target, headers, body, demanded)
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
        if path == "/":
            return 200, {
                "events": [_as_json(one) for one in by_insert_id(self.copies)],
                "profiles": self.profiles,
                "groups": {f"{key}/{id}": profile for (key, id), profile in self.groups.items()},
                "answers": self.demands.shown,
            }
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

    def _page(self) -> str:
        """Return the page of what it holds."""
        requests = [
            (
                when(one.at),
                f"{one.method} {one.path}",
                str(len(one.records)),
                _answer_of(one.status, one.answer),
            )
            for one in self.requests
        ]
        return page(by_insert_id(self.copies), self.profiles, self.groups, requests, self.demands.shown)


def _as_json(one: OfInsertId) -> dict[str, Any]:
    """Return the events of an insert id for JSON."""
    return asdict(one)


def _answer_of(status: int, answer: Any) -> str:
    """Return status and body of an answer as one text."""
    if not status:
        return "none"
    return f"{status} {answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)}"


def _is_own(headers: dict[str, str]) -> bool:
    """Return True for a request of this machine's own: its Host is loopback, and no other page sends it."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.strip("[]") not in ("127.0.0.1", "localhost", "::1"):
        return False
    origin = headers.get("origin", "")
    return origin in ("", f"http://{host}", f"https://{host}")
