"""A stand-in for a server behind the proxy: keeps each request byte by byte, and answers what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import NamedTuple

OK = b'{"success": true}'


def http(status: int, body: bytes = b"", *headers: str, length: bool = True) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status} Words", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Asked(NamedTuple):
    """A request as it was received."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


class StandIn:
    """Answers with `answer`, or in the order of `script`.

    Modes but "answer": "silent" waits, "close" and "reset" end the connection in place of an answer, "half"
    in one; "no tls" answers before anything is asked, as no server with TLS does.
    """

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.answer = http(200, OK, "Content-Type: application/json")
        self.script: list[bytes] = []
        self.mode = "answer"
        self.url = ""
        self.received = 0
        self.release = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.mode == "no tls":
                writer.write(self.answer)
                return
            while (asked := await self._read(reader)) is not None:
                self.requests.append(asked)
                if not await self._answer(writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        """Answer as `mode` says; False: the connection ends."""
        if self.mode == "silent":
            await self.release.wait()
            return False
        if self.mode == "close":
            return False
        if self.mode == "reset":
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )
            return False
        text = self.script.pop(0) if self.script else self.answer
        writer.write(text[:-5] if self.mode == "half" else text)
        await writer.drain()
        return self.mode == "answer"

    async def _read(self, reader: asyncio.StreamReader) -> Asked | None:
        head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
        if not head:
            return None
        line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (one.partition(":") for one in rest)]
        named = {name.lower(): value for name, value in headers}
        body = bytearray()
        if "content-length" in named:
            left = int(named["content-length"])
            while left:
                part = await reader.read(min(left, 65536))
                if not part:
                    raise asyncio.IncompleteReadError(bytes(body), left)
                left -= len(part)
                self.received += len(part)
                body += part
        elif named.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                self.received += size
                await reader.readline()
            await reader.readline()
        return Asked(line, headers, bytes(body))


@contextlib.asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """A stand-in on a free port of the loopback."""
    made = StandIn()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        made.release.set()
        server.close()
