"""A small stand-in for S3: keeps what is put, and refuses what is not signed with the key that it knows."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self
from urllib.parse import unquote

ACCESS_KEY = "AKIASTANDIN"
SECRET_KEY = "stand-in-secret"


class S3Server:
    """`objects` are those that were put, by bucket and key; `failing` is how many puts get a 503 first."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts = 0
        self.failing = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for task in self._open.values() if task is not None]
        for writer in list(self._open):
            writer.close()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                lines = [line.partition(":") for line in head[1:] if line]
                headers = {name.lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status = self._answer(method, unquote(target.partition("?")[0]), headers, body)
                writer.write(f'HTTP/1.1 {status} X\r\netag: "1"\r\ncontent-length: 0\r\n\r\n'.encode())
                await writer.drain()
        writer.close()
        del self._open[writer]

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
        if f"Credential={ACCESS_KEY}/" not in headers.get("authorization", ""):
            return 403
        if method != "PUT":
            return 405
        self.puts += 1
        if self.failing:
            self.failing -= 1
            return 503
        self.objects[path] = body
        return 200
