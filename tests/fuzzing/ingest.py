"""Any bytes on the socket of an engine: it answers or closes, reads on, and loses nothing acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

from engines import engine_settings, running_engine
from ingesting import CAPTURES, captured

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.verdict import FAULT_RULE

from .mutations import mutate, mutate_json, names_in
from .target import ANSWERED_WITHIN, Misbehaved, Tracebacks, exchange, memory, port_of, statuses, tracebacks

HEADERS = (
    *(b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"),
    *(b"Content-Type: text/plain\r\n", b"Authorization: Basic \xff\r\n", b"Upgrade: websocket\r\n"),
    *(b"Connection: Upgrade\r\n", b"Expect: 100-continue\r\n", b"Host: x\r\n", b"HTTP/1.1\r\n\r\n"),
    *(b"0\r\n\r\n", b"POST /v1/batch HTTP/1.1\r\n", b"GET /v1/pixel/track?data=e30 HTTP/1.1\r\n\r\n"),
)
ROOM = 512 * 1024 * 1024
"""Bytes of memory that an engine may need beyond what it had after the first inputs."""


class Ingest:
    """The endpoint, with the engine behind it that reads what it accepts."""

    every = 100

    def __init__(self, engine: Engine, client: Client, log: Tracebacks) -> None:
        self._engine, self._client, self._log = engine, client, log
        self._port = port_of(engine.url)
        self._requests = list(_requests())
        self._raw = [_raw(*request) for request in self._requests]
        self._texts = [json.loads(text) for *_, text in self._requests if text]
        self._names = sorted(set().union(*map(names_in, self._texts)))
        self._canaries = 0
        self._start = 0

    def make(self, chance: Random) -> bytes:
        """Return a request of an SDK, changed somewhere, or with another body."""
        if chance.random() < 0.4:
            return mutate(chance.choice(self._raw), chance, self._raw, HEADERS)
        method, target, headers, text = chance.choice(self._requests)
        if not text:
            return mutate(_raw(method, target, headers, b""), chance, self._raw, HEADERS)
        value = mutate_json(json.loads(text), chance, self._names)
        body = json.dumps(value).encode()
        if chance.random() < 0.3:
            body = mutate(body, chance, self._raw)
        if chance.random() < 0.2:
            body = gzip.compress(body)
            headers = f"{headers}Content-Encoding: gzip\r\n"
        return _raw(method, target, headers, body)

    async def attempt(self, data: bytes) -> None:
        """Send it, alone on a connection."""
        for status in statuses(await exchange(self._port, data)):
            if status >= 500:
                raise Misbehaved(f"answered {status}")
        self._log.check()

    async def settle(self) -> None:
        """Send a good message, and look whether it and all before are read, none of them with a fault."""
        self._canaries += 1
        id = f"canary-{self._canaries}"
        body = json.dumps({"type": "track", "event": "Canary", "userId": "u", "messageId": id}).encode()
        answer = await exchange(self._port, _raw("POST", "/v1/track", "", body))
        if statuses(answer)[:1] != [200]:
            raise Misbehaved(f"a good message was answered {answer[:200]!r}")
        try:
            async with asyncio.timeout(4 * ANSWERED_WITHIN):
                await self._engine.indexed()
        except TimeoutError:
            raise Misbehaved("the indexer does not come to an end") from None
        self._log.check()
        if not (await self._client.page(filter=f"id:{id}", limit=1)).summaries:
            raise Misbehaved(f"{id} was acknowledged and is not in the list")
        faulty = (await self._client.page(filter=f"rule:{FAULT_RULE}", limit=1)).summaries
        if faulty:
            detail = await self._client.detail(faulty[0].id)
            words = [finding.message for finding in detail.verdict.findings]
            await self._client.clear()
            raise Misbehaved(f"a message that segtap fails at: {words} {detail.original!r}")
        if fault := (await self._client.state()).fault:
            raise Misbehaved(f"the engine says: {fault}")
        if self._canaries == 5:
            self._start = memory()
        if self._canaries > 5 and memory() > self._start + ROOM:
            raise Misbehaved(f"{memory() // 2**20} MB of memory; there were {self._start // 2**20}")


@contextlib.asynccontextmanager
async def ingest(folder: Path) -> AsyncIterator[Ingest]:
    """Run an engine for the target, with its journal in the folder."""
    settings = engine_settings(folder, max_bytes=64 * 1024 * 1024)
    logging.getLogger("segtap").setLevel(logging.WARNING)
    with tracebacks() as log:
        async with running_engine(settings) as (engine, client):
            yield Ingest(engine, client, log)


def _requests() -> Any:
    """Yield method, target, headers and text of requests that the SDKs sent, some of each."""
    for path in sorted(CAPTURES.glob("*.jsonl.gz")):
        for one in captured(path.name.partition(".")[0])[:25]:
            target = f"{one.path}?{one.query}" if one.query else one.path
            kept = [
                f"{name}: {value}\r\n"
                for name, value in one.headers
                if name in ("content-type", "authorization", "user-agent", "origin")
            ]
            text = one.text
            try:
                json.loads(text)
            except ValueError:
                yield one.method, target, "".join(kept), b""
            else:
                yield one.method, target, "".join(kept), text


def _raw(method: str, target: str, headers: str, body: bytes) -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("utf-8", "surrogateescape") + body
