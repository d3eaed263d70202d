"""A stand-in for another server: keeps whole requests as they arrive, and answers as it is asked to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self

import msgspec


class Got(msgspec.Struct, frozen=True):
    """One request: `head` is its first line, header names are as they were sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class Said(msgspec.Struct, frozen=True):
    """An answer; status 0 closes the connection without one, `delay` is seconds."""

    status: int = 200
    body: bytes = b'{"success": true}'
    headers: tuple[str, ...] = ("content-type: application/json",)
    delay: float = 0.0


class AnsweringServer:
    """`answer` decides what a request gets; `got` are all that came, answered or not."""

    def __init__(self, answer: Callable[[Got], Said] = lambda got: Said()) -> None:
        self.answer = answer
        self.got: list[Got] = []
        self.at_once = 0
        self.most_at_once = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def bodies(self) -> list[bytes]:
        return [one.body for one in self.got]

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
                pairs = [line.partition(":") for line in head[1:] if line]
                headers = tuple((name, value.strip()) for name, _, value in pairs)
                length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
                got = Got(method, target, headers, await reader.readexactly(length))
                self.got.append(got)
                self.at_once += 1
                self.most_at_once = max(self.at_once, self.most_at_once)
                said = self.answer(got)
                if said.delay:
                    await asyncio.sleep(said.delay)
                self.at_once -= 1
                if not said.status:
                    break
                lines = (
                    f"HTTP/1.1 {said.status} X",
                    *said.headers,
                    f"content-length: {len(said.body)}",
                    "",
                    "",
                )
                writer.write("\r\n".join(lines).encode("latin-1") + said.body)
                await writer.drain()
        writer.close()
        del self._open[writer]
