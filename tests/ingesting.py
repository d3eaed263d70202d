"""Help for tests of the endpoint: recorded requests, a sink that keeps receipts, and ways to call an app."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from segtap.core.ingest.app import IngestApp
from segtap.core.ingest.body import ASGIApp
from segtap.core.messages import JsonObject, Receipt
from segtap.core.settings import IngestSettings

NOW = 1_795_557_763_873
"""2026-11-24T22:02:43.873Z."""

CAPTURES = Path(__file__).parent / "data" / "captures"
Headers = Sequence[tuple[str, str]]


class Captured(NamedTuple):
    """One recorded request of a real SDK; `body` as on the wire, `text` uncompressed."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    text: bytes
    notes: str


@cache
def captured(name: str) -> tuple[Captured, ...]:
    """The requests in `tests/data/captures/NAME.jsonl.gz`."""
    found: list[Captured] = []
    for line in gzip.decompress((CAPTURES / f"{name}.jsonl.gz").read_bytes()).splitlines():
        record: dict[str, Any] = json.loads(line)
        headers = tuple((key.lower(), value) for key, value in record["headers"].items())
        encoded: str | None = record.get("body_base64")
        text = record["body_text"].encode() if encoded is None else base64.b64decode(encoded)
        body = gzip.compress(text) if ("content-encoding", "gzip") in headers else text
        query, notes = record["query"], record.get("notes") or ""
        found.append(Captured(record["method"], record["path"], query, headers, body, text, notes))
    return tuple(found)


class Sink:
    """Keeps receipts in memory; raises what `fails` holds, one a call, before it takes any."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.fails: list[Exception] = []
        self._came = asyncio.Event()

    async def __call__(self, receipt: Receipt) -> int:
        if self.fails:
            raise self.fails.pop(0)
        self.receipts.append(receipt)
        self._came.set()
        return len(self.receipts)

    async def until(self, count: int) -> None:
        """Wait until that many have come; the test's time limit ends it."""
        while len(self.receipts) < count:
            self._came.clear()
            await self._came.wait()

    @property
    def taken(self) -> list[Receipt]:
        """Those that were acknowledged."""
        return [receipt for receipt in self.receipts if receipt.refused is None]

    @property
    def refused(self) -> list[Receipt]:
        """Those that were not."""
        return [receipt for receipt in self.receipts if receipt.refused is not None]


def ingest_app(sink: Sink, *, control: ASGIApp | None = None, wanted: bool = False, **caps: Any) -> IngestApp:
    """An app with a clock that stands still."""
    return IngestApp(sink, IngestSettings(**caps), clock=lambda: NOW, wanted=lambda: wanted, control=control)


class Answer(NamedTuple):
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> JsonObject:
        return json.loads(self.body)


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    body: bytes | Sequence[bytes] = b"",
    headers: Headers = (),
    *,
    peer: str = "127.0.0.1",
    cut: bool = False,
) -> Answer:
    """Call the app as a server would. `body` may come in parts; `cut`: the client is gone after them."""
    parts = [body] if isinstance(body, bytes) else list(body)
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers],
        "client": (peer, 50_000),
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if parts:
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts) or cut}
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)

    await app(scope, receive, send)
    if not sent:
        return Answer(0, {}, b"")
    found = {key.decode(): value.decode("latin-1") for key, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(event["body"] for event in sent[1:]))


async def post(app: ASGIApp, target: str, body: Any, headers: Headers = ()) -> Answer:
    """POST bytes as they are, or anything else as JSON."""
    return await ask(app, "POST", target, body if isinstance(body, bytes) else to_json(body), headers)


def to_json(value: Any) -> bytes:
    """JSON text in UTF-8, as most clients write it."""
    return json.dumps(value, ensure_ascii=False).encode()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """The app on a real uvicorn at a free port of the loopback; gives the port."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", access_log=False, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # pyright: ignore
    task = asyncio.create_task(server._serve())  # pyright: ignore[reportPrivateUsage]
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
